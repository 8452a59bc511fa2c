import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.extract import xml
from pipelines.extract.document import Unreadable
from pipelines.extract.jats import mathml

NAMESPACE = "xmlns:m='http://www.w3.org/1998/Math/MathML'"


def tex(content: str) -> str:
    return mathml.tex(xml.parse(f"<math>{content}</math>".encode()))


def test_namespace() -> None:
    assert mathml.tex(xml.parse(f"<m:math {NAMESPACE}><m:mi>x</m:mi></m:math>".encode())) == "x"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("<mi>E</mi><mo>=</mo><mi>m</mi><msup><mi>c</mi><mn>2</mn></msup>", "E=mc^2"),
        ("<mi>α</mi><mi>x</mi>", r"\alpha x"),
        ("<mi>α</mi><mo>+</mo><mi>β</mi>", r"\alpha+\beta"),
        ("<mn>10</mn>", "10"),
        ("<mi>sin</mi><mo>\u2061</mo><mi>x</mi>", r"\sin x"),
        ("<mi>Var</mi>", r"\mathrm{Var}"),
        ("<mi mathvariant='bold'>x</mi>", r"\mathbf{x}"),
        ("<mi mathvariant='bold'>λ</mi>", r"\boldsymbol{\lambda}"),
        ("<mi>𝐀</mi><mi>ℝ</mi><mi>ℒ</mi><mi>𝔼</mi>", r"\mathbf{A}\mathbb{R}\mathcal{L}\mathbb{E}"),
        ("<mn>50</mn><mo>%</mo>", r"50\%"),
        ("<mo>{</mo><mi>x</mi><mo>}</mo>", r"\{x\}"),
        ("<mtext>where x_1 costs $5</mtext>", r"\text{where x\_1 costs \$5}"),
        ("<mtext>平均</mtext>", r"\text{平均}"),
        ("<mi>a</mi><mspace width='1em'/><mi>b</mi><mspace width='0'/><mi>c</mi>", r"a\quad bc"),
    ],
)
def test_tokens(content: str, expected: str) -> None:
    assert tex(content) == expected


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("<msub><mi>x</mi><mrow><mi>i</mi><mi>j</mi></mrow></msub>", "x_{ij}"),
        ("<msubsup><mi>x</mi><mi>i</mi><mn>2</mn></msubsup>", "x_i^2"),
        ("<msup><mrow><mo>(</mo><mi>x</mi><mo>)</mo></mrow><mn>2</mn></msup>", "{(x)}^2"),
        (
            "<msup><mi>f</mi><mo>′</mo></msup><msup><mi>f</mi><mo>″</mo></msup><msup><mi>f</mi><mo>'</mo></msup>",
            "f'f''f'",
        ),
        ("<mfrac><mn>1</mn><mi>n</mi></mfrac>", r"\frac{1}{n}"),
        ("<mfrac linethickness='0'><mi>n</mi><mi>k</mi></mfrac>", r"{n \atop k}"),
        ("<mfrac bevelled='true'><mi>a</mi><mi>b</mi></mfrac>", "a/b"),
        ("<msqrt><mi>a</mi><mo>+</mo><mi>b</mi></msqrt>", r"\sqrt{a+b}"),
        ("<mroot><mi>a</mi><mn>3</mn></mroot>", r"\sqrt[3]{a}"),
        ("<mover><mi>x</mi><mo>¯</mo></mover>", r"\bar{x}"),
        ("<mover accent='true'><mrow><mi>x</mi><mi>y</mi></mrow><mo>‾</mo></mover>", r"\overline{xy}"),
        ("<mover><mi>x</mi><mo>̂</mo></mover><mover><mi>x</mi><mo>→</mo></mover>", r"\hat{x}\vec{x}"),
        ("<mover><mo>=</mo><mtext>def</mtext></mover>", r"\overset{\text{def}}{=}"),
        ("<munder><mi>lim</mi><mrow><mi>n</mi><mo>→</mo><mi>∞</mi></mrow></munder>", r"\lim_{n\to\infty}"),
        ("<munder><mi>A</mi><mi>n</mi></munder>", r"\underset{n}{A}"),
        ("<munderover><mo>∑</mo><mrow><mi>i</mi><mo>=</mo><mn>1</mn></mrow><mi>n</mi></munderover>", r"\sum_{i=1}^n"),
        ("<mmultiscripts><mi>C</mi><none/><none/><mprescripts/><mn>6</mn><mn>14</mn></mmultiscripts>", "{}_6^{14}C"),
        ("<mfenced open='[' close=')'><mi>a</mi><mi>b</mi></mfenced>", r"\left[a,b\right)"),
        ("<mfenced open='' close='|'><mi>a</mi></mfenced>", r"\left.a\right|"),
        ("<menclose notation='box'><mi>a</mi></menclose>", r"\boxed{a}"),
        ("<mphantom><mi>a</mi></mphantom><mstyle><mi>b</mi></mstyle>", "b"),
        ("<mtable><mtr><mtd><mi>a</mi></mtd></mtr></mtable>", "a"),
        (
            "<mo>[</mo><mtable><mtr><mtd><mn>1</mn></mtd><mtd><mn>0</mn></mtd></mtr>"
            "<mtr><mtd><mn>0</mn></mtd><mtd><mn>1</mn></mtd></mtr></mtable><mo>]</mo>",
            r"\left[\begin{matrix}1 & 0 \\ 0 & 1\end{matrix}\right]",
        ),
        (
            "<mo>{</mo><mtable><mtr><mtd><mi>a</mi></mtd></mtr><mtr><mtd><mi>b</mi></mtd></mtr></mtable>",
            r"\left\{\begin{matrix}a \\ b\end{matrix}\right.",
        ),
        (
            "<mtable><mlabeledtr><mtd><mtext>(1)</mtext></mtd><mtd><mi>a</mi></mtd><mtd><mo>=</mo><mi>b</mi></mtd>"
            "</mlabeledtr></mtable>",
            r"\begin{aligned}a & =b\end{aligned}",
        ),
        (
            "<semantics><mrow><mi>x</mi></mrow><annotation encoding='application/x-tex'>x^{2}</annotation></semantics>",
            "x^{2}",
        ),
        ("<semantics><mrow><mi>x</mi></mrow><annotation encoding='MathType'>junk</annotation></semantics>", "x"),
    ],
)
def test_layout(content: str, expected: str) -> None:
    assert tex(content) == expected


def test_what_is_not_known_is_its_content() -> None:
    assert tex("<strange><mi>x</mi><mi>y</mi></strange>") == "xy"
    assert tex("<mfrac><mi>x</mi></mfrac><msub/>") == r"\frac{x}{}{}"


TAGS = st.sampled_from(
    ["mi", "mo", "mn", "mtext", "mrow", "msub", "msup", "msubsup", "mover", "munder", "munderover", "mfrac", "msqrt",
     "mroot", "mfenced", "mtable", "mtr", "mtd", "mlabeledtr", "mmultiscripts", "mprescripts", "semantics",
     "annotation", "menclose", "maction", "mspace", "none", "apply"]
)  # fmt: skip
TREES = st.recursive(
    st.tuples(TAGS, st.sampled_from(["", "x", "∑", "lim", "{", "′", "𝐀", "\u2061", "あ", "|"])),
    lambda inner: st.tuples(TAGS, st.lists(inner, max_size=4)),
    max_leaves=20,
)


def written(tree: tuple[str, object]) -> str:
    tag, content = tree
    inner = "".join(map(written, content)) if isinstance(content, list) else content
    return f"<{tag}>{inner}</{tag}>"


@given(TREES)
def test_any_tree_has_a_tex_with_balanced_braces(tree: tuple[str, object]) -> None:
    made = tex(written(tree)).replace(r"\{", "").replace(r"\}", "")
    depth = 0
    for character in made:
        depth += (character == "{") - (character == "}")
        assert depth >= 0
    assert depth == 0


@pytest.mark.parametrize("tag", ["mrow", "msup", "mfrac", "msqrt", "mtable", "mover", "mfenced", "semantics"])
def test_deep(tag: str) -> None:
    assert "x" in tex(f"<{tag}>" * 190 + "<mi>x</mi>" + f"</{tag}>" * 190)
    with pytest.raises(Unreadable, match="too_deep"):
        tex(f"<{tag}>" * 300 + f"</{tag}>" * 300)
