"""Randomness as a function of a seed and a number, so that whoever resumes draws what would have been drawn."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch


def mixed(seed: int, number: int) -> int:
    """A well-mixed 63-bit seed for one step of one training."""
    return int(np.random.SeedSequence([seed, number]).generate_state(1, np.uint64)[0] >> 1)


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Torch's global generator, which dropout and initialisation use, seeded inside and as it was after."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        yield
