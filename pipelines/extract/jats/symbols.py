"""What TeX calls the symbols of mathematics (amssymb's names)."""

# fmt: off
SYMBOLS: dict[str, str] = {
    # What has a meaning of its own in TeX.
    "\\": r"\backslash", "{": r"\{", "}": r"\}", "%": r"\%", "#": r"\#", "&": r"\&", "$": r"\$", "_": r"\_",
    "^": r"\hat{}", "~": r"\sim", " ": r"\ ", "\xa0": r"\ ",
    # Invisible: function application, times, separator, plus; zero widths; thin and other spaces.
    "\u2061": "", "\u2062": "", "\u2063": "", "\u2064": "", "\u200b": "", "\ufeff": "", "\u2060": "", "\ufe00": "",
    "\u2002": r"\ ", "\u2003": r"\quad", "\u2004": r"\ ", "\u2005": r"\ ", "\u2006": r"\,", "\u2009": r"\,",
    "\u200a": r"\,", "\u205f": r"\ ", "\u202f": r"\,",
    # Greek
    "α": r"\alpha", "β": r"\beta", "γ": r"\gamma", "δ": r"\delta", "ϵ": r"\epsilon", "ε": r"\varepsilon",
    "ζ": r"\zeta", "η": r"\eta", "θ": r"\theta", "ϑ": r"\vartheta", "ι": r"\iota", "κ": r"\kappa", "λ": r"\lambda",
    "μ": r"\mu", "µ": r"\mu", "ν": r"\nu", "ξ": r"\xi", "ο": "o", "π": r"\pi", "ϖ": r"\varpi", "ρ": r"\rho",
    "ϱ": r"\varrho", "σ": r"\sigma", "ς": r"\varsigma", "τ": r"\tau", "υ": r"\upsilon", "ϕ": r"\phi",
    "φ": r"\varphi", "χ": r"\chi", "ψ": r"\psi", "ω": r"\omega", "Γ": r"\Gamma", "Δ": r"\Delta", "Θ": r"\Theta",
    "Λ": r"\Lambda", "Ξ": r"\Xi", "Π": r"\Pi", "Σ": r"\Sigma", "Υ": r"\Upsilon", "Φ": r"\Phi", "Ψ": r"\Psi",
    "Ω": r"\Omega", "∆": r"\Delta", "ϰ": r"\varkappa",
    "Α": "A", "Β": "B", "Ε": "E", "Ζ": "Z", "Η": "H", "Ι": "I", "Κ": "K", "Μ": "M", "Ν": "N", "Ο": "O", "Ρ": "P",
    "Τ": "T", "Χ": "X",
    # Letters
    "ℏ": r"\hbar", "ℓ": r"\ell", "ℜ": r"\Re", "ℑ": r"\Im", "℘": r"\wp", "ℵ": r"\aleph", "∂": r"\partial",
    "∇": r"\nabla", "∞": r"\infty", "∅": r"\emptyset", "ⅆ": "d", "ⅇ": "e", "ⅈ": "i", "ı": r"\imath", "ȷ": r"\jmath",
    "𝚤": r"\imath", "𝚥": r"\jmath", "Å": r"\AA",
    # Arithmetic
    "−": "-", "‐": "-", "‑": "-", "–": "-", "±": r"\pm", "∓": r"\mp", "×": r"\times", "÷": r"\div", "⋅": r"\cdot",
    "·": r"\cdot", "∗": "*", "⋆": r"\star", "∘": r"\circ", "•": r"\bullet", "⊕": r"\oplus", "⊖": r"\ominus",
    "⊗": r"\otimes", "⊙": r"\odot", "∕": "/", "⁄": "/", "√": r"\surd", "†": r"\dagger", "‡": r"\ddagger",
    "°": r"{}^\circ", "′": r"\prime", "″": r"\prime\prime", "‴": r"\prime\prime\prime", "‰": r"\text{‰}",
    "∑": r"\sum", "∏": r"\prod", "∐": r"\coprod", "∫": r"\int", "∬": r"\iint", "∭": r"\iiint", "∮": r"\oint",
    "⋃": r"\bigcup", "⋂": r"\bigcap", "⋁": r"\bigvee", "⋀": r"\bigwedge", "⨁": r"\bigoplus", "⨂": r"\bigotimes",
    # Relations
    "≤": r"\leq", "≥": r"\geq", "⩽": r"\leqslant", "⩾": r"\geqslant", "≦": r"\leqq", "≧": r"\geqq", "≪": r"\ll",
    "≫": r"\gg", "≠": r"\neq", "≡": r"\equiv", "≈": r"\approx", "≅": r"\cong", "≃": r"\simeq", "∼": r"\sim",
    "∝": r"\propto", "≔": ":=", "≜": r"\triangleq", "≝": r"\overset{\text{def}}{=}", "≲": r"\lesssim",
    "≳": r"\gtrsim", "≺": r"\prec", "≻": r"\succ", "⪯": r"\preceq", "⪰": r"\succeq", "∣": r"\mid", "∤": r"\nmid",
    "∥": r"\parallel", "‖": r"\|", "⊥": r"\perp", "⊢": r"\vdash", "⊨": r"\models", "≮": r"\nless", "≯": r"\ngtr",
    "≰": r"\nleq", "≱": r"\ngeq", "≢": r"\not\equiv", "∶": ":", "∷": "::", "≐": r"\doteq", "≍": r"\asymp",
    # Sets and logic
    "∈": r"\in", "∉": r"\notin", "∋": r"\ni", "⊂": r"\subset", "⊆": r"\subseteq", "⊃": r"\supset",
    "⊇": r"\supseteq", "⊄": r"\not\subset", "⊊": r"\subsetneq", "∪": r"\cup", "∩": r"\cap", "∖": r"\setminus",
    "∧": r"\wedge", "∨": r"\vee", "¬": r"\neg", "∀": r"\forall", "∃": r"\exists", "∄": r"\nexists",
    "∴": r"\therefore", "∵": r"\because", "⊤": r"\top", "⊔": r"\sqcup", "⊓": r"\sqcap", "□": r"\square",
    # Arrows
    "→": r"\to", "←": r"\leftarrow", "↔": r"\leftrightarrow", "⇒": r"\Rightarrow", "⇐": r"\Leftarrow",
    "⇔": r"\Leftrightarrow", "⟶": r"\longrightarrow", "⟵": r"\longleftarrow", "⟷": r"\longleftrightarrow",
    "⟹": r"\Longrightarrow", "⟺": r"\Longleftrightarrow", "↦": r"\mapsto", "⟼": r"\longmapsto", "↑": r"\uparrow",
    "↓": r"\downarrow", "↕": r"\updownarrow", "⇌": r"\rightleftharpoons", "⇄": r"\rightleftarrows",
    "↗": r"\nearrow", "↘": r"\searrow", "↪": r"\hookrightarrow", "⇀": r"\rightharpoonup", "↛": r"\nrightarrow",
    "⇝": r"\rightsquigarrow", "⊣": r"\dashv",
    # Delimiters and dots
    "⟨": r"\langle", "⟩": r"\rangle", "〈": r"\langle", "〉": r"\rangle", "\u2329": r"\langle", "\u232a": r"\rangle",
    "⌊": r"\lfloor", "⌋": r"\rfloor", "⌈": r"\lceil", "⌉": r"\rceil", "∠": r"\angle", "△": r"\triangle",
    "▵": r"\triangle", "⋄": r"\diamond", "◊": r"\lozenge", "■": r"\blacksquare", "…": r"\ldots", "⋯": r"\cdots",
    "⋮": r"\vdots", "⋱": r"\ddots", "⋰": r"\iddots",
}

#: What stands over a letter: the command for one letter, and for more.
ACCENTS: dict[str, tuple[str, str]] = {
    "¯": (r"\bar", r"\overline"), "‾": (r"\bar", r"\overline"), "\u0304": (r"\bar", r"\overline"),
    "\u0305": (r"\bar", r"\overline"), "―": (r"\bar", r"\overline"), "_": (r"\bar", r"\overline"),
    "−": (r"\bar", r"\overline"), "–": (r"\bar", r"\overline"), "-": (r"\bar", r"\overline"),
    "ˉ": (r"\bar", r"\overline"),
    "^": (r"\hat", r"\widehat"), "ˆ": (r"\hat", r"\widehat"), "\u0302": (r"\hat", r"\widehat"),
    "∧": (r"\hat", r"\widehat"), "~": (r"\tilde", r"\widetilde"), "˜": (r"\tilde", r"\widetilde"),
    "\u0303": (r"\tilde", r"\widetilde"), "∼": (r"\tilde", r"\widetilde"),
    "→": (r"\vec", r"\overrightarrow"), "⃗": (r"\vec", r"\overrightarrow"), "⟶": (r"\vec", r"\overrightarrow"),
    "⇀": (r"\vec", r"\overrightarrow"), "←": (r"\overleftarrow", r"\overleftarrow"),
    "˙": (r"\dot", r"\dot"), "\u0307": (r"\dot", r"\dot"), ".": (r"\dot", r"\dot"), "·": (r"\dot", r"\dot"),
    "¨": (r"\ddot", r"\ddot"), "\u0308": (r"\ddot", r"\ddot"), "ˇ": (r"\check", r"\check"),
    "\u030c": (r"\check", r"\check"), "˘": (r"\breve", r"\breve"), "´": (r"\acute", r"\acute"),
    "`": (r"\grave", r"\grave"), "˚": (r"\mathring", r"\mathring"), "⏞": (r"\overbrace", r"\overbrace"),
    "︷": (r"\overbrace", r"\overbrace"),
}
UNDER: dict[str, str] = {
    "_": r"\underline", "¯": r"\underline", "‾": r"\underline", "\u0332": r"\underline", "―": r"\underline",
    "⏟": r"\underbrace", "︸": r"\underbrace",
}

#: What TeX has as a command, and what takes its limits below and above.
FUNCTIONS = frozenset(
    ["arccos", "arcsin", "arctan", "arg", "cos", "cosh", "cot", "coth", "csc", "deg", "det", "dim", "exp", "gcd",
     "hom", "inf", "ker", "lg", "lim", "ln", "log", "max", "min", "sec", "sin", "sinh", "sup", "tan", "tanh", "Pr",
     "liminf", "limsup"]
)
LIMITS = frozenset(
    ["sum", "prod", "coprod", "int", "iint", "iiint", "oint", "bigcup", "bigcap", "bigvee", "bigwedge", "bigoplus",
     "bigotimes", "lim", "max", "min", "sup", "inf", "limsup", "liminf", "det", "gcd", "Pr"]
)
OPEN_CLOSE = frozenset(
    ["(", ")", "[", "]", r"\{", r"\}", "|", r"\|", r"\mid", r"\parallel", r"\langle", r"\rangle", r"\lfloor",
     r"\rfloor", r"\lceil", r"\rceil", "/"]
)
# fmt: on
