"""Running heads and feet, page numbers: what stands at the edge of pages and is no part of the text."""

import re
from collections import defaultdict
from collections.abc import Sequence

from pipelines.extract.pdf.layout import Line

# Rows at either edge that may be a head or a foot: some feet are a citation of three lines.
EDGE_ROWS = 3
# Points by which a head may move from page to page.
DRIFT = 3.0
# Pages that must have it; in a text of two, both.
MIN_PAGES = 2
MIN_PAGES_OF_LONG, LONG = 3, 8

_DIGITS = re.compile(r"[0-9０-９]+")
_PAGE_NUMBER = re.compile(
    r"[-–—―・(（\[]?\s*(?:p\.?|page|slide)?\s*(?:[0-9０-９]{1,5}|[ivxlc]{1,7})(?:\s*(?:/|of)\s*[0-9]{1,5})?(?:頁|ページ)?"
    r"\s*[-–—―・)）\]]?",
    re.IGNORECASE,
)

Key = tuple[int, str]


def without_heads(flows: Sequence[Sequence[Line]]) -> tuple[list[list[Line]], dict[str, int]]:
    """The lines without those at the edges that come again on other pages, digits not looked at, and without page
    numbers. One sequence is what one page has in one direction of writing. Counts `running_heads`, `page_numbers`."""
    edges = [_edges(flow) for flow in flows]
    places: dict[Key, list[tuple[float, int]]] = defaultdict(list)
    for flow, edge in zip(flows, edges):
        for at, side in edge.items():
            places[side, _folded(flow[at].text)].append((flow[at].bottom, flow[at].page))
    enough = MIN_PAGES if len({line.page for flow in flows for line in flow}) < LONG else MIN_PAGES_OF_LONG
    repeated = {key: ranges for key, found in places.items() if (ranges := _in_place(found, enough))}
    heads = numbers = 0
    left: list[list[Line]] = []
    for flow, edge in zip(flows, edges):
        kept = []
        for at, line in enumerate(flow):
            if at in edge and _PAGE_NUMBER.fullmatch(line.text):
                numbers += 1
            elif at in edge and _near(line.bottom, repeated.get((edge[at], _folded(line.text)), ())):
                heads += 1
            else:
                kept.append(line)
        left.append(kept)
    return left, {"running_heads": heads, "page_numbers": numbers}


def _edges(flow: Sequence[Line]) -> dict[int, int]:
    """Which lines stand at the upper (0) and lower (1) edge of a page."""
    order = sorted(range(len(flow)), key=lambda at: flow[at].bottom)
    found: dict[int, int] = {}
    for side, run in enumerate((order, order[::-1])):
        rows, last = 0, None
        for at in run:
            if last is None or abs(flow[at].bottom - last) > 0.5 * flow[at].size:
                rows += 1
                last = flow[at].bottom
            if rows > EDGE_ROWS:
                break
            found.setdefault(at, side)
    return found


def _folded(text: str) -> str:
    return _DIGITS.sub("0", text)


def _in_place(found: Sequence[tuple[float, int]], enough: int) -> list[float]:
    """The places in which a line comes on enough pages."""
    in_order = sorted(found)
    places: list[float] = []
    start = 0
    for end in range(1, len(in_order) + 1):
        if end == len(in_order) or in_order[end][0] - in_order[end - 1][0] > DRIFT:
            if len({page for _, page in in_order[start:end]}) >= enough:
                places += [in_order[start][0], in_order[end - 1][0]]
            start = end
    return places


def _near(place: float, places: Sequence[float]) -> bool:
    return any(low - 0.1 <= place <= high + 0.1 for low, high in zip(places[::2], places[1::2]))
