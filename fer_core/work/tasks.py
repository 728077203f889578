"""`run_tasks`: independent pieces of long work, run here or on the cluster that FER_CLUSTER names.

A task stores its own result, so nothing is sent back, and work that was stopped goes on with the tasks whose results
are not there.
"""

from collections.abc import Sequence
from pathlib import Path

from fer_core.progress import Report
from fer_core.work.address import cluster_address
from fer_core.work.cluster import run_on_cluster
from fer_core.work.local import run_here
from fer_core.work.tally import Task


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
        run_on_cluster(address, tasks, stage, report, shared)
    else:
        run_here(tasks, stage, processes, threads, report)
