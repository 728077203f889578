"""`review import|export` moves the verdict log; `votes` takes in a vote table."""

import argparse
from pathlib import Path
from typing import Any

from fer_core.commands.console import Commands, Console


def register(commands: Commands) -> None:
    """Add this floor's commands."""
    review = commands.add("review", _review, "import or export the verdict log of a data set as JSON Lines")
    review.add_argument("action", choices=("import", "export"))
    review.add_argument("dataset", metavar="DATASET")
    review.add_argument("file", type=Path, metavar="FILE")

    votes = commands.add("votes", _votes, "take in a table of votes without names, such as FER+'s ten per image")
    votes.add_argument("dataset", metavar="DATASET")
    votes.add_argument("file", type=Path, metavar="FILE", help="CSV in FER+'s form, or with a column `row`")
    votes.add_argument("--replace", action="store_true", help="take these instead of the votes that are there")


def _review(arguments: argparse.Namespace, console: Console) -> dict[str, Any]:
    from fer_core.dataset.store import open_dataset
    from fer_core.review.events.exchange import export_log, import_log
    from fer_core.review.events.log import VerdictLog

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


def _votes(arguments: argparse.Namespace, console: Console) -> dict[str, Any]:
    from fer_core.dataset.store import open_dataset
    from fer_core.dataset.votes import read_votes, store_votes
    from fer_core.review.judgement.vote_summary import summarise_votes

    dataset = open_dataset(console.workspace, arguments.dataset)
    votes = read_votes(dataset, arguments.file)
    store_votes(dataset, votes, replace=arguments.replace)
    summary = summarise_votes(dataset, votes)
    console.say(f"{summary.votes:,} votes on {summary.images:,} of the {len(dataset):,} images of {dataset.name}")
    if summary.images:
        console.say(f"agreement: Krippendorff's alpha {summary.alpha:.3f}; {summary.unanimous:.1%} unanimous")
        console.say(f"the given label alone has the most votes on {summary.top_is_given:.1%} of them")
    return {"dataset": dataset.name, "file": str(arguments.file), **summary.document()}
