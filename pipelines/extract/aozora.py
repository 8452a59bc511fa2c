"""The annotated text files of Aozora Bunko (https://www.aozora.gr.jp/annotation/), and what is written like them.

A source line is a paragraph, a speech or a verse, and stays a line; its indentation is layout and goes.

- Readings (ruby) go, the words they stand on stay: ｜漢字《かんじ》 is 漢字.
- Described characters (gaiji.py) become the ones they describe, ／＼ and ／″＼ become 〳〵 and 〴〵 (the two
  halves of JIS X 0213), 〔cafe'〕 becomes café.
- Notes ［＃…］ go. 大見出し, 中見出し and 小見出し make a line a heading of depth 1, 2 and 3; headings that share
  a line with text (同行見出し, 窓見出し) stay in it. Notes in small print (割り注) are put in parentheses. Captions of
  pictures go to `captions`. The marks that help to read Chinese as Japanese (返り点, 訓点送り仮名) go.
- The table of signs after the title goes, the colophon from 底本： on too. Its lines are kept as evidence of rights:
  those that speak of copyright or a licence with `where` "colophon", the credits (底本, 入力, 校正 …) and the authors
  with "credit", for Aozora Bunko asks that they be kept. Most files say nothing of copyright: that it has run out
  stands in the catalogue only (作品著作権フラグ), as does the orthography (文字遣い種別).

`date` and `container` are those of the first publication (初出), where the colophon tells.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from pipelines.extract import charset, gaiji, licences
from pipelines.extract.document import Document, Unreadable
from pipelines.extract.html import MAX_TITLE, clean
from pipelines.extract.rights import MAX_LICENCES, MAX_WORDS, Licence, Rights
from pipelines.extract.spacing import superscript

#: A novel of 1,000 pages has 1.5 MB, the largest of 146 works 0.06. The worst of this size (a line end after each
#: character) takes 13 s and 0.8 GB.
MAX_BYTES = 8_000_000

# Lines. The longest title of 146 files has 3, the longest table of signs 19, the longest colophon 39.
_MAX_TITLE = 12
_MAX_SIGNS = 100
_MAX_COLOPHON = 200
# A heading block that nobody closes must not make headings of the whole text.
_MAX_BLOCK = 12
# Characters. The longest note of 146 files has 76.
_MAX_NOTE = 1_000

# Noncharacters stand for signs that were described as characters: ※［＃始め二重山括弧、1-1-52］ begins no ruby.
_SIGNS = "《》［］｜※〔〕／＼"
_HIDE = {ord(sign): chr(0xFDD0 + at) for at, sign in enumerate(_SIGNS)}
_HIDDEN = re.compile("[\ufdd0-\ufdef]")

_WORK = re.compile(r"(?:^|[/\\])([0-9]{1,6})_(?:ruby|txt)(?![a-z])")
_RULE = re.compile("-{20,}")
_COLOPHON = re.compile("(?:翻訳の)?(?:底本|原典)(?:・初出)?：|(?:入力|青空文庫(?:作成|収録)ファイル)：")
_END_OF_TEXT = "［＃本文終わり］"
_TRANSLATOR = re.compile(r"(?:訳|訳註|訳注|編|校訂|校註|校注|校閲|補訂)\s*$")

_GAIJI = re.compile("※［＃([^［］\n]*+)］")
_NOTE = re.compile("［＃((?:[^［］\n]|［(?:[^［］\n]|［[^［］\n]*+］)*+］)*+)］")
_RUBY = re.compile(r"｜([^｜《》\n]*+)《[^《》\n]*+》|(?<=[^\s「『（(【〔［〈《》、。，．・：；？！…―])《[^《》\n]*+》")

_HEADING = re.compile("(?:は|^)([大中小])見出し(?:終わり)?$")
_BLOCK = re.compile("ここから([大中小])見出し$|ここから(キャプション)$")
_BLOCK_END = re.compile("ここで(?:[大中小]見出し|キャプション)終わり$")
_CAPTION = re.compile("はキャプション$|^キャプション終わり$")
_FIGURE = re.compile("入る$|^(?:挿絵|図|写真)")
_KUNTEN = re.compile("[一二三四五六七八九十上中下甲乙丙丁天地人レ]+$|（[^）]*）$")
_SIDE_RUBY = re.compile("の左に「.*」のルビ$")
_SMALL_PRINT = re.compile("(?:ここから)?割り注$")
_SMALL_PRINT_END = re.compile("(?:ここで)?割り注終わり$")
_BOTTOM = re.compile("地付き$|地(?:から|より)[0-9０-９一二三四五六七八九十]+字上げ$")
_ROMAN = re.compile("「([0-9０-９]{1,2})」はローマ数字、([0-9-]+)$")
_SUPERSCRIPT = re.compile("「([^「」]{1,9})」は上付き小文字$")
# How a text is set, not what it says.
_LAYOUT = re.compile(
    "字下げ|字上げ|地付き|天付き|字詰め|改(?:ページ|丁|段|行|見開き)|左右中央|傍[点線]|[破鎖波]線|太字|斜体|縦中横|横組み|罫囲み|中央揃え"
    "|な文字|小書き|小文字|見出し|キャプション|割り注|本文終わり|(?:左に)?(?:ルビ|注記)付き$"
)

_LABEL = re.compile("[^：「」]{1,20}：")
_RIGHTS = re.compile("著作権|クリエイティブ・コモンズ|ライセンス|creative ?commons", re.IGNORECASE)
_URL = re.compile(r"https?://[\w.,:/?&=%#~+-]+", re.ASCII)
_FIRST = re.compile("初出：(?:「([^」]{1,100})」?)?")
_DATE = re.compile("([12][0-9]{3})(?:（[^（）]{1,8}）)?年(?:([0-9]{1,2})月(?:([0-9]{1,2})日)?)?")


@dataclass
class _Reading:
    """What is gathered line by line."""

    lines: list[str] = field(default_factory=list)
    captions: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)


class _Line(NamedTuple):
    """The text of a line; "#" to "###" where it is a heading, "caption" where it is one; the kind of block that begins
    with it, and whether one ends."""

    text: str
    kind: str
    begins: str
    ends: bool


def extract(raw: bytes, name: str = "") -> list[Document]:
    """The work in a file, its title and its number ("aozora:789" where `name` is as 789_ruby_5639.txt).

    `counts` has "ruby" (readings), "gaiji" (characters without a code, 〓 in the text), "kunten", "figures", "notes"
    (of the editors: ママ, 底本では…, remarks), "signs" and "colophon" (lines of these), "unclosed" (［＃ without an
    end, left as they are) and "repaired" (damaged bytes, U+FFFD in the text).

    Raises:
        Unreadable: too_large, undecodable or empty (nothing but title and colophon).
    """
    if len(raw) > MAX_BYTES:
        raise Unreadable("too_large", f"{len(raw)} bytes, limit {MAX_BYTES}")
    try:
        decoded = charset.decode(raw, "Shift_JIS")
    except charset.Undecodable as error:
        raise Unreadable("undecodable", str(error)) from None
    lines = _HIDDEN.sub("", decoded.text).replace("\r\n", "\n").replace("\r", "\n").split("\n")
    reading = _Reading()
    body, colophon = _split_colophon(lines)
    head, body = _split_head(body, bool(colophon), reading.counts)
    _read(body, reading)
    text = clean("\n".join(reading.lines))
    if not text:
        raise Unreadable("empty", f"no text in {len(lines)} lines")
    reading.counts["repaired"] += decoded.repaired
    reading.counts["colophon"] += sum(bool(line.strip()) for line in colophon)
    title, authors = _title([_plain(line) for line in head])
    credits = _credits(colophon)
    container, date = _first_published(credits)
    work = _WORK.search(name)
    return [
        Document(
            text=text,
            title=title[:MAX_TITLE],
            ids=(f"aozora:{int(work[1])}",) if work else (),
            date=date,
            container=container,
            captions=tuple(caption for line in reading.captions if (caption := clean(line))),
            charset=decoded.charset,
            charset_source="bom" if decoded.how == "bom" else "detector",
            rights=Rights(licences=_evidence(authors, credits)),
            counts={key: count for key, count in sorted(reading.counts.items()) if count},
        )
    ]


def _split_colophon(lines: list[str]) -> tuple[list[str], list[str]]:
    """The text before and the colophon after ［＃本文終わり］, or from 底本： on."""
    start = max(len(lines) - _MAX_COLOPHON, 0)
    for at in range(start, len(lines)):
        if lines[at].startswith(_END_OF_TEXT):
            return lines[:at], lines[at + 1 :]
    for at in range(start, len(lines)):
        if _COLOPHON.match(lines[at]) and (at == 0 or not lines[at - 1].strip()):
            return lines[:at], lines[at:]
    return lines, []


def _split_head(lines: list[str], has_colophon: bool, counts: Counter[str]) -> tuple[list[str], list[str]]:
    """Title and authors, and the text after the table of signs. A text with neither table nor colophon is none of
    Aozora Bunko's: nothing says that its first lines are a title."""
    start = next((at for at, line in enumerate(lines[:_MAX_TITLE]) if line.strip()), 0)
    near = range(start, min(len(lines), start + _MAX_TITLE))
    end = next((at for at in near if not lines[at].strip() or _RULE.fullmatch(lines[at].strip())), start)
    after = next((at for at in range(end, len(lines)) if lines[at].strip()), len(lines))
    if after < len(lines) and _RULE.fullmatch(lines[after].strip()):
        for at in range(after + 1, min(len(lines), after + _MAX_SIGNS)):
            if _RULE.fullmatch(lines[at].strip()):
                counts["signs"] = sum(bool(line.strip()) for line in lines[after : at + 1])
                return lines[start:end], lines[at + 1 :]
    is_title = has_colophon and all(len(line) <= MAX_TITLE for line in lines[start:end])
    return (lines[start:end], lines[end:]) if is_title else ([], lines)


def _title(head: Sequence[str]) -> tuple[str, list[str]]:
    """The title with its subtitles on one line, and the authors: the last line and, below it, who translated."""
    authors = len(head)
    while authors > 1 and _TRANSLATOR.search(head[authors - 1]):
        authors -= 1
    # The last line but the translators' is the author's, unless it is the only one left.
    first = authors - 1 if authors > 1 else authors
    return " ".join(head[:first]), list(head[first:])


def _read(lines: Iterable[str], reading: _Reading) -> None:
    block = ""  # what a heading or a caption over several lines will be
    held: list[str] = []
    for line in lines:
        text, kind, begins, ends = _line(line, reading.counts)
        if block:
            held += [text] if text else []
            if not (ends or begins or (held and not text) or len(held) >= _MAX_BLOCK):
                continue
            _put("　".join(held), block, reading)
            text, block, held = "", "", []
        if begins:
            block, held = begins, [text] if text else []
        elif text or not line.strip():
            _put(text, kind, reading)
    _put("　".join(held), block, reading)


def _put(text: str, kind: str, reading: _Reading) -> None:
    if kind == "caption":
        reading.captions += [text] if text else []
    elif text:
        reading.lines.append(f"{kind} {text}" if kind else text)
    elif reading.lines and reading.lines[-1]:
        reading.lines.append("")


_DEPTHS = {"大": "#", "中": "##", "小": "###"}


def _line(line: str, counts: Counter[str]) -> _Line:
    line = _characters(line, counts)
    kind, begins, ends = "", "", False
    parts: list[str] = []
    end = 0
    headed = 0
    printed = False  # a parenthesis of ours is open
    for note in _NOTE.finditer(line):
        parts.append(line[end : note.start()])
        end = note.end()
        words = note[1]
        if len(words) > _MAX_NOTE:
            counts["notes"] += 1
        elif block := _BLOCK.match(words):
            begins = _DEPTHS[block[1]] if block[1] else "caption"
        elif _BLOCK_END.match(words):
            ends = True
        elif heading := _HEADING.search(words):
            kind, headed = _DEPTHS[heading[1]], len(parts)
        elif _CAPTION.search(words):
            kind, headed = "caption", len(parts)
        elif _SMALL_PRINT.match(words):
            printed = not "".join(parts[-1:]).endswith(("（", "(", "〔"))
            parts.append("（" if printed else "")
        elif _SMALL_PRINT_END.match(words):
            parts.append("）" if printed else "")
            printed = False
        elif _BOTTOM.match(words):
            parts.append("\n")
        elif roman := _ROMAN.match(words):
            _replace(parts, roman[1], gaiji.character(roman[2]))
        elif power := _SUPERSCRIPT.match(words):
            _replace(parts, power[1], superscript(power[1]))
        elif _FIGURE.search(words):
            counts["figures"] += 1
        elif _KUNTEN.match(words):
            counts["kunten"] += 1
        elif _SIDE_RUBY.search(words):
            counts["ruby"] += 1
        elif not _LAYOUT.search(words):
            counts["notes"] += 1
    parts += [line[end:], "）" if printed else ""]
    if kind and "".join(parts[headed:]).strip():
        kind = ""  # a heading is the whole of its line
    text, readings = _RUBY.subn(r"\1", "".join(parts))
    counts["ruby"] += readings
    counts["unclosed"] += text.count("［＃")
    text = _HIDDEN.sub(lambda hidden: _SIGNS[ord(hidden[0]) - 0xFDD0], text)
    return _Line("\n".join(stripped for part in text.split("\n") if (stripped := part.strip())), kind, begins, ends)


def _characters(line: str, counts: Counter[str]) -> str:
    """The line with its described characters, so that notes can be found in it and compared."""

    def described(note: re.Match[str]) -> str:
        found = gaiji.character(note[1])
        counts["gaiji"] += found == gaiji.UNKNOWN
        return found.translate(_HIDE)

    line = _GAIJI.sub(described, line)
    return gaiji.accents(line.replace("／＼", "〳〵").replace("／″＼", "〴〵"))


def _replace(parts: list[str], old: str, new: str) -> None:
    if parts and parts[-1].endswith(old) and new != gaiji.UNKNOWN:
        parts[-1] = parts[-1].removesuffix(old) + new


def plain(line: str, counts: Counter[str]) -> str:
    """One line without its marks, for other formats that quote this library."""
    return " ".join(clean(_line(_HIDDEN.sub("", line), counts).text).split("\n"))


def _plain(line: str) -> str:
    return plain(line, Counter())


def _credits(colophon: Sequence[str]) -> list[str]:
    """The entries of a colophon, without remarks on the edition: what follows a label belongs to it."""
    entries: list[str] = []
    for source in colophon:
        line = _plain(source)
        if not line or (source.startswith("※") and not _RIGHTS.search(line)):
            continue
        on_its_own = _LABEL.match(line) or _RIGHTS.search(line)
        if entries and _LABEL.match(entries[-1]) and not on_its_own:
            entries[-1] = f"{entries[-1]} {line}"
        else:
            entries.append(line)
    return entries


def _first_published(credits: Sequence[str]) -> tuple[str, str]:
    """Where and when, as far as 初出： says it."""
    entry = next((entry for entry in credits if entry.startswith(("初出：", "底本・初出："))), "")
    first = _FIRST.search(entry)
    date = _DATE.search(entry)
    if not first or not date:
        return (first[1] or "" if first else ""), ""
    year, month, day = date.groups()
    return first[1] or "", "-".join(part.zfill(2) for part in (year, month, day) if part)


def _evidence(authors: Sequence[str], credits: Sequence[str]) -> tuple[Licence, ...]:
    stated: list[Licence] = []
    for entry in credits:
        if _RIGHTS.search(entry):
            url = found[0] if (found := _URL.search(entry)) else ""
            stated.append(Licence(entry[:MAX_WORDS], licences.name(entry, url), "colophon"))
    named = [*authors, *(entry for entry in credits if not _RIGHTS.search(entry))]
    credited = [Licence(entry[:MAX_WORDS], None, "credit") for entry in named]
    return tuple((stated + credited)[:MAX_LICENCES])
