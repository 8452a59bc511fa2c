import dataclasses
import random
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from filters import judge
from filters.academic import LINES, WORDS, Academic, is_reference, measure

FIELDS = [field.name for field in dataclasses.fields(Academic)]


def reasons(rule: Academic, texts: list[str | None], lang: str = "en") -> list[str | None]:
    batch = pa.record_batch({"text": pa.array(texts, pa.string()), "lang": pa.array([lang] * len(texts), pa.string())})
    found: list[str | None] = judge(rule, batch).reason.to_pylist()
    return found


def off(**on: Any) -> Academic:
    return Academic(**(dict.fromkeys(FIELDS, None) | on))


ENGLISH = (
    "The mill stood at the bend of the river, where the water ran slowly in summer and carried away the lower fields "
    "in spring. Nobody in the village remembered who had built it, though the beams were marked with a year and two "
    "letters that might have been the name of a carpenter or of his master. In 1822 a new wheel was set in place.\n"
)
JAPANESE = (
    "水車小屋は川の曲がり角に立っていて、夏には水がゆっくりと流れ、春には下の畑を押し流すのだった。誰が建てたのかを覚えて"
    "いる者は村に一人もいなかったが、梁には年号と二つの文字が刻まれていた。1822年に新しい車が据えられた。\n"
)
CITED = (
    "Earlier studies of slow wheels (Kern, 1822; Kern & Holm, 1831, p. 7) found losses of up to a third, which Holm "
    "et al. (1840) put down to the shape of the buckets. We follow the method of the Journal of Water, Vol. 3.\n"
)
STATUTE_EN = "".join(
    f"§ {n}\n({n}) The keeper of a mill shall, before the first day of March, cause the sluice to be inspected.\n"
    f"(a) The inspection shall be recorded.\n(b) The record shall be kept for ten years.\n"
    for n in range(1, 12)
)
STATUTE_JA = "".join(
    f"第{n}条\n水車の管理者は、毎年三月一日までに水門の点検を受けなければならない。\n一\n水門の板の厚さ\n二\n軸受けの摩耗\n"
    for n in range(1, 12)
)
POEM_EN = "The wheel\nturns,\nand I\nam still.\n\nO river,\nO mill,\nthe day\nburns\non the hill.\n" * 4
POEM_JA = "水\n\nまわる\n車\n\nひとり\n見て\nいる\n\n冬の川\n" * 4
TANKA = "ゆく川の　流れは絶えず　水車小屋\nよどみに浮かぶ　秋の葉ひとつ\n" * 6
MATHS = (
    "Let $f$ be a map of $X$ into $Y$, and let $U$ be open in $Y$. Then the inverse image of $U$ is open.\n\n"
    "$$\nf^{-1}(U)\n=\n\\bigcup_i\nV_i\n$$\n\n$$a + b = c$$\n\nHence $f$ is continuous, as we had shown. $\\square$\n\n"
) * 4
MATHS_JA = (
    "$f$ を $X$ から $Y$ への写像とし、$U$ を開集合とする。\n\n$$\nf\n=\ng\n$$\n\nゆえに $f$ は連続である。\n\n" * 5
)
CODE = (
    "```c\nint strncmp(const char *s, const char *t, size_t n)\n{\n    while (n-- > 0)\n    {\n        if (*s != *t)\n"
    "            return *s - *t;\n    }\n    return 0;\n}\n```\n\n" + ENGLISH
)
BARE_CODE = (
    "int strncmp(const char *s, const char *t, size_t n)\n{\n    while (n-- > 0)\n    {\n        if (*s != *t)\n"
    "            return *s - *t;\n        s++;\n        t++;\n    }\n    return 0;\n}\n"
) * 5
PLAY = "KERN.\nIs it you?\n\nHOLM.\nIt is I.\n\nKERN.\nCome in.\n" * 8
QUESTIONS = "水車とは何か？？ なぜ回るのか？\nどうして?? と子供は言った。\nえっ！？　本当ですか？\n" + JAPANESE
FORM_JA = "次の欄に印をつけてください。\n□ はい　□ いいえ\n■ 氏名\n■ 住所\n" + JAPANESE
BULLETS = "■水車の歴史\n" + JAPANESE + "□水門の構造\n" + JAPANESE
MANUSCRIPT = JAPANESE * 8 + "この行の〓の字は虫損により読めない。\n"
TABLE_EN = "Year | Bushels | Days\n1790 | 1,204 | 31\n1791 | 1,377 | 12\n" + ENGLISH
CHEMISTRY = (
    "The residue was dissolved in dichloromethane and washed with hydrochloric acid; the phosphorylated product was "
    "purified by chromatography. Cytochrome P450 and tRNA were measured by qPCR, as were mRNA and siRNA levels.\n"
)
ROMAJI = "Mizuno, Shimizu and Tsukuda went from Hyogo to Tsu by way of Kyushu, where Kujo Ryuzo kept a mizuguruma.\n"
HISTORY_JA = (
    "1790年　水車小屋が建てられる。\n1822年　新しい車が据えられる。\n1868年　河川改修の報告書が出版される。\n" * 6
)
CV_JA = (
    "山田は1990年に京都大学を卒業し、同大学の研究所で水車を研究した。その成果は『水車の歴史』（1999年）にまとめられた。\n"
    * 4
)
LETTERS = "A, B and C are points on a circle; D is not. The lines A B and C D meet at a point E. Call it O.\n" + ENGLISH
NUMBERED = "".join(f"{n}. Turn the wheel by hand and listen to the bearing before you go on.\n" for n in range(1, 15))
FURIGANA = "水　車　小　屋\n\n" + JAPANESE * 5


@pytest.mark.parametrize(
    ("text", "lang"),
    [
        (ENGLISH * 4, "en"),
        (JAPANESE * 4, "ja"),
        (CITED * 8, "en"),
        (STATUTE_EN, "en"),
        (STATUTE_JA, "ja"),
        (POEM_EN, "en"),
        (POEM_JA, "ja"),
        (TANKA, "ja"),
        (MATHS, "en"),
        (MATHS_JA, "ja"),
        (CODE, "en"),
        (BARE_CODE, "en"),
        (PLAY, "en"),
        (QUESTIONS, "ja"),
        (FORM_JA, "ja"),
        (BULLETS, "ja"),
        (MANUSCRIPT, "ja"),
        (TABLE_EN, "en"),
        (CHEMISTRY * 5, "en"),
        (ROMAJI * 8, "en"),
        (HISTORY_JA, "ja"),
        (CV_JA, "ja"),
        (LETTERS, "en"),
        (NUMBERED, "en"),
        (FURIGANA, "ja"),
        ("", "en"),
        ("\n \n", "ja"),
        ("x", "en"),
    ],
)
def test_good_texts_stay(text: str, lang: str) -> None:
    assert reasons(Academic(max_debris=0.5), [text], lang) == [None]


REFERENCES_EN = [
    "[1] J. Kern and A. Holm, “On slow wheels,” Journal of Water, vol. 7, pp. 12–31, 1822.",
    "Kern, J., & Holm, A. B. (1831). The bucket and the stream. Journal of Water, 7(1), 12–31.",
    "3. Kern J, Holm AB. Losses of overshot wheels. J Water. 1840;7:12-31.",
    "Holm, Anna. The Carpenter's Year. Vienna: Mill Press, 1851.",
    "van der Molen, P. H. (1899). Wind and water. In Proceedings of the Sluice Conference (pp. 3–9).",
    "[KH31] Kern, J. and Holm, A.: Buckets. arXiv:1831.00012 (1831).",
    "J. Kern, A. Holm, Friction of wooden axles, Phys. Rev. 12 (1899) 401-417.",
]
REFERENCES_JA = [
    "水野一郎：水車の損失に関する研究，河川学会論文誌，Vol.12，No.3，pp.45-67，2010．",
    "[2] 水野一郎，川田花子：『水車の歴史』，川辺書店，1999．",
    "川田花子（2005）「水門と村」『流域研究』第3巻，12-31頁",
    "（3）水野一郎・川田花子「軸受けの摩耗」『河川学会誌』12(3), 45-67, 2010年",
    "4) 水野一郎編：水車ハンドブック，流域出版，2011",
]


@pytest.mark.parametrize("entry", REFERENCES_EN + REFERENCES_JA)
def test_entries_of_bibliographies(entry: str) -> None:
    assert is_reference(entry)


@pytest.mark.parametrize(
    "line",
    [
        *filter(
            None, (ENGLISH + JAPANESE + CITED + STATUTE_EN + STATUTE_JA + CHEMISTRY + HISTORY_JA + CV_JA).split("\n")
        ),
        "In 1822, Kern went to Vienna, where the University gave him a chair and the Press a contract.",
        "1. Open the sluice and wait for ten minutes.",
        "[1] The wheel of 1822 was replaced.",
        "2010年に水野は大学の報告を出した。",
        "1822",
        "",
    ],
)
def test_what_is_no_entry(line: str) -> None:
    assert not is_reference(line)


def damaged(text: str, share: float, put: str) -> str:
    chance = random.Random(0)
    return "".join(chance.choice(put) if c.isalpha() and chance.random() < share else c for c in text)


def spaced(text: str) -> str:
    return "\n".join("  ".join(" ".join(word) for word in line.split()) for line in text.split("\n"))


@pytest.mark.parametrize(
    ("text", "lang", "reason"),
    [
        ("\n".join(REFERENCES_EN * 3), "en", "references"),
        ("\n".join(REFERENCES_JA * 3), "ja", "references"),
        ("\n".join(REFERENCES_EN) + "\n" + ENGLISH, "en", "references"),
        ("x\n\n=\n\n1\n\n2\n\n∑\n\ni\n\ny = 3\n\n" * 5 + "where x is the height of the fall", "en", "debris"),
        ("図\n\n1\n\n(3)\n\n0.12\n\n0.98\n\n±\n\n" * 4 + "と表される。", "ja", "debris"),
        ("12\n34.5\n1,200\n9.1\n" * 8 + "Table of losses\n", "en", "debris"),
        ("水\n車\nは\n回\nる\n。\n" * 5, "ja", "debris"),
        (spaced(ENGLISH), "en", "spaced"),
        (ENGLISH + spaced(ENGLISH), "en", "spaced"),
        ("\n".join(" ".join(line) for line in JAPANESE.split("\n")), "ja", "spaced"),
        ("\n".join("\u3000".join(line) for line in JAPANESE.split("\n")), "ja", "spaced"),
        (damaged(JAPANESE * 4, 0.03, "□■\ufffd〓"), "ja", "broken"),
        (damaged(ENGLISH * 4, 0.03, "\ufffd\ue123"), "en", "broken"),
        (JAPANESE.replace("水車", "??").replace("村", "???") * 3, "ja", "broken"),
        (damaged(ENGLISH * 8, 0.15, "|^~£qxzvkjw"), "en", "odd_words"),
        (damaged(CHEMISTRY * 12, 0.2, "bcdfghjklmnpqrstvwxz"), "en", "odd_words"),
        (damaged(CHEMISTRY * 12, 0.2, "|^~£§¢¦•■"), "en", "odd_words"),
    ],
)
def test_damaged_texts_go(text: str, lang: str, reason: str) -> None:
    assert reasons(Academic(), [text], lang) == [f"academic_{reason}"]


def test_measures() -> None:
    found = measure("a b c d word\n\n= 2\n$x$\n$$\ny\n$$\nab�□\n")
    assert (found.debris, found.references) == (1 / 7, 0)
    assert found.spaced == 4 / 10
    assert (found.lines, found.words) == (7, 1)
    assert found.broken == 1 / 22


def test_few_words_or_lines_are_not_judged() -> None:
    assert reasons(off(max_debris=0.1), ["1\n" * (LINES - 1), "1\n" * LINES]) == [None, "academic_debris"]
    assert reasons(off(max_odd_words=0.1), ["zxq " * (WORDS - 1), "zxq " * WORDS]) == [None, "academic_odd_words"]


@pytest.mark.parametrize("field", FIELDS)
def test_none_switches_off_and_shares_are_checked(field: str) -> None:
    texts: list[str | None] = ["\n".join(REFERENCES_EN), "1\n" * LINES, "a b c d e", "�", "zxq " * WORDS, None, ""]
    assert reasons(off(), texts) == [None] * 7
    assert sum(reason is not None for reason in reasons(off(**{field: 0.0}), texts)) >= 1
    with pytest.raises(ValueError, match=f"^{field}: "):
        Academic(**{field: 1.1})


def test_scores_are_shares_of_all_rows() -> None:
    batch = pa.record_batch(
        {"text": pa.array([ENGLISH, None], pa.string()), "lang": pa.array(["en", "ja"], pa.string())}
    )
    scores = Academic().measure(batch)
    assert set(scores) == {bound.score for bound in Academic().bounds("en")}
    assert all(column.type == pa.float64() and column[1].as_py() is None for column in scores.values())
    assert list(Academic().measure(batch.slice(0, 0))) == list(scores)


@given(st.text(st.sampled_from(list("ab 1.\n$`□?�水。=|")) | st.characters()))
def test_any_text_can_be_measured(text: str) -> None:
    found = measure(text)
    assert all(0 <= value <= 1 for value in found[:5])
    assert found.words >= 0
