import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.extract.document import Document, Unreadable
from pipelines.extract.kaken import MAX_PROJECTS, extract


def paragraphs(*texts: str) -> str:
    return (
        "<paragraphList type='abstract'>"
        + "".join(f"<paragraph>{text}</paragraph>" for text in texts)
        + "</paragraphList>"
    )


def summary(lang: str, title: str, *texts: str, start: str = "<startDate>2019-04-01</startDate>") -> str:
    return (
        f"<summary xml:lang='{lang}'><title>{title}</title><category>見本研究</category>"
        "<member sequence='1'><personalName><fullName>見本 太郎</fullName></personalName></member>"
        f"<periodOfAward searchStartFiscalYear='2019'>{start}</periodOfAward>"
        f"<overallAwardAmount><totalCost>1000</totalCost></overallAwardAmount>{paragraphs(*texts)}</summary>"
    )


def award(content: str, number: str = "19K00001") -> str:
    return (
        f"<grantAward id='KAKENHI-PROJECT-{number}' awardNumber='{number}'>"
        f"<identifier type='doi'><normalizedValue>10.5555/KAKEN.1</normalizedValue></identifier>{content}"
        "<productList><product type='book'><title>見本の本</title></product></productList></grantAward>"
    )


def page(*awards: str) -> bytes:
    return f"<grantAwards><totalResults>{len(awards)}</totalResults>{''.join(awards)}</grantAwards>".encode()


def report(texts: str, year: str = "2020", lang: str = "ja", content: str = "") -> str:
    return f"<report xml:lang='{lang}' fiscalYear='{year}' type='jiseki_hokoku'>{content}{texts}</report>"


def parts(raw: bytes) -> dict[str, str]:
    return {document.part: document.text for document in extract(raw)}


def reason(raw: bytes) -> str:
    with pytest.raises(Unreadable) as error:
        extract(raw)
    return error.value.reason


def test_a_project_and_its_reports_by_language() -> None:
    reports = (
        report(paragraphs("川の長さを測った。", "橋の長さも測った。"))
        + report(paragraphs("We measured the river."), lang="en", content="<title>Of rivers</title>")
        + report(paragraphs("二つ目の報告である。"), content="<doi>https://doi.org/10.5555/R2</doi>")
        + report(paragraphs("It is in English."), content="<language>eng</language>", year="2021")
    )
    found = extract(
        page(
            award(
                summary("ja", "川の研究", "川を調べる。\n(1) 長さ\n(2) 深さ", "川の長さを測った。")
                + summary("en", "A study of rivers", "We study rivers.")
                + f"<reportList>{reports}</reportList>"
            )
        )
    )
    names = ("kaken:JP19K00001", "doi:10.5555/kaken.1")
    described = [(document.part, document.lang, document.title, document.text, document.ids) for document in found]
    assert described == [
        ("ja", "ja", "川の研究", "川を調べる。\n(1) 長さ\n(2) 深さ\n\n川の長さを測った。", names),
        ("en", "en", "A study of rivers", "We study rivers.", names),
        ("report2020:ja", "ja", "川の研究", "橋の長さも測った。", names[:1]),
        ("report2020:en", "en", "Of rivers", "We measured the river.", names[:1]),
        ("report2020-2:ja", "ja", "川の研究", "二つ目の報告である。", (names[0], "doi:10.5555/r2")),
        ("report2021:en", "en", "A study of rivers", "It is in English.", names[:1]),
    ]
    assert {document.date for document in found} == {"2019-04-01"}
    assert [document.counts for document in found] == [{"members": 2, "products": 1, "repeated_paragraphs": 1}] + [
        {}
    ] * 5
    assert not any(document.rights.licences for document in found)


@pytest.mark.parametrize(
    ("start", "date", "old"),
    [
        ("<startDate>2016-03-31</startDate>", "2016-03-31", 1),
        ("<startDate>2016-04-01</startDate>", "2016-04-01", 0),
        ("<startFiscalYear>2015</startFiscalYear>", "2015", 1),
        ("<startFiscalYear>2016</startFiscalYear>", "2016", 0),
        ("<startDate>soon</startDate>", "2019", 0),
        ("", "2019", 0),
    ],
)
def test_how_old_it_is(start: str, date: str, old: int) -> None:
    (document,) = extract(page(award(summary("ja", "川", "川を調べる。", start=start))))
    assert (document.date, document.counts.get("adopted_until_fy2015", 0)) == (date, old)


def test_several_projects_are_told_apart() -> None:
    unnumbered = award(summary("", "町", "町。"), "")
    raw = page(award(summary("ja", "川", "川。")), award(summary("en", "Bridges", "A bridge."), "20H00002"), unnumbered)
    assert parts(raw) == {"19K00001:ja": "川。", "20H00002:en": "A bridge.", "3": "町。"}


def test_a_licence_only_where_the_record_states_one() -> None:
    (document,) = extract(page(award(summary("ja", "川", "川。") + "<license>CC BY 4.0</license>")))
    assert [(licence.stated, licence.spdx) for licence in document.rights.licences] == [("CC BY 4.0", "CC-BY-4.0")]


def test_refused() -> None:
    assert reason(b"") == reason(b" \n") == "empty"
    assert reason(b"<grantAwards><totalResults>0</totalResults></grantAwards>") == "empty"
    assert reason(page(award(summary("ja", "題だけ")))) == "empty"
    assert reason(b"<html><body>Invalid APPID</body></html>") == "not_kaken"
    assert reason(b"<grantAwards>" + b"<grantAward/>" * (MAX_PROJECTS + 1) + b"</grantAwards>") == "too_many_projects"
    assert reason(b"<grantAwards>") == "malformed"


@given(
    st.recursive(
        st.sampled_from(("川。", " ", "2015", "eng", "")),
        lambda inner: st.tuples(
            st.sampled_from(
                ("grantAward", "summary", "report", "reportList", "paragraphList", "paragraph", "title", "startDate")
            ),
            st.sampled_from(("", " xml:lang='ja'", " fiscalYear='二〇'", " awardNumber='19K00001'")),
            st.lists(inner, max_size=4),
        ).map(lambda made: f"<{made[0]}{made[1]}>{''.join(made[2])}</{made[0]}>"),
        max_leaves=25,
    )
)
def test_any_tree_is_read_or_refused(content: str) -> None:
    found: list[Document] = []
    refusal = ""
    try:
        found = extract(f"<grantAwards>{content}</grantAwards>".encode())
    except Unreadable as error:
        refusal = error.reason
    assert bool(found) != (refusal == "empty")
    assert all(document.text for document in found)
