"""Articles -> HTTP responses: a site's template around the text, in the charset of the day."""

import html
import re
import unicodedata
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from email.utils import format_datetime
from string import Template
from typing import Any

from demo.articles import DATA, Article

FIRST_DAY = date(2019, 4, 1)


@dataclass(frozen=True)
class Site:
    template: str
    japanese_name: str
    address: str
    server: str


SITES = (
    Site("notes", "みなもと手帖", "https://notes.example/{lang}/{theme}/{number:03d}", "nginx"),
    Site("homepage", "せおとの部屋", "http://www.homepage.example/~{theme}/{lang}{number:03d}.html", "Apache"),
    Site("news", "朝もや新報", "https://news.example/{lang}/{day:%Y/%m/%d}/{theme}-{number}", "nginx/1.24.0"),
    Site("portal", "暮らしの窓口", "https://portal.example/index.php?id={number}&lang={lang}", "Apache/2.4.57"),
)


@dataclass(frozen=True)
class Draft:
    """An article and how it will be published. `number` is unique in the crawl."""

    article: Article
    number: int
    site: Site
    kind: str = "article"
    charset: str = "utf-8"
    declared: tuple[str | None, str | None] = ("{c}", "{c}")
    bom: bool = False
    twin: str | None = None

    @property
    def day(self) -> date:
        return FIRST_DAY + timedelta(days=6 * self.number)

    @property
    def url(self) -> str:
        a = self.article
        return self.site.address.format(lang=a.lang, theme=a.theme, number=self.number, day=self.day)


@dataclass(frozen=True)
class Page:
    """An HTTP response. `body` is as it went over the wire."""

    url: str
    kind: str
    lang: str | None
    charset: str | None
    body: bytes
    headers: tuple[tuple[str, str], ...]
    status: str = "200 OK"
    twin: str | None = None


def euc_row_13(char: str) -> bytes:
    """EUC-JP of NEC's row 13 (①㈱㎝ …), which browsers know and Python's codec does not: JIS row and cell plus A0."""
    lead, trail = char.encode("cp932")
    if lead != 0x87:
        raise ValueError(f"{char!r} is not in row 13")
    row = 13 + (trail >= 0x9F)
    cell = trail - 0x9E if trail >= 0x9F else trail - 0x3F - (trail > 0x7F)
    return bytes([0xA0 + row, 0xA0 + cell])


def encode(text: str, charset: str) -> bytes:
    """Bytes as a Japanese site of the time would have written them; characters the charset lacks are spelt out."""
    if charset == "shift_jis":
        return text.replace("〜", "～").encode("cp932")  # Python's cp932 has the wave dash at U+FF5E only
    if charset == "euc-jp":
        out = bytearray()
        for char in text.replace("髙", "高"):
            try:
                out += char.encode("euc_jp")
            except UnicodeEncodeError:
                out += euc_row_13(char)
        return bytes(out)
    if charset == "iso-2022-jp":
        plain = re.sub(r"[①-⑳㈱㈲№㌀-㏿℡]", lambda m: unicodedata.normalize("NFKC", m[0]), text)
        return plain.replace("髙", "高").encode("iso2022_jp_ext")  # "_ext" has half-width kana
    return text.encode(charset)


def ruby(text: str) -> str:
    """｜漢字《かんじ》 as HTML, everything else escaped."""
    tags = r"<ruby>\1<rp>（</rp><rt>\2</rt><rp>）</rp></ruby>"
    return re.sub(r"｜(.+?)《(.+?)》", tags, html.escape(text, quote=False))


def article_html(article: Article, site: Site) -> str:
    blocks = [ruby(p) for p in article.paragraphs]
    if site.template == "homepage":  # as home pages once were: no <P>, a wide space and two <BR>
        blocks = [("　" if article.lang == "ja" else "") + b + "<BR><BR>" for b in blocks]
    else:
        blocks = [f"<p>{b}</p>" for b in blocks]
    if site.template == "portal":
        blocks[0] = blocks[0].replace("、", "、<wbr>").replace("を", "を<wbr>")
    if article.table:
        head, *rows = (["<tr>"] + [f"<td>{ruby(c)}</td>" for c in row] + ["</tr>"] for row in article.table)
        lines = ["".join(head).replace("td>", "th>"), *("".join(row) for row in rows)]
        blocks.insert(3, '<table border="1">\n' + "\n".join(lines) + "\n</table>")
    if article.items:
        blocks.insert(3, "<ul>\n" + "\n".join(f"<li>{ruby(item)}</li>" for item in article.items) + "\n</ul>")
    return "\n".join(blocks)


def links(pairs: Iterable[tuple[str, str]]) -> str:
    return "\n".join(f'<li><a href="{html.escape(to)}">{html.escape(text)}</a></li>' for text, to in pairs)


def declaration(draft: Draft) -> tuple[str, str]:
    """The Content-Type header and the meta element (or an empty string) of a draft."""
    wrong = "iso-8859-1" if draft.charset == "utf-8" else "utf-8"
    header, meta = (d and d.format(c=draft.charset, w=wrong) for d in draft.declared)
    element = ""
    if meta and draft.site.template == "homepage":
        element = f'<META http-equiv="Content-Type" content="text/html; charset={meta}">\n'
    elif meta:
        element = f'<meta charset="{meta}">\n'
    return f"text/html; charset={header}" if header else "text/html", element


def publish(draft: Draft, related: Sequence[Draft], labels: dict[str, Any]) -> Page:
    article, words = draft.article, labels[draft.article.lang]
    content_type, meta = declaration(draft)
    text = Template((DATA / f"{draft.site.template}.html").read_text(encoding="utf-8")).substitute(
        {name: html.escape(value) for name, value in words.items() if isinstance(value, str)},
        lang=article.lang,
        meta=meta,
        title=html.escape(article.title),
        heading=html.escape(article.title),
        site=draft.site.japanese_name if article.lang == "ja" else draft.site.template.capitalize(),
        url=html.escape(draft.url),
        theme=article.theme,
        section=html.escape(article.section),
        date=draft.day.isoformat(),
        year=draft.day.year,
        author=f"{words['by']} {article.author}" if article.author else "",
        text=article_html(article, draft.site),
        menu=links((label, f"/menu/{k}") for k, label in enumerate(words["menu"])),
        share=links((label, f"/share/{k}?u={draft.number}") for k, label in enumerate(words["share"])),
        legal=links((label, f"/legal/{k}") for k, label in enumerate(words["legal"])),
        related=links((other.article.title, other.url) for other in related),
        accept=" ".join(f"<button>{html.escape(label)}</button>" for label in words["accept"]),
    )
    body = (b"\xef\xbb\xbf" if draft.bom else b"") + encode(text, draft.charset)
    headers = (
        ("Server", draft.site.server),
        ("Last-Modified", format_datetime(datetime(*draft.day.timetuple()[:3], 9, tzinfo=UTC), usegmt=True)),
        ("Content-Type", content_type),
    )
    return Page(draft.url, draft.kind, article.lang, draft.charset, body, headers, twin=draft.twin)


def chunked(page: Page) -> Page:
    cuts = [page.body[i : i + 1000] for i in range(0, len(page.body), 1000)] + [b""]
    body = b"".join(b"%x\r\n%b\r\n" % (len(cut), cut) for cut in cuts)
    return replace(page, body=body, headers=(*page.headers, ("Transfer-Encoding", "chunked")))


def gzipped(page: Page) -> Page:
    return replace(
        page, body=zlib.compress(page.body, 9, wbits=31), headers=(*page.headers, ("Content-Encoding", "gzip"))
    )
