"""Pass over pages that are clearly in none of the wanted languages, before their main text is looked for.

Main text costs 10 ms a page, this look 0.8 ms. Swallow (Okazaki et al. 2024, https://arxiv.org/abs/2404.17733) looks at
the title and the lang attribute; we score the text itself, for titles are often English and attributes often wrong.

Measured with benchmarks/prescreen_loss.py on 6,227 pages of documentation in 30 languages, where a page is wanted if
its main text passes `filters.language.Language`: of 5,211 wanted pages 4 are lost (0.08 %), all with a little English
among other text; of the 1,016 others 757 are passed over. It pays where more than a tenth is passed over.
"""

from typing import Any

from lxml import etree

from filters import language

#: Lowest probability of a wanted language that sends a page on. 0.05 loses 2 pages and passes over 713, 0.2 loses 9 and
#: passes over 790: not worth it.
MIN_SCORE = 0.1

#: Less text than this is no evidence of anything.
MIN_CHARS = 100

# Links are left out, and with them navigation: on pages with navigation in one language and text in another, the text
# is to decide. With the links 36 pages are lost, with resiliparse's main-content rules 7 at three times the time.
_OUTSIDE_LINKS = etree.XPath(
    "/html/body/descendant::text()[normalize-space()]"
    "[not(parent::a or parent::script or parent::style or parent::noscript)]",
    smart_strings=False,
)


def visible_text(tree: Any) -> str:
    """What a reader sees of a parsed page, but for its links."""
    return " ".join(_OUTSIDE_LINKS(tree))


def objection(text: str, model: Any, langs: tuple[str, ...]) -> str:
    """Why a page with this visible text is passed over; "" if it may hold text in one of `langs`."""
    if len(text) < MIN_CHARS:
        return ""
    seen = language.scores(model, [text], langs)[0]
    if not seen.lang or seen.wanted_score >= MIN_SCORE:
        return ""
    return f"looks like {seen.lang} ({seen.score:.4f}); {seen.wanted} {seen.wanted_score:.4f}, limit {MIN_SCORE}"
