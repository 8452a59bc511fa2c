import pyarrow as pa
import xxhash
from hypothesis import given, settings
from hypothesis import strategies as st

from dedup import exact, shingles


@settings(deadline=None)
@given(st.lists(st.text(max_size=20), max_size=8))
def test_hashes_are_xxh3_128_of_the_key(texts: list[str]) -> None:
    keys = [shingles.key(text) for text in texts]
    hashes = exact.text_hashes(keys)
    assert hashes == [xxhash.xxh3_128(key.encode("utf-8")).digest() for key in keys]
    assert len(pa.array(hashes, pa.binary(16))) == len(texts)


def test_texts_with_equal_keys_are_equal_and_a_voice_mark_is_a_difference() -> None:
    same = exact.text_hashes([shingles.key(text) for text in ("ﾊﾞｽ 停、", "バス 停", "ハ\u3099ス\n停。")])
    assert len(set(same)) == 1
    assert exact.text_hashes([shingles.key("パス停")])[0] != same[0]
