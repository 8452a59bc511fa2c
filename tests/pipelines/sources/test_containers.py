import bz2
import io
import re
import subprocess
import sys
import tarfile
import zipfile
from itertools import pairwise
from pathlib import Path

import pytest
from archives import PACKED, gz, header, overlapping, tar, zip_of
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.sources import containers
from pipelines.sources.archive import Damaged
from pipelines.sources.containers import Member

LIMIT = 1 << 20
FILES = {"a.txt": b"one", "b/c.txt": b"two" * 500, "b/empty": b"", "日本.txt": "三".encode(), "z" * 150: b"long"}


def members(data: bytes, max_bytes: int = LIMIT) -> list[Member | Damaged]:
    return list(containers.tar_members(io.BytesIO(data), 0, len(data), len(data), max_bytes))


def in_zip(data: bytes, max_bytes: int = LIMIT) -> list[Member | Damaged]:
    return list(containers.zip_members(io.BytesIO(data), 0, containers.MAX_MEMBERS, len(data), max_bytes))


def contents(found: list[Member | Damaged]) -> dict[str, bytes]:
    return {item.name: item.payload for item in found if isinstance(item, Member)}


def damage(found: list[Member | Damaged]) -> list[str]:
    return [item.detail for item in found if isinstance(item, Damaged)]


# ---- compressed files ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ending", PACKED)
def test_a_file_is_inflated_by_what_it_begins_with(ending: str) -> None:
    data = b"some text " * 1000
    packed = PACKED[ending](data)
    assert containers.read_whole(io.BytesIO(packed), LIMIT) == (data, None)
    assert containers.read_whole(io.BytesIO(packed + packed), LIMIT) == (data * 2, None)
    assert containers.read_whole(io.BytesIO(packed), len(data)) == (data, None)
    assert containers.read_whole(io.BytesIO(packed), len(data) - 1) == (b"", "too_large")
    assert containers.head(io.BytesIO(packed), 9) == data[:9]


@pytest.mark.parametrize("ending", PACKED)
def test_what_is_cut_off_or_broken_is_told(ending: str) -> None:
    data = bytes(range(256)) * 4000
    packed = PACKED[ending](data)
    for broken in (packed[: len(packed) // 2], packed[:-1], packed[:4]):
        found, problem = containers.read_whole(io.BytesIO(broken), LIMIT)
        assert problem == "bad_encoding"
        assert data.startswith(found)


def test_a_file_that_is_not_compressed_is_itself() -> None:
    for data in (b"", b"a", b"BZ", b"text"):
        assert containers.read_whole(io.BytesIO(data), LIMIT) == (data, None)


def test_pzstd_begins_with_a_frame_to_be_skipped() -> None:
    packed = b"\x50\x2a\x4d\x18\x04\0\0\0\0\0\0\0" + PACKED[".zst"](b"text")
    assert containers.read_whole(io.BytesIO(packed), LIMIT) == (b"text", None)


@settings(max_examples=200)
@given(
    st.binary(max_size=300), st.sampled_from([b"", b"\x1f\x8b\x08\0\0\0\0\0\0\0", b"BZh91AY&SY", b"\x28\xb5\x2f\xfd"])
)
def test_any_bytes_are_read_or_told(raw: bytes, start: bytes) -> None:
    _, problem = containers.read_whole(io.BytesIO(start + raw), LIMIT)
    assert problem in (None, "bad_encoding", "too_large")


# ---- tar -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("format", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_the_files_of_a_tar(format: int) -> None:
    files = {name: content for name, content in FILES.items() if format != tarfile.USTAR_FORMAT or len(name) < 100}
    data = tar(files, format)
    found = members(data)
    assert contents(found) == files
    assert not damage(found)
    assert len({item.offset for item in found}) == len(files)
    for pack in PACKED.values():
        packed = pack(data)
        again = members(packed)
        assert contents(again) == files
        assert [(item.offset, item.inner) for item in again] == [(0, item.offset) for item in found]


def test_the_library_and_we_read_the_same() -> None:
    names = ["a", "b" * 99, "c" * 100, "d/" * 120 + "x", "é" * 60, "日本語" * 40]
    for format in (tarfile.GNU_FORMAT, tarfile.PAX_FORMAT):
        data = tar({name: name.encode() for name in names}, format)
        with tarfile.open(fileobj=io.BytesIO(data)) as archive:
            places = [(member.name, member.offset) for member in archive]
        assert [(item.name, item.offset) for item in members(data) if isinstance(item, Member)] == places


def test_links_folders_and_devices_are_passed_over() -> None:
    kinds = (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE)
    data = b"".join(header(f"x{kind!r}", 7 if kind == tarfile.LNKTYPE else 0, kind) for kind in kinds) + tar(FILES, 1)
    assert contents(members(data)) == FILES


def test_what_was_appended_to_a_tar_counts() -> None:
    assert contents(members(tar({"a": b"1"}) + tar({"b": b"2"}))) == {"a": b"1", "b": b"2"}
    assert damage(members(tar({"a": b"1"}) + b"and more")) != []


def test_nothing_is_in_an_empty_tar() -> None:
    assert members(b"") == members(tar({})) == members(gz(tar({}))) == []


def test_a_header_for_all_files_changes_none() -> None:
    pax = b"13 path=evil\n"
    data = header("g", len(pax), tarfile.XGLTYPE) + pax.ljust(512, b"\0") + tar(FILES, 1)
    assert contents(members(data)) == FILES


def test_a_member_too_large_is_named_and_passed_over() -> None:
    data = tar({"a": b"1", "b": b"2" * 5000, "c": b"3"})
    for form in (data, gz(data)):
        found = members(form, max_bytes=1000)
        assert contents(found) == {"a": b"1", "b": b"", "c": b"3"}
        assert [item.problem for item in found if isinstance(item, Member)] == [None, "too_large", None]


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9])
def test_a_tar_that_is_cut_off_gives_what_comes_before(share: float) -> None:
    files = {f"{number}.txt": b"x" * 700 for number in range(20)}
    data = tar(files).rstrip(b"\0") + b"\0"
    for form in (data, gz(data), bz2.compress(data)):
        found = members(form[: int(len(form) * share)])
        assert len(damage(found)) == 1
        assert isinstance(found[-1], Damaged)
        assert all(files[name] == content for name, content in contents(found).items())
    assert len(contents(members(data[: int(len(data) * share)]))) - int(len(data) * share) // 1536 in (0, 1)


@pytest.mark.parametrize(
    "evil",
    [
        header("x", -512),
        header("x", 1 << 60),
        header("x", 1 << 60, tarfile.XHDTYPE),
        header("x", 1 << 60, tarfile.GNUTYPE_LONGNAME),
        header("x", 12, tarfile.XHDTYPE) + b"no records".ljust(512, b"\0"),
        header("x", 12, tarfile.XHDTYPE) + b"0 a=b\n".ljust(512, b"\0"),
        header("x", 0, tarfile.GNUTYPE_SPARSE),
        b"\xff" * 512,
    ],
)
def test_headers_that_lie_end_the_tar_and_are_told(evil: bytes) -> None:
    start = tar({"a": b"1"}).rstrip(b"\0").ljust(1024, b"\0")
    for form in (start + evil + tar(FILES, 1), gz(start + evil + tar(FILES, 1))):
        found = members(form, max_bytes=1000)
        assert contents(found)["a"] == b"1"
        assert len(damage(found)) == 1
        assert list(containers.tar_cuts(io.BytesIO(form), 1)) in ([], [0], [1024])


def test_sparse_sizes_in_pax_headers_are_followed() -> None:
    pax = b"12 size=600\n"
    data = header("x", len(pax), tarfile.XHDTYPE) + pax.ljust(512, b"\0") + header("a", 0) + b"1" * 600 + b"\0" * 424
    assert contents(members(data + tar({"b": b"2"}))) == {"a": b"1" * 600, "b": b"2"}


def cut(data: bytes, part_bytes: int) -> list[Member | Damaged]:
    edges = [0, *containers.tar_cuts(io.BytesIO(data), part_bytes), len(data)]
    assert edges == sorted(edges)
    parts = [containers.tar_members(io.BytesIO(data), a, b, len(data), 3000) for a, b in pairwise(edges)]
    return [item for part in parts for item in part]


@settings(max_examples=100)
@given(
    sizes=st.lists(st.integers(0, 4000), max_size=8),
    part_bytes=st.integers(1, 20_000),
    format=st.sampled_from([tarfile.GNU_FORMAT, tarfile.PAX_FORMAT]),
    at=st.floats(0, 1),
    noise=st.binary(max_size=600),
)
def test_spans_of_a_tar_together_give_what_it_gives(
    sizes: list[int], part_bytes: int, format: int, at: float, noise: bytes
) -> None:
    data = bytearray(tar({f"{'名' * (size % 90)}{number}": bytes(size) for number, size in enumerate(sizes)}, format))
    place = int(at * len(data))
    data[place : place + len(noise)] = noise
    found = members(bytes(data), max_bytes=3000)
    assert cut(bytes(data), part_bytes) == found
    assert len(damage(found)) <= 1


# ---- zip -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_the_files_of_a_zip(method: int) -> None:
    assert contents(in_zip(zip_of(FILES, method))) == FILES
    assert contents(in_zip(b"a program before it" + zip_of(FILES, method))) == FILES
    assert in_zip(zip_of({})) == in_zip(zip_of({"folder/": b""})) == []


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_methods_that_cannot_be_bounded_are_damage(method: int) -> None:
    found = in_zip(zip_of({"a": b"1"}, method))
    assert damage(found) == [f"a file in the zip: packed by method {method}"]


def test_an_encrypted_member_is_damage_and_the_others_are_unharmed() -> None:
    data = bytearray(zip_of({"a": b"1", "b": b"2"}))
    for at in (data.index(b"PK\3\4") + 6, data.index(b"PK\1\2") + 8):
        data[at] |= 1
    found = in_zip(bytes(data))
    assert "encrypted" in damage(found)[0]
    assert contents(found) == {"b": b"2"}


def test_a_directory_that_lies_about_sizes() -> None:
    data = bytearray(zip_of({"a": b"1" * 5000, "b": b"2"}))
    at = data.index(b"PK\1\2") + 24
    for size in (10, 100_000, 1 << 30):
        data[at : at + 4] = size.to_bytes(4, "little")
        found = in_zip(bytes(data))
        assert contents(found)["b"] == b"2"
        assert contents(found).get("a") in (b"1" * 5000, b"", None)
        assert ("a" in contents(found)) != bool(damage(found))


def test_a_member_of_a_zip_too_large_is_named() -> None:
    found = in_zip(zip_of({"a": b"1" * 2000, "b": b"2"}), max_bytes=1000)
    assert [(item.name, item.problem) for item in found if isinstance(item, Member)] == [
        ("a", "too_large"),
        ("b", None),
    ]


@pytest.mark.parametrize("data", [b"", b"PK\3\4", zip_of(FILES)[:-30], zip_of(FILES)[:40], b"PK\5\6" + b"\xff" * 40])
def test_no_zip_is_one_damage(data: bytes) -> None:
    assert len(damage(in_zip(data))) == 1
    assert list(containers.zip_cuts(io.BytesIO(data), 1)) == [0]


def test_a_directory_larger_than_its_limit_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(containers, "MAX_DIRECTORY", 100)
    assert damage(in_zip(zip_of(FILES))) == ["no readable zip (a directory of 409 bytes)"]


@settings(max_examples=100)
@given(
    sizes=st.lists(st.integers(0, 3000), max_size=8),
    part_bytes=st.integers(1, 5000),
    at=st.floats(0, 1),
    noise=st.binary(max_size=40),
)
def test_spans_of_a_zip_together_give_what_it_gives(sizes: list[int], part_bytes: int, at: float, noise: bytes) -> None:
    data = bytearray(zip_of({f"{number}.txt": bytes(range(256)) * size for number, size in enumerate(sizes)}))
    place = int(at * len(data))
    data[place : place + len(noise)] = noise
    edges = [0, *containers.zip_cuts(io.BytesIO(data), part_bytes)]
    parts = [containers.zip_members(io.BytesIO(data), a, b, len(data), 300_000) for a, b in pairwise(edges)]
    found = [item for part in parts for item in part]
    assert found == in_zip(bytes(data), 300_000)
    assert all(0 <= item.offset <= len(data) for item in found)


# ---- bombs -----------------------------------------------------------------------------------------------------------

MEASURE = """
import os, re, sys
from pathlib import Path
from pipelines.sources import containers
from pipelines.sources.archive import Damaged
file = open(sys.argv[1], "rb")
size = os.fstat(file.fileno()).st_size
read = containers.zip_members if sys.argv[1].endswith(".zip") else containers.tar_members
found, damage = 0, []
for item in read(file, 0, 1 << 40, size, 64 << 20):
    found += 1
    damage += [item.detail] if isinstance(item, Damaged) else []
# Not ru_maxrss, which a process takes over from the one that started it.
print(found, re.search("VmHWM:\\\\s*(\\\\d+)", Path("/proc/self/status").read_text())[1], *damage[:1])
"""


def measured(path: Path, data: bytes) -> tuple[int, int, str]:
    """Items found, MB of memory, the first damage."""
    path.write_bytes(data)
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, path], capture_output=True, text=True, check=True, timeout=120
    )
    found, memory, *words = done.stdout.split()
    return int(found), int(memory) // 1000, " ".join(words)


def test_a_deflate_bomb_is_too_large_and_takes_no_memory(tmp_path: Path) -> None:
    bomb = zip_of({"a.txt": bytes(200 << 20), "b.txt": b"2"})
    found, memory, said = measured(tmp_path / "a.zip", bomb)
    assert (found, said) == (2, "")
    assert memory < 150


def test_a_bomb_of_overlapping_members_ends(tmp_path: Path) -> None:
    found, memory, said = measured(tmp_path / "a.zip", overlapping(8 << 20, 5000))
    assert found < 40
    assert "cannot be read on" in said or "Overlapped" in said
    assert memory < 200


@pytest.mark.parametrize("header_first", [True, False])
def test_a_tar_that_inflates_a_thousandfold_ends(tmp_path: Path, header_first: bool) -> None:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as archive:
        member = tarfile.TarInfo("a.txt")
        member.size = 300 << 20
        archive.addfile(member, io.BytesIO(bytes(member.size)))
    data = gz(bytes(300 << 20)) if not header_first else stream.getvalue()
    found, memory, said = measured(tmp_path / "a.tar.gz", data)
    assert found == (2 if header_first else 1)
    assert re.search("inflates to more than 200 times its size", said)
    assert memory < 150
