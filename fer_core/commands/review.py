"""`review import|export` moves the verdict log; `version` cuts a data set from it."""

import argparse
from dataclasses import fields
from pathlib import Path
from typing import Any

from fer_core.commands.console import Commands, Console


def register(commands: Commands) -> None:
    """Add this floor's commands."""
    review = commands.add("review", _review, "import or export the verdict log of a data set as JSON Lines")
    review.add_argument("action", choices=("import", "export"))
    review.add_argument("dataset", metavar="DATASET")
    review.add_argument("file", type=Path, metavar="FILE")

    version = commands.add("version", _version, "cut a named, hashed version from verdicts and findings")
    version.add_argument("dataset", metavar="DATASET")
    version.add_argument("--name", required=True, metavar="V", help="written DATASET@V from then on")
    version.add_argument("--policy", default="standard", metavar="P", help="standard, improved or relabel-only")
    for part, words in (
        ("duplicates", "keep the first of exact copies only"),
        ("conflicts", "drop copies given as different classes until people agree on the face"),
        ("leaks", "drop from Training what is also in a test split"),
        ("unusable", "drop what people call unusable or no face"),
    ):
        version.add_argument(f"--drop-{part}", action=argparse.BooleanOptionalAction, default=None, help=words)
    version.add_argument(
        "--drop-findings",
        default=None,
        metavar="LIST",
        help="drop images with these findings of the audit: flat, blurred, or none",
    )
    version.add_argument(
        "--relabel", action=argparse.BooleanOptionalAction, default=None, help="give images the class people agree on"
    )
    version.add_argument("--min-votes", type=int, default=None, metavar="K", help="votes that relabelling needs")


def _review(arguments: argparse.Namespace, console: Console) -> dict[str, Any]:
    from fer_core.dataset.store import open_dataset
    from fer_core.review.exchange import export_log, import_log
    from fer_core.review.log import VerdictLog

    dataset = open_dataset(console.workspace, arguments.dataset)
    log = VerdictLog(console.workspace.labels_db)
    file = str(arguments.file)
    if arguments.action == "export":
        count = export_log(log, dataset, arguments.file)
        console.say(f"{count:,} events of {dataset.name} written to {file}")
        return {"dataset": dataset.name, "file": file, "events": count}
    count, fresh = import_log(log, dataset, arguments.file)
    console.say(f"{count:,} events read from {file}: {fresh:,} new, {count - fresh:,} were there already")
    return {"dataset": dataset.name, "file": file, "events": count, "new": fresh}


def _version(arguments: argparse.Namespace, console: Console) -> dict[str, Any]:
    from fer_core.dataset.store import open_dataset
    from fer_core.review.effect import effect
    from fer_core.review.policy import Policy, changed_policy, cut_version, policy_named

    flags = {field.name: getattr(arguments, field.name) for field in fields(Policy)}
    if flags["drop_findings"] is not None:
        named = [name.strip() for name in flags["drop_findings"].split(",")]
        flags["drop_findings"] = tuple(name for name in named if name not in ("", "none"))
    policy = changed_policy(policy_named(arguments.policy), flags)
    dataset = open_dataset(console.workspace, arguments.dataset)
    version = cut_version(console.workspace, dataset, arguments.name, policy)
    summary = effect(dataset, version.manifest)
    console.say(f"{version}  {version.hash}")
    for sentence in summary.sentences():
        console.say(sentence)
    return {"version": str(version), "hash": version.hash, "policy": version.policy, **summary.document()}
