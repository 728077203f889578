"""How many cores a process computes on."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager


def default_threads() -> int:
    """All cores but one, which is left for whoever sits at the machine."""
    return max(1, (os.cpu_count() or 2) - 1)


def set_threads(count: int | None = None) -> int:
    """Let torch use `count` threads in this process (None: the default); returns how many it is.

    Loads no torch: where it comes later, it reads the count from the environment.
    """
    count = default_threads() if count is None else max(1, count)
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(count)
    else:
        os.environ["OMP_NUM_THREADS"] = str(count)
    return count


@contextmanager
def torch_threads(count: int) -> Iterator[None]:
    """So many torch threads inside, and as many as before outside."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
