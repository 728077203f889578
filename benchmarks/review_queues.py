"""How long the next batch of faces takes.

    python -m benchmarks.review_queues [--workspace DIR --dataset NAME]

Deals batches of 120 to one of eight people in turn, with leases, gold and the random audit mixed in, while the answers
to the faces come in: for each queue n, median, p95 and the largest in milliseconds, and the first deal of all, which
puts the queue in order. Over an imported data set (copied into a temporary workspace) and over a synthetic table of
--images (default a million) with as many answers as --answers.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import numpy as np
import pandas as pd

from fer_core.audit.findings import findings
from fer_core.audit.results import Audit, latest_audit
from fer_core.dataset.store import SIDE, Dataset, open_dataset
from fer_core.emotions import NAMES
from fer_core.review.cards.cards import Seat, deal
from fer_core.review.events.log import VerdictLog
from fer_core.review.events.verdict import Verdict
from fer_core.review.queues.kinds import KINDS
from fer_core.review.queues.leases import LeaseBook
from fer_core.workspace import Workspace

PEOPLE = [f"person {number}" for number in range(8)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workspace", type=Path, help="where an imported, audited data set is")
    parser.add_argument("--dataset", default="fer2013")
    parser.add_argument("--images", type=int, default=1_000_000, help="of the synthetic table; 0: none")
    parser.add_argument("--answers", type=int, default=20_000)
    parser.add_argument("--deals", type=int, default=100, help="for each queue")
    arguments = parser.parse_args()
    if arguments.workspace:
        dataset = open_dataset(Workspace(arguments.workspace), arguments.dataset)
        measure(dataset, latest_audit(dataset), arguments)
    if arguments.images:
        with tempfile.TemporaryDirectory() as folder:
            measure(*synthetic(Path(folder), arguments.images), arguments)


def synthetic(folder: Path, images: int) -> tuple[Dataset, Audit]:
    """A table of that many images, 5 % of them copies of others, and an audit that suspects 15 % of them."""
    chance = np.random.default_rng(0)
    shown = np.arange(images)
    copies = chance.random(images) < 0.05
    shown[copies] = chance.integers(0, images, copies.sum())
    labels = chance.choice(7, images, p=[0.14, 0.02, 0.14, 0.25, 0.17, 0.11, 0.17]).astype(np.int8)
    table = pd.DataFrame({"content": [f"{one:064x}" for one in shown], "label": labels, "split": np.int8(0)})
    pixels = np.broadcast_to(np.zeros((1, SIDE, SIDE), np.uint8), (images, SIDE, SIDE))
    dataset = Dataset("synthetic", folder, "5" * 64, True, pixels, table)

    suspicion = chance.random(images).astype(np.float32)
    order = np.argsort(-suspicion, kind="stable")
    found = np.sort(order[: images * 15 // 100])
    reasons = np.full(images, "", object)
    reasons[found] = "label"
    names = np.array(NAMES)
    suspects = pd.DataFrame(
        {
            "row": order,
            "suspicion": suspicion[order],
            "reasons": reasons[order],
            "suggestion": names[chance.integers(0, 7, images)],
        }
    )
    suspects.to_parquet(folder / "suspects.parquet")
    odd = np.sort(chance.choice(images, images // 200, replace=False))
    kinds = ((found, "label"), (odd[::2], "not-a-face"), (odd[1::2], "blurred"))
    tables = [findings(rows, reason, suspicion[rows], ["Because."] * len(rows)) for rows, reason in kinds]
    pd.concat(tables).to_parquet(folder / "findings.parquet")
    settings = {"labels": True, "strength": "fast", "network": "none", "size": 48}
    return dataset, Audit(folder, {"finished": "now", "settings": settings})


def said(dataset: Dataset, row: int, annotator: str, answer: str = "keep", queue: str = "") -> Verdict:
    """An answer as a card sends it."""
    return Verdict(
        id=str(uuid4()),
        kind="answer",
        dataset=dataset.name,
        dataset_hash=dataset.hash,
        row=row,
        content=dataset.table["content"].iat[row],
        annotator=annotator,
        round=1,
        answer=answer,
        time=datetime.now(UTC).isoformat(timespec="milliseconds"),
        queue=queue,
        active_ms=1200,
    )


def answer_at_random(log: VerdictLog, dataset: Dataset, count: int) -> None:
    """So many answers by everybody, each on another picture; a third of them doubt the label."""
    chance = np.random.default_rng(1)
    rows = chance.permutation(np.unique(dataset.groups))[: min(count, len(dataset) // 2)].tolist()
    answers = np.where(chance.random(len(rows)) < 1 / 3, "unsure", "keep").tolist()
    verdicts = [
        said(dataset, row, PEOPLE[place % len(PEOPLE)], answer)
        for place, (row, answer) in enumerate(zip(rows, answers, strict=True))
    ]
    for start in range(0, len(verdicts), 2000):
        log.record(dataset, verdicts[start : start + 2000])


def time_deals(
    dataset: Dataset,
    log: VerdictLog,
    leases: LeaseBook,
    audit: Audit | None,
    queue: str,
    gold: np.ndarray,
    deals: int,
    clock: Callable[[], float] = time.perf_counter,
) -> tuple[list[float], int]:
    """Milliseconds of the first deal from a queue and of so many others; and how many faces the queue holds."""
    times, total = [], 0
    for number in range(deals + 1):
        seat = Seat(PEOPLE[number % len(PEOPLE)], 1, queue, balance=0.5)
        start = clock()
        hand = deal(dataset, log, audit, seat, leases=leases, gold=gold, accuracies=dict.fromkeys(PEOPLE, 0.85))
        times.append(1000 * (clock() - start))
        total = hand.total
        log.record(dataset, [said(dataset, card.row, seat.annotator, queue=card.queue) for card in hand.cards[:4]])
    return times, total


def measure(dataset: Dataset, audit: Audit | None, arguments: argparse.Namespace) -> None:
    gold = np.full(len(dataset), -1, np.int8)
    gold[:: max(1, len(dataset) // 400)] = 0
    with tempfile.TemporaryDirectory() as folder:
        workspace = Workspace(Path(folder))
        log, leases = VerdictLog(workspace.labels_db), LeaseBook(workspace.leases_db)
        answer_at_random(log, dataset, arguments.answers)
        print(f"\n{dataset.name}: {len(dataset):,} images, {arguments.answers:,} answers, {len(PEOPLE)} people")
        print(f"{'queue':16}{'faces':>9}{'first':>9}{'n':>6}{'median':>9}{'p95':>9}{'largest':>9}   ms")
        for kind in KINDS:
            times, total = time_deals(dataset, log, leases, audit, kind.name, gold, arguments.deals)
            first, steady = times[0], np.array(times[1:])
            print(
                f"{kind.name:16}{total:>9,}{first:>9.1f}{len(steady):>6}{np.median(steady):>9.1f}"
                f"{np.percentile(steady, 95):>9.1f}{steady.max():>9.1f}"
            )


if __name__ == "__main__":
    main()
