"""What passing over pages by a quick look costs and saves.

    python benchmarks/prescreen_loss.py ../shared/data/web/*.warc.gz [--lost] [--limits 0.02,0.05,0.1]

A page is wanted if its main text passes `filters.language.Language` when nothing is passed over. Prints, for each limit
on the score of the visible text: the pages passed over, the wanted pages lost among them, and the seconds saved. The
times are those of one process, CPU seconds.
"""

import argparse
import time
from collections.abc import Iterator
from pathlib import Path

from fastwarc.warc import ArchiveIterator, WarcRecordType
from rich.console import Console
from rich.table import Table

from filters import language
from pipelines.extract import charset, html, prescreen

DATA = Path(__file__).resolve().parents[2] / "shared" / "data" / "web"
SETTINGS = html.HtmlSettings(prescreen=False)


def pages(paths: list[Path]) -> Iterator[tuple[str, str, bytes]]:
    """URL, charset of the HTTP header and payload of every response."""
    for path in paths:
        with path.open("rb") as stream:
            for record in ArchiveIterator(stream, record_types=WarcRecordType.response):
                yield str(record.headers["WARC-Target-URI"]), record.http_charset or "", record.reader.read()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("warcs", nargs="*", type=Path, default=sorted(DATA.glob("*.warc.gz")))
    parser.add_argument("--limits", default="0.02,0.05,0.1,0.2,0.3,0.5")
    parser.add_argument("--lost", action="store_true", help="name the wanted pages lost at prescreen.MIN_SCORE")
    arguments = parser.parse_args()
    if not arguments.warcs:
        parser.error(f"no *.warc.gz in {DATA}; name some")

    model = language.load(language.model_path(SETTINGS.model))
    rule = language.Language(keep=SETTINGS.languages)
    rows = []  # url, wanted, score of the visible text, seconds of the look, seconds of the extraction
    for url, http_charset, raw in pages(arguments.warcs):
        try:
            tree = html.parse(charset.decode(raw, http_charset).text, SETTINGS)
        except (charset.Undecodable, html.Unreadable):
            continue
        start = time.process_time()
        visible = prescreen.visible_text(tree)
        seen = language.scores(model, [visible], SETTINGS.languages)[0]
        looked = time.process_time()
        try:
            text = html.extract(raw, http_charset, SETTINGS).text
        except html.Unreadable:
            text = ""
        extracted = time.process_time()
        evident = bool(seen.lang) and len(visible) >= prescreen.MIN_CHARS
        wanted = language.scores(model, [text], SETTINGS.languages)[0].wanted_score >= rule.min_score
        rows.append((url, wanted, seen.wanted_score if evident else 1.0, looked - start, extracted - looked))

    wanted_pages = sum(row[1] for row in rows)
    look, extraction = sum(row[3] for row in rows), sum(row[4] for row in rows)
    console = Console()
    console.print(f"{len(rows)} pages, {wanted_pages} wanted; extraction {extraction:.1f} s, all looks {look:.1f} s")
    table = Table("limit", "passed over", "wanted, lost", "% of wanted", "seconds saved", "net")
    for limit in map(float, arguments.limits.split(",")):
        over = [row for row in rows if row[2] < limit]
        lost = sum(row[1] for row in over)
        saved = sum(row[4] for row in over)
        share = f"{100 * lost / max(wanted_pages, 1):.2f}"
        table.add_row(f"{limit:g}", str(len(over)), str(lost), share, f"{saved:.1f}", f"{saved - look:+.1f}")
    console.print(table)
    if arguments.lost:
        for url, wanted, score, _, _ in rows:
            if wanted and score < prescreen.MIN_SCORE:
                console.print(f"{score:.4f} {url}", highlight=False)


if __name__ == "__main__":
    main()
