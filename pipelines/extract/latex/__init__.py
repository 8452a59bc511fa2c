r"""A LaTeX source to its text: one .tex, .ltx or .dtx, gzipped or not, or the bundle of a paper as arXiv has it.

The source is read once, as TeX does, from a stack of texts on which macros are expanded (latex_reader, latex_macros,
latex_conditions, latex_body); latex_vocabulary says what the control words of LaTeX mean to a reader. Of 162 real files
it reads 2.5 MB/s. pylatexenc 2.10, which builds a tree first, reads 0.2, expands no macros of the document, and runs
out of stack at 200 groups in each other.

Where the number of a theorem or a section was referred to, the word before it stays and the number goes. A footnote
follows its paragraph. Of macros that nobody knows the name goes and the arguments stay as text. What is counted:
`figures`, `authors`, `references` (of the bibliography), `citations`, `cross_references`, `index_entries`, `comments`,
`marginal_notes`, `embedded_files`, `code_lines` (of a .dtx, outside of its text), `missing_inputs`, `recursive_inputs`,
`other_roots`; and of what was not understood `unknown_macros`, `unknown_environments`, `recursive_macros`,
`undecided_conditions`, `unclosed_math`, `unclosed_environments`.
"""

import re

from pipelines.extract.document import Document, Unreadable
from pipelines.extract.html import MAX_TITLE, clean
from pipelines.extract.latex import bundle as latex_bundle
from pipelines.extract.latex import dtx as latex_dtx
from pipelines.extract.latex import rights as latex_rights
from pipelines.extract.latex.body import Body
from pipelines.extract.latex.words import WORDS

# What the reading itself marks its places with, and what no TeX source has.
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_ARXIV = re.compile(
    r"(?<![\w.])(?:arxiv[:._-]?)?(\d{4}\.\d{4,5}|[a-z]{2,8}(?:-[a-z]{2,8})?(?:\.[A-Z]{2})?[/_]?\d{7})(v\d{1,3})?"
    r"(?=\.(?:tar|gz|tgz|tex|zip)\b|/|$)",
    re.IGNORECASE,
)
_OLD_ID = re.compile(r"([a-z-]+(?:\.[A-Z]{2})?)[/_]?(\d{7})", re.IGNORECASE)
_FIRST_HEADING = re.compile(r"#{1,2} (.+)")


def extract(raw: bytes, name: str = "") -> list[Document]:
    """The text of a source.

    Raises:
        Unreadable: too_large, malformed (a broken archive), no_source (no TeX in it), undecodable, too_deep,
            too_complex, macro_loop (macros that expand without end), or empty.
    """
    bundle = latex_bundle.read(raw, name)
    source = _CONTROL.sub("", bundle.files[bundle.root])
    rights = latex_rights.read(source)
    code_lines = 0
    if latex_dtx.is_dtx(source, bundle.root):
        source, code_lines = latex_dtx.to_latex(source)
    body = Body(bundle, source, WORDS)
    text = clean(body.run())
    if not text:
        raise Unreadable("empty", f"no text in {len(source)} characters of TeX")
    first = _FIRST_HEADING.match(text)
    title = clean(body.title) or (first[1] if first else "")
    counts = body.counts | {"code_lines": code_lines, "other_roots": bundle.other_roots}
    return [
        Document(
            text,
            title=" ".join(title.split())[:MAX_TITLE],
            lang=next(filter(None, body.languages), ""),
            ids=ids(name),
            captions=tuple(filter(None, (clean(caption) for caption in body.captions))),
            charset=bundle.charset,
            charset_source=bundle.charset_source,
            rights=rights,
            counts={counted: count for counted, count in sorted(counts.items()) if count and counted != "inputs"},
        )
    ]


def ids(name: str) -> tuple[str, ...]:
    """arXiv's names of a paper, from the name of its file: 1706.03762v2.tar.gz, hep-th/9901001."""
    if not (found := _ARXIV.search(name)):
        return ()
    number, version = found.groups()
    if old := _OLD_ID.fullmatch(number):
        archive, _, subject = old[1].partition(".")
        number = f"{archive.lower()}{'.' + subject.upper() if subject else ''}/{old[2]}"
    return (f"arxiv:{number}", *([f"arxiv-version:{number}{version.lower()}"] if version else []))
