"""killed_writers.py ROOT KILLS SEED: programs that answer `noise` are killed as with -9, one after the other.

Beside them another one answers all the time, at the pace of a person in a hurry. After each kill comes the check of
SQLite, then whether every answer is there that the dead one was told was stored, then the same keys once more. Prints
the sums as JSON. Forked, so that the libraries are loaded once; this program itself never opens the log.
"""

import json
import os
import random
import signal
import sys
import time
from collections import Counter
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from trial_answers import answer

from fer_core.dataset.store import Dataset, open_dataset
from fer_core.review.events.log import VerdictLog
from fer_core.snapshot import problem_with
from fer_core.workspace import Workspace


@dataclass
class Writer:
    name: int
    pid: int
    acknowledgements: int  # a pipe: one byte for each answer that was stored


def begin(workspace: Workspace, dataset: Dataset, name: int, pause: float = 0.0) -> Writer:
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        log = VerdictLog(workspace.labels_db)
        for number in count():
            if log.record(dataset, [answer(dataset, name, number)]).stored:
                os.write(writing, b".")
            time.sleep(pause)
    os.close(writing)
    return Writer(name, pid, reading)


def kill(writer: Writer, chance: random.Random) -> int:
    """Kill it at some moment after some of its answers; returns how many answers it knew to be stored."""
    told, some = 0, chance.randrange(1, 20)
    while told < some:
        told += len(os.read(writer.acknowledgements, 1 << 16))
    time.sleep(chance.uniform(0, 0.01))
    os.kill(writer.pid, signal.SIGKILL)
    os.waitpid(writer.pid, 0)
    while heard := os.read(writer.acknowledgements, 1 << 16):
        told += len(heard)
    os.close(writer.acknowledgements)
    return told


def judged(workspace: Workspace, dataset: Dataset, name: int, told: int) -> dict[str, int]:
    """What the log holds of a dead writer, before and after the same keys are sent again; in a program of its own."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        log = VerdictLog(workspace.labels_db)
        sent = [answer(dataset, name, number) for number in range(told + 1)]  # the last may have been under way
        found = log.history(dataset)["id"]
        before = set(found) & {verdict.id for verdict in sent}
        log.record(dataset, sent)
        view = log.verdicts(dataset)  # before the history: the other writer goes on
        history = log.history(dataset)
        mine = history.loc[history["annotator"] == f"person {name}", "id"]
        verdict = {
            "acknowledged": told,
            "lost": len({one.id for one in sent[:told]} - before),
            "unacknowledged": sent[told].id in before,
            "doubled": len(mine) - len({one.id for one in sent}),
            "damaged": problem_with(workspace.labels_db) is not None,
            "labels without their event": len(set(view["id"]) - set(history["id"])),
        }
        os.write(writing, json.dumps(verdict).encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as answers:
        said = answers.read()
    os.waitpid(pid, 0)
    return json.loads(said)


def main() -> None:
    workspace, (kills, seed) = Workspace(Path(sys.argv[1])), map(int, sys.argv[2:])
    dataset, chance, sums = open_dataset(workspace, "noise"), random.Random(seed), Counter()
    dataset.table  # noqa: B018 - read once, before the forks
    beside = begin(workspace, dataset, 0, pause=0.02)
    for name in range(1, kills + 1):
        writer = begin(workspace, dataset, name)
        sums.update(judged(workspace, dataset, name, kill(writer, chance)))
    sums.update(judged(workspace, dataset, 0, kill(beside, chance)))
    print(json.dumps({"kills": kills + 1, **sums}))


if __name__ == "__main__":
    main()
