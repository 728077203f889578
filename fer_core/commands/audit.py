"""`audit` and `suspects`: find what is probably wrong, and write it down."""

import argparse
from pathlib import Path
from typing import Any

from fer_core.audit.strengths import STRENGTHS
from fer_core.commands.console import COUNT, SEED, Commands, Console, whole_number

_SETTINGS = ("folds", "repeats", "network", "size", "recipe", "seed")


def register(commands: Commands) -> None:
    parser = commands.add("audit", run_audit_command, "find duplicates, leaks, unusable images and wrong labels")
    parser.add_argument("dataset")
    parser.add_argument(
        "--reasons",
        choices=("all", "model-free"),
        default="all",
        help="model-free: duplicates, quality and faces in a minute, without training networks for the labels",
    )
    parser.add_argument(
        "--strength",
        choices=STRENGTHS,
        default="fast",
        help="fast: minutes on two cores; strong: every picture judged by more networks, in five times as long",
    )
    parser.add_argument(
        "--folds", type=whole_number(2), help=f"networks trained, each blind to its share ({_usual('folds')})"
    )
    parser.add_argument("--repeats", type=COUNT, help=f"how often all folds are gone through ({_usual('repeats')})")
    parser.add_argument("--network", help="default: scout, made for this")
    parser.add_argument("--size", type=COUNT, help=f"input side of the network in pixels ({_usual('size')})")
    parser.add_argument("--recipe", help="default: audit")
    parser.add_argument("--seed", type=SEED)
    parser.add_argument("--threads", type=COUNT, help="cores to use (default: all, at low priority)")
    parser.add_argument("--background", action="store_true", help="queue it as a job and return at once")

    parser = commands.add("suspects", run_suspects, "every image of a data set, most suspect first")
    parser.add_argument("dataset")
    parser.add_argument("--csv", type=Path, metavar="FILE", help="write all of them to a CSV file")
    parser.add_argument("--top", type=whole_number(0), default=20, metavar="N", help="how many to print (default 20)")
    parser.add_argument("--audit", metavar="ID", help="which audit (default: the latest)")

    parser = commands.add("audits", run_audits, "the audits of a data set; two of them compared")
    parser.add_argument("dataset")
    parser.add_argument("--compare", nargs=2, metavar="ID", help="how the suspects of two audits differ")


def _usual(setting: str) -> str:
    """What each strength makes of a setting."""
    return ", ".join(f"{name}: {getattr(strength, setting)}" for name, strength in STRENGTHS.items())


def audit_arguments(version: str, reasons: str = "all", strength: str = "fast") -> list[str]:
    """The command line of an audit with the settings of its strength, for the job queue."""
    return ["audit", version, "--reasons", reasons, "--strength", strength]


def run_audit_command(arguments: argparse.Namespace, console: Console) -> dict[str, Any]:
    from fer_core.audit.results import preset
    from fer_core.audit.stages import run_audit
    from fer_core.dataset.version import open_version

    version = open_version(console.workspace, arguments.dataset)
    settings = preset(arguments.strength).changed(
        **{option: getattr(arguments, option) for option in _SETTINGS}, labels=arguments.reasons == "all"
    )
    if settings.labels:
        from fer_core.networks.registry import build_network  # torch, which the model-free reasons do not need

        recipe = settings.resolved_recipe()  # what is wrong with it is said now, not after the pixels
        build_network(recipe.network, recipe.size, **recipe.options)
    if arguments.background:
        return _queue(arguments, console)
    audit = run_audit(version, settings, console.report, arguments.threads)
    document = audit.document
    seconds = document["seconds"]
    console.say(
        f"{version}: audit {audit.id}, {seconds['all']:.0f} s ({seconds['pixels']:.0f} s for the pixels, "
        f"{seconds['faces']:.0f} s to look for faces)"
    )
    figures = document["duplicates"]
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
    from fer_core.dataset.version import open_version
    from fer_core.files import atomic_path

    version = open_version(console.workspace, arguments.dataset)
    dataset, audit = version.dataset, need_audit(version, arguments.audit)
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


def run_audits(arguments: argparse.Namespace, console: Console) -> dict[str, Any]:
    from fer_core.audit.differences import compare_audits
    from fer_core.audit.results import list_audits, need_audit
    from fer_core.dataset.store import open_dataset
    from fer_core.dataset.version import as_imported

    dataset = open_dataset(console.workspace, arguments.dataset)
    if arguments.compare:
        first, second = (need_audit(as_imported(dataset), name) for name in arguments.compare)
        difference = compare_audits(first, second)
        console.say(difference.sentence())
        return difference.document()
    audits = list_audits(dataset)
    for audit in audits:
        console.say(f"{audit.id:<36} {audit.document['finished']}  {audit.document['findings']['label']:>6,} labels")
    return {"dataset": dataset.name, "audits": [{"audit": audit.id, **audit.document} for audit in audits]}


def _queue(arguments: argparse.Namespace, console: Console) -> dict[str, Any]:
    from fer_core.jobs.runner import submit

    line = audit_arguments(arguments.dataset, arguments.reasons, arguments.strength)
    for option in (*_SETTINGS, "threads"):
        if getattr(arguments, option) is not None:
            line += [f"--{option}", str(getattr(arguments, option))]
    job = submit(console.workspace, line, f"Audit of {arguments.dataset}")
    console.say(f"queued as job {job.id}")
    return {"job": job.id}
