import contextlib
import gzip
import io
import tarfile
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.extract import latex
from pipelines.extract.document import Document, Unreadable
from pipelines.extract.html import clean
from pipelines.extract.latex import bundle as latex_bundle
from pipelines.extract.latex import reader as latex_reader

DATA = Path(__file__).parents[4] / "shared/data/academic"


def read(source: str, name: str = "paper.tex") -> Document:
    return latex.extract(source.encode(), name)[0]


def text(source: str) -> str:
    return read(source).text


def body(preamble: str, source: str) -> str:
    return text(f"\\documentclass{{article}}\n{preamble}\n\\begin{{document}}\n{source}\n\\end{{document}}\n")


def bundle(members: dict[str, bytes | str], gzipped: bool = True) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:gz" if gzipped else "w") as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            raw = content.encode() if isinstance(content, str) else content
            info.size = len(raw)
            archive.addfile(info, io.BytesIO(raw))
    return made.getvalue()


def reason(raw: bytes, name: str = "a.tex") -> str:
    with pytest.raises(Unreadable) as error:
        latex.extract(raw, name)
    return error.value.reason


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        (r"A \textbf{bold} and \emph{slanted \texttt{word}}.", "A bold and slanted word."),
        (r"{\bf old} \noindent {\large big}", "old big"),
        ("one % a comment\ntwo", "one two"),
        ("one%\n  two", "onetwo"),
        ("one % c\n\ntwo", "one\n\ntwo"),
        ("a\nb\n\n\n c", "a b\n\nc"),
        (r"50\% of \$5 \& \#1 \_x\_ \{y\}", "50% of $5 & #1 _x_ {y}"),
        ("pages 1--9 --- ``so'' it's `x'", "pages 1–9 — “so” it’s ‘x’"),
        (r"\texttt{--all} but--not", "--all but–not"),
        (
            r"Erd\H{o}s, G\"odel, Poincar\'e, \v{C}ech, na\"{\i}ve, Stra\ss e, \AA",
            "Erdős, Gödel, Poincaré, Čech, naïve, Straße, Å",
        ),
        (r"Fig.~3, 10\,km, 20\textdegree{}C, \LaTeX\ is", "Fig. 3, 10 km, 20°C, LaTeX is"),
        (r"See \cite{a}, \cite[p.~3]{b,c}.", "See."),
        (r"By Theorem~\ref{x} and (\ref{y}) it holds~\cite{z}.", "By Theorem and it holds."),
        (r"by \cref{thm:main}; \Cref{sec:a}", "by theorem; Section"),
        (r"Text\label{x}\index{y} goes on.", "Text goes on."),
        (r"A\footnote{A note with $x$.} claim.", "A claim.\n\nA note with $x$."),
        (r"\href{https://a.example/}{here} \url{https://a.example/a_b?c=1\%20}", "here https://a.example/a_b?c=1%20"),
        (r"\verb|a\b  c| and \verb+x%y+", r"a\b c and x%y"),
        (r"\ruby{漢字}{かんじ}を読む", "漢字を読む"),
        ("日本語の\n文は続く。\n次も", "日本語の文は続く。次も"),
        ("日本語は\nW3C の", "日本語はW3C の"),
        (r"図~\ref{a}に示す", "図に示す"),
        (r"\unknownmacro{kept} text", "kept text"),
        (r"\iffalse gone \else kept \fi \iftrue yes \else no \fi end", "kept yes end"),
        (r"\iffalse a \iftrue b \fi c \fi d", "d"),
        (r"H\textsubscript{2}O \char65 \char`\% \symbol{92}", "H2O A%\\"),
        ("a \\\\ b", "a\nb"),
        (r"\foo@bar=3pt x \hskip 1em plus 2pt minus 1pt y\kern-.1em z \vspace*{1cm} w", "x yz w"),
    ],
)
def test_text(source: str, wanted: str) -> None:
    assert text(source) == wanted


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        (r"so $ a+b $ and \(c\)", "so $a+b$ and $c$"),
        (r"so \[ a = b \] and $$c$$", "so\n\n$$a = b$$\n\nand\n\n$$c$$"),
        ("\\begin{equation}\\label{e}\n  x % no\n\\end{equation}", "$$x$$"),
        (
            "\\begin{align*} a &= b \\nonumber \\\\\n c &= d \\end{align*}",
            "$$\\begin{aligned}\na &= b \\\\\nc &= d\n\\end{aligned}$$",
        ),
        (r"$a$$b$", "$a$$b$"),
        (r"$f(\text{if $x$ holds})$", r"$f(\text{if $x$ holds})$"),
        (r"$\alpha x$ and $\frac12$", r"$\alpha x$ and $\frac12$"),
        ("$5 and more\n\nnext", "$5 and more\n\nnext"),
        (r"\ensuremath{x^2}", "$x^2$"),
        (r"\begin{math}y\end{math}", "$y$"),
        (r"\[ \begin{pmatrix} 1 & 2 \end{pmatrix} \]", r"$$\begin{pmatrix} 1 & 2 \end{pmatrix}$$"),
    ],
)
def test_formulas_stay_tex(source: str, wanted: str) -> None:
    assert text(source) == wanted


@pytest.mark.parametrize(
    ("preamble", "source", "wanted"),
    [
        (r"\newcommand{\R}{\mathbb{R}}", r"$x\in\R y$", r"$x\in\mathbb{R}y$"),
        (r"\newcommand\a{\alpha}", r"$\a x$", r"$\alpha x$"),
        (
            r"\newcommand{\pair}[2]{\langle #1,#2\rangle}",
            r"$\pair{\pair ab}{c}$",
            r"$\langle \langle a,b\rangle,c\rangle$",
        ),
        (r"\newcommand{\opt}[2][zero]{#1 and #2}", r"\opt{x}; \opt[one]{y}", "zero and x; one and y"),
        (r"\def\half#1{#1/2}", r"\half{a} \half b", "a/2 b/2"),
        (
            r"\DeclareMathOperator{\Hom}{Hom}\DeclareMathOperator*{\colim}{colim}",
            r"$\Hom \colim$",
            r"$\operatorname{Hom}\operatorname*{colim}$",
        ),
        (r"\DeclarePairedDelimiter{\abs}{\lvert}{\rvert}", r"$\abs{x} \abs*{y}$", r"$\lvert x \rvert \lvert y \rvert$"),
        (
            r"\NewDocumentCommand{\hi}{s m O{you}}{\IfBooleanTF{#1}{Oh}{Hi} #2 #3}",
            r"\hi{a} \hi*{b}[c]",
            "Hi a you Oh b c",
        ),
        (r"\NewDocumentCommand{\no}{o}{\IfNoValueTF{#1}{none}{#1}}", r"\no, \no[x]", "none, x"),
        (r"\newenvironment{aside}[1]{Aside #1: }{ (end)}", r"\begin{aside}{A}text\end{aside}", "Aside A: text (end)"),
        (r"\def\be{\begin{equation}}\def\ee{\end{equation}}", r"\be x \ee", "$$x$$"),
        (r"\newenvironment{eq}{\begin{equation}}{\end{equation}}", r"\begin{eq}x\end{eq} y", "$$x$$\n\ny"),
        (r"\let\oldemph\emph \renewcommand{\emph}[1]{\oldemph{<#1>}}", r"\emph{x}", "<x>"),
        (r"\newif\ifdraft \drafttrue", r"\ifdraft yes\else no\fi", "yes"),
        (r"\newif\ifdraft", r"\ifdraft yes\else no\fi", "no"),
        (r"\newtheorem{satz}{Satz}", r"\begin{satz}[Name]Text.\end{satz}", "Satz (Name). Text."),
        (r"\renewcommand{\section}{\@startsection{section}{1}}", r"\section{Kept}", "## Kept"),
        (r"\newcommand{\ie}{i.e.\xspace}\usepackage{xspace}", r"\ie it, \ie, that", "i.e. it, i.e., that"),
        (r"\newcommand{\v}{\mathbf{v}}", r"$\v$", r"$\mathbf{v}$"),
        (r"\newenvironment{code}{\verbatim}{\endverbatim}", "\\begin{code}\n a{\n\\end{code}", " a{".strip()),
        (r"\newcommand{\see}[1]{Theorem~\ref{#1}}", r"by \see{x}.", "by Theorem."),
        (r"\providecommand{\x}{X} \newcommand*{\y}{Y}", r"\x\y", "XY"),
    ],
)
def test_macros_are_expanded(preamble: str, source: str, wanted: str) -> None:
    assert body(preamble, source) == wanted


def test_structure() -> None:
    document = read(
        r"""\documentclass{article}
\title{A \emph{Fine} Title\thanks{Money}}
\author{A. One \and B. Two}
\begin{document}
\maketitle
\begin{abstract}We do things.\end{abstract}
\section{First}
\begin{itemize}\item one \item two
 \begin{enumerate} \item deep \item[x)] marked \end{enumerate}
\end{itemize}
\begin{lemma}[Of \emph{names}] Holds. \end{lemma}
\begin{proof} Clear. \qed \end{proof}
\begin{proof}[Proof of more] Also. \end{proof}
\subsection*{Second}
\begin{table}\caption{The table}
\begin{tabular}{l|c} \hline a & $b$ \\ \multicolumn{2}{c}{wide} \\ \hline & z \end{tabular}\end{table}
\begin{figure}[ht]\includegraphics[width=3cm]{x.png}Hidden\caption[short]{A \textbf{figure}}\end{figure}
\begin{tikzpicture}\draw (0,0);\end{tikzpicture}
\begin{verbatim}
if x { % no comment
   y \alpha
\end{verbatim}
\begin{thebibliography}{9}\bibitem{a} A. \bibitem{b} B.\end{thebibliography}
\end{document} ignored"""
    )
    assert document.title == "A Fine Title"
    assert document.text == (
        "We do things.\n\n## First\n\n- one\n- two\n1. deep\n2. x) marked\n\n"
        "Lemma (Of names). Holds.\n\nProof. Clear.\n\n"
        "Proof of more. Also.\n\n### Second\n\na | $b$\nwide\n | z\n\nif x { % no comment\n   y \\alpha"
    )
    assert document.captions == ("The table", "A figure")
    counts = {"authors": 2, "references": 2, "figures": 3}
    assert counts.items() <= document.counts.items()


def test_what_nobody_knows_is_counted_and_kept() -> None:
    document = read(r"\strange{one} \stranger[two]{three} \begin{odd}four\end{odd} \mycite{k} \olref{r}")
    assert document.text == "one [two]three\n\nfour"
    assert document.counts == {"unknown_macros": 2, "unknown_environments": 1, "citations": 1, "cross_references": 1}


def test_the_first_word_of_a_list_is_its_item() -> None:
    assert text(r"\begin{itemize}\ii one \ii two\end{itemize}") == "- one\n- two"


@pytest.mark.parametrize("codec", ["utf-8", "cp932", "euc_jp", "iso2022_jp"])
def test_japanese_charsets(codec: str) -> None:
    source = (
        "\\documentclass{jsarticle}\n\\title{題名}\n\\begin{document}\n\\section{はじめに}\n"
        "この文書は日本語で書かれている。改行は\n組版では消える。表もある。\n\\end{document}\n"
    )
    document = latex.extract(source.encode(codec), "a.tex")[0]
    assert document.text == "## はじめに\n\nこの文書は日本語で書かれている。改行は組版では消える。表もある。"
    assert (document.title, document.lang, document.charset) == ("題名", "ja", codec)


def test_inputenc_is_believed() -> None:
    source = "\\documentclass{article}\\usepackage[latin1]{inputenc}\\begin{document}Señor é ñ\\end{document}"
    assert latex.extract(source.encode("latin-1"), "a.tex")[0].text == "Señor é ñ"


@pytest.mark.parametrize(
    ("preamble", "lang"),
    [
        (r"\documentclass{jlreq}", "ja"),
        (r"\documentclass[uplatex]{ujarticle}", "ja"),
        (r"\documentclass{utarticle}", "ja"),
        (r"\documentclass{article}\usepackage[english,japanese]{babel}", "ja"),
        (r"\documentclass{article}\usepackage[german,english]{babel}", "en"),
        (r"\documentclass{article}", ""),
    ],
)
def test_declared_language(preamble: str, lang: str) -> None:
    assert read(preamble + r"\begin{document}x\end{document}").lang == lang


def test_dtx() -> None:
    source = (
        "% \\iffalse\n%<*driver>\n\\documentclass{ltxdoc}\n\\begin{document}\\DocInput{a.dtx}\\end{document}\n"
        "%</driver>\n% \\fi\n% \\MakeShortVerb{\\|}\n% \\section{Use}\n% Say |\\hello| to \\meta{name}. ^^A aside\n"
        "% \\begin{macro}{\\hello}\n% Defined so:\n%    \\begin{macrocode}\n%<*package>\n\\def\\hello#1{Hi % x\n  #1}\n"
        "%    \\end{macrocode}\n% \\end{macro}\n"
    )
    document = read(source, "a.dtx")
    assert document.text == "## Use\n\nSay \\hello to ⟨name⟩.\n\nDefined so:\n\n\\def\\hello#1{Hi % x\n  #1}"
    assert document.counts["code_lines"] == 5


MAIN = (
    r"\documentclass{article}\usepackage{mine}\begin{document}\input{sec/one}"
    "\n"
    r"\include{two}\input{none}\bibliography{x}\end{document}"
)


@pytest.mark.parametrize("gzipped", [True, False])
def test_bundle(gzipped: bool) -> None:
    raw = bundle(
        {
            "main.tex": MAIN,
            "sec/one.tex": r"\mine{One}. \subfile{sec/deep}",
            "sec/deep.tex": "Deep.",
            "two.tex": r"Two. \input{two}",
            "mine.sty": r"\newcommand{\mine}[1]{[#1]}",
            "main.bbl": r"\bibitem{a} \bibitem{b}",
            "fig.png": bytes(999),
            "other.tex": "never read",
        },
        gzipped,
    )
    document = latex.extract(raw, "1706.03762v2.tar.gz")[0]
    assert document.text == "[One]. Deep. Two."
    assert document.ids == ("arxiv:1706.03762", "arxiv-version:1706.03762v2")
    assert {"missing_inputs": 1, "recursive_inputs": 1, "references": 2}.items() <= document.counts.items()


def test_the_root_of_a_bundle() -> None:
    plain = r"\documentclass{article}\begin{document}%s\end{document}"
    two = {"b.tex": plain % "B, the longer one", "a.tex": plain % "A"}
    document = latex.extract(bundle(two))[0]
    assert (document.text, document.counts["other_roots"]) == ("B, the longer one", 1)
    assert latex.extract(bundle({**two, "00README.XXX": "a.tex toplevelfile\n"}))[0].text == "A"
    stated = '{"sources": [{"filename": "a.tex", "usage": "toplevel"}]}'
    assert latex.extract(bundle({**two, "00README.json": stated}))[0].text == "A"
    assert latex.extract(bundle({"x/part.tex": "Only a part."}))[0].text == "Only a part."
    assert latex.extract(gzip.compress(b"Only \\emph{one} file."))[0].text == "Only one file."


def test_names_of_members_are_no_paths() -> None:
    members = {"../../main.tex": r"\documentclass{article}\begin{document}\input{/etc/passwd}Safe.\end{document}"}
    document = latex.extract(bundle(members))[0]
    assert (document.text, document.counts["missing_inputs"]) == ("Safe.", 1)


def test_bad_archives(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = bundle({"main.tex": MAIN + "%" * 9_000})
    assert reason(whole[:-20]) == "malformed"
    assert reason(b"\x1f\x8b\x08\x00broken") == "malformed"
    assert reason(bundle({"a.png": b"x"})) == "no_source"
    assert reason(gzip.compress(b"%PDF-1.5 ...")) == "no_source"
    assert reason(bytes(range(256)) * 9) == "undecodable"
    monkeypatch.setattr(latex_bundle, "MAX_UNPACKED", 10_000)
    assert reason(gzip.compress(bytes(20_000))) == "too_large"
    monkeypatch.setattr(latex_bundle, "MAX_SOURCE", 1_000)
    assert reason(b"x" * 2_000) == "too_large"
    monkeypatch.setattr(latex_bundle, "MAX_MEMBERS", 1)
    assert reason(bundle({"a.tex": "a", "b.tex": "b"})) == "too_large"


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("1706.03762v2.tar.gz", ("arxiv:1706.03762", "arxiv-version:1706.03762v2")),
        ("1706.03762.gz", ("arxiv:1706.03762",)),
        ("hep-th/9901001", ("arxiv:hep-th/9901001",)),
        ("hep-th9901001v1.gz", ("arxiv:hep-th/9901001", "arxiv-version:hep-th/9901001v1")),
        ("arXiv-2101.00001v1.tar.gz", ("arxiv:2101.00001", "arxiv-version:2101.00001v1")),
        ("math.AG/0601001", ("arxiv:math.AG/0601001",)),
        ("thesis.tex", ()),
        ("chapter-12.tex", ()),
    ],
)
def test_arxiv_ids(name: str, wanted: tuple[str, ...]) -> None:
    assert latex.ids(name) == wanted


@pytest.mark.parametrize(
    ("source", "where", "spdx"),
    [
        ("% This work is licensed under CC BY 4.0.\n", "comment", "CC-BY-4.0"),
        ("\\usepackage[type={CC},modifier={by-sa},version={4.0}]{doclicense}\n", "doclicense", "CC-BY-SA-4.0"),
        ("\\hypersetup{pdflicenseurl={https://creativecommons.org/licenses/by/4.0/}}\n", "pdflicenseurl", "CC-BY-4.0"),
        ("This book is licensed under CC BY-SA 3.0 for all.\n", "text", "CC-BY-SA-3.0"),
    ],
)
def test_licences(source: str, where: str, spdx: str) -> None:
    (licence,) = read(source + "Text.").rights.licences
    assert (licence.where, licence.spdx) == (where, spdx)


def test_silence_is_no_licence() -> None:
    assert read("% Copyright 2020 A. One\nWe discuss licenses.").rights.licences == ()


@pytest.mark.parametrize(
    "preamble",
    [
        r"\newcommand{\x}{a \x}",
        r"\newcommand{\x}{\y}\newcommand{\y}{b \x}",
        r"\def\x{\def\y{\x}\y \x}",
        r"\newenvironment{x}{\begin{x}}{\end{x}}\newcommand{\x}{\begin{x}\end{x}}",
    ],
)
def test_a_macro_that_comes_back_to_itself_is_left_alone(preamble: str) -> None:
    document = read(rf"\documentclass{{article}}{preamble}\begin{{document}}Text \x{{}} here $\x$.\end{{document}}")
    assert document.text.startswith("Text")
    assert document.text.endswith(".")


@pytest.mark.parametrize(
    "source",
    [
        r"\def\w#1{#1#1}\w\w",
        r"\def\w#1{#1{#1}x}\w\w",
        "".join(rf"\def\{a}{{\{b}\{b}}}" for a, b in zip("abcdefghijklmnopqrstuvwx", "bcdefghijklmnopqrstuvwxy"))
        + r"\def\y{yyyyyyyyyy}\a",
        r"$\def\w#1{#1#1}\w\w$",
    ],
)
def test_loops_end(source: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(latex_reader, "MAX_EXPANSIONS", latex_reader.MAX_EXPANSIONS // 20)
    monkeypatch.setattr(latex_reader, "MAX_EXPANDED", latex_reader.MAX_EXPANDED // 20)
    assert reason(source.encode()) == "macro_loop"


def test_groups_have_tex_s_own_depth() -> None:
    assert text("{" * 200 + "deep" + "}" * 200) == "deep"
    assert reason(b"{" * 10_000) == "too_deep"
    assert reason(b"\\begin{center}" * 10_000) == "too_deep"


@pytest.mark.parametrize(
    "unit",
    [
        "$", "$$", "{}", "}", "\\", "\\[", "\\(", "%", "\\foo[", "\\foo[{", "\\emph", "\\footnote",
        "\\verb|", "\\cite[",
        "\\iftrue", "\\iffalse", "\\ifx\\a\\b", "\\else", "\\fi", "\\begin{verbatim}x", "\\begin{tikzpicture}x",
        "\\begin{align}", "\\end{a}", "\\item[", "\\def\\a{", "\\newcommand{", "\\input{a}",
        "\\documentclass[", "-", "'",
        "&", "\\\\", "\\cite{a}, ", "~", "\n", " \n", "あ\n", "[", "\\section", "\\let\\a\\b", "\\a", "\\newif\\ifa ",
        "\\usepackage[", "% licence ", "\\caption{a}", "\\begin{a}\\end{a}", "\\'", "\\ref{a} and ", "\\title{a}", "$a",
        "\\MakeShortVerb{|}|", "\\def\\a#1{#1}\\a{", "\\char`", "\\ifnum", "\\hskip 1", "\\makeatletter", "\\item ",
    ],
)  # fmt: skip
def test_time_is_linear(unit: str) -> None:
    raw = (unit * (100_000 // len(unit))).encode()
    start = time.process_time()
    with contextlib.suppress(Unreadable):
        latex.extract(raw)
    assert time.process_time() - start < 5


@pytest.mark.parametrize(
    "start",
    ["", "$", "x\\begin{align}", "\\documentclass", "\\documentclass[a]", "\\input", "\\hskip 1pt plus", "\\hskip1",
     "\\ifnum\\a", "\\ifx", "\\ifx\\a", "\\ifdim", "\\let\\a", "\\let\\a=", "\\def\\a", "\\NewDocumentCommand{\\a}{m",
     "\\newcommand{", "\\char", "\\foo=", "\\hrule width", "\\begin{itemize}\\a", "\\MakeShortVerb", "\\font\\a", "\\'",
     "\\\\", "\\newif", "% ", "a. "]
)  # fmt: skip
@pytest.mark.parametrize("space", [" ", "\n", " \n", "\t"])
def test_long_white_space(start: str, space: str) -> None:
    begun = time.process_time()
    with contextlib.suppress(Unreadable):
        latex.extract((start + space * 100_000 + "!").encode())
    assert time.process_time() - begun < 2


PIECES = st.sampled_from(
    ["\\", "{", "}", "$", "$$", "%", "&", "#1", "[", "]", "\n", "\n\n", " ", "~", "^", "_", "word", "漢字",
        "\\begin{", "\\end{",
     "itemize}", "tabular}", "align}", "verbatim}", "document}", "\\item", "\\def", "\\newcommand", "\\a",
        "\\b", "\\section",
     "\\footnote", "\\cite", "\\ref", "\\iffalse", "\\ifx", "\\else", "\\fi", "\\verb", "|", "\\input",
        "\\let", "\\title",
     "\\documentclass", "\\usepackage", "\\newenvironment", "\\(", "\\]", "\\'", "\\char",
        "\\MakeShortVerb", "\\caption",
     "\\begin{itemize}", "\\end{itemize}", "\\begin{tabular}{l}", "\\end{tabular}", "\\\\",
        "\\NewDocumentCommand", "=1pt"]
)  # fmt: skip


@settings(deadline=None, max_examples=200)
@given(st.lists(PIECES, max_size=60).map("".join))
def test_any_source_ends_in_a_text_or_a_reason(source: str) -> None:
    with contextlib.suppress(Unreadable):
        first = read(source)
        assert first.text
        assert first.text == clean(first.text)
        assert first == read(source)
        assert all(count > 0 for count in first.counts.values())


@settings(deadline=None)
@given(st.binary(max_size=600), st.sampled_from(["", "a.tex", "a.tar.gz", "a.dtx", "\x00/../x"]))
def test_any_bytes(raw: bytes, name: str) -> None:
    for start in (b"", b"\x1f\x8b\x08", gzip.compress(b"")[:10]):
        with contextlib.suppress(Unreadable):
            assert latex.extract(start + raw, name)[0].text


@given(st.integers(0, 5_000), st.binary(min_size=1, max_size=8))
@settings(deadline=None, max_examples=50)
def test_damaged_archives(at: int, damage: bytes) -> None:
    raw = bytearray(bundle({"main.tex": MAIN, "two.tex": "Two."}, gzipped=False))
    raw[at : at + len(damage)] = damage
    with contextlib.suppress(Unreadable):
        assert latex.extract(bytes(raw))[0].text


@pytest.mark.skipif(not DATA.exists(), reason="../shared/data is not there")
def test_real_sources() -> None:
    """All but a sample whose whole text stands in its preamble, for a package to take."""
    files = sorted([*(DATA / "latex").iterdir(), *(DATA / "latex-ja").iterdir()])
    reasons = []
    for file in files:
        try:
            latex.extract(file.read_bytes(), file.name)
        except Unreadable as error:
            reasons.append((file.name, error.reason))
    assert [why for _, why in reasons] == ["empty"]
