"""The filters of llm-jp-corpus v1 for Japanese pages of the Common Crawl (ja_cc), with its limits.

Measured as by its code, but for kana, which are all of them. Its lists of words are not here. What it does to the texts
that stay (no lines without kana, no addresses, no line breaks) is left out.
"""

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar
from urllib.parse import urlsplit

import pyarrow as pa

from filters import Bound
from filters.gopher import Scores, check_limits, columns, share
from filters.hojichar import ADS, kana, keywords
from filters.swallow import check_words, hits, japanese_texts

_SCORES = (
    "llmjp.domain",
    "llmjp.kana",
    "llmjp.ads",
    "llmjp.adult",
    "llmjp.discrimination",
    "llmjp.violence",
    "llmjp.kuten",
    "llmjp.compression",
)


def measure(text: str, ads: Sequence[str], unwanted: Mapping[str, Sequence[str]]) -> Scores:
    """What `LLMjp` asks of one text, and how many words of the `unwanted` lists, by score, it has."""
    raw = text.encode("utf-8", "surrogatepass")
    return {
        "llmjp.kana": kana(text),
        "llmjp.ads": keywords(text, ads),
        "llmjp.kuten": share(text.count("。"), len(text)),
        "llmjp.compression": share(len(zlib.compress(raw, 9)), len(raw)),
    } | {name: len(hits(text, words)) for name, words in unwanted.items() if words}


def wanted_domain(url: str | None, top_level: Sequence[str], without: Sequence[str]) -> bool | None:
    """Is the host in one of the top-level domains (of no list: in any), and none of those `without`?

    None where there is no host.
    """
    try:
        host = urlsplit(url or "").hostname
    except ValueError:
        return None
    if not host:
        return None
    host = host.rstrip(".")
    return host not in without and (not top_level or host.rpartition(".")[2] in top_level)


@dataclass(frozen=True)
class LLMjp:
    """Judges rows in Japanese. A batch needs the column `url` (string); where it is null, its rule is not asked.

    None, or an empty list, switches a rule off.
    """

    domains: tuple[str, ...] = (
        "biz",
        "cc",
        "com",
        "info",
        "jp",
        "me",
        "net",
        "org",
        "site",
        "tokyo",
        "tv",
        "work",
        "xyz",
    )
    # It is there from elsewhere.
    without_hosts: tuple[str, ...] = ("ja.wikipedia.org",)
    # In the first 50 characters. One lets Chinese with の pass.
    min_kana: int | None = 1
    # Words of HojiChar's list.
    ads: tuple[str, ...] = ADS
    max_ads: int | None = 10
    # So many words of each list.
    adult: tuple[str, ...] = ()
    discrimination: tuple[str, ...] = ()
    violence: tuple[str, ...] = ()
    max_words: int | None = 3
    # 。 for each character.
    min_kuten: float | None = 1 / 250
    # Size as zlib leaves it at level 9, for each byte of UTF-8. The longer a text, the smaller it is.
    min_compression: float | None = 0.30
    max_compression: float | None = 0.70

    name: ClassVar[str] = "llmjp"
    version: ClassVar[int] = 1

    def __post_init__(self) -> None:
        check_limits(self)
        check_words(ads=self.ads, adult=self.adult, discrimination=self.discrimination, violence=self.violence)

    def measure(self, batch: pa.RecordBatch) -> dict[str, pa.Array]:
        """Scores (float64) by name of Japanese rows, null where there is nothing to measure."""
        unwanted = {
            "llmjp.adult": self.adult,
            "llmjp.discrimination": self.discrimination,
            "llmjp.violence": self.violence,
        }
        rows: list[Scores] = []
        for text, url in zip(japanese_texts(batch), batch.column("url").to_pylist(), strict=True):
            if text is None:
                rows.append({})
                continue
            domain = wanted_domain(url, self.domains, self.without_hosts)
            rows.append({"llmjp.domain": domain, **measure(text, self.ads, unwanted)})
        return columns(rows, _SCORES)

    def bounds(self, lang: str | None) -> tuple[Bound, ...]:
        """In the order of llm-jp-corpus."""
        if lang != "ja":
            return ()
        return (
            Bound("llmjp_domain", "llmjp.domain", least=1),
            Bound("llmjp_kana", "llmjp.kana", least=self.min_kana),
            Bound("llmjp_ads", "llmjp.ads", most=self.max_ads),
            Bound("llmjp_adult", "llmjp.adult", most=self.max_words),
            Bound("llmjp_discrimination", "llmjp.discrimination", most=self.max_words),
            Bound("llmjp_violence", "llmjp.violence", most=self.max_words),
            Bound("llmjp_kuten", "llmjp.kuten", least=self.min_kuten),
            Bound("llmjp_compressible", "llmjp.compression", least=self.min_compression),
            Bound("llmjp_incompressible", "llmjp.compression", most=self.max_compression),
        )


#: The stricter of its two sets of limits.
STRICT = LLMjp(max_words=2, min_kuten=1 / 80, min_compression=0.375)
