"""Train a small GPT on token shards; stop it, and go on with another number of processes. See README.md beside this.

    python examples/train/train.py --out OUT --plan PLAN --state STATE --steps 60
    python -m torch.distributed.run --standalone --nproc-per-node 2 examples/train/train.py …

STATE gets model.pt, state.json (the plan's digest and the next sample) and samples-RANK.jsonl: for every sample that
was trained on its step, its number and the SHA-256 of its tokens and labels. The global batch is 16 samples, whatever
the number of processes.
"""

import argparse
import hashlib
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
import torch.distributed
from torch.nn import functional
from torch.utils.data import DataLoader

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from examples.train.gpt import GPT
from tokenizer import planfile
from tokenizer.loader import INSIDE
from tokenizer.torch import Batches

BATCH = 16


def main() -> None:
    options = argparse.ArgumentParser(description="Train a small GPT on token shards.")
    options.add_argument("--out", required=True, type=Path, help="the corpus")
    options.add_argument("--plan", required=True, type=Path, help="the order of its tokens")
    options.add_argument("--state", required=True, type=Path, help="where the state of the job is kept")
    options.add_argument("--steps", required=True, type=int, help="train until so many steps are done in all")
    options.add_argument("--reader", choices=["plan", "datasets"], default="plan", help="who reads the shards")
    args = options.parse_args()
    rank, world_size = int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1))
    torch.set_num_threads(1)
    if world_size > 1:
        torch.distributed.init_process_group("gloo")
    try:
        train(args, rank, world_size)
    finally:
        if world_size > 1:
            torch.distributed.destroy_process_group()


def train(args: argparse.Namespace, rank: int, world_size: int) -> None:
    args.state.mkdir(parents=True, exist_ok=True)
    plan = planfile.load(args.plan, args.out, check="digest")
    state_file, model_file = args.state / "state.json", args.state / "model.pt"
    torch.manual_seed(0)
    model = GPT(next(iter(plan.sources.values())).shards.vocab_size, plan.settings.seq_len)
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3)
    state = plan.state_dict(0)
    if state_file.exists():
        state = json.loads(state_file.read_text())
        saved = torch.load(model_file, weights_only=True)
        model.load_state_dict(saved["model"])
        optimizer.load_state_dict(saved["optimizer"])
    start = plan.resume(state)
    if args.reader == "datasets":
        batches = through_datasets(args.out, plan.settings.seq_len)
    else:
        data = Batches(plan, BATCH, rank, world_size, start)
        batches = iter(DataLoader(data, batch_size=None, num_workers=2))
    with (args.state / f"samples-{rank}.jsonl").open("a") as log:
        for step in range(start // BATCH, args.steps):
            batch = next(batches)
            loss = learn(model, optimizer, batch, world_size)
            for k, ids, labels in zip(batch["samples"], batch["input_ids"], batch["labels"], strict=True):
                digest = hashlib.sha256(ids.numpy().tobytes() + labels.numpy().tobytes()).hexdigest()
                log.write(json.dumps({"step": step, "sample": k, "sha256": digest, "ranks": world_size}) + "\n")
            if not rank:
                print(f"step {step} loss {loss:.4f} of {world_size} processes", flush=True)
            state = batch["state"]
    if state and not rank:
        torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict()}, model_file)
        state_file.write_text(json.dumps(state))
    if world_size > 1:
        torch.distributed.barrier()  # nobody leaves before the state is written


def learn(model: GPT, optimizer: torch.optim.Optimizer, batch: dict[str, Any], world_size: int) -> float:
    """One step over the whole global batch: every label counts the same, in whichever process it is."""
    logits = model(batch["input_ids"], batch["position_ids"], batch["cu_seqlens"])
    total = functional.cross_entropy(logits.flatten(0, 1), batch["labels"].flatten(), reduction="sum")
    sums = torch.tensor([total.item(), float((batch["labels"] != -100).sum())], dtype=torch.float64)
    if world_size > 1:
        torch.distributed.all_reduce(sums)
    optimizer.zero_grad()
    (total / sums[1].item()).backward()
    if world_size > 1:
        for parameter in model.parameters():
            torch.distributed.all_reduce(parameter.grad)
    optimizer.step()
    return float(sums[0] / sums[1])


def through_datasets(out: Path, seq_len: int) -> Iterator[dict[str, Any]]:
    """The same files mapped by Hugging Face `datasets`, its documents end to end: for those who have a loader of their
    own. No masks, no mixture, no way back to documents."""
    import datasets

    rows = datasets.load_from_disk(str(out / INSIDE / "data")).with_format("torch")
    size = BATCH * seq_len
    waiting = torch.empty(0, dtype=torch.int64)
    number = 0
    while True:
        for row in rows:
            waiting = torch.cat([waiting, row["input_ids"].to(torch.int64)])
            while len(waiting) > size:
                ids, labels, waiting = waiting[:size], waiting[1 : size + 1], waiting[size:]
                yield {
                    "input_ids": ids.view(BATCH, -1), "labels": labels.view(BATCH, -1),
                    "position_ids": torch.arange(seq_len).expand(BATCH, -1),
                    "cu_seqlens": torch.arange(0, size + 1, seq_len, dtype=torch.int32),
                    "samples": range(number, number + BATCH), "state": {},
                }  # fmt: skip
                number += BATCH


if __name__ == "__main__":
    main()
