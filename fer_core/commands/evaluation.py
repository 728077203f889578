"""`evaluate` and `compare`: how good a run or an ensemble is, and which of several is better."""

import argparse
from typing import Any

from fer_core.commands.console import Commands, Console

SPLITS = ("val", "test", "votetest")


def register(commands: Commands) -> None:
    parser = commands.add("evaluate", run_evaluate, "all metrics of a run or an ensemble, each with its interval")
    parser.add_argument("run", nargs="+", help="the run's id; of several, the mean of their probabilities is scored")
    _add_choice(parser, (*SPLITS, "all"))
    parser.add_argument("--dataset", metavar="D", help="images of another data set instead of the run's own")
    parser.add_argument(
        "--tta",
        nargs="?",
        const="crops",
        choices=("flip", "crops", "samples"),
        help="test-time augmentation: the mean over the image and its mirror image (flip), five crops and their mirror "
        "images (crops, what --tta alone means) or ten random views (samples); says what it gains and costs",
    )

    parser = commands.add("compare", run_compare, "paired tests between two or more runs on the same images")
    parser.add_argument("run", nargs="+", help="run ids, the first is A")
    _add_choice(parser, SPLITS)
    parser.add_argument(
        "--seeds",
        action="store_true",
        help="two runs stand for all finished runs that differ from them only in the seed: bootstrap over images and "
        "seeds",
    )


def _add_choice(parser: argparse.ArgumentParser, splits: tuple[str, ...]) -> None:
    everything = "; all: every image of --dataset" if "all" in splits else ""
    parser.add_argument(
        "--split",
        choices=splits,
        help="PublicTest, PrivateTest (default), or the images of Training that were put aside to be scored by "
        f"annotators' votes (default with --labels votes){everything}",
    )
    parser.add_argument(
        "--subset",
        choices=("whole", "clean"),
        default="whole",
        help="clean: without exact copies of Training or of the other test split, one per group",
    )
    parser.add_argument(
        "--labels",
        choices=("given", "votes"),
        help="the data set's labels, or the class that a clear majority of annotators voted for, where there is one "
        "(default: votes for votetest, given otherwise)",
    )


def _split(arguments: argparse.Namespace) -> str:
    """Vote labels are those of VoteTest unless another split is named."""
    return arguments.split or ("votetest" if arguments.labels == "votes" else "test")


def run_evaluate(arguments: argparse.Namespace, console: Console) -> dict[str, Any]:
    from fer_core.dataset.version import open_version
    from fer_core.errors import UsageError
    from fer_core.runs.elsewhere import on_dataset
    from fer_core.runs.results import ensemble_evaluation
    from fer_core.runs.run import open_run
    from fer_core.runs.tables import check_members

    runs = [open_run(console.workspace, run_id) for run_id in arguments.run]
    choice: dict[str, Any] = {"labels": arguments.labels, "tta": arguments.tta or "none", "report": console.report}
    where = (_split(arguments), arguments.subset)
    check_members(runs)
    if arguments.dataset:
        open_version(console.workspace, arguments.dataset)  # a name that is wrong is said
    # A version changes Training only: to evaluate on one is to evaluate on its data set.
    if arguments.dataset and arguments.dataset.partition("@")[0] != runs[0].dataset:
        document = on_dataset(console.workspace, runs, arguments.dataset, *where, **choice)
    elif arguments.split == "all":
        raise UsageError("--split all belongs to --dataset: a run has seen most images of its own data set.")
    else:
        document = ensemble_evaluation(console.workspace, runs, *where, **choice)
    for sentence in dict.fromkeys(run.document["protocol"]["sentence"] for run in runs):
        console.say(sentence)
    _say_figures(document, console)
    return document


def _say_figures(document: dict[str, Any], console: Console) -> None:
    if "members" in document:
        console.say(f"The mean of {len(document['members'])} runs: {', '.join(document['members'])}.")
    views = f", test-time augmentation: {document['tta']}" if document["tta"] else ""
    labels = "vote" if document["labels"] == "votes" else "given"
    console.say(
        f"{document['dataset']}, {document['split']} ({document['subset']}, {document['n']:,} images, {labels} "
        f"labels{views}):"
    )
    intervals = document["intervals"]
    titles = {"accuracy": "accuracy", "top2": "top-2", "macro_f1": "macro-F1", "ece": "ECE", "loss": "loss"}
    for name, title in titles.items():
        low, high = intervals[name]
        console.say(f"  {title:9} {document[name]:.4f}  ({low:.4f} to {high:.4f})")
    console.say(f"  {'':9} precision  recall      F1       n")
    for name, figures in document["per_class"].items():
        cells = "".join(f"{figures[key]:8.3f}" for key in ("precision", "recall", "f1"))
        console.say(f"  {name:9}{cells}{figures['n']:8,}")
    if "gain" in document:
        gain = document["gain"]
        cost = gain["cost"]
        for found in gain.get("splits", {document["split"]: gain}).values():
            console.say(found["sentence"])
        console.say(f"It takes {cost['views']} views, {cost['times_longer']:.1f} times as long as without.")


def run_compare(arguments: argparse.Namespace, console: Console) -> dict[str, Any]:
    from fer_core.runs.results import comparison
    from fer_core.runs.run import open_run

    runs = [open_run(console.workspace, run_id) for run_id in arguments.run]
    if arguments.seeds:
        return _compare_seeds(arguments, console)
    document = comparison(console.workspace, runs, _split(arguments), arguments.subset, labels=arguments.labels)
    for figures in document["runs"]:
        low, high = figures["intervals"]["accuracy"]
        console.say(
            f"{figures['run']}: accuracy {figures['accuracy']:.2%} ({low:.2%} to {high:.2%}), "
            f"macro-F1 {figures['macro_f1']:.4f}"
        )
    if document["protocols"]:
        console.say(document["protocols"])
    for pair in document["pairs"]:
        console.say(pair["sentence"])
    for key, values in document["differences"].items():
        console.say(f"differs: {key}: {' / '.join(str(value) for value in values)}")
    return document


def _compare_seeds(arguments: argparse.Namespace, console: Console) -> dict[str, Any]:
    from fer_core.errors import UsageError
    from fer_core.evaluation.seeds import seed_groups
    from fer_core.runs.results import seed_comparison
    from fer_core.runs.run import list_runs

    if len(arguments.run) != 2:
        raise UsageError("--seeds compares two groups: name one run of each.")
    finished = [run for run in list_runs(console.workspace) if run.status == "done"]
    finished.sort(key=lambda run: run.id not in arguments.run)  # of a seed that was trained twice the first counts
    groups = [[finished[i] for i in members] for members in seed_groups([run.document for run in finished])]
    chosen = []
    for run_id in arguments.run:
        found = [group for group in groups if run_id in [run.id for run in group]]
        if not found:
            raise UsageError(f"The run {run_id} is not finished; its seeds cannot be compared yet.")
        chosen.append(sorted(found[0], key=lambda run: run.id != run_id))  # the named one speaks for its group
    a, b = chosen
    document = seed_comparison(console.workspace, a, b, _split(arguments), arguments.subset, labels=arguments.labels)
    for side in ("a", "b"):
        console.say(f"{side.upper()}: {', '.join(document[side])}")
    console.say(document["sentence"])
    return document
