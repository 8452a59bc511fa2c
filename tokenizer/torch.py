"""A plan as PyTorch data sets. The only file that needs torch.

`Samples` is for a DataLoader with a sampler of your own; `Batches` gives a job its global batches in the order of the
plan, whatever the number of ranks and of DataLoader workers:

    data = Batches(plan, batch=64, rank=rank, world_size=world_size, start=plan.resume(state) if state else 0)
    for batch in DataLoader(data, batch_size=None, num_workers=4):
        ...
        state = batch["state"]  # after this batch; save it with the weights
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch  # type: ignore[import-not-found, unused-ignore]
from torch.utils.data import Dataset, IterableDataset, get_worker_info  # type: ignore[import-not-found, unused-ignore]

from tokenizer.plan import Plan, Sample


class Samples(Dataset):  # type: ignore[misc, unused-ignore]
    """Sample k of the plan as tensors: `input_ids`, `labels`, `position_ids` (int64[seq_len]), `cu_seqlens` (int32)."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan

    def __len__(self) -> int:
        return len(self.plan)

    def __getitem__(self, k: int) -> dict[str, Any]:
        sample = self.plan.sample(k)
        return {
            name: torch.from_numpy(getattr(sample, name))
            for name in ("input_ids", "labels", "position_ids", "cu_seqlens")
        }


class Batches(IterableDataset):  # type: ignore[misc, unused-ignore]
    """One rank's part of every global batch of `batch` samples, from sample `start` on; an incomplete last one is left.

    Of the samples k to k + batch, rank r of n has the r-th n-th. A batch is made in one worker, so the DataLoader must
    not make its own: give it `batch_size=None`. Raises ValueError where the ranks cannot share a batch evenly.
    """

    def __init__(self, plan: Plan, batch: int, rank: int = 0, world_size: int = 1, start: int = 0) -> None:
        if batch < 1 or batch % world_size:
            raise ValueError(f"batch: {batch} samples cannot be shared by {world_size} ranks evenly")
        if not 0 <= rank < world_size:
            raise ValueError(f"rank: must be from 0 to {world_size - 1}, not {rank}")
        self.plan = plan
        self.batch = batch
        self.rank = rank
        self.world_size = world_size
        self.start = start

    def __len__(self) -> int:
        return max(len(self.plan) - self.start, 0) // self.batch

    def __iter__(self) -> Iterator[dict[str, Any]]:
        worker = get_worker_info()
        mine, workers = (worker.id, worker.num_workers) if worker else (0, 1)
        size = self.batch // self.world_size
        for step in range(mine, len(self), workers):  # a DataLoader asks its workers in turn
            first = self.start + step * self.batch
            begin = first + self.rank * size
            samples = [self.plan.sample(k) for k in range(begin, begin + size)]
            yield _collated(samples) | {"state": self.plan.state_dict(first + self.batch)}


def _collated(samples: list[Sample]) -> dict[str, Any]:
    """Tensors int64[samples, seq_len]; `cu_seqlens` runs on over all of them, as varlen attention wants it."""
    seq_len = len(samples[0].input_ids)
    ends = [sample.cu_seqlens[1:] + place * seq_len for place, sample in enumerate(samples)]
    stacked = {
        name: torch.from_numpy(np.stack([getattr(sample, name) for sample in samples]))
        for name in ("input_ids", "labels", "position_ids")
    }
    return stacked | {
        "cu_seqlens": torch.from_numpy(np.concatenate([np.zeros(1, np.int32), *ends]).astype(np.int32)),
        "rows": [sample.rows.tolist() for sample in samples],
        "samples": [sample.k for sample in samples],
        "lost": sum(sample.lost for sample in samples),
    }
