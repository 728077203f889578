"""`prove`: whether training on one version instead of another helps."""

import argparse
from typing import Any

from fer_core.commands.console import COUNT, Commands, Console


def register(commands: Commands) -> None:
    parser = commands.add("prove", run_prove, "train two versions with the same seeds and say whether one helps")
    parser.add_argument("a", metavar="VERSION_A", help="DATASET or DATASET@VERSION")
    parser.add_argument("b", metavar="VERSION_B", help="another version of the same data set")
    parser.add_argument("--network", help="default: the recipe's, shallow")
    parser.add_argument("--size", type=COUNT, help="input side in pixels (default: the recipe's, 48)")
    parser.add_argument("--epochs", type=COUNT, help="instead of the recipe's")
    parser.add_argument("--recipe", default="quick", metavar="NAME|FILE.toml")
    parser.add_argument("--seeds", type=COUNT, default=5, help="how many, beginning with 0 (default: 5)")
    parser.add_argument("--threads", type=COUNT, metavar="N", help="default: all cores but one")
    parser.add_argument("--background", action="store_true", help="as a job that outlives this terminal")


def run_prove(arguments: argparse.Namespace, console: Console) -> dict[str, Any]:
    from fer_core.dataset.version import open_version
    from fer_core.networks.registry import find_network
    from fer_core.runs.proof import prove, refuse_alike
    from fer_core.training.recipe import load_recipe

    a, b = (open_version(console.workspace, reference) for reference in (arguments.a, arguments.b))
    recipe = load_recipe(arguments.recipe)
    recipe = recipe.changed(network=arguments.network, size=arguments.size, epochs=arguments.epochs)
    find_network(recipe.network)
    refuse_alike(a, b)
    if arguments.background:
        return _submit(arguments, console)
    document = prove(
        console.workspace,
        a,
        b,
        recipe,
        seeds=arguments.seeds,
        thread_count=arguments.threads,
        report=console.report,
    )
    for test in document["tests"]:
        for figure in test["figures"].values():
            console.say(figure["sentence"])
    console.say(document["sentence"])
    return document


def _submit(arguments: argparse.Namespace, console: Console) -> dict[str, Any]:
    """Queue the same call: running it again goes on where it was."""
    from fer_core.jobs.runner import submit

    call = ["prove", arguments.a, arguments.b]
    for flag in ("network", "size", "epochs", "recipe", "seeds", "threads"):
        value = getattr(arguments, flag)
        if value is not None:
            call += [f"--{flag}", str(value)]
    job = submit(console.workspace, call, f"Prove {arguments.b} against {arguments.a}")
    console.say(f"Queued as job {job.id}: {2 * arguments.seeds} trainings.")
    return {"job": job.id}
