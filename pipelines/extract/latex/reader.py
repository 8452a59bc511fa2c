"""What TeX reads from: a stack of texts. The topmost is read until it ends; what a macro stands for is put on top.

Category codes stay as LaTeX sets them, but @ is always a letter. Tokens are matches of a regular expression whose
`lastgroup` names the kind: text, word (a control word, with the space after it), symbol (one other character after a
backslash), open, close, math, align, newline and comment.
"""

import re
from functools import cache

from pipelines.extract.document import Unreadable

#: What all macros and input files together may put on the stack, and how often. The worst that was found takes 3 µs a
#: character of input or expansion, ten times what real sources take.
MAX_EXPANDED = 10_000_000
MAX_EXPANSIONS = 500_000
#: Steps of looking ahead that may come to nothing, as of a bracket that is never closed.
MAX_STEPS = 5_000_000
#: The longest optional argument, and the longest \verb.
MAX_OPTIONAL = 2_000
MAX_VERB = 500

Token = re.Match[str]

_SPACE = re.compile(r"(?:[ \t]++|%[^\n]*+\n?|\n(?![ \t]*+\n))*+")
_BRACES = re.compile(r"\\[^A-Za-z]|%[^\n]*+|[{}]")
_OPTIONAL = re.compile(r"\\[\s\S]|[\]{%]|\n[ \t]*+\n")
_NAME = re.compile(r"\{([^{}\\%\n]*+)\}")


@cache
def _token(short_verbs: str) -> re.Pattern[str]:
    extra = re.escape(short_verbs)
    return re.compile(
        rf"(?P<text>[^\\{{}}$%&\n{extra}]++)"
        r"|\\(?P<word>[A-Za-z@]++|[ぁ-ヿ一-鿿]++)[ \t]*+(?:\n[ \t]*+(?!\n))?"
        r"|\\(?P<symbol>[\s\S]?)"
        r"|(?P<open>\{)|(?P<close>\})|(?P<math>\$\$?)|(?P<align>&)"
        r"|(?P<newline>\n[ \t\n]*+)"
        r"|(?P<comment>%[^\n]*+\n?[ \t]*+)" + (rf"|(?P<verb>[{extra}])" if short_verbs else "")
    )


class Frame:
    """One text being read, and the file it came from ("" for what a macro stands for)."""

    __slots__ = ("closes", "file", "missing", "pos", "text")

    def __init__(self, text: str, file: str = "") -> None:
        self.text = text
        self.file = file
        self.pos = 0
        self.closes: dict[int, int] | None = None
        self.missing: set[str] = set()


class Reader:
    """The stack. Reading and grabbing arguments take time in proportion to what is read; the bounds hold the rest."""

    def __init__(self, text: str, file: str = "") -> None:
        self.frames = [Frame(text, file)]
        self.expanded = 0
        self.expansions = 0
        self.steps = 0
        self.short_verbs = ""

    def next(self) -> Token | None:
        """The next token, None at the end of everything."""
        token = _token(self.short_verbs)
        while self.frames:
            frame = self.frames[-1]
            if found := token.match(frame.text, frame.pos):
                frame.pos = found.end()
                return found
            self.frames.pop()
        return None

    def push(self, text: str, file: str = "") -> None:
        """Read `text` next.

        Raises:
            Unreadable: macro_loop, more than MAX_EXPANDED or MAX_EXPANSIONS.
        """
        self.spend(len(text))
        if text:
            self.frames.append(Frame(text, file))

    def spend(self, characters: int) -> None:
        """Count an expansion of so many characters against the bounds."""
        self.expanded += characters
        self.expansions += 1
        if self.expanded > MAX_EXPANDED or self.expansions > MAX_EXPANSIONS:
            raise Unreadable("macro_loop", f"{self.expansions} expansions to {self.expanded} characters")

    def top(self) -> Frame | None:
        """The text that is read next, None at the end of everything."""
        while self.frames and self.frames[-1].pos >= len(self.frames[-1].text):
            self.frames.pop()
        return self.frames[-1] if self.frames else None

    def back(self, characters: int) -> None:
        """Unread the last characters of the token that was read last."""
        self.frames[-1].pos -= characters

    def file(self) -> str:
        """The file that is being read."""
        return next((frame.file for frame in reversed(self.frames) if frame.file), "")

    def end_file(self) -> None:
        """Leave the rest of the file that is being read."""
        while self.frames and not self.frames.pop().file:
            pass

    def take(self, pattern: re.Pattern[str]) -> Token | None:
        """What `pattern` matches here, read."""
        frame = self.top()
        if frame and (found := pattern.match(frame.text, frame.pos)):
            frame.pos = found.end()
            return found
        return None

    def star(self) -> bool:
        """Whether a star follows; it is read."""
        frame = self.top()
        if frame and frame.text[frame.pos] == "*":
            frame.pos += 1
            return True
        return False

    def opens(self) -> bool:
        """Whether a group follows, after space that is read; its brace is not."""
        frame = self._after_space()
        return bool(frame and frame.text[frame.pos] == "{")

    def argument(self) -> str | None:
        """A mandatory argument without its braces; None where there is none, and nothing but space is read."""
        frame = self._after_space()
        if not frame:
            return None
        start = frame.pos
        match frame.text[start]:
            case "{":
                end = self._closes(frame).get(start)
                if end is None:
                    return None
                frame.pos = end + 1
                return frame.text[start + 1 : end]
            case "}" | "\n":
                return None
            case "\\" | "$":
                found = self.next()
                return found and (f"\\{found['word']}" if found["word"] else found[0])
            case character:
                frame.pos += 1
                return character

    def optional(self) -> str | None:
        """An argument in brackets without these, None where there is none."""
        before = self.top()
        place = before.pos if before else 0
        frame = self._after_space()
        if not frame or frame.text[frame.pos] != "[":
            if frame and frame is before:
                frame.pos = place  # the space is text
            return None
        text, start = frame.text, frame.pos + 1
        limit = start + MAX_OPTIONAL
        if text.find("]", start, limit) < 0:
            return None
        at = start
        while found := _OPTIONAL.search(text, at, limit):
            self.steps += 1
            if self.steps > MAX_STEPS:
                raise Unreadable("too_complex", f"more than {MAX_STEPS} steps of looking ahead")
            at = found.end()
            match found[0][0]:
                case "]":
                    frame.pos = at
                    return text[start : at - 1]
                case "{":
                    at = self._closes(frame).get(found.start(), limit) + 1
                case "%":
                    at = text.find("\n", at, limit) + 1 or limit
                case "\n":
                    break
        return None

    def name(self) -> str:
        """The name of an environment in its braces, "" where there is none."""
        if found := self.take(_NAME):
            return found[1].strip()
        return " ".join((self.argument() or "").split())

    def until(self, end: str) -> str | None:
        """What stands before `end`, which is read too; None where it does not come in this text."""
        frame = self.top()
        if not frame or end in frame.missing:
            return None
        at = frame.text.find(end, frame.pos)
        if at < 0:
            # It does not come after a later place either: without this, a thousand of them take a thousand searches.
            frame.missing.add(end)
            return None
        start, frame.pos = frame.pos, at + len(end)
        return frame.text[start:at]

    def verb(self) -> str | None:
        r"""The argument of \verb: what stands between two of the character that follows, in one line."""
        frame = self.top()
        if not frame:
            return None
        start = frame.pos + 1
        end = frame.text.find(frame.text[frame.pos], start, start + MAX_VERB)
        if end < 0 or "\n" in frame.text[start:end]:
            return None
        frame.pos = end + 1
        return frame.text[start:end]

    def _after_space(self) -> Frame | None:
        while frame := self.top():
            if found := _SPACE.match(frame.text, frame.pos):
                frame.pos = found.end()
            if frame.pos < len(frame.text):
                return frame
        return None

    def _closes(self, frame: Frame) -> dict[int, int]:
        """Where each brace of the text is closed, found once."""
        if frame.closes is None:
            frame.closes, opened = {}, []
            for found in _BRACES.finditer(frame.text):
                if found[0] == "{":
                    opened.append(found.start())
                elif found[0] == "}" and opened:
                    frame.closes[opened.pop()] = found.start()
        return frame.closes
