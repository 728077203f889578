"""How many cores a training may use."""

import os

import torch


def default_threads() -> int:
    """All cores but one, which is left for whoever sits at the machine."""
    return max(1, (os.cpu_count() or 2) - 1)


def set_threads(count: int | None = None) -> int:
    """Let torch use `count` threads in this process (None: the default); returns how many it is."""
    count = default_threads() if count is None else max(1, count)
    torch.set_num_threads(count)
    return count
