"""`networks`, `train`, `runs`: what can be trained, training it, and what has been."""

import argparse
from typing import Any

from fer_core.commands.console import COUNT, SEED, Commands, Console


def register(commands: Commands) -> None:
    commands.add("networks", run_networks, "list the networks and the recipes that come with the program")

    parser = commands.add("train", run_train, "train a network on a version, into a run folder")
    parser.add_argument("version", help="DATASET or DATASET@VERSION")
    parser.add_argument("--network", help="default: the recipe's, shallow")
    parser.add_argument("--size", type=COUNT, help="input side in pixels (default: the recipe's, 48)")
    parser.add_argument("--epochs", type=COUNT, help="instead of the recipe's")
    parser.add_argument("--recipe", default="quick", metavar="NAME|FILE.toml")
    parser.add_argument("--seed", type=SEED, default=0)
    parser.add_argument("--threads", type=COUNT, metavar="N", help="default: all cores but one")
    parser.add_argument("--run", metavar="ID", help="the run's id; one that exists is resumed where it was left")
    parser.add_argument(
        "--leaky-split",
        action="store_true",
        help="a warning example: pool all images, balance the classes by turned and mirrored copies, and only then "
        "split at random, as published figures of 85 %% did; such a run never ranks with others",
    )
    parser.add_argument(
        "--workers", type=int, metavar="N", help="train on N workers of the Ray cluster that FER_CLUSTER names"
    )
    parser.add_argument("--background", action="store_true", help="as a job that outlives this terminal")

    parser = commands.add("runs", run_runs, "list the runs, the newest first")
    parser.add_argument(
        "--seeds",
        action="store_true",
        help="finished runs that differ only in the seed as one row: mean and standard deviation of each figure",
    )
    change = parser.add_mutually_exclusive_group()
    change.add_argument("--delete", metavar="ID", help="move a run to the deleted ones")
    change.add_argument("--restore", metavar="ID", help="bring a deleted run back")
    change.add_argument("--empty-trash", action="store_true", help="remove deleted runs for good")
    change.add_argument("--mirror", metavar="ID", help="send what MLflow at MLFLOW_TRACKING_URI lacks of a run")


def run_networks(arguments: argparse.Namespace, console: Console) -> dict[str, Any]:
    from fer_core.networks.cost import network_cost
    from fer_core.networks.registry import networks
    from fer_core.training.recipe import load_recipe, shipped_recipes

    found = []
    for network in networks().values():
        costs = {size: network_cost(network.name, size) for size in network.sizes}
        document: dict[str, Any] = {"name": network.name, "summary": network.summary, "source": network.source}
        document |= {
            key: {size: getattr(costs[size], key) for size in costs} for key in ("parameters", "multiply_adds")
        }
        found.append(document)
        sizes = ", ".join(
            f"{cost.parameters:,} parameters at {size} x {size} ({cost.multiply_adds / 1e6:,.0f} million multiply-adds)"
            for size, cost in costs.items()
        )
        console.say(f"{network.name}: {network.summary}. {network.source}. {sizes}.")
    recipes = [load_recipe(name) for name in shipped_recipes()]
    for recipe in recipes:
        console.say(f"recipe {recipe.name} ({recipe.epochs} epochs): {' '.join(recipe.note.split())}")
    return {"networks": found, "recipes": [recipe.document() for recipe in recipes]}


def run_train(arguments: argparse.Namespace, console: Console) -> dict[str, Any]:
    from fer_core.dataset.version import open_version
    from fer_core.errors import UsageError
    from fer_core.networks.registry import find_network
    from fer_core.runs.mirror import trouble
    from fer_core.runs.session import new_run_id, train_version
    from fer_core.runs.together import refuse_workers, train_together
    from fer_core.training.recipe import load_recipe

    # Everything that can be wrong with the call is found out here, before a job waits in the queue to fail.
    version = open_version(console.workspace, arguments.version)
    recipe = load_recipe(arguments.recipe)
    recipe = recipe.changed(network=arguments.network, size=arguments.size, epochs=arguments.epochs)
    find_network(recipe.network)
    run_id = arguments.run or new_run_id(recipe)
    console.workspace.run(run_id)
    if arguments.workers is not None:
        refuse_workers(arguments.workers)
        if arguments.threads is not None:
            raise UsageError("--threads and --workers do not go together: each worker takes what its node has.")
    if arguments.background:
        return _submit(arguments, console, run_id)

    console.say(f"Training {recipe.network} at {recipe.size} on {version} by recipe {recipe.name}: run {run_id}.")
    common = {"seed": arguments.seed, "run_id": run_id, "leaky": arguments.leaky_split, "report": console.report}
    if arguments.workers is None:
        run = train_version(console.workspace, version, recipe, thread_count=arguments.threads, **common)
    else:
        run = train_together(console.workspace, version, recipe, arguments.workers, **common)
    document = {"run": run.id, "path": str(run.path), "status": run.status}
    document |= {key: run.document[key] for key in ("version", "protocol", "best", "result", "wall_s")}
    if stopped := run.document.get("stopped"):
        console.say(f"It {stopped}.")
    console.say(run.document["protocol"]["sentence"])
    for role, figures in run.document["result"].items():
        whole, clean = figures["whole"], figures["clean"]
        name = run.document["protocol"][role]["name"]
        marked = "LEAKY, " if run.leaky else ""
        by = " by vote labels" if role == "votetest" else ""
        console.say(f"{marked}{name}{by}: accuracy {whole['accuracy']:.2%}, macro-F1 {whole['macro_f1']:.4f}")
        if clean["n"] == whole["n"]:
            continue
        console.say(f"  on its clean subset ({clean['n']:,} images): accuracy {clean['accuracy']:.2%}")
    if told := trouble(run.path):
        console.say(told)
    return document


def _submit(arguments: argparse.Namespace, console: Console, run_id: str) -> dict[str, Any]:
    """Queue the same training under the same run id: running it again is resuming it."""
    from fer_core.jobs.runner import submit

    call = ["train", arguments.version, "--run", run_id]
    for flag in ("network", "size", "epochs", "recipe", "seed", "threads", "workers"):
        value = getattr(arguments, flag)
        if value is not None:
            call += [f"--{flag}", str(value)]
    if arguments.leaky_split:
        call.append("--leaky-split")
    job = submit(console.workspace, call, f"Train on {arguments.version}: {run_id}")
    console.say(f"Queued as job {job.id}; the run will be {run_id}.")
    return {"job": job.id, "run": run_id}


def run_runs(arguments: argparse.Namespace, console: Console) -> list[dict[str, Any]] | dict[str, Any]:
    from fer_core.runs.mirror import send_run
    from fer_core.runs.run import list_runs, open_run
    from fer_core.runs.trash import delete_run, empty_trash, restore_run

    if arguments.delete:
        delete_run(console.workspace, arguments.delete)
        console.say(f"Deleted {arguments.delete}; bring it back with `runs --restore {arguments.delete}`.")
        return {"deleted": arguments.delete}
    if arguments.restore:
        return {"restored": restore_run(console.workspace, arguments.restore).id}
    if arguments.empty_trash:
        return {"removed": empty_trash(console.workspace)}
    if arguments.mirror:
        there = send_run(open_run(console.workspace, arguments.mirror))
        console.say(f"{arguments.mirror} is in MLflow as run {there}.")
        return {"run": arguments.mirror, "mlflow": there}
    runs = list_runs(console.workspace)
    if arguments.seeds:
        return _by_seeds([run.document for run in runs if run.status == "done"], console)
    documents = []
    for run in runs:
        keys = ("network", "size", "version", "synthetic", "seed", "protocol", "started", "wall_s", "best", "result")
        documents.append({"id": run.id, "status": run.status, **{key: run.document[key] for key in keys}})
        documents[-1]["recipe"] = run.document["recipe"]["name"]
        best = run.document["best"]
        chosen = f"val {best['val_accuracy']:.2%} (epoch {best['epoch']})" if best else "no epoch yet"
        result = run.document["result"]
        scored = f", test {result['test']['whole']['accuracy']:.2%}" if result else ""
        leaky = "  LEAKY" if run.leaky else ""
        console.say(f"{run.id}  {run.status:11}  {run.version}  {chosen}{scored}{leaky}")
    if not documents:
        console.say("No runs yet. Train one: python -m fer_core train DATASET --network shallow")
    return documents


def _by_seeds(documents: list[dict[str, Any]], console: Console) -> list[dict[str, Any]]:
    """A row for each group of finished runs that differ only in the seed."""
    from fer_core.evaluation.seeds import seed_groups, seed_row

    rows = [seed_row([documents[i] for i in members]) for members in seed_groups(documents)]
    for row in rows:
        test = row["result"]["test"]["whole"]["accuracy"]
        spread = "" if test["sd"] is None else f" +- {100 * test['sd']:.2f}"
        seeds = f"{len(row['seeds'])} seed{'s' if len(row['seeds']) > 1 else ''}"
        console.say(f"{row['network']}{row['size']} {row['recipe']}  {row['version']}  test {test['mean']:.2%}{spread}")
        console.say(f"  {seeds}: {', '.join(row['runs'])}; {row['protocol']}")
    if not rows:
        console.say("No finished runs yet. Train one: python -m fer_core train DATASET --network shallow")
    return rows
