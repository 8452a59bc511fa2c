"""What is around the matter of a page and not of it: ways through the site, buttons, notices of cookies and copyright.

Whole lines, by their words and their place. What may be text somewhere else counts only among the first or last lines
of a page, and words such as 次へ and Share only in company: in a manual they name a button. Prose is never cut: no line
goes because it speaks of cookies.
"""

import itertools
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import ClassVar, NamedTuple

#: A longer line is a paragraph.
_MAX_LINE = 200
#: The longest of the word list has 62.
_MAX_WORDS = 80
#: A longer line is no row of buttons.
_MAX_ROW = 100

_SENTENCE_ENDS = (".", "!", "?", "。", ",", ";")
_MARKS = " \t\u3000|<>«»‹›≪≫◀▶◁▷▲△▼▽↑↓→←⇒⇐*※・•●■□◆◇–—=_[](){}【】「」:、+"
_ONLY_MARKS = re.compile(r"[|»«›≫]+")
_BREAKS = re.compile(r"[|/・»«›>≫≪<\]\[、]|\s{2,}|\t")

# ---- lines by their form; in lower case, NFKC

_YEAR = r"(?:19|20)[0-9]{2}"
_COPYRIGHT = (
    r"(?:(?:(?:japanese|english|original|content|document|text|site|page|portions|日本語訳?|原文) )?(?:translation )?"
    rf"(?:\(c\) ?|© ?)?copyright ?(?:(?:©|\(c\)|ⓒ)|:? ?{_YEAR})|(?:©|\(c\)|ⓒ) ?{_YEAR}).{{0,150}}"
    r"|.{0,100}\ball rights reserved\W{0,3}"
    r"|[^。]{0,40}(?:禁無断転載|無断(?:での)?(?:転載|複製|複写|引用|使用)[^。]{0,30}"
    r"(?:禁(?:じます|止(?:します|いたします|です)?)|お断り(?:(?:し|いたし)ます)?|ご遠慮(?:ください|願います))。?)"
)
_UPDATED = (
    r"(?:最終更新(?:日時?|者)?|更新日時?|last[ -](?:updated?|modified|changed|edited)(?: on| by)?|date modified"
    r"|this page was last (?:updated|modified|changed|edited)|このページの最終更新日時?は?)\b.{0,30}[0-9][^。]{0,60}。?"
    rf"|revised:? .{{0,20}}{_YEAR}\W?"
)
_COOKIES = (
    r"(?:当|本|この)(?:web)?(?:サイト|ウェブサイト|ホームページ|ブログ).{0,60}(?:cookie|クッキー).{0,60}"
    r"(?:使用|利用|収集|同意).{0,80}"
    r"|(?:(?:this|our) (?:web)?site|we|by (?:continuing|using|clicking|browsing)|to (?:give|provide|improve|offer)) "
    r".{0,80}\b(?:us(?:e|es|ing)|sets?|stores?) .{0,30}\bcookies?\b.{0,60}"
    r"(?:experience|accept|agree|consent|analy[sz]|personali[sz]|advert|policy|learn more|continu|function).{0,60}"
)
_LANGUAGES = (
    r"(?:available languages|翻訳済み言語|利用可能な言語) ?:(?:[ |/,・]{1,3}[a-z]{2}(?:-[a-z]{2,4})?(?![a-z])){1,40}"
)
_NEWSLETTER = (
    r"(?:sign up|subscribe|get)\b.{0,60}\bnewsletters?\b.{0,60}"
    r"|(?:メールマガジン|メルマガ|ニュースレター)[にをの]?(?:登録|購読).{0,20}"
)
# [ << Musical terms ] | [Top][Contents] | [ Notes >> ], as Texinfo writes it.
_TEXINFO = r"(?:\| )?\[ <+ .{1,80} \] \|.{0,60}\| \[ .{1,80} >+ \](?: \|)?"
_STEP = r" ?[>›»≫] ?(?![0-9])[^>›»≫。]{1,50}"
_BREADCRUMBS = (
    rf"(?:現在(?:位置|地|のページ)|you are here|パンくず(?:リスト)?) ?:.{{1,100}}"
    rf"|(?:\| )?(?:(?:ホーム|トップ(?:ページ)?){_STEP}|(?:home|top){_STEP}{_STEP})(?:{_STEP}){{0,8}}"
)
_FORM = re.compile("|".join((_COPYRIGHT, _UPDATED, _COOKIES, _LANGUAGES, _NEWSLETTER, _TEXINFO, _BREADCRUMBS)))
# What shows a way: « Previous, 次の記事 →; not <履歴>.
_WAY = re.compile(r"[<«‹≪←◀][^>»›≫→▶]{1,30}|[^<«‹≪←◀]{1,30}[>»›≫→▶]")
_NO_BUTTON = re.compile(r"- |[0-9]+\. |//|#|/?\*|;|--|%|<!--|\.\. |rem\b")

# Titles of other pages follow, up to the end. 関連項目 and "See also" are of the matter.
_RELATED = re.compile(
    r"(?:.{1,12}の)?(?:関連(?:記事|エントリー?|ニュース|投稿)|(?:あわせて|合わせて|こちらも)読みたい|(?:おすすめ|人気|最新)の?記事"
    r"|最近の(?:記事|投稿)|related (?:posts?|articles?|stories|news)|recent (?:posts|comments)"
    r"|read next|you (?:may|might) also (?:like|be interested in)|popular posts"
    r"|more from this (?:author|category)|more stories)"
)
_MAX_RELATED = 30
_SENTENCE = re.compile(r".*[。.!?]\W{0,2}", re.DOTALL)

# Behind a heading, to link to it.
_ANCHOR = re.compile(r"¶(?<=[^\s|¶。.]¶)\Z|\[(?:edit|edit source|編集|ソースを編集)\]\Z")
_MAX_HEADING = 120


class _Lines(NamedTuple):
    """Those of a text that are not blank. Two lists and no line objects: a page has hundreds."""

    texts: list[str]
    starts: list[int]

    def end(self, place: int) -> int:
        return self.starts[place] + len(self.texts[place])


@dataclass(frozen=True)
class Boilerplate:
    """Cuts boilerplate of Japanese and English pages: skip links, ways back to the top and to other pages, breadcrumbs,
    buttons to share, forms for comments, notices of cookies, copyright and change, names of languages, titles of other
    articles at the end; and the marks ¶ and [edit] behind headings.
    """

    # How many of the first and last lines that are not blank may go for words that elsewhere are text. Of 4,108 pages,
    # the breadcrumbs and rows of links that Sphinx leaves have up to 9 lines in front and 14 behind.
    head: int = 10
    tail: int = 15

    name: ClassVar[str] = "boilerplate"
    version: ClassVar[int] = 1

    def __post_init__(self) -> None:
        for field in ("head", "tail"):
            if getattr(self, field) < 0:
                raise ValueError(f"{field}: at least 0, not {getattr(self, field)}")

    def edits(self, text: str, lang: str | None) -> list[tuple[int, int, str]]:
        """What is to go; a line goes with the line break and blank lines behind it."""
        if lang not in ("ja", "en"):
            return []
        lines = _lines(text)
        count = len(lines.texts)
        cut = {*_anywhere(lines.texts)}
        cut |= self._edges(lines.texts, count, cut)
        end = _related(lines.texts, cut)
        if end < count:
            cut |= {*range(end, count)} | self._edges(lines.texts, end, cut)
        return sorted([*_spans(lines, cut, len(text)), *_anchors(lines, cut, text)])

    def _edges(self, texts: Sequence[str], end: int, sure: set[int]) -> set[int]:
        if end <= self.head + self.tail:
            return _at_edge(texts, range(end), sure)
        return _at_edge(texts, range(self.head), sure) | _at_edge(texts, range(end - self.tail, end), sure)


def _lines(text: str) -> _Lines:
    texts = text.split("\n")
    starts = [0, *itertools.accumulate(len(line) + 1 for line in texts)]
    kept = [place for place, line in enumerate(texts) if line and not line.isspace()]
    return _Lines([texts[place] for place in kept], [starts[place] for place in kept])


def _fold(words: str) -> str:
    return (words if words.isascii() else unicodedata.normalize("NFKC", words)).casefold().strip()


@cache
def _words() -> dict[str, str]:
    """The kind of each entry of words/boilerplate.txt, folded and without the marks around it."""
    rows = (Path(__file__).parent / "words" / "boilerplate.txt").read_text(encoding="utf-8").split("\n")
    pairs = (row.split("\t") for row in rows if row and row[0] != "#")
    return {_fold(words).strip(_MARKS): kind for words, kind in pairs}


def _anywhere(texts: Sequence[str]) -> Iterator[int]:
    words = _words()
    for place, line in enumerate(texts):
        # Lower case will do: folding every line of a page takes three times as long as all the rest.
        if len(line) <= _MAX_WORDS and words.get(line.strip(_MARKS).lower()) == "line":
            yield place


def _related(texts: Sequence[str], cut: set[int]) -> int:
    """Where the titles of other pages begin, in the second half of the lines; else how many lines there are."""
    count = len(texts)
    for place in range(max(count // 2, count - _MAX_RELATED), count):
        if len(texts[place]) <= 40 and _RELATED.fullmatch(_fold(texts[place]).strip(_MARKS)):
            titles = (texts[other] for other in range(place + 1, count) if other not in cut)
            if not any(len(title) > _MAX_LINE or _SENTENCE.fullmatch(_fold(title)) for title in titles):
                return place
    return count


def _at_edge(texts: Sequence[str], zone: range, sure: set[int]) -> set[int]:
    """Which of some lines go: those sure by their form, and runs of at least two different words for buttons."""
    cut: set[int] = set()
    run: list[int] = []
    named: set[str] = set()
    certain = False
    for place in [*zone, None]:
        form = None if place is None else _Form(certain=True) if place in sure else _form(texts[place])
        if place is not None and form:
            run.append(place)
            named |= form.buttons
            certain |= form.certain
        else:
            cut.update(run if certain or len(named) > 1 else ())
            run, named, certain = [], set(), False
    return cut


class _Form(NamedTuple):
    """Of a line that may go."""

    certain: bool = False
    buttons: frozenset[str] = frozenset()
    """The words for buttons that it is made of; none for one of marks alone."""


def _form(line: str) -> _Form | None:
    """None: text."""
    return None if len(line) > _MAX_LINE else _form_of(line)


@lru_cache(maxsize=1 << 14)  # at most 4 MB; the pages of a site share half of these lines
def _form_of(line: str) -> _Form | None:
    folded = _fold(line)
    if _ONLY_MARKS.fullmatch(folded):
        return _Form()
    if _NO_BUTTON.match(folded):
        return None
    if _FORM.fullmatch(folded):
        return _Form(certain=True)
    if len(folded) > _MAX_ROW:
        return None
    words = _words()
    bare = folded.strip(_MARKS)
    if words.get(bare) == "edge":
        return _Form(certain=True)
    if bare[-1:] in _SENTENCE_ENDS:
        return None  # no word for a button has one
    for parts in (_BREAKS.split(bare), bare.split()):
        buttons = frozenset(part.strip() for part in parts) - {""}
        if buttons and all(words.get(button) in ("item", "edge") for button in buttons):
            return _Form(len(buttons) == 1 and bool(_WAY.fullmatch(folded)), buttons)
    return None


def _spans(lines: _Lines, cut: set[int], length: int) -> Iterator[tuple[int, int, str]]:
    """Runs of lines, each up to the next line that stays; up to the end from where the last one ends."""
    for first in sorted(cut):
        if first - 1 in cut:
            continue
        after = first
        while after in cut:
            after += 1
        if after < len(lines.texts):
            yield lines.starts[first] if first else 0, lines.starts[after], ""
        else:
            yield lines.end(first - 1) if first else 0, length, ""


def _anchors(lines: _Lines, cut: set[int], text: str) -> Iterator[tuple[int, int, str]]:
    if "¶" not in text and "[edit" not in text and "編集]" not in text:
        return
    for place, line in enumerate(lines.texts):
        if line[-1] in "¶]" and len(line) <= _MAX_HEADING and place not in cut:
            mark = _ANCHOR.search(line)
            if mark:
                yield lines.starts[place] + mark.start(), lines.end(place), ""
