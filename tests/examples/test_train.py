"""The training job of examples/train; PyTorch is not among our libraries, see the README there."""

import importlib.util
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from conftest import ROOT
from tokenizer.planfile import load

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not importlib.util.find_spec("torch"), reason="PyTorch is not installed (torch==2.13.0)"),
]

PLAN = ROOT / "examples/train/plan.toml"


def train(out: Path, state: Path, steps: int, processes: int = 1, reader: str = "plan") -> list[float]:
    """The losses that the job prints."""
    launcher = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(processes)]
    job = ["examples/train/train.py", "--out", str(out), "--plan", str(PLAN), "--state", str(state)]
    words = [*(launcher if processes > 1 else []), *job, "--steps", str(steps), "--reader", reader]
    ran = subprocess.run([sys.executable, *words], cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert ran.returncode == 0, ran.stderr
    return [float(loss) for loss in re.findall(r"loss (\S+)", ran.stdout)]


def seen(state: Path) -> dict[int, tuple[int, str]]:
    """Step and digest of every sample trained on."""
    lines = [json.loads(line) for path in state.glob("samples-*.jsonl") for line in path.read_text().splitlines()]
    found = {line["sample"]: (line["step"], line["sha256"]) for line in lines}
    assert len(found) == len(lines)
    return found


def test_a_job_goes_on_with_two_processes_as_if_it_had_not_stopped(demo_out: Path, tmp_path: Path) -> None:
    whole = train(demo_out, tmp_path / "one", 16)
    parts = train(demo_out, tmp_path / "two", 8) + train(demo_out, tmp_path / "two", 16, processes=2)
    assert whole[-1] < whole[0] - 0.5
    assert parts == pytest.approx(whole, abs=0.01)
    assert seen(tmp_path / "one") == seen(tmp_path / "two")
    assert sorted(seen(tmp_path / "two")) == list(range(16 * 16))
    states = [json.loads((tmp_path / name / "state.json").read_text()) for name in ("one", "two")]
    assert states == [{"plan": load(PLAN, demo_out).digest, "next_sample": 256}] * 2


def test_the_same_files_train_through_datasets(demo_out: Path, tmp_path: Path) -> None:
    pytest.importorskip("datasets")
    losses = train(demo_out, tmp_path / "three", 16, reader="datasets")
    assert losses[-1] < losses[0] - 0.5


@pytest.mark.filterwarnings("ignore:This DataLoader will create")  # more workers than a small machine has CPUs
def test_workers_and_ranks_share_every_batch(demo_out: Path) -> None:
    from torch.utils.data import DataLoader

    from tokenizer.torch import Batches, Samples

    plan = load(PLAN, demo_out)
    samples = Samples(plan)
    for world_size, workers, start in [(1, 0, 0), (2, 3, 32), (4, 2, 5)]:
        ranks = [
            list(DataLoader(Batches(plan, 8, rank, world_size, start), batch_size=None, num_workers=workers))
            for rank in range(world_size)
        ]
        for step, parts in enumerate(zip(*ranks, strict=True)):
            numbers = [k for part in parts for k in part["samples"]]
            assert numbers == list(range(start + step * 8, start + step * 8 + 8))
            assert all(part["state"] == plan.state_dict(numbers[-1] + 1) for part in parts)
            for part in parts:
                length = part["input_ids"].shape[1]
                assert part["cu_seqlens"][0] == 0
                assert part["cu_seqlens"][-1] == length * len(part["samples"])
                for place, k in enumerate(part["samples"]):
                    assert part["input_ids"][place].equal(samples[k]["input_ids"])
                    assert part["labels"][place].equal(samples[k]["labels"])
                    assert part["rows"][place] == plan.rows(k).tolist()
    with pytest.raises(ValueError, match="cannot be shared by 3 ranks"):
        Batches(plan, 8, 0, 3)
    with pytest.raises(ValueError, match="rank: must be from 0 to 1"):
        Batches(plan, 8, 2, 2)
