"""Whether reviewing helps the network: reviews of suspects against as many random ones, by votes nobody trained on.

    python -m benchmarks.prove_cleaning DATASET [--workspace data] [--reviews 1000 3000 10000] [--seeds 3]

Simulated annotators draw from the vote table kept with the data set and answer into logs that are thrown away: once in
the order of suspicion, once in the order of the random audit. After so many reviews a version is cut (their labels,
without what they call no face; nothing else), trained with the data set's own labels as the other arm, same recipe and
seeds, and scored on VoteTest and on PrivateTest without copies (`prove`); the two orders are compared with each other
as well. Versions, runs and proofs stay in the workspace, so a call that was stopped goes on where it was. Writes
benchmarks/proofs/DATASET.json, which `benchmarks.draw_proof` draws.

The order of suspicion knows the votes in two places: its regression was fitted to them, and its four crowd networks
learnt from those of other pictures. Random order knows nothing.
"""

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

from fer_core.audit.results import Audit, need_audit
from fer_core.dataset.store import Dataset, open_dataset
from fer_core.dataset.version import DatasetVersion, as_imported, list_versions, open_version, store_version
from fer_core.dataset.votes import VoteTable, open_votes
from fer_core.files import read_json, write_json
from fer_core.review.events.log import VerdictLog
from fer_core.review.policy.cut import plan_cut
from fer_core.review.policy.rules import Policy
from fer_core.review.queues.kinds import RANDOM
from fer_core.review.queues.leases import LeaseBook
from fer_core.review.simulation.simulate import Plan, simulate
from fer_core.runs.proof import prove
from fer_core.training.machine import cpu
from fer_core.training.recipe import load_recipe
from fer_core.workspace import Workspace

ORDERS = {"suspects": "suspicion", "random": RANDOM}
AGAINST = "suspects against random"
POLICY = Policy(drop_duplicates=False, drop_conflicts=False, drop_leaks=False, drop_findings=())
FOLDER = Path(__file__).parent / "proofs"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("dataset")
    parser.add_argument("--workspace", type=Path, default=Path("data"))
    parser.add_argument("--reviews", type=int, nargs="+", default=[1000, 3000, 10000])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--recipe", default="quick")
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--threads", type=int)
    arguments = parser.parse_args()
    workspace = Workspace(arguments.workspace.resolve())
    dataset = open_dataset(workspace, arguments.dataset)
    votes = open_votes(dataset)
    assert votes is not None, "no votes are kept with the data set"
    audit = need_audit(as_imported(dataset))
    recipe = load_recipe(arguments.recipe).changed(epochs=arguments.epochs)
    print(f"{cpu()['name']}, {cpu()['cores']} cores; {dataset.name}, {recipe.name}, {arguments.seeds} seeds")
    file = FOLDER / f"{dataset.name}.json"
    found: list[dict[str, Any]] = read_json(file) if file.exists() else []

    def compared(a: DatasetVersion, b: DatasetVersion, about: dict[str, Any]) -> None:
        document = prove(workspace, a, b, recipe, seeds=arguments.seeds, thread_count=arguments.threads)
        told = {"tests": document["tests"], "recipe": recipe.document(), "sentence": document["sentence"]}
        key = (about["reviews"], about["order"], told["recipe"])
        found[:] = [one for one in found if (one["reviews"], one["order"], one["recipe"]) != key] + [about | told]
        print(" ".join(f"{key} {value}" for key, value in about.items()), "--", document["sentence"], flush=True)
        write_json(file, sorted(found, key=lambda one: one["reviews"]))

    for reviews in sorted(arguments.reviews):
        versions = {order: reviewed(workspace, dataset, audit, votes, order, reviews) for order in ORDERS}
        for order, version in versions.items():
            manifest = version.manifest
            relabelled, dropped = int((manifest["label"] != dataset.labels).sum()), int((~manifest["kept"]).sum())
            about = {"reviews": reviews, "order": order, "relabelled": relabelled, "dropped": dropped}
            compared(as_imported(dataset), version, about)
        compared(versions["random"], versions["suspects"], {"reviews": reviews, "order": AGAINST})
    print(json.dumps([{key: one[key] for key in ("reviews", "order", "sentence")} for one in found], indent=1))


def reviewed(
    workspace: Workspace, dataset: Dataset, audit: Audit, votes: VoteTable, order: str, reviews: int
) -> DatasetVersion:
    """The version after so many simulated reviews by one annotator in this order; stored under a name that says so."""
    name = f"sim-{order}-{reviews}" + (f"-{audit.id.rpartition('-')[2]}" if order == "suspects" else "")
    if name in {version["name"] for version in list_versions(dataset)}:
        return open_version(workspace, f"{dataset.name}@{name}")
    with tempfile.TemporaryDirectory() as folder:
        log = VerdictLog(Path(folder) / "labels.db", local=True)
        plan = Plan(1, reviews, ORDERS[order], audit_share=0.0)
        simulate(dataset, log, LeaseBook(Path(folder) / "leases.db", local=True), audit, votes, plan)
        cut = plan_cut(dataset, log, audit, POLICY).version
    return store_version(workspace, dataset, name, cut.manifest, cut.policy)


if __name__ == "__main__":
    main()
