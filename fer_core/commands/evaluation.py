"""`evaluate` and `compare`: how good a run is, and which of several is better."""

import argparse
from typing import Any

from fer_core.commands.console import Commands, Console


def register(commands: Commands) -> None:
    parser = commands.add("evaluate", run_evaluate, "all metrics of a run, with 95 % intervals")
    parser.add_argument("run", help="the run's id")
    _add_choice(parser)
    parser.add_argument("--dataset", metavar="D", help="images of another data set instead of the run's own")

    parser = commands.add("compare", run_compare, "paired tests between two or more runs on the same images")
    parser.add_argument("run", nargs="+", help="run ids, the first is A")
    _add_choice(parser)


def _add_choice(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--split", choices=("val", "test"), default="test", help="PublicTest or PrivateTest (default)")
    parser.add_argument(
        "--subset",
        choices=("whole", "clean"),
        default="whole",
        help="clean: without exact copies of Training or of the other test split, one per group",
    )


def run_evaluate(arguments: argparse.Namespace, console: Console) -> dict[str, Any]:
    from fer_core.training.results import evaluation, on_dataset
    from fer_core.training.run import open_run

    run = open_run(console.workspace, arguments.run)
    if arguments.dataset and arguments.dataset != run.dataset:
        document = on_dataset(
            console.workspace, run, arguments.dataset, arguments.split, arguments.subset, console.report
        )
    else:
        document = evaluation(console.workspace, run, arguments.split, arguments.subset)
    console.say(run.document["protocol"]["sentence"])
    console.say(
        f"{document['dataset']}, {document['split']} ({document['subset']}, {document['n']:,} images, given labels):"
    )
    intervals = document["intervals"]
    for name, title in (("accuracy", "accuracy"), ("macro_f1", "macro-F1"), ("ece", "ECE")):
        low, high = intervals[name]
        console.say(f"  {title:9} {document[name]:.4f}  ({low:.4f} to {high:.4f})")
    console.say(f"  {'':9} precision  recall      F1       n")
    for name, figures in document["per_class"].items():
        cells = "".join(f"{figures[key]:8.3f}" for key in ("precision", "recall", "f1"))
        console.say(f"  {name:9}{cells}{figures['n']:8,}")
    return document


def run_compare(arguments: argparse.Namespace, console: Console) -> dict[str, Any]:
    from fer_core.training.results import comparison
    from fer_core.training.run import open_run

    runs = [open_run(console.workspace, run_id) for run_id in arguments.run]
    document = comparison(console.workspace, runs, arguments.split, arguments.subset)
    for figures in document["runs"]:
        low, high = figures["intervals"]["accuracy"]
        console.say(
            f"{figures['run']}: accuracy {figures['accuracy']:.2%} ({low:.2%} to {high:.2%}), "
            f"macro-F1 {figures['macro_f1']:.4f}"
        )
    for pair in document["pairs"]:
        console.say(pair["sentence"])
    for key, values in document["differences"].items():
        console.say(f"differs: {key}: {' / '.join(str(value) for value in values)}")
    return document
