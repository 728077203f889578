"""`audit` and `suspects`: find what is probably wrong, and write it down."""

import argparse
from pathlib import Path
from typing import Any

from fer_core.commands.console import Commands, Console


def register(commands: Commands) -> None:
    parser = commands.add("audit", run_audit_command, "find duplicates, leaks, unusable images and wrong labels")
    parser.add_argument("dataset")
    parser.add_argument(
        "--reasons",
        choices=("all", "model-free"),
        default="all",
        help="model-free: duplicates and quality in seconds, without training networks for the labels",
    )
    parser.add_argument("--folds", type=int, default=4, help="networks trained, each blind to its share (default 4)")
    parser.add_argument("--network", default="shallow")
    parser.add_argument("--size", type=int, default=48, help="input side of the network in pixels")
    parser.add_argument("--recipe", default="quick")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, help="torch threads (default: all cores but one)")
    parser.add_argument("--background", action="store_true", help="queue it as a job and return at once")

    parser = commands.add("suspects", run_suspects, "every image of a data set, most suspect first")
    parser.add_argument("dataset")
    parser.add_argument("--csv", type=Path, metavar="FILE", help="write all of them to a CSV file")
    parser.add_argument("--top", type=int, default=20, metavar="N", help="how many to print (default 20)")


def audit_arguments(dataset: str, reasons: str = "all") -> list[str]:
    """The command line of an audit with the default settings, for the job queue."""
    return ["audit", dataset, "--reasons", reasons]


def run_audit_command(arguments: argparse.Namespace, console: Console) -> dict[str, Any]:
    from fer_core.audit.results import AuditSettings
    from fer_core.dataset.store import open_dataset
    from fer_core.errors import UsageError

    dataset = open_dataset(console.workspace, arguments.dataset)
    if arguments.folds < 2:
        raise UsageError(f"--folds {arguments.folds}: at least 2, so that every image has a network blind to it.")
    if arguments.background:
        return _queue(arguments, console)
    settings = AuditSettings(
        network=arguments.network,
        size=arguments.size,
        folds=arguments.folds,
        recipe=arguments.recipe,
        seed=arguments.seed,
        labels=arguments.reasons == "all",
    )
    from fer_core.audit.stages import run_audit

    if settings.labels:
        from fer_core.training.threads import set_threads

        set_threads(arguments.threads)
    audit = run_audit(dataset, settings, console.report)
    document = audit.document
    figures = document["duplicates"]
    console.say(f"{dataset.name}: audit {audit.id}, {document['seconds']:.0f} s")
    console.say(
        f"exact copies: {figures['groups']:,} groups, {figures['images']:,} images, "
        f"{figures['redundant']:,} redundant; {figures['conflicting_groups']:,} groups in conflict over their label"
    )
    for split, others in figures["leaks"].items():
        leaks = ", ".join(f"{count:,} also in {other}" for other, count in others.items())
        console.say(f"{split} images: {leaks}")
    for reason, count in document["findings"].items():
        console.say(f"{reason:<16} {count:>7,}")
    if settings.labels:
        console.say(f"out-of-fold accuracy against the given labels: {document['out_of_fold_accuracy']:.1%}")
    return {"audit": audit.id, **document}


def run_suspects(arguments: argparse.Namespace, console: Console) -> dict[str, Any]:
    from fer_core.audit.results import need_audit
    from fer_core.dataset.store import open_dataset
    from fer_core.files import atomic_path

    dataset = open_dataset(console.workspace, arguments.dataset)
    audit = need_audit(dataset)
    suspects = audit.suspects
    if arguments.csv:
        with atomic_path(arguments.csv) as temporary:
            suspects.to_csv(temporary, index=False, float_format="%.6f")
        console.say(f"{len(suspects):,} images written to {arguments.csv} (audit {audit.id}).")
    top = suspects.head(arguments.top)
    console.say(top.drop(columns="content").to_string(index=False))
    return {
        "dataset": dataset.name,
        "audit": audit.id,
        "images": len(suspects),
        "csv": str(arguments.csv) if arguments.csv else None,
        "top": top.to_dict(orient="records"),
    }


def _queue(arguments: argparse.Namespace, console: Console) -> dict[str, Any]:
    from fer_core.jobs.runner import submit

    line = audit_arguments(arguments.dataset, arguments.reasons)
    for option in ("folds", "network", "size", "recipe", "seed", "threads"):
        if getattr(arguments, option) is not None:
            line += [f"--{option}", str(getattr(arguments, option))]
    job = submit(console.workspace, line, f"Audit of {arguments.dataset}")
    console.say(f"queued as job {job.id}")
    return {"job": job.id}
