"""What travels to a cluster is what was named and nothing else; what happens there is told here."""

import argparse
import types
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from pipelines.cluster import submit
from pipelines.errors import Stop, UsageError
from pipelines.options import parser

HEAD = "http://head:8265"


def options(*words: str) -> argparse.Namespace:
    return parser().parse_args(["run", "--ray", HEAD, *words])


def test_the_job_runs_the_same_command_with_absolute_paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    args = options(
        "--recipe", "recipes/web.toml", "--out", "out/web", "--input", "a/*.warc.gz", "s3://crawl/b", "--rebuild"
    )
    assert submit.command(args) == [
        "run", "--ray", "auto", "--recipe", "web.toml", "--out", f"{tmp_path}/out/web",
        "--input", f"{tmp_path}/a/*.warc.gz", "s3://crawl/b", "--rebuild",
    ]  # fmt: skip
    again = parser().parse_args(submit.command(args))
    assert (again.ray, again.rebuild, again.inline) == ("auto", True, False)


@pytest.mark.parametrize("url", ["s3://key:secret@bucket/x", "https://user:secret@host/x"])
def test_credentials_do_not_become_part_of_a_job(url: str) -> None:
    with pytest.raises(UsageError, match="credentials in a path") as stop:
        submit.command(options("--recipe", "r.toml", "--out", "o", "--input", url))
    assert "secret" not in str(stop.value)


def recipe(folder: Path, words: str) -> Path:
    path = folder / "mine.toml"
    path.write_text(words)
    return path


def names(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_code_the_recipe_and_the_files_it_names_travel_and_no_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work, folder = tmp_path / "work", tmp_path / "travels"
    (work / "models").mkdir(parents=True)
    folder.mkdir()
    monkeypatch.chdir(work)
    for name in (".env", "models/mine.model", "models/other.model", "../above.txt"):
        Path(name).write_text("x")
    where = recipe(work, f"""
        name = "mine"
        [tokenize]
        model = "models/mine.model"
        [filter.hosts]
        lists = ["../above.txt", "{work}/models/other.model", "models/none.txt", "models", ""]
    """)  # fmt: skip
    submit.stage_files(where, folder)
    ours = {name for name in names(folder) if name.split("/")[0] in submit.PACKAGES}
    assert names(folder) - ours == {"mine.toml", "models/mine.model"}
    assert "pipelines/__main__.py" in ours
    assert not any("__pycache__" in name or "/." in name for name in ours)
    assert sum((folder / name).stat().st_size for name in ours) < 20 << 20, "Ray keeps this in the head's memory"


def test_what_is_too_large_to_travel_is_said_before_it_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(submit, "MOST_BYTES", 1 << 10)
    (tmp_path / "travels").mkdir()
    with pytest.raises(UsageError, match="put the large ones where every node has them"):
        submit.stage_files(recipe(tmp_path, 'name = "mine"'), tmp_path / "travels")


class Client:
    """A cluster whose jobs end as told, one after the other; None is a driver that was killed."""

    def __init__(self, *ends: Any, log: tuple[str, ...] = ("extract: 1/1\n",), cuts: int = 0) -> None:
        self.ends, self.log, self.cuts, self.jobs = list(ends), log, cuts, list[Any]()

    def submit_job(self, **job: Any) -> str:
        self.jobs.append(job)
        return f"job-{len(self.jobs)}"

    async def tail_job_logs(self, job: str) -> AsyncIterator[str]:
        for number, piece in enumerate(self.log):
            if self.cuts and number == len(self.log) - 1:
                self.cuts -= 1
                self.half = True
                raise RuntimeError("WebSocket connection closed unexpectedly")
            yield piece
        self.half = False

    def get_job_info(self, job: str) -> Any:
        if self.half:
            return types.SimpleNamespace(status=Status("RUNNING"))
        status, code = self.ends[len(self.jobs) - 1]
        return types.SimpleNamespace(status=Status(status), driver_exit_code=code, error_type=None, message="")


class Status(str):
    def is_terminal(self) -> bool:
        return self != "RUNNING"


def run(client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(submit, "_client", lambda address: client)
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    where = recipe(tmp_path, 'name = "mine"')
    return submit.submit(HEAD, options("--recipe", str(where), "--out", str(tmp_path / "o"), "--input", "/x"))


@pytest.mark.parametrize(
    ("end", "status"),
    [(("SUCCEEDED", 0), 0), (("FAILED", 1), 1), (("FAILED", 3), 3), (("STOPPED", None), 143), (("FAILED", 143), 143)],
)
def test_the_status_of_the_command_is_that_of_the_job(
    end: Any, status: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    client = Client(end)
    assert run(client, tmp_path, monkeypatch) == status
    assert len(client.jobs) == 1
    said = capsys.readouterr()
    assert "job-1" in said.err
    assert said.out == "extract: 1/1\n"


def test_a_killed_driver_is_submitted_again_but_not_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    client = Client(("FAILED", -9), ("FAILED", None), ("SUCCEEDED", 0))
    assert run(client, tmp_path, monkeypatch) == 0
    assert len(client.jobs) == 3
    assert client.jobs[0]["entrypoint"] == client.jobs[2]["entrypoint"]
    assert "the driver of job-1 was killed; submitted again" in capsys.readouterr().err
    client = Client(*[("FAILED", 137)] * 9)
    assert run(client, tmp_path, monkeypatch) == 1
    assert len(client.jobs) == 1 + submit.RESUBMISSIONS
    assert "given up" in capsys.readouterr().err


def test_a_log_that_is_cut_off_goes_on_where_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    client = Client(("SUCCEEDED", 0), log=("one\n", "two\n", "three\n"), cuts=2)
    assert run(client, tmp_path, monkeypatch) == 0
    assert capsys.readouterr().out == "one\ntwo\nthree\n"


def test_no_environment_of_ours_goes_into_the_job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hush")
    client = Client(("SUCCEEDED", 0))
    run(client, tmp_path, monkeypatch)
    assert "hush" not in repr(client.jobs)
    assert set(client.jobs[0]["runtime_env"]) == {"working_dir"}


def test_a_cluster_that_is_not_there_is_one_clear_line() -> None:
    def refuse() -> None:
        raise ConnectionError("Failed to connect\n to Ray at address: http://head:8265.")

    with pytest.raises(Stop, match=r"^http://head:8265: Failed to connect to Ray at address"):
        submit._answer(HEAD, refuse)
