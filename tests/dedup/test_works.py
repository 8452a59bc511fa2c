from hypothesis import given
from hypothesis import strategies as st

from dedup.works import work, work_hashes

NONE = b"\0" * 16


def test_the_best_name_counts() -> None:
    assert work(["pmid:1", "pmcid:PMC12", "arxiv:1706.03762", "doi:10.1/A"]) == "doi:10.1/a"
    assert work(["arxiv:1706.03762", "pmcid:PMC12"]) == "arxiv:1706.03762"
    assert work(["page:12", "revision:3"]) is None
    assert work(None) is work([]) is None


def test_translations_are_works_of_their_own() -> None:
    ids = [["doi:10.1/a"], ["DOI:10.1/A", "pmcid:PMC1"], ["doi:10.1/a"], [], None, ["doi:10.1/b"]]
    ja, same, en, none, nothing, other = work_hashes(ids, ["ja", "ja", "en", "ja", None, "ja"])
    assert ja == same
    assert len({ja, en, other}) == 3
    assert none == nothing == NONE


@given(st.lists(st.lists(st.text()) | st.none()))
def test_any_names_have_hashes(ids: list[list[str] | None]) -> None:
    found = work_hashes(ids, [None] * len(ids))
    assert [len(one) for one in found] == [16] * len(ids)
