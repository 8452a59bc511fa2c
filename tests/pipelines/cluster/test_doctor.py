"""The doctor says ok, warn or fail, and with the last two what to do."""

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from pipelines.cluster import doctor
from pipelines.cluster.doctor import Finding, Probe
from pipelines.cluster.listeners import Listener

GB = 1 << 30
WELL: dict[str, Any] = {
    "host": "a", "python": "3.11.7", "libraries": {"ray": "2.60.0", "pyarrow": "26.0.1", "numpy": "2.4.6", "lxml": "6"},
    "code": "abc", "listeners": [], "auth": "token", "token_file": "/r/token", "token_file_mode": "0600",
    "usage_stats": "0", "cpus": 2, "memory": 8 * GB, "shm": GB, "files": 65536, "out": None,
}  # fmt: skip


def found(*nodes: Any, mark: Probe | None = None, wrote: tuple[str, ...] = ()) -> dict[str, Finding]:
    says = list(doctor.findings({f"n{i}": node for i, node in enumerate(nodes)}, mark, list(wrote)))
    assert all(one.do for one in says if one.level != "ok"), "said what is wrong but not what to do"
    return {one.what: one for one in says}


def worst(says: dict[str, Finding]) -> set[str]:
    return {what for what, one in says.items() if one.level != "ok"}


def test_all_is_well() -> None:
    says = found(WELL, WELL)
    assert not worst(says)
    assert doctor.status(list(says.values())) == 0


@pytest.mark.parametrize(
    ("change", "what", "level", "do"),
    [
        ({"python": "3.12.1"}, "python", "fail", "one Python"),
        ({"code": "other"}, "our code", "fail", "same checkout"),
        ({"libraries": WELL["libraries"] | {"pyarrow": "25"}}, "pyarrow", "fail", "requirements.txt"),
        ({"libraries": WELL["libraries"] | {"lxml": "5"}}, "libraries", "warn", "requirements.txt"),
        ({"token_file_mode": "0644"}, "n1 token file", "fail", "chmod 600 /r/token"),
        ({"usage_stats": ""}, "n1 telemetry", "warn", "RAY_USAGE_STATS_ENABLED=0"),
        ({"memory": GB}, "n1 memory", "warn", "fewer"),
        ({"shm": 64 << 20}, "n1 /dev/shm", "warn", "--shm-size"),
        ({"files": 4096}, "n1 ulimit -n", "warn", "ulimit -n 65536"),
        ({"files": 256}, "n1 ulimit -n", "fail", "ulimit -n 65536"),
        ({"auth": "disabled"}, "n1 listeners", "warn", "RAY_AUTH_MODE=token"),
    ],
)
def test_what_is_wrong_on_one_node_is_named_with_what_to_do(
    change: dict[str, Any], what: str, level: str, do: str
) -> None:
    says = found(WELL, WELL | change)
    assert worst(says) == {what}
    assert says[what].level == level
    assert do in says[what].do


@pytest.mark.parametrize(("address", "level"), [("0.0.0.0", "fail"), ("127.0.0.1", "warn")])
def test_jobs_that_anyone_may_submit_fail_beyond_loopback(address: str, level: str) -> None:
    heard = asdict(Listener("ray/dashboard", address, 8265, "open"))
    says = list(doctor.findings({"n": WELL | {"auth": "disabled", "listeners": [heard]}}, None, []))
    assert any(one.level == level and f"{address}:8265 runs jobs for anyone" in one.says for one in says)
    assert doctor.status(says) == (level == "fail")


def test_a_node_that_cannot_be_asked_is_a_failure_with_its_reason() -> None:
    says = found(WELL, "The node is dead")
    assert says["node n1"].level == "fail"
    assert says["node n1"].says == "The node is dead"
    assert worst(found("gone")) == {"node n0"}


def probed(**change: Any) -> dict[str, Any]:
    return WELL | {"out": {"error": "", "sees": True, "wrote": "w", "free": 99 * GB} | change}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"sees": False}, "another folder"),
        ({"wrote": "elsewhere"}, "another folder"),
        ({"error": "Read-only file system"}, "Read-only"),
        ({"free": 1 << 20}, "0.0 GB free"),
    ],
)
def test_a_node_with_another_folder_at_that_place_fails(change: dict[str, Any], says: str, tmp_path: Path) -> None:
    given = found(probed(), probed(**change), mark=Probe(tmp_path, "x"), wrote=("w",))
    assert worst(given) == {"n1 --out"}
    assert given["n1 --out"].level == "fail"
    assert says in given["n1 --out"].says


def test_the_facts_of_this_machine_are_plain_data(tmp_path: Path) -> None:
    mark = Probe(tmp_path, "me")
    mark.write("driver")
    facts = json.loads(json.dumps(doctor.facts(mark)))
    assert facts["out"]["sees"]
    assert facts["out"]["wrote"] in mark.seen()
    assert facts["memory"] > 0
    assert facts["libraries"]["pyarrow"]
    mark.clear()
    assert not list((tmp_path / "log").iterdir())
    assert not doctor.facts(Probe(tmp_path / "none", "me"))["out"]["sees"]


def test_the_digest_of_the_code_follows_its_content(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "pipelines").mkdir()
    monkeypatch.setattr(doctor, "__file__", str(tmp_path / "pipelines/cluster/doctor.py"))
    before = doctor.code_digest()
    (tmp_path / "pipelines/x.py").write_text("1")
    after = doctor.code_digest()
    (tmp_path / "pipelines/x.pyc").write_text("1")
    assert before != after == doctor.code_digest()


def test_the_private_ray_of_this_machine_is_behind_a_token_and_says_what_it_opens(
    minamoto: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("RAY_AUTH_MODE", "RAY_AUTH_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    ran = minamoto("doctor", "--out", tmp_path / "out", "--json")
    says = {one["what"].split(" ", 1)[-1]: one for one in json.loads(ran.out)["findings"]}
    assert says["listeners"]["level"] == "ok"
    assert "raylet" in says["listeners"]["says"]
    assert "(open)" not in says["listeners"]["says"]
    assert says["telemetry"]["level"] == "ok"
    assert says["--out"]["level"] in ("ok", "warn")
    assert not list(tmp_path.rglob("auth_token")), "a token in a file that others may read"
