"""Write a small invented web crawl: two WARC files and the list of what a pipeline should find in them.

    python examples/demo_crawl.py OUTDIR

writes demo-00000.warc.gz, demo-00001.warc.gz and, last, expected.jsonl: for every response record, in file order, its
url, lang, charset, kind and twin, the url of the page it copies. The kinds are article, near_duplicate, exact_copy,
spam, short, other_language, empty, not_html, http_error, too_deep, undecodable and damaged (its gzip member is broken).
`lang` and `charset` are null where there is no text to speak of. The bytes never change: no clock, no chance, record
ids from the URL. The texts lie in demo/.
"""

import argparse
import json
import os
import random
import sys
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

from demo.articles import Article, compose, edited, load, spam
from demo.pages import SITES, Draft, Page, chunked, gzipped, publish
from demo.records import revisit, warc

# What (HTTP header, meta element) say of the charset: {c} is the truth, {w} another one, None nothing.
DECLARATIONS = (("{c}", "{c}"), (None, "{c}"), ("{c}", None), ("{w}", "{c}"), ("{c}", "{w}"), (None, None))
CHARSETS = ("utf-8",) * 6 + ("shift_jis", "shift_jis", "euc-jp", "iso-2022-jp")


def drafts() -> list[Draft]:
    """Every page that is made from a template, copies under another URL apart."""
    odd, numbers = load("odd"), count()

    def draft(article: Article, kind: str = "article") -> Draft:
        number = next(numbers)
        return Draft(article, number, SITES[(number + number // 10) % 4], kind)

    originals: dict[str, list[Draft]] = {"ja": [], "en": []}
    for i, article in enumerate(compose("ja")):
        charset = CHARSETS[i % len(CHARSETS)]
        # Within one charset the declarations take turns; UTF-8 pages mostly say so.
        turn = i // len(CHARSETS) + i if charset != "utf-8" or i % 3 == 0 else i % 2
        declared = DECLARATIONS[turn % len(DECLARATIONS)]
        originals["ja"].append(replace(draft(article), charset=charset, declared=declared, bom=i == 20))
    for i, article in enumerate(compose("en")):
        originals["en"].append(replace(draft(article), declared=DECLARATIONS[i % 3]))
    out = originals["ja"] + originals["en"]

    for lang, copies in (("ja", 9), ("en", 6)):
        edits = load(lang)["edits"]["items"]
        for k in range(copies):
            first = originals[lang][10 * k + 3]
            near = draft(edited(first.article, edits[k % len(edits)], k % 3), "near_duplicate")
            out.append(replace(near, site=SITES[(SITES.index(first.site) + 1) % 4], twin=first.url))
    out += [draft(spam(lang, i, odd["spam"][lang]), "spam") for lang in originals for i in range(4)]
    for text in odd["short"]:
        article = Article(text["lang"], "misc", "…", text["title"], "", (text["text"],))
        out.append(replace(draft(article, "short"), site=SITES[0]))
    for text in load("other")["page"]:
        article = Article(text["lang"], "misc", "…", text["title"], "", tuple(text["paragraphs"]))
        out.append(replace(draft(article, "other_language"), charset=text.get("charset", "utf-8")))
    return out


def oddities(labels: dict[str, Any]) -> list[Page]:
    """Responses that are no pages, or that no reader can take as they are."""
    odd = load("odd")
    deep, torn = odd["too_deep"], odd["undecodable"]
    text = "".join(f"<p>{p}</p>" for p in deep["paragraphs"])
    nested = (
        f"<html><head><title>{deep['title']}</title></head><body>{'<div>' * 5000}{text}{'</div>' * 5000}</body></html>"
    )
    # Each paragraph in another charset, with bytes between them that are not in any.
    pieces = [p.encode(c) for p, c in zip(torn["paragraphs"] * 2, ("utf-8", "cp932", "euc_jp", "utf-8"))]
    mixed = b"<html><body><p>" + b"</p>\xff\xfd\x81\x8d\x90\xa0<p>".join(pieces) + b"</p></body></html>"
    lost = Article("ja", "misc", "…", odd["not_found"]["title"], "", (odd["not_found"]["text"],))
    missing = publish(Draft(lost, 300, SITES[0], "http_error"), (), labels)
    moved = (("Location", "https://notes.example/ja/garden/000"), ("Content-Type", "text/html"))
    robots = b"User-agent: *\nDisallow: /search\nSitemap: https://notes.example/sitemap.xml\n"
    dot = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"

    def other(path: str, kind: str, content_type: str, body: bytes) -> Page:
        return Page(f"https://notes.example/{path}", kind, None, None, body, (("Content-Type", content_type),))

    return [
        replace(other("box", "too_deep", "text/html; charset=utf-8", nested.encode()), lang="ja", charset="utf-8"),
        replace(other("letter", "undecodable", "text/html; charset=utf-8", mixed), lang="ja"),
        other("blank", "empty", "text/html", b""),
        other("frame", "empty", "text/html; charset=utf-8", b"<html><body><div></div></body></html>"),
        other("dot.png", "not_html", "image/png", dot),
        other("map.pdf", "not_html", "application/pdf", b"%PDF-1.4\n%%EOF\n"),
        other("robots.txt", "not_html", "text/plain", robots),
        replace(missing, status="404 Not Found"),
        replace(other("old", "http_error", "", b""), status="301 Moved Permanently", headers=moved),
    ]


def crawl() -> tuple[list[Page], list[Page]]:
    """The pages of the two files. A copy never lies in the file of its original."""
    labels = load("labels")
    rng = random.Random("crawl")
    planned = drafts()
    pages = []
    for draft in planned:
        same = [d for d in planned if d.article.lang == draft.article.lang and d.kind in ("article", "other_language")]
        related = rng.sample(same, min(6, len(same)))
        pages.append(publish(draft, () if draft.kind == "short" else related, labels))
    pages[12], pages[34] = gzipped(pages[12]), chunked(pages[34])
    pages += [
        replace(pages[i], url=pages[i].url.replace("://", "://mirror."), kind="exact_copy", twin=pages[i].url)
        for i in (7, 36, 68, 98, 125)
    ]
    pages += oddities(labels)
    rng.shuffle(pages)

    copied = {page.twin for page in pages}
    first: list[Page] = []
    second: list[Page] = []
    for page in pages:
        if page.twin:
            second.append(page)
        elif page.url in copied or len(first) < len(pages) // 2:
            first.append(page)
        else:
            second.append(page)
    middle = next(i for i, p in enumerate(second) if i > len(second) // 2 and (p.kind, p.lang) == ("article", "ja"))
    second[middle] = replace(second[middle], kind="damaged")
    return first, second


def write(path: Path, pieces: Iterable[bytes]) -> None:
    """All or nothing: a temporary file beside the target, synced, then renamed over it."""
    temporary = path.with_name(path.name + ".tmp")
    with temporary.open("wb") as file:
        file.writelines(pieces)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Write a small invented web crawl and what is to be found in it.")
    parser.add_argument("outdir", type=Path)
    outdir: Path = parser.parse_args(argv).outdir
    outdir.mkdir(parents=True, exist_ok=True)
    first, second = crawl()
    names = ("demo-00000.warc.gz", "demo-00001.warc.gz")
    write(outdir / names[0], warc(names[0], "1.0", first, 0))
    seen = next(i for i, page in enumerate(first) if page.kind == "article")
    again = revisit("1.1", first[seen], 900, seen)
    write(outdir / names[1], [*warc(names[1], "1.1", second, 500), again])
    keys = ("url", "lang", "charset", "kind", "twin")
    lines = [json.dumps({key: getattr(page, key) for key in keys}, ensure_ascii=False) for page in first + second]
    write(outdir / "expected.jsonl", [f"{line}\n".encode() for line in lines])
    print(f"{outdir}: {len(first)} + {len(second)} pages, expected.jsonl")
    return 0


if __name__ == "__main__":
    sys.exit(main())
