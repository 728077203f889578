"""two_annotators.py ROOT ROUNDS: two programs ask for the one picture of `noise` at once, round after round.

In each round whoever gets it doubts the label, which asks for a second opinion, so the other gets it next. Afterwards
both decide the picture as often, each time at once and knowing the same. Prints, for each of the two, in which rounds
they got it first and second, and what they were told of their decisions, as JSON.
"""

import json
import multiprocessing
import sys
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Barrier
from pathlib import Path

from trial_answers import answer

from fer_core.dataset.store import Dataset, open_dataset
from fer_core.review.cards.cards import Seat, deal
from fer_core.review.events.log import VerdictLog
from fer_core.review.judgement.adjudication import decision
from fer_core.review.queues.kinds import UNSEEN
from fer_core.review.queues.leases import LeaseBook
from fer_core.workspace import Workspace


def work(workspace: Workspace, who: int, rounds: int, together: Barrier, tell: Connection) -> None:
    dataset, log, leases = (
        open_dataset(workspace, "noise"),
        VerdictLog(workspace.labels_db),
        LeaseBook(workspace.leases_db),
    )
    first, second = [], []
    for round_ in range(1, rounds + 1):
        seat = Seat(f"person {who}", round_, UNSEEN)
        for got in (first, second):
            together.wait()
            cards = deal(dataset, log, None, seat, count=1, leases=leases).cards
            got.append(len(cards))
            together.wait()
            if cards:
                log.record(dataset, [answer(dataset, who, round_, row=0, round=round_, answer="sad")])
    decided = [decide(dataset, log, who, together) for _ in range(rounds)]
    tell.send({"first": first, "second": second, "decided": decided})


def decide(dataset: Dataset, log: VerdictLog, who: int, together: Barrier) -> str:
    together.wait()
    known = log.newest(dataset, [0])[0]
    together.wait()
    mine = decision(dataset, 0, ("fear", "happy")[who], f"person {who}", known)
    return log.record(dataset, [mine]).refused.get(mine.id, "stored")


def main() -> None:
    workspace, rounds = Workspace(Path(sys.argv[1])), int(sys.argv[2])
    fork = multiprocessing.get_context("fork")
    together, ears = fork.Barrier(2), []
    for who in range(2):
        ear, tell = fork.Pipe(duplex=False)
        fork.Process(target=work, args=(workspace, who, rounds, together, tell), daemon=True).start()
        tell.close()  # so that the death of the other end is heard
        ears.append(ear)
    print(json.dumps([ear.recv() for ear in ears]))


if __name__ == "__main__":
    main()
