"""What the rules of recipes/web.toml make of texts whose worth a reader knows.

judgement.jsonl holds texts of our own: "keep" is what a reader would want in a corpus, "drop" what he would not,
whatever the rules think of it. The labels were given before the rules were run, and are not to follow them.
"""

import pytest

from quality import judging

CASES = judging.read("judgement.jsonl")

# Shares of 1, as measured, rounded down to 0.005.
FLOORS = {
    "all": 0.955,
    "keep": 0.975,
    "drop": 0.925,
    "ja": 0.955,
    "en": 0.950,
    "other": 1.000,
    "ja keep": 0.975,
    "ja drop": 0.920,
    "en keep": 0.980,
    "en drop": 0.910,
    "other drop": 1.000,
}

#: Judged otherwise than labelled, sorted. A change in a rule that moves any of these, or any other, is to be seen.
FAILURES = (
    "en-drop-cookie-wall-1",
    "en-drop-seo-template-2",
    "en-drop-word-salad-1",
    "en-keep-short-1",
    "ja-drop-cookie-wall-1",
    "ja-drop-machine-translated-1",
    "ja-drop-machine-translated-2",
    "ja-drop-seo-template-2",
    "ja-keep-short-1",
    "ja-keep-short-2",
)


@pytest.fixture(scope="module")
def kept() -> dict[str, bool]:
    """Whether the rules keep a text, by its id."""
    return judging.keeps(CASES)


def test_no_agreement_is_below_its_floor(kept: dict[str, bool]) -> None:
    agreement = judging.agreement(CASES, kept)
    assert set(agreement) == set(FLOORS)
    assert not {group: share for group, share in agreement.items() if share < FLOORS[group]}


def test_the_failures_are_those_that_are_known(kept: dict[str, bool]) -> None:
    assert judging.failures(CASES, kept) == list(FAILURES)


def test_cases_are_well_formed() -> None:
    judging.check(CASES)
    assert len(CASES) >= 220
