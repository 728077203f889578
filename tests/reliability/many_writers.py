"""many_writers.py ROOT WRITERS EACH METRICS: so many programs store EACH answers to `noise` at once, one by one.

Beside them, with METRICS above 0, a trainer writes so many figures a second to its run and to jobs.db. Prints what
was acknowledged, and how long the answers took in milliseconds, as JSON.
"""

import json
import multiprocessing
import sys
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Barrier, Event
from pathlib import Path

import numpy as np
from trial_answers import answer

from fer_core.dataset.store import open_dataset
from fer_core.jobs.store import add_job, beat
from fer_core.review.events.log import VerdictLog
from fer_core.runs.events import EventLog
from fer_core.workspace import Workspace


def write(workspace: Workspace, writer: int, each: int, start: Barrier, tell: Connection) -> None:
    dataset, log = open_dataset(workspace, "noise"), VerdictLog(workspace.labels_db)
    acknowledged, taken = 0, []
    start.wait()
    for number in range(each):
        verdict = answer(dataset, writer, number)
        begun = time.perf_counter()
        acknowledged += log.record(dataset, [verdict]).stored == [verdict.id]
        taken.append(1000 * (time.perf_counter() - begun))
    tell.send((acknowledged, taken))


def chatter(workspace: Workspace, a_second: int, start: Barrier, over: Event, tell: Connection) -> None:
    job = add_job(workspace, ["train", "noise"], "train on noise", workspace.root)
    events = EventLog(workspace.root / "events.jsonl")
    written = 0
    start.wait()
    begun = time.perf_counter()
    while not over.wait(max(0.0, begun + written / a_second - time.perf_counter())):
        events.write("tick", {"step": written, "train_loss": 1.5})
        beat(workspace, job.id, stage=f"step {written}", fraction=0.5)
        written += 1
    tell.send(written / (time.perf_counter() - begun))


def main() -> None:
    workspace, (writers, each, metrics) = Workspace(Path(sys.argv[1])), map(int, sys.argv[2:])
    fork = multiprocessing.get_context("fork")
    start, over = fork.Barrier(writers + (metrics > 0)), fork.Event()

    def begin(work: Callable[..., None], *arguments: object) -> Connection:
        hear, tell = fork.Pipe(duplex=False)
        fork.Process(target=work, args=(*arguments, tell), daemon=True).start()
        tell.close()  # so that the death of the other end is heard
        return hear

    trainer = begin(chatter, workspace, metrics, start, over) if metrics else None
    ears = [begin(write, workspace, writer, each, start) for writer in range(writers)]
    begun = time.perf_counter()
    counts, taken = zip(*(ear.recv() for ear in ears), strict=True)
    seconds = time.perf_counter() - begun
    over.set()
    p99, worst = np.percentile(np.concatenate(taken), [99, 100]).round(1)
    pace = {"metrics": round(trainer.recv(), 1)} if trainer else {}
    print(json.dumps({"acknowledged": sum(counts), "seconds": round(seconds, 2), "p99": p99, "worst": worst, **pace}))


if __name__ == "__main__":
    main()
