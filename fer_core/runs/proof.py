"""`prove`: whether training on one version instead of another helps, with several seeds and fair tests.

Both versions are trained by the same recipe with the same seeds. What is compared stays the same whatever the versions
hold: PrivateTest without copies, by its given labels, and VoteTest, by what annotators voted. Corrected labels are
expected to lose on the first, of which about a third is not what annotators see; the second says whether they helped.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from fer_core.dataset.store import TRAINING
from fer_core.dataset.version import DatasetVersion
from fer_core.errors import NotFound, UsageError
from fer_core.evaluation.comparison import GroupComparison, compare_groups
from fer_core.evaluation.metrics import confusion_matrix, macro_f1
from fer_core.evaluation.paired_f1 import compare_macro_f1
from fer_core.evaluation.protocol import make_protocol
from fer_core.files import read_json, write_json
from fer_core.progress import Report, part, silent
from fer_core.runs.run import GIVEN, VOTES, Run, list_runs, probabilities
from fer_core.runs.tables import subset_predictions
from fer_core.training.recipe import Recipe
from fer_core.workspace import Workspace, child

CLEAN_TEST = ("test", "clean", GIVEN)
VOTE_TEST = ("votetest", "whole", VOTES)
WORDS = {CLEAN_TEST: "PrivateTest without copies, given labels", VOTE_TEST: "VoteTest, vote labels"}


@dataclass(frozen=True)
class Figure:
    """One figure of both versions on one set of images: a value for each seed, and the difference B - A."""

    name: str  # "accuracy" or "macro-F1"
    a: list[float]
    b: list[float]
    compared: GroupComparison


def prove(
    workspace: Workspace,
    a: DatasetVersion,
    b: DatasetVersion,
    recipe: Recipe,
    *,
    seeds: int = 5,
    thread_count: int | None = None,
    report: Report = silent,
) -> dict[str, Any]:
    """Train both versions with seeds 0 to `seeds` - 1 where that is not done yet, compare, store and return the proof.

    Raises UsageError for versions of two data sets, or one version twice. What was stopped goes on where it was.
    """
    from fer_core.runs.session import new_run_id, train_version  # torch, which reading a proof need not wait for

    if seeds < 1:
        raise UsageError("--seeds must be at least 1.")
    refuse_alike(a, b)
    done: dict[str, list[Run]] = {"a": [], "b": []}
    tasks = [(side, version, seed) for seed in range(seeds) for side, version in (("a", a), ("b", b))]
    for number, (side, version, seed) in enumerate(tasks):
        run = train_version(
            workspace,
            version,
            recipe,
            seed=seed,
            thread_count=thread_count,
            run_id=_begun(workspace, version, recipe, seed) or new_run_id(recipe),
            report=_titled(report, f"{version}, seed {seed}: ", number / len(tasks), (number + 1) / len(tasks)),
        )
        done[side].append(run)
    document = proof(workspace, done["a"], done["b"])
    write_json(_file(workspace, document["id"]), document)
    return document


def refuse_alike(a: DatasetVersion, b: DatasetVersion) -> None:
    """UsageError for versions of two data sets, or one version twice."""
    if a.dataset.hash != b.dataset.hash:
        raise UsageError(f"{a} and {b} are versions of two data sets; a proof needs the same test images.")
    if a.hash == b.hash:
        raise UsageError(f"{a} and {b} hold the same images and labels: there is nothing to compare.")


def proof(workspace: Workspace, a: Sequence[Run], b: Sequence[Run]) -> dict[str, Any]:
    """The document that compares two groups of finished runs, each of one version, equal but for their seeds."""
    tests = []
    for role, subset, labels in (CLEAN_TEST, VOTE_TEST):
        if role != "votetest" or all("votetest" in run.document["protocol"] for run in (*a, *b)):
            tests.append(_test(workspace, a, b, role, subset, labels))
    names = [run.version for run in (a[0], b[0])]
    about = {
        "versions": names,
        "version_hashes": [run.document["version_hash"] for run in (a[0], b[0])],
        "recipe": a[0].document["recipe"],
        "seeds": [run.document["seed"] for run in a],
        "runs": {"a": [run.id for run in a], "b": [run.id for run in b]},
        "protocols": [run.document["protocol"]["sentence"] for run in (a[0], b[0])],
    }
    digest = hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()[:8]
    return {"id": f"{a[0].dataset}-{digest}", **about, "tests": tests, "sentence": _conclusion(names, tests)}


def list_proofs(workspace: Workspace, dataset: str) -> list[dict[str, Any]]:
    """The stored proofs of a data set, the newest first."""
    files = sorted((workspace.root / "proofs").glob(f"{dataset}-*.json"), key=lambda file: -file.stat().st_mtime)
    documents = [read_json(file) for file in files]
    return [found for found in documents if found["versions"][0].partition("@")[0] == dataset]


def open_proof(workspace: Workspace, proof_id: str) -> dict[str, Any]:
    """A stored proof by its id."""
    path = _file(workspace, proof_id)
    if not path.exists():
        raise NotFound(f"There is no proof {proof_id!r} in {workspace.root}.")
    document: dict[str, Any] = read_json(path)
    return document


def _titled(report: Report, title: str, start: float, end: float) -> Report:
    told = part(report, start, end)
    return lambda stage, fraction: told(title + stage, fraction)


def _begun(workspace: Workspace, version: DatasetVersion, recipe: Recipe, seed: int) -> str | None:
    """A run with these very settings and protocol, to be used or gone on with: the newest that is finished, or else the
    newest."""
    wanted = (str(version), version.hash, recipe.document(), seed)
    key = make_protocol(version.dataset, version.rows(TRAINING)).document()["key"]  # leaky ones have another
    alike = [
        run
        for run in list_runs(workspace)
        if (run.version, *(run.document[name] for name in ("version_hash", "recipe", "seed"))) == wanted
        and run.protocol_key == key
    ]
    return next((run.id for run in sorted(alike, key=lambda run: run.status != "done")), None)


def _test(
    workspace: Workspace, a: Sequence[Run], b: Sequence[Run], role: str, subset: str, labels: str
) -> dict[str, Any]:
    tables = [subset_predictions(workspace, run, role, subset, labels=labels) for run in (*a, *b)]
    truth = tables[0]["label"].to_numpy()
    for run, table in zip((*a, *b), tables, strict=True):
        if not np.array_equal(table[["row", "label"]], tables[0][["row", "label"]]):
            raise UsageError(f"{run.id} was scored on other images than {a[0].id}; train it again.")
    called = np.stack([probabilities(table).argmax(1) for table in tables])
    ours, theirs = called[: len(a)], called[len(a) :]
    figures = [
        Figure(
            "accuracy", _shares(ours, truth), _shares(theirs, truth), compare_groups(ours == truth, theirs == truth)
        ),
        Figure("macro-F1", _f1s(ours, truth), _f1s(theirs, truth), compare_macro_f1(ours, theirs, truth)),
    ]
    on = WORDS[role, subset, labels]
    return {
        "split": role,
        "subset": subset,
        "labels": labels,
        "on": on,
        "n": len(truth),
        "figures": {
            figure.name: {
                "a": figure.a,
                "b": figure.b,
                **figure.compared.document(),
                "sentence": figure.compared.sentence(a[0].version, b[0].version, f"{on}, {figure.name}"),
            }
            for figure in figures
        },
    }


def _conclusion(names: Sequence[str], tests: list[dict[str, Any]]) -> str:
    """What came out: macro-F1 by votes where there are votes, else by given labels. One seed each proves nothing."""
    test = tests[-1]
    found = test["figures"]["macro-F1"]
    low, high = (100 * bound for bound in found["interval"])
    points = 100 * found["difference"]
    several = found["a_seeds"] > 1 and found["b_seeds"] > 1
    seeds = f"{found['a_seeds']} seeds" if several else "one seed, which does not show how far seeds differ"
    about = (
        f"Macro-F1 on {test['on']} ({test['n']:,} images, {seeds}): {points:+.1f} points ({low:+.1f} to {high:+.1f})."
    )
    change = f"on {names[1]} instead of {names[0]}"
    if low > 0:
        return f"Training {change} {'helped' if several else 'did better this once'}. {about}"
    if high < 0:
        return f"Training {change} {'did harm' if several else 'did worse this once'}. {about}"
    return f"Whether training {change} helped is not clear. {about}"


def _shares(called: np.ndarray, truth: np.ndarray) -> list[float]:
    return [float(value) for value in (called == truth).mean(1)]


def _f1s(called: np.ndarray, truth: np.ndarray) -> list[float]:
    return [macro_f1(confusion_matrix(truth, predicted)) for predicted in called]


def _file(workspace: Workspace, proof_id: str) -> Path:
    return child(workspace.root / "proofs", f"{proof_id}.json", "proof")
