"""Eight annotators at once, each a process, on one labels.db and leases.db, or on a PostgreSQL server.

    python -m benchmarks.review_parallel [--writes 10000]
    FER_DATABASE_URL=postgresql://USER@HOST/DATABASE python -m benchmarks.review_parallel [--writes 10000]

Each takes faces in batches with leases from the same queue, answers every one, and stores each answer by itself, as
the page does. Prints how many faces were handed out and how many of them to two people at a time (second opinions
apart), how many answers were given and stored, lost and doubled, and n, median and p95 of a stored verdict and of a
deal in milliseconds. `--writes N`: N answers in all, as fast as they are stored, without dealing. What it makes on a
server is removed at the end.
"""

import argparse
import multiprocessing
import sqlite3
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from benchmarks.review_queues import PEOPLE, said
from fer_core.database.place import find_place
from fer_core.database.postgres import drop_schema
from fer_core.database.server import where
from fer_core.dataset.demo import create_demo
from fer_core.dataset.store import Dataset, open_dataset
from fer_core.review.cards.cards import Seat, deal
from fer_core.review.events.log import VerdictLog
from fer_core.review.queues.kinds import UNSEEN
from fer_core.review.queues.leases import LeaseBook
from fer_core.workspace import Workspace

HELD = 30  # faces in hand when the next are asked for


@dataclass
class Diary:
    """What one annotator did."""

    dealt: list[int] = field(default_factory=list)  # rows
    given: list[tuple[str, int]] = field(default_factory=list)  # id of the answer, row
    stored_ms: list[float] = field(default_factory=list)
    dealt_ms: list[float] = field(default_factory=list)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=2000, help="of the demo that they review")
    parser.add_argument("--answers", type=int, default=200, help="of each person")
    parser.add_argument("--doubts", type=float, default=0.1, help="share of answers that doubt the label")
    parser.add_argument("--pause", type=float, default=0.5, help="seconds between two answers of a person")
    parser.add_argument("--writes", type=int, default=0)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        workspace = Workspace(Path(folder) / "data")
        dataset = create_demo(workspace, "demo", images=arguments.images)
        work = write if arguments.writes else review
        log = VerdictLog(workspace.labels_db)
        place = find_place(workspace.root)
        print(where(place.url) if place else f"SQLite {sqlite3.sqlite_version}")
        with multiprocessing.get_context("spawn").Pool(len(PEOPLE)) as pool:
            start = time.perf_counter()
            diaries = pool.starmap(work, [(workspace, who, arguments) for who in range(len(PEOPLE))])
            seconds = time.perf_counter() - start
        report(dataset, log, diaries, seconds)
        if place:
            drop_schema(place)


def review(workspace: Workspace, who: int, arguments: argparse.Namespace) -> Diary:
    """One annotator's session."""
    dataset = open_dataset(workspace, "demo")
    log, leases = VerdictLog(workspace.labels_db), LeaseBook(workspace.leases_db)
    seat = Seat(PEOPLE[who], 1, UNSEEN)
    chance, diary = np.random.default_rng(who), Diary()
    hand: list[int] = []
    while len(diary.given) < arguments.answers:
        if len(hand) <= HELD:
            start = time.perf_counter()
            more = deal(dataset, log, None, seat, held=hand, count=60, leases=leases)
            diary.dealt_ms.append(1000 * (time.perf_counter() - start))
            diary.dealt += [card.row for card in more.cards]
            hand += [card.row for card in more.cards]
        if not hand:
            break
        row = hand.pop(0)
        store(log, dataset, diary, row, PEOPLE[who], "unsure" if chance.random() < arguments.doubts else "keep")
        time.sleep(chance.exponential(arguments.pause))
    return diary  # without giving leases back: what others then get is theirs by right and would look like a mistake


def write(workspace: Workspace, who: int, arguments: argparse.Namespace) -> Diary:
    """One of the writers: its share of the answers, one after the other, to any face."""
    dataset, log, diary = open_dataset(workspace, "demo"), VerdictLog(workspace.labels_db), Diary()
    for number in range(who, arguments.writes, len(PEOPLE)):
        store(log, dataset, diary, number % len(dataset), PEOPLE[who], "keep")
    return diary


def store(log: VerdictLog, dataset: Dataset, diary: Diary, row: int, annotator: str, answer: str) -> None:
    """Store one answer and note how long it took; it counts as given only if it was acknowledged."""
    verdict = said(dataset, row, annotator, answer, UNSEEN)
    start = time.perf_counter()
    receipt = log.record(dataset, [verdict])
    diary.stored_ms.append(1000 * (time.perf_counter() - start))
    if receipt.stored == [verdict.id]:
        diary.given.append((verdict.id, row))


def report(dataset: Dataset, log: VerdictLog, diaries: list[Diary], seconds: float) -> None:
    """What was given against what is in the log."""
    history = log.history(dataset)
    given = [answer for diary in diaries for answer in diary.given]
    kept = Counter(zip(history["id"], history["row"], strict=True))
    lost = sum(answer not in kept for answer in given)
    print(
        f"{len(given):,} answers by {len(diaries)} processes in {seconds:.1f} s ({len(given) / seconds:.0f} a second)"
    )
    print(f"in the log {len(history):,}, lost {lost}, doubled {sum(count - 1 for count in kept.values())}")
    times = {"stored": [ms for diary in diaries for ms in diary.stored_ms]}
    dealt = Counter(int(dataset.groups[row]) for diary in diaries for row in diary.dealt)
    if dealt:
        times["dealt"] = [ms for diary in diaries for ms in diary.dealt_ms]
        doubted = set(dataset.groups[history.loc[history["answer"] == "unsure", "row"]].tolist())
        twice = [picture for picture, count in dealt.items() if count > 1]
        unasked = [picture for picture in twice if picture not in doubted]
        print(f"{len(dealt):,} pictures handed out, {len(twice)} to more than one person;")
        print(f"{len(unasked)} of those without wanting a second opinion")
    for what, taken in times.items():
        spread = f"median {np.median(taken):.1f}, p95 {np.percentile(taken, 95):.1f}, largest {max(taken):.1f}"
        print(f"{what}: n {len(taken):,}, {spread} ms")


if __name__ == "__main__":
    main()
