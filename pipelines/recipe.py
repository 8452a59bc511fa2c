"""A recipe says what a corpus is made of. TOML, validated strictly; every setting has a default and its reason here."""

import difflib
import json
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import pydantic
from pydantic import Field

import filters
from dedup.minhash import MinHash, for_threshold
from dedup.shingles import Fold
from filters.academic import Academic
from filters.boilerplate import Boilerplate
from filters.c4 import C4, C4Lines
from filters.datatrove import Datatrove
from filters.decontamination import Decontamination
from filters.english import English
from filters.fineweb import FineWeb
from filters.gopher import GopherQuality, GopherRepetition
from filters.hojichar import HojiChar
from filters.hosts import Hosts
from filters.japanese import Japanese
from filters.language import Language
from filters.length import Length
from filters.llmjp import LLMjp
from filters.mojibake import Mojibake
from filters.pes2o import PeS2o
from filters.pii import PII
from filters.quality import Quality
from filters.repetition import Repetition
from filters.rights import Rights
from filters.swallow import Swallow, SwallowFooter, SwallowPunctuation
from filters.vocabulary import Vocabulary
from pipelines.errors import UsageError
from pipelines.sources.formats import FORMATS

#: A rule of the filter stage.
Rule = filters.Filter | filters.Editor


class Settings(pydantic.BaseModel):
    """Strict: an unknown key, a wrong type or an impossible value is an error, never a guess."""

    model_config = pydantic.ConfigDict(strict=True, frozen=True, extra="forbid", allow_inf_nan=False)


class Files(Settings):
    """What is known of input files that do not say it themselves; the first of `input.files` that fits counts."""

    match: str
    """A pattern of paths, as `*/aozora/*.txt`; one without a slash is of names."""
    format: Annotated[str, Field(pattern="^(" + "|".join(FORMATS) + ")$")] | None = None
    """In place of what names and first bytes tell."""
    lang: str = ""
    licence: str = ""
    """Of documents that state none: the public domain of Aozora Bunko, the CC-BY-SA-4.0 of Wikipedia."""
    text: str = "text"
    """The columns of JSON Lines and Parquet; those that are not there say nothing, but a text there must be."""
    id: str = "id"
    title: str = "title"
    url: str = "url"
    date: str = "date"
    lang_column: str = "lang"
    licence_column: str = "licence"


class Input(Settings):
    paths: tuple[str, ...] = ()
    """Files, globs, folders or `.paths` lists, here or behind https, s3 and gs; the command line's --input takes their
    place."""
    part_bytes: Annotated[int, Field(ge=1)] = 8 << 20
    """A file larger than this is cut into parts at record boundaries. 8 MiB of WARC.gz are about 1,300 pages, or twenty
    seconds of extraction on one core: long beside the cost of a task, short beside the patience of a user. Small files
    are put together to parts of this size."""
    formats: tuple[Literal[FORMATS], ...] = ("warc",)  # type: ignore[valid-type]
    """What folders and globs are searched for. A file that is named itself may be in any of them."""
    files: tuple[Files, ...] = ()
    base: str = ""
    """What relative lines of lists stand below: the address of a mirror, or a folder. Without it, the server or bucket
    of a list elsewhere, https://data.commoncrawl.org/ for a `.paths.gz` here, and the list's folder for a `.paths`."""
    remote_digest: Literal["etag", "sha256"] = "etag"
    """What stands for the content of files elsewhere: what the server says of them (ETag, size, date), or SHA-256, for
    which each is read through once when it is new. Only with the latter is a corpus made from them the very same, to
    the byte, as one made from copies here."""


class Extract(Settings):
    prescreen: bool = True
    """Pass over pages whose visible text is clearly in none of `filter.language.keep`, before the costly extraction."""
    max_bytes: Annotated[int, Field(ge=1)] = 10_000_000
    """Larger pages are `too_large`. No page of prose reaches 10 MB; trafilatura's own limit for a page is 20 MB."""
    max_file_bytes: Annotated[int, Field(ge=1)] = 64 << 20
    """Larger documents in other formats are `too_large`: theses with pictures reach 50 MB."""
    pdf: bool = False
    """Read the PDFs among the responses of a web archive too; they are `not_html` otherwise. Web archives of public
    bodies hold their reports so."""
    max_depth: Annotated[int, Field(ge=16, le=2000)] = 250
    """Deeper pages are `too_deep`: libxml2 silently drops what lies below 256 levels. Real pages reach 33."""
    max_elements: Annotated[int, Field(ge=100)] = 100_000
    """Pages with more are `too_many_elements`: bounds the worst page found to 40 seconds. Real pages reach 15,668."""
    memory_bytes: Annotated[int, Field(ge=256 << 20)] = 2 << 30
    """Address space of the process that reads a page; past it the page is `memory`."""
    deadline_seconds: Annotated[float, Field(gt=0)] = 60.0
    """The last resort behind the limits above, for it depends on the machine: most pages take about 15 ms."""


class Variant(Settings):
    """A rule once more, under another name and with some settings changed."""

    model_config = pydantic.ConfigDict(strict=True, frozen=True, extra="allow", allow_inf_nan=False)
    rule: str


class Filter(Settings):
    rules: tuple[str, ...] = ("language", "length", "japanese", "english", "repetition")
    """Which rules judge, in this order; the first that objects gives the reason."""
    variants: dict[str, Variant] = {}
    """Rules under other names: `[filter.variants.strict]` with `rule = "japanese"` and what differs. So a rule may be
    among the rules at several limits, and `stats` tells what each of them takes."""
    language: Language = Language()
    length: Length = Length()
    japanese: Japanese = Japanese()
    english: English = English()
    repetition: Repetition = Repetition()
    mojibake: Mojibake = Mojibake()
    boilerplate: Boilerplate = Boilerplate()
    gopher_quality: GopherQuality = GopherQuality()
    gopher_repetition: GopherRepetition = GopherRepetition()
    fineweb: FineWeb = FineWeb()
    c4: C4 = C4()
    c4_lines: C4Lines = C4Lines()
    swallow: Swallow = Swallow()
    swallow_footer: SwallowFooter = SwallowFooter()
    swallow_punctuation: SwallowPunctuation = SwallowPunctuation()
    hojichar: HojiChar = HojiChar()
    llmjp: LLMjp = LLMjp()
    academic: Academic = Academic()
    pes2o: PeS2o = PeS2o()
    vocabulary: Vocabulary = Vocabulary()
    decontamination: Decontamination | None = None
    """It needs benchmarks: `[filter.decontamination] benchmarks = ["gsm8k-test.jsonl"]`."""
    quality: Quality | None = None
    """It needs a model: `[filter.quality] model = "models/quality.bin"`, from `minamoto train-quality`."""
    hosts: Hosts = Hosts()
    rights: Rights = Rights()
    pii: PII = PII()
    datatrove: Datatrove = Datatrove()
    """Any filter of datatrove by its name, best as a variant."""

    @pydantic.model_validator(mode="after")
    def _rules_are_known(self) -> Self:
        for name, _ in self.chosen():
            if self.rules.count(name) > 1:
                raise ValueError(f"rules: {name!r} is named twice; give one of them another name under variants")
        return self

    def chosen(self) -> tuple[tuple[str, Rule], ...]:
        """The rules in order, under their names."""
        return tuple((name, self.rule(name)) for name in self.rules)

    def rule(self, name: str) -> Rule:
        """A rule or variant by its name."""
        known = [field for field in type(self).model_fields if field not in ("rules", "variants")]
        variant = self.variants.get(name)
        base = variant.rule if variant else name
        if base not in known:
            raise ValueError(f"rules: no such rule as {base!r}; known here: {', '.join([*known, *self.variants])}")
        found: Rule | None = getattr(self, base)
        if found is None:
            raise ValueError(f"rules: {base} has no defaults; give it settings under [filter.{base}]")
        if variant:
            changed = pydantic.TypeAdapter(type(found)).dump_python(found, mode="json") | (variant.model_extra or {})
            try:
                found = pydantic.TypeAdapter(type(found)).validate_json(json.dumps(changed), strict=True)
            except pydantic.ValidationError as invalid:
                error = invalid.errors(include_url=False)[0]
                raise ValueError(f"variants.{name}.{'.'.join(map(str, error['loc']))}: {error['msg']}") from None
        return found


class RepeatedLines(Settings):
    documents: Annotated[int, Field(ge=0)] = 0
    """Cut lines that are found in so many documents or more, save in the first that has them; 0: cut none. They are cut
    before documents are compared and tokenized; the spans are recorded."""
    min_chars: Annotated[int, Field(ge=1)] = 20
    """Only lines of so many letters and digits: shorter ones recur because they are short. From 10 on, half of what
    would be cut from our trial pages was code, headings and the formulas of laws."""


class Dedup(Settings):
    minhash: MinHash = MinHash()
    threshold: Annotated[float, Field(ge=0.1, le=0.99)] | None = None
    """Choose bands and rows for this similarity, in place of `minhash`'s own; `minamoto dedup --curve` shows them."""
    permutations: Annotated[int, Field(ge=2, le=4096)] = 128
    """How many the bands and rows for a threshold may use up. 128 is datasketch's default."""
    key: Fold = Fold()
    """What two texts may differ in and yet be equal."""
    verify: Literal["signature", "shingles"] = "signature"
    """How alike two candidates are: estimated from their signatures, with a standard error of 0.04 at 0.7, or Jaccard's
    index of their shingles itself. The shingles are kept for it, four bytes each: as much as the text."""
    min_similarity: Annotated[float, Field(ge=0, le=1)] = 0.7
    """A document goes only if it is at least this similar to the one that stays: bands also join by chance, and by way
    of others. 14 bands of 8 rows find half of the pairs of similarity 0.685."""
    urls: bool = False
    """Of documents with the same canonical URL keep one, however much they differ: for repeated crawls."""
    works: bool = True
    """Of documents of one work, by its DOI or another of its names, and in one language keep one, however much they
    differ: a paper as JATS, LaTeX and PDF. Pages of the web have no such names."""
    repeated_lines: RepeatedLines = RepeatedLines()
    representative: tuple[Literal["longest", "earliest", "latest", "source", "format", "score"], ...] = (
        "longest",
        "earliest",
    )
    """Which document of a cluster is kept: that with the longest text, the earliest or the latest crawl date, the best
    source, format or score; the first named before the second; among equals the first in the input. The longest is the
    least cut."""
    score: str = ""
    """What `score` prefers the highest of: a score that a rule of this recipe measures, as `quality.score`."""
    formats: tuple[str, ...] = ("jats", "latex", "pdf")
    """What `format` prefers, the best first; what is not named comes last."""
    sources: tuple[str, ...] = ()
    """Patterns (`curated-*`) of the names of input files for `source`, the best first; what none names comes last."""
    against: tuple[str, ...] = ()
    """Folders of corpora deduplicated before, in their order; the command line's --against takes their place. What they
    published stays, and new documents that are like it go."""
    bucket_rows: Annotated[int, Field(ge=1)] = 1 << 22
    """Rows that one grouping task holds, 16 bytes each; decides into how many buckets a band is cut, not the result."""

    @pydantic.model_validator(mode="after")
    def _score_is_named(self) -> Self:
        if "score" in self.representative and not self.score:
            raise ValueError("score: representative asks for the best, so name one")
        return self

    def lsh(self) -> MinHash:
        """The settings that count: those of `minhash`, or those that follow from the threshold."""
        return for_threshold(self.minhash, self.threshold, self.permutations) if self.threshold else self.minhash


class Tokenize(Settings):
    model: str = ""
    """A SentencePiece model, a Hugging Face `tokenizer.json`, or ranks of tiktoken's (`.tiktoken`); empty: train one on
    a sample of the kept text."""
    pattern: Literal["", "cl100k", "qwen"] = ""
    """Where ranks cut text before they merge. The published files are known by the number of their ranks."""
    algorithm: Literal["unigram", "bpe"] = "unigram"
    """Of a trained model, as all below. LLM-jp's are Unigram. BPE had 1-6% more characters a token on documents that
    were held out, and took three times as long to encode."""
    vocab_size: Annotated[int, Field(ge=300, le=2_000_000)] = 32_000
    """LLM-jp v2.2 has 48,586 pieces for ja, en and code together; ours has two languages."""
    sample_chars: dict[str, Annotated[int, Field(ge=1)]] = {"ja": 10_000_000, "en": 20_000_000}
    """How much text of each language a model is trained on, drawn by a hash of (seed, text); so the balance of the two.
    What Japanese says in one character takes English 2.6, counted on the Universal Declaration of Human Rights. Takes
    two seconds a million and ten bytes a character."""
    japanese_words: Literal["", "A", "B", "C"] = "C"
    """No piece reaches over the end of a word of SudachiPy's, in its short, middle or long units; for training only.
    LLM-jp v2 does so with MeCab. With "" phrases become pieces (することができます), and a Japanese token has 21-26%
    more characters; what a model learns from such pieces we have not measured."""
    max_piece_chars: Annotated[int, Field(ge=1, le=512)] = 16
    """LLM-jp v2 has 16 for English and 8 for Japanese. One run has one limit; in Japanese words are a stricter one."""
    character_coverage: Annotated[float, Field(ge=0.98, le=1)] = 0.9995
    """What share of the characters has pieces of its own; the rest falls back to bytes. SentencePiece's advice for
    Japanese."""
    symbols: tuple[Annotated[str, Field(min_length=1)], ...] = ()
    """Always pieces of their own. The placeholders of `pii` are, where that rule is in the recipe."""
    seed: Annotated[int, Field(ge=0, lt=1 << 63)] = 0
    """Of the sample, and of the order of documents in the shards."""
    shard_tokens: Annotated[int, Field(ge=1)] = 1 << 28
    """No shard is meant to hold more: 2**28 int32 tokens are 1 GiB."""
    batch_tokens: Annotated[int, Field(ge=1)] = 1 << 24
    """A record batch ends before it would hold more: 64 MiB, what a streaming reader has to hold."""
    scores: tuple[str, ...] | None = None
    """Scores that rules of this recipe measure, to stand in the provenance of every document. Where none are named:
    `language.wanted` and `quality.score`, if those rules are in the recipe."""


class Recipe(Settings):
    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]
    input: Input = Input()
    extract: Extract = Extract()
    filter: Filter = Filter()
    dedup: Dedup = Dedup()
    tokenize: Tokenize = Tokenize()


def load(path: Path) -> Recipe:
    """Read and check a recipe. Raises `UsageError` with the file, the key and what is wrong with it."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        near = ", ".join(sorted(str(p) for p in path.parent.glob("*.toml"))) or "none in that folder"
        raise UsageError(f"{path}: no such recipe (there: {near})") from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(f"{path}: not readable as TOML: {error}") from None
    return validated(path, table)


def validated(path: Path, table: dict[str, Any]) -> Recipe:
    """A recipe from its table. Raises `UsageError` with the file, the key and what is wrong with it."""
    try:
        # Through JSON, where an array may become a tuple: strict Python validation would refuse the list TOML gives.
        return Recipe.model_validate_json(json.dumps(table, default=str))
    except pydantic.ValidationError as invalid:
        lines = [f"{path}: {_explain(error)}" for error in invalid.errors(include_url=False)]
        more = f" (and {len(lines) - 1} more)" if len(lines) > 1 else ""
        raise UsageError(lines[0] + more) from None


def _explain(error: Any) -> str:
    where = [str(step) for step in error["loc"]]
    key = ".".join(where)
    if error["type"] in ("extra_forbidden", "unexpected_keyword_argument"):
        known = _keys_at(where[:-1])
        near = difflib.get_close_matches(where[-1], known, n=1)
        hint = f"did you mean {near[0]}?" if near else f"known here: {', '.join(known)}"
        return f"{key}: no such setting; {hint}"
    if error["type"] == "value_error":  # one of ours, which begins with the field
        return f"{key}.{error['ctx']['error']}"
    if error["type"] == "missing":
        return f"{key}: must be given"
    shown = repr(error["input"])
    return f"{key}: {error['msg'][0].lower()}{error['msg'][1:]}, not {shown if len(shown) < 60 else shown[:57] + '...'}"


def _keys_at(where: list[str]) -> list[str]:
    here: Any = Recipe(name="x")
    for step in where:
        here = getattr(here, step, None)
    if isinstance(here, pydantic.BaseModel):
        return list(type(here).model_fields)
    return list(getattr(here, "__dataclass_fields__", ()))
