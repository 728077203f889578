"""`sweep`: a search over settings, judged on PublicTest."""

import argparse
from typing import TYPE_CHECKING, Any

from fer_core.commands.console import COUNT, SEED, Commands, Console

if TYPE_CHECKING:
    from fer_core.training.search.sweep import Sweep

SHOWN = 5  # trials that people are told of


def register(commands: Commands) -> None:
    parser = commands.add("sweep", run_sweep, "search settings by many short trainings, judged on PublicTest")
    parser.add_argument("version", help="DATASET or DATASET@VERSION")
    parser.add_argument("--name", required=True, help="of the sweep; one that exists goes on where it was left")
    parser.add_argument("--trials", type=COUNT, default=20, help="in all, those that are done already included")
    parser.add_argument("--space", default="small", metavar="NAME|FILE.toml", help="what is searched (default: small)")
    parser.add_argument("--recipe", default="quick", metavar="NAME|FILE.toml", help="what is not searched")
    parser.add_argument("--epochs", type=COUNT, help="of each trial, instead of the recipe's")
    parser.add_argument("--seed", type=SEED, default=0)
    parser.add_argument("--threads", type=COUNT, metavar="N", help="default: all cores but one")
    parser.add_argument(
        "--storage",
        metavar="URL",
        help="a database for several processes (default: in the workspace; see docs/deploy.md for a cluster)",
    )
    parser.add_argument("--background", action="store_true", help="as a job that outlives this terminal")


def run_sweep(arguments: argparse.Namespace, console: Console) -> dict[str, Any]:
    from fer_core.dataset.version import open_version
    from fer_core.training.recipe import load_recipe
    from fer_core.training.search.space import load_space
    from fer_core.training.search.sweep import run_sweep as run

    # Everything that can be wrong with the call is found out here, before a job waits in the queue to fail.
    version = open_version(console.workspace, arguments.version)
    base, space = load_recipe(arguments.recipe).changed(epochs=arguments.epochs), load_space(arguments.space)
    space.refuse_unknown_networks()
    if arguments.background:
        return _submit(arguments, console)
    sweep = run(
        console.workspace,
        version,
        arguments.name,
        base,
        space,
        trials=arguments.trials,
        seed=arguments.seed,
        thread_count=arguments.threads,
        storage=arguments.storage,
        report=console.report,
    )
    return _told(sweep, console)


def _told(sweep: "Sweep", console: Console) -> dict[str, Any]:
    from dataclasses import asdict

    trials = sweep.trials()
    console.say(sweep.about["protocol"])
    counts = {state: sum(trial.state == state for trial in trials) for state in ("done", "pruned", "failed")}
    console.say(f"{len(trials)} trials: " + ", ".join(f"{count} {state}" for state, count in counts.items()) + ".")
    done = sorted((trial for trial in trials if trial.state == "done"), key=lambda trial: -(trial.accuracy or 0))
    for trial in done[:SHOWN]:
        settings = ", ".join(
            f"{name} {value:.4g}" if isinstance(value, float) else f"{name} {value}"
            for name, value in trial.settings.items()
        )
        console.say(f"  {trial.accuracy:.2%}  trial {trial.number}: {settings}")
    found = sweep.best()
    return {
        "sweep": sweep.name,
        **sweep.about,
        "trials": [asdict(trial) for trial in trials],
        "best": {"trial": found[0].number, "recipe": found[1].document()} if found else None,
    }


def _submit(arguments: argparse.Namespace, console: Console) -> dict[str, Any]:
    """Queue the same sweep: running it again is going on with it."""
    from fer_core.jobs.runner import submit

    call = ["sweep", arguments.version]
    for flag in ("name", "trials", "space", "recipe", "epochs", "seed", "threads", "storage"):
        value = getattr(arguments, flag)
        if value is not None:
            call += [f"--{flag}", str(value)]
    job = submit(console.workspace, call, f"Sweep {arguments.name} on {arguments.version}")
    console.say(f"Queued as job {job.id}: {arguments.trials} trials.")
    return {"job": job.id, "sweep": arguments.name}
