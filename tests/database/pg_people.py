"""App processes: pg_people.py ROOT DATASET WHO PEOPLE ANSWERS OUT. One for each letter of WHO, at once.

In each, PEOPLE annotators, each a thread, take faces with leases and answer each of them; the process queues a job for
each and works as a worker as long as jobs wait. What it did goes to OUT/LETTER.json. Forked, so that the libraries are
loaded once.
"""

import json
import os
import sys
from pathlib import Path
from threading import Thread

from fer_core.dataset.store import Dataset, open_dataset
from fer_core.jobs.outcome import Outcome
from fer_core.jobs.process import find_process
from fer_core.jobs.store import add_job, conclude, take_job
from fer_core.review.cards.cards import Card, Seat, deal
from fer_core.review.events.log import VerdictLog
from fer_core.review.events.verdict import Verdict
from fer_core.review.queues.leases import LeaseBook
from fer_core.workspace import Workspace


def answer(dataset: Dataset, card: Card, name: str, number: int) -> Verdict:
    return Verdict(
        id=f"00000000-0000-4000-8000-{int(name.encode().hex(), 16) * 1000 + number:012x}",
        kind="answer",
        dataset=dataset.name,
        dataset_hash=dataset.hash,
        row=card.row,
        content=dataset.table["content"].iat[card.row],
        annotator=name,
        round=1,
        answer="keep",
        queue="unseen",
        time="2026-11-21T10:00:00+00:00",
    )


def work(workspace: Workspace, name: str, who: str, people: int, answers: int) -> dict[str, list]:
    """One app process, from its first look at the workspace to its end."""
    dataset = open_dataset(workspace, name)
    done: dict[str, list] = {"dealt": [], "given": [], "queued": [], "taken": []}

    def sit_down(person: str) -> None:
        log, leases = VerdictLog(workspace.labels_db), LeaseBook(workspace.leases_db)
        seat = Seat(person, 1, "unseen", gold_share=0.0)
        number = 0
        while number < answers:
            hand = deal(dataset, log, None, seat, count=5, leases=leases).cards
            done["dealt"] += [(person, card.row) for card in hand]
            if not hand:
                break
            for card in hand:
                said = answer(dataset, card, person, number)
                number += 1
                for _ in range(2):  # everything is sent twice
                    assert log.record(dataset, [said]).stored == [said.id]
                done["given"].append(said.id)
        done["queued"].append(add_job(workspace, ["x"], person, workspace.root).id)

    seats = [Thread(target=sit_down, args=(f"{who}{number}",)) for number in range(people)]
    for seat in seats:
        seat.start()
    for seat in seats:
        seat.join()
    me = find_process(os.getpid())
    assert me is not None
    while job := take_job(workspace, me):
        done["taken"].append((int(job.id), job.turn))
        conclude(workspace, job, Outcome("done"))
    return done


if __name__ == "__main__":
    root, name, letters, people, answers, out = sys.argv[1:]
    children = []
    for letter in letters:
        child = os.fork()
        if child == 0:
            done = work(Workspace(Path(root)), name, letter, int(people), int(answers))
            (Path(out) / f"{letter}.json").write_text(json.dumps(done))
            os._exit(0)  # an exception ends it otherwise, and not in silence
        children.append(child)
    sys.exit(max(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children))
