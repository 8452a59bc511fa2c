"""Texts -> articles: paragraphs of a theme, chosen and filled in by a seeded generator."""

import random
import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

DATA = Path(__file__).parent

# Numbers drawn anew at every occurrence of {few}, {dozen}, {hundred}; both ends included.
NUMBERS = {"few": (3, 9), "dozen": (12, 48), "hundred": (110, 480)}

# Body paragraphs per article of one theme; ten (ja) and eight (en) are there to choose from. Long articles choose
# first, which leaves any two of a theme with at most 3/8 of these paragraphs in common.
SIZES = {"ja": (6, 6, 5, 5, 4, 4), "en": (5, 5, 4, 4, 3)}


@dataclass(frozen=True)
class Article:
    lang: str
    theme: str
    section: str
    title: str
    author: str
    paragraphs: tuple[str, ...]
    items: tuple[str, ...] = ()
    table: tuple[tuple[str, ...], ...] = ()


def load(name: str) -> dict[str, Any]:
    return tomllib.loads((DATA / f"{name}.toml").read_text(encoding="utf-8"))


def spread(rng: random.Random, sizes: Iterable[int], n: int) -> list[list[int]]:
    """For each size a sorted choice of that many out of n paragraphs, so that no two choices have much in common."""
    chosen: list[set[int]] = []
    for size in sizes:
        candidates = [set(rng.sample(range(n), size)) for _ in range(100)]
        chosen.append(min(candidates, key=lambda c: max((len(c & o) / len(c | o) for o in chosen), default=0.0)))
    return [sorted(c) for c in chosen]


def fill(text: str, words: dict[str, str], rng: random.Random) -> str:
    def value(match: re.Match[str]) -> str:
        name = match[1]
        return str(rng.randint(*NUMBERS[name])) if name in NUMBERS else words[name]

    filled = re.sub(r"\{(\w+)\}", value, text)
    return filled[0].upper() + filled[1:]


def compose(lang: str) -> list[Article]:
    """The articles of a language: an opening, body paragraphs in their written order, a closing, perhaps a note."""
    texts = load(lang)
    notes = texts["notes"]["items"]
    articles = []
    for theme in texts["theme"]:
        rng = random.Random(f"{lang}/{theme['name']}")
        for i, choice in enumerate(spread(rng, SIZES[lang], len(theme["body"]))):
            words = {name: rng.choice(values) for name, values in texts["slots"].items()}
            words |= {name: values[i] for name, values in theme.get("slots", {}).items()}
            words["year"] = str(rng.randint(1921, 1988))
            openings, closings, titles = theme["openings"], theme["closings"], theme["titles"]
            # i % 3 and i // 2 % 3: of six articles no two share both their opening and their closing.
            parts = [openings[i % 3], *(theme["body"][k] for k in choice), closings[i // 2 % 3], *notes[i : i + 1]]
            articles.append(
                Article(
                    lang,
                    theme["name"],
                    theme["section"],
                    title=fill(titles[i % len(titles)], words, rng),
                    author=words["person"].removesuffix("さん"),
                    paragraphs=tuple(fill(part, words, rng) for part in parts),
                    items=tuple(theme["list"]) if i % 4 == 0 else (),
                    table=tuple(map(tuple, theme["table"])) if i % 4 == 1 else (),
                )
            )
    return articles


def edited(article: Article, sentence: str, amount: int) -> Article:
    """A near copy. 0: the same words, 1: one sentence replaced, 2: also a note on top."""
    if amount == 0:
        return article
    paragraphs = list(article.paragraphs)
    ends = r"[^。]*。$" if article.lang == "ja" else r"(?<=[.?!] )[^.?!]*[.?!]$"
    paragraphs[2] = re.sub(ends, sentence, paragraphs[2])
    if amount == 2:
        paragraphs.insert(0, "この記事は再掲です。" if article.lang == "ja" else "This article is published again.")
    return replace(article, paragraphs=tuple(paragraphs))


def spam(lang: str, i: int, ingredients: dict[str, list[str]]) -> Article:
    rng = random.Random(f"spam/{lang}/{i}")
    lines, words = ingredients["lines"], ingredients["words"]

    def slots() -> dict[str, str]:
        return {"word": rng.choice(words), "good": rng.choice(ingredients["goods"])}

    paragraphs = (
        [fill(lines[0], slots(), rng)] * 40,  # one line over and over
        ["、".join(rng.choices(words, k=240)) if lang == "ja" else ", ".join(rng.choices(words, k=240))],  # a word list
        [fill(rng.choice(lines), slots(), rng) for _ in range(60)],  # one pattern, other words
        [" ".join([fill(lines[2], slots(), rng)] * 6) for _ in range(8)],  # one phrase over and over in a paragraph
    )[i]
    return Article(lang, "shop", "SALE", ingredients["titles"][i], "", tuple(paragraphs))
