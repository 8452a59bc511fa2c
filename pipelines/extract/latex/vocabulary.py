"""What the control words of LaTeX and its usual packages are to a reader. Facts of their manuals.

Arguments are written with a letter each: s a star, o in brackets, m in braces, all dropped; k in braces and kept.
Groups that follow are text like any other, so that what only says how its argument looks needs no argument here.
"""

# ruff: noqa: SIM905 (names as words are easier to read and to keep than lists of strings)

from collections.abc import Mapping

SECTIONS: Mapping[str, int] = {
    "part": 1,
    "chapter": 1,
    "section": 2,
    "subsection": 3,
    "subsubsection": 4,
    "paragraph": 5,
    "subparagraph": 6,
    "frametitle": 3,
}

#: Say how things look, or are nothing for readers.
_LOOKS = """
    emph textbf textit textsl textsc textsf textrm textmd textup textnormal textmc textgt underline uline uwave sout bf
    it sl sc sf rm em tt mc gt bfseries itshape slshape scshape sffamily rmfamily mdseries upshape normalfont ttfamily
    mcfamily gtfamily mgfamily selectfont tiny scriptsize footnotesize small normalsize large Large LARGE huge Huge
    centering raggedright raggedleft noindent indent leavevmode protect relax bgroup egroup begingroup endgroup mbox
    fbox frame maketitle tableofcontents listoffigures listoftables newpage clearpage cleardoublepage goodbreak
    allowbreak nobreak strut null smallskip medskip bigskip vfill vfil hfil hss vss frontmatter mainmatter backmatter
    appendix makeatletter makeatother sloppy fussy ignorespaces unskip nonumber notag qed qedhere qedsymbol hline
    toprule midrule bottomrule hrulefill dotfill makeindex printindex onecolumn twocolumn samepage flushbottom
    raggedbottom boldmath unboldmath nofiles onehalfspacing singlespacing doublespacing phantomsection global long
    protected outer expandafter noexpand string filbreak displaystyle textstyle inhibitglue noautoxspacing autoxspacing
    kenten bouten textsuperscript textsubscript MakeUppercase MakeLowercase uppercase lowercase pause CodelineIndex
    EnableCrossrefs DisableCrossrefs CodelineNumbered RecordChanges PrintChanges PrintIndex Finale OnlyDescription
    MakePercentComment tate yoko dtou narrower columnbreak nonfrenchspacing frenchspacing justify justifying crcr
    endgraf obeylines mathstrut ExplSyntaxOff BooleanTrue BooleanFalse smash tightlist llap rlap centerline leftline
    rightline hphantom nolinkurl mathindent keepactivechar makeglossaries printglossary printglossaries balance textipa
""".split()

#: With arguments that are no text: their count and kind.
_ARGUMENTS = """
    vspace:sm hspace:sm addvspace:m label:m setlength:mm addtolength:mm settowidth:mm setcounter:mm addtocounter:mm
    stepcounter:m refstepcounter:m usecounter:m pagestyle:m thispagestyle:m pagenumbering:m color:om definecolor:mmm
    colorlet:mm textcolor:om colorbox:om fcolorbox:omm rowcolor:om cellcolor:om columncolor:om usepackage:omo
    RequirePackage:omo documentclass:omo documentstyle:om LoadClass:omo PassOptionsToPackage:mm bibliographystyle:m
    hyphenation:m linespread:m fontsize:mm fontfamily:m fontseries:m fontshape:m fontencoding:m usefont:mmmm
    kanjifamily:m kanjiseries:m kanjishape:m kanjiencoding:m markboth:mm markright:m addcontentsline:mmm
    addtocontents:mm newcounter:mo newlength:m newsavebox:m hypersetup:m lstset:m graphicspath:m
    DeclareGraphicsExtensions:m DeclareGraphicsRule:mmmm captionsetup:om geometry:m makebox:oo framebox:oo parbox:ooom
    raisebox:moo scalebox:mo resizebox:smm rotatebox:om href:om hyperref:o hyperlink:m hypertarget:m multicolumn:mm
    multirow:omom cline:m cmidrule:om addlinespace:o rule:omm phantom:m vphantom:m thanks:m date:m institute:m
    affiliation:m address:m email:m affil:om ead:om orcid:m texorpdfstring:km ruby:okm jruby:okm aruby:okm truby:okm
    pdfbookmark:omm counterwithin:smm numberwithin:mm theoremstyle:m allowdisplaybreaks:o DeclareFontShape:mmmmmm
    fontspec:om setmainfont:omo setsansfont:omo setmonofont:omo setmainjfont:omo setsansjfont:omo setmainlanguage:om
    setotherlanguage:om selectlanguage:m foreignlanguage:m includeonly:m addbibresource:om nocite:m glsadd:m
    usetikzlibrary:m tikzset:m pgfplotsset:m newtcolorbox:omom tcbuselibrary:m tcbset:m SI:okk qty:okk num:ok si:ok
    unit:ok ang:ok changes:mmm CheckSum:m GetFileInfo:m StopEventually:m CharacterTable:m DoNotIndex:m SpecialIndex:m
    SpecialEnvIndex:m SpecialUsageIndex:m ProvidesFile:mo ProvidesPackage:mo ProvidesClass:mo NeedsTeXFormat:mo
    AtBeginDocument:m AtEndDocument:m DeclareOption:sm ProcessOptions:s ExecuteOptions:m enlargethispage:sm
    discretionary:mmm setstretch:m setlist:om newlist:mmm titleformat:mommmmo titlespacing:smmmmo
    newtheoremstyle:mmmmmmmmm theoremheaderfont:m ifthenelse:mkm IfFileExists:mkm lhead:om rhead:om chead:om lfoot:om
    cfoot:om rfoot:om fancyhf:om fancyhead:om fancyfoot:om externaldocument:om dictum:m ProvidesExplPackage:mmmm
    DeclareMathAlphabet:mmmmm SetMathAlphabet:mmmmmm DeclareSymbolFont:mmmmm DeclareMathSymbol:mmmm only:o uncover:o
    visible:o onslide:o movie:omm setbeamertemplate:mom usetheme:om subjclass:om pacs:m gls:so Gls:so glspl:so Glspl:so
    acrshort:so ac:s preprint:om received:m accepted:m published:m newcolumntype:mom defcitealias:mm
    DeclareUnicodeCharacter:mm todo:om epigraph:kk jalipsum:om lipsum:o blindtext:o Blindtext:o translator:m
    bookmarksetup:m sisetup:m crefname:mmm Crefname:mmm nolinebreak:o pagebreak:o nopagebreak:o appto:mm pretocmd:mmmm
    apptocmd:mmmm patchcmd:mmmmm urlstyle:m
""".split()

#: Dropped with their arguments, and under what name they are counted.
COUNTED: Mapping[str, tuple[str, str]] = {
    **dict.fromkeys(
        "cite citet citep citeauthor citeyear citeyearpar citealt citealp Citet Citep parencite textcite autocite"
        " footcite fullcite onlinecite citenum supercite smartcite shortcite newcite citealias".split(),
        ("citations", "soom"),
    ),
    **dict.fromkeys(
        "ref eqref pageref vref nameref autopageref subref thref labelcref".split(), ("cross_references", "sm")
    ),
    **dict.fromkeys("index glossary sindex".split(), ("index_entries", "om")),
    "includegraphics": ("figures", "soom"),
    "includesvg": ("figures", "om"),
    "includepdf": ("figures", "om"),
    "epsfig": ("figures", "m"),
    "epsfbox": ("figures", "om"),
    "psfig": ("figures", "m"),
    "tikz": ("figures", "om"),
    "bibitem": ("references", "om"),
    "lstinputlisting": ("missing_inputs", "om"),
    "verbatiminput": ("missing_inputs", "sm"),
    "marginpar": ("marginal_notes", "om"),
}

#: Only the number is printed, or the word before it too.
NAMED_REFERENCES = frozenset({"cref", "Cref", "autoref", "Autoref", "crefrange", "Crefrange", "cpageref", "fullref"})

#: What the label of a reference says of its kind, by the prefixes that are usual.
LABEL_KINDS: Mapping[str, str] = {
    **dict.fromkeys(("thm", "theorem", "th"), "theorem"),
    **dict.fromkeys(("lem", "lemma"), "lemma"),
    **dict.fromkeys(("prop", "prp", "proposition"), "proposition"),
    **dict.fromkeys(("cor", "corollary"), "corollary"),
    **dict.fromkeys(("def", "defn", "dfn", "definition"), "definition"),
    **dict.fromkeys(("rmk", "rem", "remark"), "remark"),
    **dict.fromkeys(("ex", "exer", "exercise"), "exercise"),
    **dict.fromkeys(("eg", "example", "exam"), "example"),
    **dict.fromkeys(("sec", "subsec", "ssec", "section"), "section"),
    **dict.fromkeys(("ch", "cha", "chap", "chapter"), "chapter"),
    **dict.fromkeys(("fig", "figure"), "figure"),
    **dict.fromkeys(("tab", "tbl", "table"), "table"),
    **dict.fromkeys(("eq", "eqn", "equation"), "equation"),
    **dict.fromkeys(("app", "appendix"), "appendix"),
    **dict.fromkeys(("alg", "algorithm"), "algorithm"),
    **dict.fromkeys(("prob", "problem"), "problem"),
}

ARGUMENTS: Mapping[str, str] = dict.fromkeys(_LOOKS, "") | dict(entry.split(":") for entry in _ARGUMENTS)

#: In math, these are for the page only. Everything else there stays as TeX.
NOT_IN_MATH: Mapping[str, str] = {
    "label": "m",
    "nonumber": "",
    "notag": "",
    "qedhere": "",
    "vspace": "sm",
    "hspace": "sm",
    "allowbreak": "",
    "ensuremath": "",
    "protect": "",
    "relax": "",
    "xspace": "",
    "noindent": "",
    "leavevmode": "",
    "displaybreak": "o",
    "phantomsection": "",
    "index": "m",
}

#: The font of these has no ligatures: -- stays.
TYPEWRITER = frozenset({"texttt", "tt", "ttfamily", "code"})

_LOGOS = (
    "TeX LaTeX LuaTeX LuaLaTeX XeTeX XeLaTeX BibTeX pdfTeX pdfLaTeX pTeX pLaTeX upTeX upLaTeX epTeX eupTeX eTeX AmS"
    " AmSTeX AmSLaTeX ConTeXt MetaPost METAPOST METAFONT NFSS SliTeX BSD pLuaTeX JTeX"
)

#: In text, what they print.
SYMBOLS: Mapping[str, str] = {
    **{name: name for name in _LOGOS.split()},
    **{f"{name}LaTeXe": f"{name}LaTeX2e" for name in ("", "p", "up")},
    "dots": "…", "ldots": "…", "textellipsis": "…", "dotsc": "…", "cdots": "…",
    "textendash": "–", "textemdash": "—", "textquoteleft": "‘", "textquoteright": "’", "lq": "‘", "rq": "’",
    "textquotedblleft": "“", "textquotedblright": "”", "textquotedbl": '"', "textquotesingle": "'",
    "quotedblbase": "„", "quotesinglbase": "‚", "guillemotleft": "«", "guillemotright": "»",
    "textbackslash": "\\", "bslash": "\\", "textasciitilde": "~", "textasciicircum": "^", "textasciigrave": "`",
    "textless": "<", "textgreater": ">", "textbar": "|", "textbardbl": "‖", "textbraceleft": "{",
    "textbraceright": "}", "lbrace": "{", "rbrace": "}", "textdollar": "$", "textunderscore": "_",
    "textvisiblespace": "␣",
    "textdegree": "°", "degree": "°", "textcelsius": "℃", "celsius": "℃", "textohm": "Ω", "textmu": "µ", "textpm": "±",
    "texttimes": "×", "textdiv": "÷", "textminus": "−", "textonehalf": "½", "textonequarter": "¼",
    "textthreequarters": "¾", "textonesuperior": "¹", "texttwosuperior": "²", "textthreesuperior": "³",
    "textperthousand": "‰", "textcent": "¢", "textsterling": "£", "pounds": "£", "texteuro": "€", "euro": "€",
    "textyen": "¥", "yen": "¥", "copyright": "©", "textcopyright": "©", "textregistered": "®", "texttrademark": "™",
    "S": "§", "textsection": "§", "P": "¶", "textparagraph": "¶", "dag": "†", "textdagger": "†", "ddag": "‡",
    "textdaggerdbl": "‡", "textbullet": "•", "textperiodcentered": "·", "textasteriskcentered": "∗",
    "textordfeminine": "ª", "textordmasculine": "º", "textnumero": "№", "textreferencemark": "※",
    "textrightarrow": "→", "textleftarrow": "←", "textuparrow": "↑", "textdownarrow": "↓", "textexclamdown": "¡",
    "textquestiondown": "¿", "aa": "å", "AA": "Å", "ae": "æ", "AE": "Æ", "oe": "œ", "OE": "Œ", "o": "ø", "O": "Ø",
    "l": "ł", "L": "Ł", "ss": "ß", "SS": "SS", "th": "þ", "TH": "Þ", "dh": "ð", "DH": "Ð", "dj": "đ", "DJ": "Đ",
    "ng": "ŋ", "NG": "Ŋ", "i": "ı", "j": "ȷ", "quad": " ", "qquad": " ", "enspace": " ", "thinspace": " ", "space": " ",
    "enskip": " ", "hfill": " ", "nobreakspace": " ", "ldotp": ".", "slash": "/",
    "checkmark": "✓",
    "newline": "\x1e", "break": " ", "and": ", ",
}  # fmt: skip

#: The combining character of an accent.
ACCENTS: Mapping[str, str] = {
    "`": "\u0300", "'": "\u0301", "^": "\u0302", "~": "\u0303", '"': "\u0308", "=": "\u0304", ".": "\u0307",
    "u": "\u0306", "v": "\u030c", "H": "\u030b", "r": "\u030a", "c": "\u0327", "k": "\u0328", "d": "\u0323",
    "b": "\u0331", "t": "\u0361",
}  # fmt: skip

#: One character after a backslash. \x1e is a line break.
CONTROL_SYMBOLS: Mapping[str, str] = {
    **{symbol: symbol for symbol in "%&$#_{}"},
    **dict.fromkeys(" ,;:>\n\t~", " "),
    **dict.fromkeys("!/-@<|+*", ""),
}

THEOREMS: Mapping[str, str] = {
    **{
        name: name.capitalize()
        for name in (
            "theorem lemma proposition corollary definition remark example exercise claim conjecture problem question"
            " fact notation axiom observation assumption hypothesis property solution answer hint case note criterion"
            " convention construction situation principle"
        ).split()
    },
    **dict.fromkeys(("thm", "theo", "thrm"), "Theorem"),
    **dict.fromkeys(("lem", "lemm", "lma"), "Lemma"),
    **dict.fromkeys(("prop", "prp"), "Proposition"),
    **dict.fromkeys(("cor", "coro", "corol"), "Corollary"),
    **dict.fromkeys(("defn", "dfn", "defi", "defish"), "Definition"),
    **dict.fromkeys(("rmk", "rem", "rema"), "Remark"),
    **dict.fromkeys(("eg", "exa", "exmp", "exam"), "Example"),
    **dict.fromkeys(("ex", "exer", "exc"), "Exercise"),
    **dict.fromkeys(("prob", "dproblem", "sproblem"), "Problem"),
    **dict.fromkeys(("ques", "quest"), "Question"),
    **dict.fromkeys(("conj",), "Conjecture"),
    **dict.fromkeys(("sol", "soln"), "Solution"),
    **dict.fromkeys(("obs",), "Observation"),
    **dict.fromkeys(("proof", "pf"), "Proof"),
}

#: Display math, and the environment that its rows need inside of $$.
DISPLAYS: Mapping[str, str] = {
    **dict.fromkeys(("equation", "displaymath", "dmath", "narrowequation", "subequation", "empheq"), ""),
    **dict.fromkeys(("align", "eqnarray", "flalign", "alignat", "xalignat", "IEEEeqnarray"), "aligned"),
    **dict.fromkeys(("gather", "multline", "narrowmultline", "dgroup"), "gathered"),
}
#: Stand in display math as they are.
DIAGRAMS = frozenset(
    {"tikzcd", "CD", "prooftree", "array", "mathpar", "mathparpagebreakable", "cases", "pmatrix", "bmatrix", "matrix"}
)

VERBATIMS: Mapping[str, str] = {
    **dict.fromkeys(("verbatim", "macrocode", "alltt", "semiverbatim", ""), ""),
    **dict.fromkeys(("Verbatim", "BVerbatim", "LVerbatim", "lstlisting", ""), "o"),
    "minted": "om",
    "Highlighting": "o",
}

#: Dropped unread, and counted.
UNREAD: Mapping[str, str] = {
    **dict.fromkeys(
        "tikzpicture picture pspicture asy asydef pgfpicture circuitikz forest overpic diagram feynman".split(),
        "figures",
    ),
    "thebibliography": "references",
    "comment": "comments",
    "filecontents": "embedded_files",
    "CJKfilecontents": "embedded_files",
}

#: Read for their captions only.
FLOATS: Mapping[str, str] = {
    **dict.fromkeys(("figure", "sidewaysfigure", "SCfigure", "floatingfigure", "marginfigure"), "o"),
    **dict.fromkeys(("wrapfigure", "wrapfloat"), "omom"),
    "subfigure": "om",
}

TABLES: Mapping[str, str] = {
    "tabular": "om",
    "tabularx": "mom",
    "tabulary": "mom",
    "longtable": "om",
    "supertabular": "m",
    "xtabular": "m",
    "tblr": "om",
    "longtblr": "om",
    "tabu": "m",
    "longtabu": "m",
    "deluxetable": "m",
}
#: With the width first where there is a star.
STARRED_TABLES: Mapping[str, str] = {"tabular": "mom"}

LISTS: Mapping[str, str] = {
    "itemize": "o",
    "enumerate": "o",
    "description": "o",
    "list": "mm",
    "trivlist": "",
    "compactitem": "o",
    "compactenum": "o",
    "inparaenum": "o",
    "inparaitem": "o",
    "asparaenum": "o",
    "tasks": "o",
}

#: Only set their content apart.
ENVIRONMENTS: Mapping[str, str] = {
    **dict.fromkeys(
        "document center quote quotation verse abstract flushleft flushright titlepage small footnotesize large"
        " samepage sloppypar scriptsize tiny normalsize appendix appendices subappendices"
        " subequations group theindex screen"
        " raggedright raggedleft singlespace acknowledgments acknowledgements acks otherlanguage"
        " keyword frontmatter tabbing framed shaded oframed leftbar landscape epigraphs dedication".split(),
        "",
    ),
    **dict.fromkeys("table sidewaystable algorithm listing mdframed tcolorbox boxed columns".split(), "o"),
    "wraptable": "omom",
    "minipage": "ooom",
    "multicols": "mo",
    "column": "m",
    "macro": "m",
    "environment": "m",
    "CJK": "mm",
    "otherlanguage": "m",
    "algorithmic": "o",
    "itembox": "o",
    "spacing": "m",
    "adjustwidth": "mm",
    "subtable": "om",
    "threeparttable": "o",
    "tablenotes": "o",
    "frame": "o",
    "boxedminipage": "om",
    "adjustbox": "m",
    "scope": "o",
}

#: What a document's own code for these would say is how they look on its pages.
PROTECTED = frozenset(
    "begin end input include title author date maketitle caption item label footnote bibitem verb par documentclass"
    " usepackage def newcommand newenvironment newtheorem left right".split()
) | SECTIONS.keys() | COUNTED.keys() | NAMED_REFERENCES  # fmt: skip
PROTECTED_ENVIRONMENTS = frozenset(
    {*SECTIONS, *DISPLAYS, *VERBATIMS, *UNREAD, *FLOATS, *TABLES, *LISTS, *ENVIRONMENTS, "proof"}
    | {f"{name}*" for name in (*DISPLAYS, *FLOATS, *TABLES)}
)

#: Options of classes and of babel, and classes: ISO 639 codes.
LANGUAGES: Mapping[str, str] = {
    "japanese": "ja", "english": "en", "american": "en", "british": "en", "usenglish": "en", "ukenglish": "en",
    "french": "fr", "francais": "fr", "german": "de", "ngerman": "de", "spanish": "es", "italian": "it",
    "portuguese": "pt", "russian": "ru", "korean": "ko", "chinese": "zh", "polish": "pl", "dutch": "nl",
}  # fmt: skip
