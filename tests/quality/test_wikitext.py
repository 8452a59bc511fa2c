"""Articles of our own making, as real as could be, become exactly the texts beside them."""

from collections.abc import Sequence
from pathlib import Path
from xml.sax.saxutils import escape

import pytest

from pipelines.extract import wikitext
from pipelines.extract.document import Document

FOLDER = Path(__file__).with_name("wikitext")
ARTICLES = sorted(path.stem for path in FOLDER.glob("*.wiki"))


def extracted(name: str) -> Document:
    source = escape((FOLDER / f"{name}.wiki").read_text(encoding="utf-8"))
    raw = f"<page><title>{name}</title><ns>0</ns><id>1</id><revision><id>2</id><text>{source}</text></revision></page>"
    (document,) = wikitext.extract(raw.encode(), f"{name[:2]}wiki")
    return document


@pytest.mark.parametrize("name", ARTICLES)
def test_the_text_is_the_one_written_by_hand(name: str) -> None:
    assert extracted(name).text == (FOLDER / f"{name}.txt").read_text(encoding="utf-8").rstrip("\n")


@pytest.mark.parametrize(
    ("name", "captions"),
    [
        ("ja_lake", ["冬の水影湖。手前は樹氷", "流入する川"]),
        ("ja_festival", ["夜の灯籠（2015年）", "舟の準備", "提灯を持つ子ども（2016年）"]),
        ("en_river", ["The course of the river, with the Old Canal in grey"]),
    ],
)
def test_captions_stand_apart(name: str, captions: Sequence[str]) -> None:
    assert list(extracted(name).captions) == captions


def test_there_are_articles_of_both_languages() -> None:
    assert {name[:2] for name in ARTICLES} == {"en", "ja"}
    assert len(ARTICLES) >= 9
