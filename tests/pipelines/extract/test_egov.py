import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.extract.document import Document, Unreadable
from pipelines.extract.egov import extract

FILE = "405AC0000000999_20180401_429AC0000000004.xml"


def sentence(*texts: str) -> str:
    return "".join(f"<Sentence WritingMode='vertical'>{text}</Sentence>" for text in texts)


def paragraph(number: str, *texts: str, more: str = "") -> str:
    said = f"<ParagraphSentence>{sentence(*texts)}</ParagraphSentence>"
    return f"<Paragraph Num='1'><ParagraphNum>{number}</ParagraphNum>{said}{more}</Paragraph>"


def article(title: str, *paragraphs: str, caption: str = "") -> str:
    captioned = f"<ArticleCaption>{caption}</ArticleCaption>" if caption else ""
    return f"<Article Num='1'>{captioned}<ArticleTitle>{title}</ArticleTitle>{''.join(paragraphs)}</Article>"


def item(name: str, number: str, sentences: str, more: str = "") -> str:
    said = f"<{name}Sentence>{sentences}</{name}Sentence>"
    return f"<{name} Num='1'><{name}Title>{number}</{name}Title>{said}{more}</{name}>"


def table(*rows: tuple[str, ...]) -> str:
    made = "".join(
        f"<TableRow>{''.join(f'<TableColumn>{sentence(cell)}</TableColumn>' for cell in row)}</TableRow>"
        for row in rows
    )
    return f"<TableStruct><Table>{made}</Table></TableStruct>"


def law(body: str, attributes: str = "Era='Heisei' Year='5' PromulgateMonth='11' PromulgateDay='2' Lang='ja'") -> str:
    return (
        f"<Law {attributes} LawType='Act' Num='999'><LawNum>平成五年法律第九百九十九号</LawNum>"
        f"<LawBody><LawTitle Kana='みほんほう'>見本法</LawTitle>{body}</LawBody></Law>"
    )


def read(document: str, name: str = "") -> Document:
    (found,) = extract(document.encode(), name)
    return found


def text(body: str) -> str:
    return read(law(body)).text


def provision(content: str) -> str:
    return text(f"<MainProvision>{content}</MainProvision>")


WHOLE = (
    "<EnactStatement>見本法をここに公布する。</EnactStatement>"
    "<TOC><TOCLabel>目次</TOCLabel><TOCChapter><ChapterTitle>第一章　総則</ChapterTitle></TOCChapter></TOC>"
    f"<Preamble>{paragraph('', '見本は大切である。')}</Preamble><MainProvision>"
    "<Part Num='1'><PartTitle>第一編　見本</PartTitle><Chapter Num='1'><ChapterTitle>第一章　総則</ChapterTitle>"
    + article(
        "第一条",
        paragraph("", "この法律は、<Ruby>瑕疵<Rt>かし</Rt></Ruby>のない見本を示す。", "ただし、略することを妨げない。"),
        paragraph(
            "２",
            "次の用語による。",
            more=item(
                "Item",
                "一",
                f"<Column Num='1'>{sentence('見本')}</Column><Column Num='2'>{sentence('ひな形をいう。')}</Column>",
                item("Subitem1", "イ", sentence("川"), item("Subitem2", "（１）", sentence("橋"))),
            ),
        ),
        caption="（目的）",
    )
    + article("第二条", paragraph("", "削除"))
    + "</Chapter></Part></MainProvision>"
    "<SupplProvision Type='New'><SupplProvisionLabel>附　則</SupplProvisionLabel>"
    + paragraph("", "この法律は、公布の日から施行する。")
    + "</SupplProvision><SupplProvision AmendLawNum='平成九年法律第九号'>"
    "<SupplProvisionLabel>附　則</SupplProvisionLabel>"
    + article("第一条", paragraph("", "この法律は、翌日から施行する。"), caption="（施行期日）")
    + "</SupplProvision><AppdxTable><AppdxTableTitle>別表第一</AppdxTableTitle>"
    "<RelatedArticleNum>（第一条関係）</RelatedArticleNum>"
    + table(("区分", "金額"), ("甲", "千円"))
    + "</AppdxTable><AppdxStyle><AppdxStyleTitle>様式第一</AppdxStyleTitle>"
    "<StyleStruct><Style><Fig src='1.pdf'/></Style>"
    "</StyleStruct></AppdxStyle>"
)

GOLD = """見本法をここに公布する。
見本は大切である。

# 第一編　見本

## 第一章　総則

（目的）
第一条　この法律は、瑕疵のない見本を示す。ただし、略することを妨げない。
２　次の用語による。
一　見本　ひな形をいう。
イ　川
（１）　橋

第二条　削除

# 附　則

この法律は、公布の日から施行する。

# 附　則（平成九年法律第九号）

（施行期日）
第一条　この法律は、翌日から施行する。

# 別表第一（第一条関係）

区分 | 金額
甲 | 千円

# 様式第一"""


def test_a_whole_law() -> None:
    document = read(law(WHOLE))
    assert document.text == GOLD
    assert (document.title, document.lang, document.date) == ("見本法", "ja", "1993-11-02")
    assert document.counts == {"contents": 1, "figures": 1, "ruby": 1}
    assert not document.rights.licences


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (paragraph("", "本令ハ公布ノ日ヨリ之ヲ施行ス"), "本令ハ公布ノ日ヨリ之ヲ施行ス"),
        (article("第三条及び第四条"), "第三条及び第四条"),
        (
            article("第三条", "<SupplNote>（罰則　第九条）</SupplNote>", paragraph("", "川。")),
            "（罰則　第九条）\n第三条　川。",
        ),
        (paragraph("", "十<Sup>２</Sup>と<Line Style='solid'>橋</Line>とＨ<Sub>2</Sub>Ｏ"), "十²と橋とＨ2Ｏ"),
        (
            "<Paragraph Num='1'><ParagraphCaption>（川）</ParagraphCaption><ParagraphNum>１</ParagraphNum>"
            f"<ParagraphSentence>{sentence('川。')}</ParagraphSentence></Paragraph>",
            "（川）\n１　川。",
        ),
        (
            paragraph("", "次による。", more=f"<List><ListSentence>{sentence('川')}</ListSentence></List>"),
            "次による。\n川",
        ),
        (
            paragraph(
                "",
                "改める。",
                more="<AmendProvision><NewProvision>"
                + article("第九条", paragraph("", "橋。"))
                + "</NewProvision></AmendProvision>",
            ),
            "改める。\n\n第九条　橋。",
        ),
        (
            f"<TableStruct><TableStructTitle>表</TableStructTitle><Table><TableRow><TableColumn>{paragraph('１', '川')}"
            "</TableColumn><TableColumn/></TableRow></Table><Remarks><RemarksLabel>備考</RemarksLabel>"
            f"{sentence('注意。')}</Remarks></TableStruct>",
            "表\n１　川 | \n備考\n注意。".replace(" | \n", " |\n"),
        ),
        (
            f"{paragraph('', '川。')}<Article Num='2' Hide='true'><ArticleTitle>第二条</ArticleTitle></Article>",
            "川。",
        ),
    ],
)
def test_provisions(content: str, found: str) -> None:
    assert provision(content) == found


def test_columns_on_lines_of_their_own() -> None:
    columns = f"<Column>{sentence('川')}</Column><Column LineBreak='true'>{sentence('橋')}</Column>"
    assert provision(paragraph("", more=item("Item", "一", columns))) == "一　川\n橋"


class TestNames:
    NUMBER = "lawnum:平成五年法律第九百九十九号"

    def test_by_the_file(self) -> None:
        found = read(law(WHOLE), f"laws/{FILE}").ids
        assert found == ("egov:405AC0000000999", f"egov:{FILE[:-4]}", self.NUMBER)
        assert read(law(WHOLE), "321CONSTITUTION.xml").ids == ("egov:321CONSTITUTION", self.NUMBER)
        assert read(law(WHOLE), "law.xml").ids == (self.NUMBER,)

    def test_by_the_answers_of_the_api(self) -> None:
        told = "<LawId>405AC0000000999</LawId>"
        first = f"<DataRoot><ApplData>{told}<LawFullText>{law(WHOLE)}</LawFullText></ApplData></DataRoot>"
        assert read(first).ids == ("egov:405AC0000000999", self.NUMBER)
        second = (
            "<law_data_response><law_info><law_id>405AC0000000999</law_id></law_info><revision_info><law_revision_id>"
            f"{FILE[:-4]}</law_revision_id></revision_info><law_full_text>{law(WHOLE)}</law_full_text></law_data_response>"
        )
        assert read(second).ids == ("egov:405AC0000000999", f"egov:{FILE[:-4]}", self.NUMBER)

    def test_several_laws(self) -> None:
        found = extract(f"<laws>{law(WHOLE)}{law('')}{law(WHOLE)}</laws>".encode())
        assert [document.part for document in found] == ["1", "3"]

    @pytest.mark.parametrize(
        ("attributes", "date"),
        [
            ("Era='Meiji' Year='29'", "1896"),
            ("Era='Reiwa' Year='6' PromulgateMonth='3'", "2024-03"),
            ("Era='Reiwa' Year='6' PromulgateMonth='13' PromulgateDay='1'", "2024"),
            ("Era='Reiwa' Year='2024'", ""),
            ("Era='Edo' Year='2'", ""),
            ("", ""),
        ],
    )
    def test_promulgation(self, attributes: str, date: str) -> None:
        assert read(law(WHOLE, attributes)).date == date


def refused(document: str) -> str:
    """The reason, if it is."""
    try:
        extract(document.encode())
    except Unreadable as error:
        return error.reason
    return ""


class TestHostile:
    def test_refused(self) -> None:
        assert refused("<DataRoot><Result><Code>1</Code></Result></DataRoot>") == "not_egov"
        assert refused(law("")) == "empty"
        assert refused("<laws>" + "<Law/>" * 1_001 + "</laws>") == "too_many_laws"
        assert refused("<Law>") == "malformed"

    @pytest.mark.parametrize(
        "name", ["Part", "Article", "Paragraph", "Item", "TableStruct", "Table", "Sentence", "NewProvision"]
    )
    def test_no_deeper_than_the_parser_allows(self, name: str) -> None:
        assert refused(law(f"<MainProvision>川{f'<{name}>' * 180}橋{f'</{name}>' * 180}</MainProvision>")) in (
            "",
            "empty",
        )

    @given(
        st.recursive(
            st.text("川 \n　", max_size=4),
            lambda inner: st.tuples(
                st.sampled_from(
                    ("Part", "PartTitle", "Article", "ArticleTitle", "Paragraph", "ParagraphNum", "ParagraphSentence")
                )
                | st.sampled_from(
                    ("Sentence", "Column", "Item", "Table", "TableRow", "SupplProvision", "AppdxTable", "Ruby", "Rt")
                ),
                st.lists(inner, max_size=4),
            ).map(lambda made: f"<{made[0]}>{''.join(made[1])}</{made[0]}>"),
            max_leaves=25,
        )
    )
    def test_any_tree_is_read_or_refused(self, body: str) -> None:
        if reason := refused(law(body)):
            assert reason == "empty"
            return
        found = text(body)
        assert found == found.strip() != ""
        assert "\n\n\n" not in found
