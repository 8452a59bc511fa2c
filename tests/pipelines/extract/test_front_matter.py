import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.extract.markdown.front_matter import FrontMatter, read


def test_yaml() -> None:
    said, rest = read(
        "---\ntitle: 水車の\n  歴史\nlang: ja-JP\ndate: 2021-4-05T10:00:00+09:00\nlicense: CC-BY-4.0\n"
        "doi: https://doi.org/10.1000/Mill.7\ntags: [mill, water]\n---\n# 序\n"
    )
    assert rest == "# 序\n"
    assert (said.title, said.lang, said.date, said.ids) == ("水車の 歴史", "ja", "2021-04-05", ("doi:10.1000/mill.7",))
    (licence,) = said.licences
    assert (licence.stated, licence.spdx, licence.where) == ("CC-BY-4.0", "CC-BY-4.0", "front matter/license")


def test_toml() -> None:
    said, rest = read('+++\ntitle = "On mills"\ndate = 2020-02-29\nlanguage = "English"\n+++\nText')
    assert (said.title, said.date, said.lang, rest) == ("On mills", "2020-02-29", "en", "Text")


def test_licences_with_an_address() -> None:
    said, _ = read("---\nlicence:\n  - name: CC BY 4.0\n    url: https://creativecommons.org/licenses/by/4.0/\n---\n")
    assert [licence.stated for licence in said.licences] == ["CC BY 4.0 <https://creativecommons.org/licenses/by/4.0/>"]
    assert [licence.spdx for licence in said.licences] == ["CC-BY-4.0"]


@pytest.mark.parametrize(
    ("stated", "date"),
    [
        ("2016", "2016"),
        ("2016/1", "2016-01"),
        ("2016年1月9日", "2016-01-09"),
        ("2016-13-01", "2016"),
        ("soon", ""),
        ("12 May 2016", ""),
    ],
)
def test_dates(stated: str, date: str) -> None:
    assert read(f"---\ntitle: x\ndate: {stated}\n---\n")[0].date == date


@pytest.mark.parametrize(
    "text",
    [
        "",
        "text\n---\ntitle: no\n---\n",
        "---\nA paragraph between two rules.\n---\ntext",
        "---\n- a\n- list\n---\ntext",
        "---\ntitle: unclosed\n",
        "---\n{{[\n---\n",
        "---\n" + "[" * 5_000 + "\n---\n",
        "---\nkey: " + "x" * 30_000 + "\n---\n",
        "---\nlicense: &z [*z]\n---\n",
        "+++\nnot toml\n+++\n",
        "---\n!!python/object/apply:os.system ['true']\n---\n",
    ],
)
def test_what_is_none_is_text(text: str) -> None:
    assert read(text) == (FrontMatter(), text)


def test_aliases_do_not_multiply() -> None:
    bomb = "a: &a [x, x]\n" + "".join(
        f"{chr(98 + n)}: &{chr(98 + n)} [*{chr(97 + n)}, *{chr(97 + n)}]\n" for n in range(20)
    )
    said, rest = read(f"---\n{bomb}license: *u\n---\ntext")
    assert (said.licences, rest) == ((), "text")


@given(st.text(), st.sampled_from(["---", "+++"]))
def test_nothing_is_raised(block: str, marks: str) -> None:
    text = f"{marks}\n{block}\n{marks}\nrest"
    assert text.endswith(read(text)[1])
