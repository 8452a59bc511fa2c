from dataclasses import asdict
from pathlib import Path

import pytest

from pipelines import recipe
from pipelines.errors import UsageError
from pipelines.extract.guard import Limits
from pipelines.extract.html import HtmlSettings
from pipelines.recipe import Recipe

ROOT = Path(__file__).parent.parent.parent


def load(tmp_path: Path, text: str) -> Recipe:
    path = tmp_path / "r.toml"
    path.write_text(text, encoding="utf-8")
    return recipe.load(path)


@pytest.mark.parametrize("path", sorted((ROOT / "recipes").glob("*.toml")), ids=lambda path: path.stem)
def test_the_recipes_we_ship_load_under_their_own_name(path: Path) -> None:
    assert recipe.load(path).name == path.stem


def test_a_name_is_enough_and_everything_else_has_a_default(tmp_path: Path) -> None:
    assert load(tmp_path, 'name = "x"') == Recipe(name="x")


def test_settings_of_rules_and_of_minhash_are_read(tmp_path: Path) -> None:
    loaded = load(
        tmp_path,
        """
        name = "x"
        [input]
        paths = ["a/*.warc.gz", "b"]
        [filter]
        rules = ["length", "language"]
        [filter.language]
        keep = ["ja"]
        min_score = 1
        [dedup.minhash]
        bands = 20
        """,
    )
    assert loaded.input.paths == ("a/*.warc.gz", "b")
    assert loaded.filter.rules == ("length", "language")
    assert (loaded.filter.language.keep, loaded.filter.language.min_score) == (("ja",), 1.0)
    assert (loaded.dedup.minhash.bands, loaded.dedup.minhash.rows) == (20, 8)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[filter.length]\nmin_char = 1", ["filter.length.min_char", "no such setting", "did you mean min_chars"]),
        ("[filter.lenght]", ["filter.lenght", "did you mean length?"]),
        ("[dedup.minhash]\nband = 1", ["dedup.minhash.band", "did you mean bands?"]),
        ("[dedup.minhash]\nbands = 0", ["dedup.minhash", "bands"]),
        ("[filter.language]\nmin_score = 2.0", ["filter.language", "min_score"]),
        ('[filter.language]\nmin_score = "0.5"', ["filter.language.min_score", "'0.5'"]),
        ("[filter.language]\nmin_score = nan", ["filter.language.min_score"]),
        ("[extract]\nprescreen = 1", ["extract.prescreen", "boolean"]),
        ("[tokenize]\nvocab_size = 1e5", ["tokenize.vocab_size"]),
        ("[tokenize]\nseed = 1979-05-27", ["tokenize.seed", "1979-05-27"]),
        ('[filter]\nrules = ["x"]', ["filter.rules: no such rule as 'x'", "language, length"]),
        ('[filter]\nrules = ["length", "length"]', ["filter.rules: 'length' is named twice", "variants"]),
        ('[filter]\nrules = ["y"]\n[filter.variants.y]\nrule = "x"', ["filter.rules: no such rule as 'x'"]),
        (
            '[filter]\nrules = ["y"]\n[filter.variants.y]\nrule = "length"\nmin_chars = "a"',
            ["filter.variants.y.min_chars"],
        ),
        ("[input]\nzzz = 1\nqqq = 2", ["input.zzz", "known here: paths, part_bytes", "(and 1 more)"]),
    ],
)
def test_a_mistake_is_one_line_with_file_and_key(tmp_path: Path, text: str, words: list[str]) -> None:
    with pytest.raises(UsageError) as error:
        load(tmp_path, f'name = "x"\n{text}')
    line = str(error.value)
    assert "\n" not in line
    for word in ["r.toml", *words]:
        assert word in line


def test_the_defaults_of_extract_are_those_of_the_extractor_and_its_guard() -> None:
    extract = Recipe(name="x").extract.model_dump()
    del extract["max_file_bytes"], extract["pdf"]  # what is read at all
    extract |= {"languages": Recipe(name="x").filter.language.keep, "model": Recipe(name="x").filter.language.model}
    assert extract == asdict(HtmlSettings()) | asdict(Limits())


def test_a_threshold_takes_the_place_of_bands_and_rows(tmp_path: Path) -> None:
    dedup = load(tmp_path, 'name = "x"\n[dedup]\nthreshold = 0.8\npermutations = 256\n[dedup.minhash]\nseed = 3').dedup
    assert (dedup.lsh().bands, dedup.lsh().rows, dedup.lsh().seed) != (14, 8, 3)
    assert dedup.lsh().seed == 3
    assert Recipe(name="x").dedup.lsh() == Recipe(name="x").dedup.minhash
