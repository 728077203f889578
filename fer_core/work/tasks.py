"""`run_tasks`: independent pieces of long work, run here or on the cluster that FER_CLUSTER names.

A task stores its own result, so nothing is sent back, and work that was stopped goes on with the tasks whose results
are not there.
"""

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from fer_core.progress import Report
from fer_core.work.address import cluster_address

Task = Callable[[Report], None]
"""A piece of work that stores its own result. It travels to another process, so it must be picklable."""


def run_tasks(
    tasks: Sequence[Task], stage: str, processes: int, threads: int, report: Report, shared: Sequence[Path] = ()
) -> None:
    """Run all tasks, here `processes` at a time with `threads` torch threads each; one at a time means in this process.

    On a cluster every task has the cores that let all of them run at once, one at least, and a graphics card where the
    nodes have any; one whose process or node dies is run again. `shared`: folders that exist and that every node must
    see at the same path, since tasks read and write there.

    `report` hears `stage` with how many are done, and may raise: the others are stopped then, and nothing that a task
    has stored is touched. Raises FerretError when a task failed.
    """
    if address := cluster_address():
        from fer_core.work.cluster import run_on_cluster

        run_on_cluster(address, tasks, stage, report, shared)
    else:
        from fer_core.work.local import run_here

        run_here(tasks, stage, processes, threads, report)


def use_threads(count: int) -> None:
    """Let torch use so many threads in this process, without loading it where the work does not."""
    os.environ["OMP_NUM_THREADS"] = str(max(1, count))  # read when it is loaded
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(max(1, count))


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


class Tally:
    """How far each of some tasks is, told as one line."""

    def __init__(self, count: int, stage: str, report: Report) -> None:
        self.fractions = [0.0] * count
        self.stage, self.report = stage, report

    def heard(self, index: int, fraction: float) -> None:
        """What a task says of itself. Only its end makes it done."""
        self.fractions[index] = min(fraction, 0.999)

    def finished(self, index: int) -> None:
        self.fractions[index] = 1.0

    def tell(self) -> None:
        done, count = sum(fraction >= 1 for fraction in self.fractions), len(self.fractions)
        self.report(f"{self.stage}, {done} of {count} done", sum(self.fractions) / max(count, 1))
