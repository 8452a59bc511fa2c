"""Train a fastText classifier, to the same bytes each time."""

import os
import subprocess
import sys
from pathlib import Path

#: The settings of fastText, for bigrams as DCLM's (arXiv:2406.11794).
OPTIONS = {"lr": 0.5, "dim": 16, "wordNgrams": 2, "bucket": 1 << 18, "minCount": 2, "thread": 1, "seed": 0}

# With one thread fastText 0.9.2 fills only a tenth of its matrix with random numbers and leaves in the rest whatever
# the memory held: of trainings in one process, some ended in NaN and others in different models. malloc fills what
# it gives out with the complement of this byte (mallopt(3), M_PERTURB), that is with zeros. It has to be set before a
# process starts, and more than one thread would make each training another.
_ZEROED = {"MALLOC_PERTURB_": "255"}


class TrainingError(Exception):
    """fastText gave up. The message is for the user."""


def train(lines: Path, model: Path, epochs: int, quiet: bool) -> None:
    """Train on a file with a label and words in each line; fastText itself shows its progress unless `quiet`.

    Raises:
        TrainingError: fastText says why.
    """
    words = [sys.executable, "-P", __file__, str(lines), str(model), str(epochs)]
    shown = subprocess.DEVNULL if quiet else None
    done = subprocess.run(words, env=os.environ | _ZEROED, stdout=subprocess.PIPE, stderr=shown, text=True, check=False)
    if done.returncode:
        raise TrainingError(done.stdout.strip() or f"exit status {done.returncode}")


def _main(lines: str, model: str, epochs: str) -> None:
    import fasttext

    try:
        fasttext.train_supervised(lines, epoch=int(epochs), **OPTIONS).save_model(model)
    except (ValueError, RuntimeError, MemoryError) as error:
        print(error)
        sys.exit(1)


if __name__ == "__main__":
    _main(*sys.argv[1:])
