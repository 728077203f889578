"""`simulate`: annotators drawn from a vote table review through the real queues, in a log of their own."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fer_core.commands.console import COUNT, SEED, Commands, Console

if TYPE_CHECKING:
    from fer_core.dataset.store import Dataset


def register(commands: Commands) -> None:
    """Add this floor's command."""
    parser = commands.add("simulate", _simulate, "annotators drawn from a vote table review through the real queues")
    parser.add_argument("dataset", metavar="DATASET")
    parser.add_argument("--annotators", type=COUNT, default=1, metavar="N")
    parser.add_argument("--reviews", type=int, default=1000, metavar="N", help="answers in all (default 1000)")
    parser.add_argument(
        "--votes", type=Path, metavar="FILE", help="the votes to draw from (default: those kept with the data set)"
    )
    parser.add_argument("--queue", default="suspects", help="a queue, or a score of the audit: self-confidence, margin")
    parser.add_argument("--seed", type=SEED, default=0)
    parser.add_argument("--balance", type=float, default=0.0, help="of the suspects: 1 takes the classes in turn")
    parser.add_argument("--audit-share", type=float, help="of the faces: from the random audit (default: as people)")
    parser.add_argument(
        "--into-log",
        action="store_true",
        help="answer into the workspace's own log, where simulated answers count like people's. Otherwise a copy of "
        "the log is made in the data set's folder simulations/, and people's answers stay by themselves",
    )


def _simulate(arguments: argparse.Namespace, console: Console) -> dict[str, Any]:
    from dataclasses import replace
    from datetime import UTC, datetime

    from fer_core.audit.results import latest_audit
    from fer_core.dataset.store import open_dataset
    from fer_core.dataset.votes import open_votes, read_votes
    from fer_core.errors import UsageError
    from fer_core.review.events.log import VerdictLog
    from fer_core.review.judgement.consensus import consensus
    from fer_core.review.queues.leases import LeaseBook
    from fer_core.review.queues.seat import AUDIT_SHARE
    from fer_core.review.simulation.repairs import yardstick
    from fer_core.review.simulation.simulate import Plan, audit_of, simulate

    dataset = open_dataset(console.workspace, arguments.dataset)
    votes = read_votes(dataset, arguments.votes) if arguments.votes else open_votes(dataset)
    if votes is None:
        raise UsageError(f"{dataset.name} has no votes to draw answers from: give --votes FILE.")
    share = AUDIT_SHARE if arguments.audit_share is None else arguments.audit_share
    plan = Plan(arguments.annotators, arguments.reviews, arguments.queue, arguments.seed, 1, arguments.balance, share)
    audit = latest_audit(dataset)
    audit_of(plan, audit)  # what is wrong with the plan is said before anything is made
    if arguments.into_log:
        plan = replace(plan, start=datetime.now(UTC))
        file, leases = console.workspace.labels_db, console.workspace.leases_db
    else:
        file = copied_log(dataset, console.workspace.labels_db)
        leases = file.with_name("leases.db")
    log = VerdictLog(file, local=not arguments.into_log)
    book = LeaseBook(leases, local=not arguments.into_log)
    judge = yardstick(dataset, votes)
    before = judge.repaired(consensus(dataset, log.verdicts(dataset)))
    curve: list[dict[str, int]] = []

    def reached(reviews: int) -> None:
        people = consensus(dataset, log.verdicts(dataset))
        repaired, spoilt = judge.repaired(people) - before, judge.spoilt(people, dataset.labels)
        curve.append({"reviews": reviews, "repaired": repaired, "spoilt": spoilt})

    done = simulate(dataset, log, book, audit, votes, plan, console.report, reached)
    console.say(
        f"{done.reviews:,} reviews by {plan.annotators} simulated, {done.seconds / 3600:.1f} h of active time; "
        f"{done.skipped:,} faces without votes skipped"
    )
    if done.reviews < plan.reviews:
        console.say(f"the queue {plan.queue} gave no more faces")
    console.say(f"clear errors among the {len(votes.rows):,} images with votes: {len(judge.errors):,}")
    for one in curve:
        each = 1000 * one["repaired"] / one["reviews"]
        console.say(
            f"after {one['reviews']:>6,} reviews {one['repaired']:>5,} repaired, {each:.0f} per 1,000; "
            f"{one['spoilt']:,} sound labels spoilt"
        )
    console.say(f"log: {file}")
    return {
        "dataset": dataset.name,
        "log": str(file),
        "queue": plan.queue,
        "annotators": plan.annotators,
        "seed": plan.seed,
        "reviews": done.reviews,
        "skipped": done.skipped,
        "active_hours": round(done.seconds / 3600, 4),
        "images_with_votes": len(votes.rows),
        "clear_errors": len(judge.errors),
        "curve": curve,
        "repaired_per_thousand": round(1000 * curve[-1]["repaired"] / done.reviews, 1) if done.reviews else None,
    }


def copied_log(dataset: "Dataset", log: Path) -> Path:
    """A new log with the events of `dataset` in `log` (which need not be there), in a folder beside the data set."""
    from fer_core.database import is_kept
    from fer_core.review.events.exchange import export_log, import_log
    from fer_core.review.events.log import VerdictLog

    folder = dataset.path / "simulations"
    folder.mkdir(exist_ok=True)
    number = 1
    while (folder / str(number)).exists():
        number += 1
    own = folder / str(number)
    own.mkdir()
    if is_kept(log) and export_log(VerdictLog(log), dataset, own / "before.jsonl"):
        import_log(VerdictLog(own / "labels.db", local=True), dataset, own / "before.jsonl")
    return own / "labels.db"
