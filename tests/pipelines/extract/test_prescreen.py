from pathlib import Path

import pytest
from fastwarc.warc import ArchiveIterator, WarcRecordType

from filters import language
from pipelines.extract import charset, html, prescreen

DATA = Path(__file__).resolve().parents[3].parent / "shared" / "data"
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="the shared test data is not on this machine")

SETTINGS = html.HtmlSettings(prescreen=False)
JA = "吾輩は猫である。名前はまだ無い。どこで生れたかとんと見当がつかぬ。"
EN = "It was the best of times, it was the worst of times, it was the age of wisdom. "
DE = "Alle glücklichen Familien gleichen einander, jede unglückliche ist auf ihre eigene Weise unglücklich. "
FR = "Longtemps, je me suis couché de bonne heure. Parfois, à peine ma bougie éteinte, mes yeux se fermaient. "


def objection(body: str, langs: tuple[str, ...] = ("ja", "en")) -> str:
    tree = html.parse(f"<html><head><title>t</title></head><body>{body}</body></html>", SETTINGS)
    return prescreen.objection(prescreen.visible_text(tree), language.load(language.model_path()), langs)


def test_clear_cases() -> None:
    assert objection(f"<p>{JA * 5}") == ""
    assert objection(f"<p>{EN * 5}") == ""
    assert objection(f"<p>{DE * 5}").startswith("looks like de (0.99")
    assert objection(f"<p>{FR * 5}").startswith("looks like fr")
    assert objection(f"<p>{DE * 5}", ("de",)) == ""
    assert objection(f"<p>{JA * 5}", ("en",)).startswith("looks like ja")


@pytest.mark.parametrize("text", [JA * 4, EN * 4])
def test_navigation_in_another_language_does_not_decide(text: str) -> None:
    navigation = "".join(f'<li><a href="/{i}">{DE}</a></li>' for i in range(40))
    assert objection(f"<ul>{navigation}</ul><p>{text}</p>") == ""


def test_half_a_page_is_enough() -> None:
    assert objection(f"<p>{JA * 6}</p><p>{DE * 3}</p>") == ""
    assert objection(f"<p>{DE * 3}</p><p>{EN * 6}</p>") == ""


def test_scripts_and_comments_are_not_seen() -> None:
    hidden = f"<script>// {EN * 20}</script><style>/* {EN * 20} */</style><!-- {EN * 20} -->"
    assert objection(f"{hidden}<p>{DE * 5}</p>").startswith("looks like de")


@pytest.mark.parametrize("body", ["", "<p>Auf Wiedersehen", "<p>" + "1234 " * 200, "<pre>" + "x = [1, 2, 3];\n" * 40])
def test_too_little_to_tell(body: str) -> None:
    assert objection(body) == ""


@needs_data
@pytest.mark.slow
def test_loss_on_real_pages() -> None:
    model = language.load(language.model_path())
    wanted = lost = passed_over = 0
    with (DATA / "web" / "crawl-00004.warc.gz").open("rb") as stream:
        for record in ArchiveIterator(stream, record_types=WarcRecordType.response):
            raw = record.reader.read()
            tree = html.parse(charset.decode(raw, record.http_charset or "").text, SETTINGS)
            over = bool(prescreen.objection(prescreen.visible_text(tree), model, ("ja", "en")))
            try:
                text = html.extract(raw, record.http_charset or "", SETTINGS).text
            except html.Unreadable:
                text = ""
            good = language.scores(model, [text], ("ja", "en"))[0].wanted_score >= 0.5
            wanted += good
            passed_over += over
            lost += good and over
    assert wanted > 550
    assert lost / wanted < 0.005
    assert passed_over > 80
