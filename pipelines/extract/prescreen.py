"""Pass over pages that are clearly in none of the wanted languages, before their main text is looked for.

Main text costs 12 ms a page, this look 1.2 ms. Swallow (Okazaki et al. 2024, https://arxiv.org/abs/2404.17733) looks at
the title and the lang attribute; we score the text itself, for titles are often English and attributes often wrong.

Measured with benchmarks/prescreen_loss.py on 6,227 pages of documentation in 30 languages, where a page is wanted if
its main text passes `filters.language.Language`: of 5,213 wanted pages 6 are lost (0.12 %), all with a little English
among other text; of the 1,014 others 729 are passed over.
"""

from typing import Any

from resiliparse.extract.html2text import extract_plain_text

from filters import language

#: Lowest probability of a wanted language that sends a page on. 0.02 loses 4 pages and spares 680, 0.1 loses 11 and
#: spares 764, 0.3 loses 52: pages with navigation in one language and text in another score low for both.
MIN_SCORE = 0.05

#: Less visible text than this is no evidence of anything.
MIN_CHARS = 100


def visible_text(page: str) -> str:
    """What a reader sees of an HTML page, without most of its navigation (resiliparse's main-content rules): with all
    of the navigation, three times as many wanted pages are lost."""
    return str(extract_plain_text(page, main_content=True, alt_texts=False, comments=False))


def objection(text: str, model: Any, langs: tuple[str, ...]) -> str:
    """Why a page with this visible text is passed over; "" if it may hold text in one of `langs`."""
    if len(text) < MIN_CHARS:
        return ""
    seen = language.scores(model, [text], langs)[0]
    if not seen.lang or seen.wanted_score >= MIN_SCORE:
        return ""
    return f"looks like {seen.lang} ({seen.score:.4f}); {seen.wanted} {seen.wanted_score:.4f}, limit {MIN_SCORE}"
