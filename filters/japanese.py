"""Is a page that passes for Japanese written in Japanese sentences? Judged by its characters alone.

The rules are those of Swallow v1 (Okazaki et al. 2024), HojiChar and llm-jp-corpus; scripts are told apart by
filters/scripts.py, and a text may be empty. What they would take for lists and is none shows by its particles: verse
has no 。, manuals of software are full of loanwords, and old statutes have ハ, ヲ and ニ for は, を and に.
"""

from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from filters import Bound, scores
from filters.scripts import ASCII_END, END, HIRAGANA, KANJI, KATAKANA, LETTER, code_points, kinds

_ELLIPSES = ("…", "‥", "...", "．．．", "。。。", "・・・")


#: Hiragana that are mostly particles, or end verbs and adjectives. Of our labelled texts
#: (tests/quality/judgement.jsonl) prose and verse have 0.10 to 0.36 of their letters among them, menus, tags, keywords
#: and lists 0 to 0.08.
_PARTICLES = "はがをにでとのもてた"
_KATAKANA_PARTICLES = "ハヲニノトモガデテヘ"

#: From this share of particles on nothing is asked of sentence ends. Of the 112 trial pages that lack them 18 are above
#: it: changelogs, tables of explanations, lists of sentences.
PARTICLES = 0.15

#: A page with fewer Japanese letters is not asked for sentence ends: one may be missing by chance. References to
#: software have pages with 50 letters of Japanese beside the code.
KUTEN_LETTERS = 100

#: From this share of particles on loanwords are no list of names.
KATAKANA_PARTICLES = 0.10

#: So many letters that are katakana particles between kanji (組合ハ河川ノ堤防ヲ保全シ) make old orthography: the
#: statute of the labelled texts has 0.13; 虎ノ門 and 丸ノ内 alone come nowhere near.
OLD_ORTHOGRAPHY = 0.05

#: Fewer lines are too few to take a share of exclamations of.
LINES = 5


class Measures(NamedTuple):
    """What the limits of `Japanese` are held against."""

    letters: int
    """Japanese ones: hiragana, katakana and kanji."""
    share: float
    """Share of `letters` in the letters of all scripts; digits, punctuation and symbols are no letters."""
    particles: float
    """Share of は, が, を, に, で, と, の, も, て and た in `letters`."""
    old_particles: float
    """Share of ハ, ヲ, ニ, ノ, ト, モ, ガ, デ, テ and ヘ between two kanji in `letters`."""
    hiragana: float
    """Share of hiragana in `letters`."""
    katakana: float
    """Share of katakana in `letters`."""
    kuten: float
    """Sentence ends for each of `letters`. One of 。．！？｡ or several in a row; .!? only after a Japanese letter."""
    lines: int
    """Those that are not blank."""
    ellipsis: float
    """Share of the lines which end in an ellipsis, … or three dots of any kind."""
    exclamation: float
    """Share of the lines which end in an exclamation mark."""


def measure(text: str) -> Measures:
    """Measure one text. Where there is nothing to take a share of, it is 0."""
    found = kinds(code_points(text))
    counts = np.bincount(found, minlength=7).tolist()
    letters = counts[HIRAGANA] + counts[KATAKANA] + counts[KANJI]
    lines = [line for line in map(str.rstrip, text.splitlines()) if line]
    return Measures(
        letters=letters,
        share=letters / max(letters + counts[LETTER], 1),
        particles=sum(map(text.count, _PARTICLES)) / max(letters, 1),
        old_particles=_between_kanji(text, found) / max(letters, 1),
        hiragana=counts[HIRAGANA] / max(letters, 1),
        katakana=counts[KATAKANA] / max(letters, 1),
        kuten=_sentence_ends(found) / max(letters, 1),
        lines=len(lines),
        ellipsis=_ending(lines, _ELLIPSES) / max(len(lines), 1),
        exclamation=_ending(lines, ("！", "!")) / max(len(lines), 1),
    )


def _between_kanji(text: str, found: NDArray[np.uint8]) -> int:
    """How many katakana particles stand between two kanji."""
    kanji = found == KANJI
    between = np.flatnonzero(kanji[:-2] & (found[1:-1] == KATAKANA) & kanji[2:]) + 1
    return sum(text[place] in _KATAKANA_PARTICLES for place in between.tolist())


def _ending(lines: list[str], marks: tuple[str, ...]) -> int:
    return sum(line.endswith(marks) for line in lines)


def _sentence_ends(kinds: NDArray[np.uint8]) -> int:
    ends = kinds == END
    after_japanese = (kinds[:-1] >= HIRAGANA) & (kinds[:-1] <= KANJI)
    ends[1:] |= (kinds[1:] == ASCII_END) & after_japanese
    return int(np.count_nonzero(ends[:1]) + np.count_nonzero(ends[1:] & ~ends[:-1]))


def _asked(found: Measures) -> tuple[float | None, ...]:
    """The scores of a text; None where the text shows that they would not mean what the limits take them for."""
    old = found.old_particles >= OLD_ORTHOGRAPHY
    owes_kuten = found.letters >= KUTEN_LETTERS and found.particles < PARTICLES and not old
    return (
        found.share,
        found.particles,
        None if old else found.hiragana,
        None if old or found.particles >= KATAKANA_PARTICLES else found.katakana,
        found.kuten if owes_kuten else None,
        found.ellipsis,
        found.exclamation if found.lines >= LINES else None,
    )


@dataclass(frozen=True)
class Japanese:
    """Rules for rows whose `lang` is "ja"; the others stay. None switches a rule off (in a recipe, 0 a minimum and 1 a
    maximum).

    The published limits were made for prose. Ours are looser, for we read what they drop of manuals and references:
    most of the letters of a good page may be code, and half of its Japanese letters loanwords.
    """

    # Swallow: 0.50, which loses almost half of our trial pages. Between 0.05 and 0.10 are good references, a listing
    # with a few lines about it; below are indexes, and pages whose Japanese is only a menu or lost to a wrong charset.
    min_japanese: float | None = 0.05
    # Swallow: 0.20, uzushio: 0.10 to 0.15 of all characters. Chinese has none, nor has UTF-8 read as Shift_JIS
    # (縺薙ｌ縺ｯ).
    min_hiragana: float | None = 0.10
    # Swallow: 0.50, without ー; good manuals of software pass that (ドラッグ＆ドロップ), lists of names pass 0.7.
    max_katakana: float | None = 0.70
    # llm-jp-corpus v1: one 。 in 250 characters (its strict set: 80; HojiChar: 100). Here in 250 Japanese letters, so
    # that code does not count against a page. Tables of contents and menus go.
    min_kuten: float | None = 1 / 250
    # Gopher and FineWeb-2: 0.30 of lines; Swallow: 0.20 of sentences; HojiChar: 0.70. Teasers cut short ("続きを…").
    max_ellipsis: float | None = 0.30
    # Ours: adverts of one line each (今だけ！全品半額！！). Of 2,487 trial pages none comes near.
    max_exclamation: float | None = 0.50

    name: ClassVar[str] = "japanese"
    version: ClassVar[int] = 3

    def __post_init__(self) -> None:
        for field in ("min_japanese", "min_hiragana", "max_katakana", "min_kuten", "max_ellipsis", "max_exclamation"):
            limit = getattr(self, field)
            if limit is not None and not 0 <= limit <= 1:
                raise ValueError(f"{field}: a share from 0 to 1, not {limit}")

    def measure(self, batch: pa.RecordBatch) -> dict[str, pa.Array]:
        """`japanese.share`, `.particles`, `.hiragana`, `.katakana`, `.kuten`, `.ellipsis` and `.exclamation` of
        Japanese rows; null where it is not asked for, as said above."""
        texts, langs = batch.column("text").to_pylist(), batch.column("lang").to_pylist()
        rows = [
            _asked(measure(text)) if lang == "ja" and text is not None else None for text, lang in zip(texts, langs)
        ]
        fields = ("share", "particles", "hiragana", "katakana", "kuten", "ellipsis", "exclamation")
        return scores(self.name, fields, rows)

    def bounds(self, lang: str | None) -> tuple[Bound, ...]:
        """`japanese_share`, `japanese_hiragana`, `japanese_katakana`, `japanese_kuten`, `japanese_ellipsis`
        and `japanese_exclamation`."""
        return (
            Bound("japanese_share", "japanese.share", least=self.min_japanese),
            Bound("japanese_hiragana", "japanese.hiragana", least=self.min_hiragana),
            Bound("japanese_katakana", "japanese.katakana", most=self.max_katakana),
            Bound("japanese_kuten", "japanese.kuten", least=self.min_kuten),
            Bound("japanese_ellipsis", "japanese.ellipsis", most=self.max_ellipsis),
            Bound("japanese_exclamation", "japanese.exclamation", most=self.max_exclamation),
        )
