"""Pages of our own with the lines that a reader would cut (`cut`, from 0), labelled before the rule was run on them."""

import json
from pathlib import Path

from filters.boilerplate import Boilerplate

PAGES = [
    json.loads(line) for line in Path(__file__).with_name("boilerplate.jsonl").read_text(encoding="utf-8").splitlines()
]

# Shares of 1, as measured, rounded down to 0.005.
PRECISION = 1.0
RECALL = 1.0


def cut(page: dict[str, str]) -> set[int]:
    """The lines of which no letter is left."""
    text = page["text"]
    gone = {at for start, end, _ in Boilerplate().edits(text, page["lang"]) for at in range(start, end)}
    found, at = set(), 0
    for number, line in enumerate(text.split("\n")):
        if {*range(at, at + len(line))} <= gone:
            found.add(number)
        at += len(line) + 1
    return found


def test_lines_cut() -> None:
    right = wrong = missed = 0
    for page in PAGES:
        found, expected = cut(page), {*page["cut"]}
        for number in sorted(found ^ expected):
            print("cut" if number in found else "kept", page["id"], page["text"].split("\n")[number])
        right += len(found & expected)
        wrong += len(found - expected)
        missed += len(expected - found)
    assert right >= PRECISION * (right + wrong)
    assert right >= RECALL * (right + missed)
