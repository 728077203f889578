"""`run_tasks` on a Ray cluster: each task in a process of some node, run again where that dies.

What is sent: the task with its arguments (paths, settings, labels, row numbers; no images), how far it is, and a
sentence when it fails. Images, networks and results go through the storage that all nodes share.
"""

import time
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from fer_core.errors import FerretError
from fer_core.progress import Report
from fer_core.work.board import put_up
from fer_core.work.connection import connected, fair_share, in_words, node_resources, refuse_too_small
from fer_core.work.shared import Marks, marked
from fer_core.work.tally import Tally, Task
from fer_core.work.threads import set_threads

TRIES = 4  # of one task, when its process or node dies
LISTEN = 0.2  # seconds between two looks at who has said something
TELL = 0.2  # seconds between two things that a task says
LAST_WORDS = 20.0  # seconds that stopped tasks have to be gone


def run_on_cluster(address: str, tasks: Sequence[Task], stage: str, report: Report, shared: Sequence[Path]) -> None:
    """`tasks.run_tasks` on the cluster at `address`."""
    tally = Tally(len(tasks), stage, report)
    with connected(address) as ray, marked(shared) as marks:
        share = fair_share(node_resources(ray), len(tasks))
        board = put_up(ray)
        work = ray.remote(
            num_cpus=share.cpus, num_gpus=share.gpus, max_retries=TRIES - 1, scheduling_strategy="SPREAD"
        )(_work)
        waiting = {work.remote(task, index, share.cpus, board, marks): index for index, task in enumerate(tasks)}
        try:
            tally.tell()
            while waiting:
                done, _ = ray.wait(list(waiting), num_returns=len(waiting), timeout=LISTEN)
                for reference in done:
                    index = waiting.pop(reference)
                    _refuse_failure(ray, reference)
                    tally.finished(index)
                for index, (_, fraction) in ray.get(board.heard.remote()).items():
                    if index in waiting.values():
                        tally.heard(index, fraction)
                refuse_too_small(node_resources(ray), share)
                tally.tell()
        finally:
            for reference in waiting:
                ray.cancel(reference, force=True)
            if waiting:
                ray.wait(list(waiting), num_returns=len(waiting), timeout=LAST_WORDS)
            ray.kill(board)


def _refuse_failure(ray: ModuleType, reference: Any) -> None:
    """FerretError where a task did not end well."""
    try:
        sentence = ray.get(reference)
    except ray.exceptions.RayError as error:
        raise FerretError(
            f"A task on the cluster {in_words(ray, error)}; what was finished is stored, run it again to go on."
        ) from error
    if sentence is not None:
        raise FerretError(sentence)


def _work(task: Task, index: int, threads: int, board: Any, marks: Marks) -> str | None:
    """What a process of a node does: the task, telling how far it is; returns why it failed, in words, or None."""
    set_threads(threads)
    told = 0.0

    def tell(stage: str, fraction: float) -> None:
        nonlocal told
        if time.monotonic() - told >= TELL:
            told = time.monotonic()
            board.tell.remote(index, stage, fraction)

    try:
        marks.check()
        task(tell)
    except FerretError as error:
        return str(error)
    return None
