"""Reading finished runs: the figures of one, of an ensemble, of a group of seeds, and two or more against each other.

What `evaluate` and `compare` print and the pages show; the predictions come from `tables`.
"""

from collections.abc import Sequence
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from fer_core.emotions import NAMES
from fer_core.errors import InputRefused, UsageError
from fer_core.evaluation.comparison import compare, compare_groups
from fer_core.evaluation.metrics import score
from fer_core.evaluation.modes import NONE
from fer_core.progress import Report, silent
from fer_core.runs.augmented import Cost, augmented_predictions
from fer_core.runs.run import PROBABILITIES, ROLES, VOTES, Run, probabilities
from fer_core.runs.tables import check_members, checked_labels, mean_predictions, subset_predictions
from fer_core.workspace import Workspace

__all__ = [
    "changed_sides",
    "comparison",
    "confusion_difference",
    "differences",
    "ensemble_evaluation",
    "evaluation",
    "evaluation_document",
    "seed_comparison",
    "subset_predictions",
]


def evaluation(
    workspace: Workspace,
    run: Run,
    role: str = "test",
    subset: str = "whole",
    *,
    labels: str | None = None,
    tta: str = NONE,
    report: Report = silent,
) -> dict[str, Any]:
    """The document of `evaluate` for the run's own data set, from its stored predictions."""
    return ensemble_evaluation(workspace, [run], role, subset, labels=labels, tta=tta, report=report)


def ensemble_evaluation(
    workspace: Workspace,
    runs: Sequence[Run],
    role: str = "test",
    subset: str = "whole",
    *,
    labels: str | None = None,
    tta: str = NONE,
    report: Report = silent,
) -> dict[str, Any]:
    """The document of `evaluate` for the mean of several runs; of one, its own."""
    labels = checked_labels(role, subset, labels)
    table = mean_predictions(workspace, runs, role, subset, labels=labels, tta=tta, report=report)
    document = evaluation_document(
        runs, runs[0].dataset, role, subset, labels, probabilities(table), table["label"].to_numpy(), tta
    )
    if tta != NONE:
        document["gain"] = _gain(workspace, runs, role, subset, labels, tta)
    return document


def evaluation_document(
    runs: Sequence[Run],
    dataset: str,
    role: str,
    subset: str,
    labels: str,
    predicted: np.ndarray,
    truth: np.ndarray,
    tta: str,
) -> dict[str, Any]:
    """All figures of predictions, float (N, 7), against classes, int (N,), and what they are figures of."""
    figures = score(predicted, truth)
    return {
        "run": " + ".join(run.id for run in runs),
        **({"members": [run.id for run in runs]} if len(runs) > 1 else {}),
        "dataset": dataset,
        "split": role,
        "subset": subset,
        "labels": labels,
        **{key: figures[key] for key in ("n", "accuracy", "top2", "macro_f1", "ece", "loss", "per_class", "confusion")},
        "tta": False if tta == NONE else tta,
        "intervals": figures["intervals"],
    }


def _gain(workspace: Workspace, runs: Sequence[Run], role: str, subset: str, labels: str, tta: str) -> dict[str, Any]:
    """Augmented against plain on the same images: the asked-for split in full, the others beside it, and the cost."""
    splits = {}
    for other in [role] + [found for found in ROLES if found != role and _was_scored(runs[0], found)]:
        by = labels if other == role else None
        plain = mean_predictions(workspace, runs, other, subset, labels=by)
        augmented = mean_predictions(workspace, runs, other, subset, labels=by, tta=tta)
        splits[other] = gain_document(
            plain, augmented, tta, _where(runs[0], other, subset, checked_labels(other, subset, by))
        )
    costs = [augmented_predictions(workspace, run, tta)[1] for run in runs]
    return {**splits[role], "cost": joint_cost(costs).document(), "splits": splits}


def gain_document(plain: pd.DataFrame, augmented: pd.DataFrame, tta: str, on: str) -> dict[str, Any]:
    """What test-time augmentation changed: the paired test of two tables about the same images."""
    truth = plain["label"].to_numpy()
    found = compare(probabilities(plain).argmax(1), probabilities(augmented).argmax(1), truth)
    return {
        "plain": found.a_correct / max(found.n, 1),
        "augmented": found.b_correct / max(found.n, 1),
        **found.document(),
        "sentence": found.sentence("one view", tta, on),
    }


def joint_cost(costs: Sequence[Cost]) -> Cost:
    """The cost of all members of an ensemble together."""
    return Cost(
        sum(cost.views for cost in costs),
        sum(cost.seconds_per_image for cost in costs),
        sum(cost.plain_seconds_per_image for cost in costs),
    )


def _was_scored(run: Run, role: str) -> bool:
    return role in run.document["protocol"]


def _where(run: Run, role: str, subset: str, labels: str) -> str:
    """Such as "PrivateTest (clean), given labels"."""
    name = run.document["protocol"][role]["name"]
    return f"{name}{' (clean)' if subset == 'clean' else ''}, {'vote' if labels == VOTES else labels} labels"


def comparison(
    workspace: Workspace, runs: list[Run], role: str = "test", subset: str = "whole", *, labels: str | None = None
) -> dict[str, Any]:
    """The document of `compare`: every run's figures, every pair's paired test, and what differs between the runs.

    `protocols` says so in a sentence where the runs are under unlike protocols. Raises UsageError for fewer than two
    runs and InputRefused for runs on different data sets and for a leaky run beside an honest one: a paired test needs
    the same images.
    """
    if len({run.id for run in runs}) < 2:
        raise UsageError("Compare at least two different runs.")
    labels = checked_labels(role, subset, labels)
    hashes = {run.document["dataset_hash"] for run in runs}
    if len(hashes) > 1:
        names = ", ".join(sorted({run.dataset for run in runs}))
        raise InputRefused(f"These runs are on different data sets ({names}): a paired test needs the same images.")
    keys = sorted({run.protocol_key for run in runs})
    if len(keys) > 1 and any(run.leaky for run in runs):
        leaky = ", ".join(run.id for run in runs if run.leaky)
        raise InputRefused(f"{leaky}: scored on copies of what it was trained on; it compares with nothing honest.")
    tables = {run.id: subset_predictions(workspace, run, role, subset, labels=labels) for run in runs}
    on = _where(runs[0], role, subset, labels)
    return {
        "split": role,
        "subset": subset,
        "labels": labels,
        "protocols": f"These runs are under unlike protocols: {'; '.join(keys)}." if len(keys) > 1 else None,
        "runs": [evaluation(workspace, run, role, subset, labels=labels) for run in runs],
        "pairs": [_pair(a, b, tables[a.id], tables[b.id], on) for a, b in combinations(runs, 2)],
        "differences": differences(runs),
    }


def _pair(a: Run, b: Run, a_table: pd.DataFrame, b_table: pd.DataFrame, on: str) -> dict[str, Any]:
    truth, a_calls, b_calls, _ = _both(a_table, b_table)
    found = compare(a_calls, b_calls, truth)
    return {"a": a.id, "b": b.id, **found.document(), "sentence": found.sentence(a.id, b.id, on)}


def _both(a_table: pd.DataFrame, b_table: pd.DataFrame) -> tuple[np.ndarray, np.ndarray, np.ndarray, pd.DataFrame]:
    """Labels and what each of two runs calls the images that both tables hold, int (n,), and their rows."""
    same = [key for key in ("row", "copy", "label") if key in a_table and key in b_table]
    both = a_table.merge(b_table, on=same, suffixes=("_a", "_b"))
    a_calls, b_calls = (both[[f"{name}_{side}" for name in PROBABILITIES]].to_numpy().argmax(1) for side in "ab")
    return both["label"].to_numpy(), a_calls, b_calls, both["row"]


def seed_comparison(
    workspace: Workspace,
    a: list[Run],
    b: list[Run],
    role: str = "test",
    subset: str = "whole",
    *,
    labels: str | None = None,
) -> dict[str, Any]:
    """Two groups of runs, each alike but for its seeds: the paired bootstrap over images and seeds, and a sentence.

    Raises UsageError where the groups share a run, InputRefused for unlike data sets or protocols.
    """
    labels = checked_labels(role, subset, labels)
    if {run.id for run in a} & {run.id for run in b}:
        raise UsageError("Both groups are the same runs: name one run of each of two groups.")
    check_members([*a, *b])
    tables = [subset_predictions(workspace, run, role, subset, labels=labels) for run in (*a, *b)]
    truth = tables[0]["label"].to_numpy()
    if any(not np.array_equal(table[["row", "label"]], tables[0][["row", "label"]]) for table in tables):
        raise InputRefused("These runs were scored on different images or labels: a paired test needs the same ones.")
    right = np.stack([probabilities(table).argmax(1) == truth for table in tables])
    found = compare_groups(right[: len(a)], right[len(a) :])
    return {
        "a": [run.id for run in a],
        "b": [run.id for run in b],
        "split": role,
        "subset": subset,
        "labels": labels,
        **found.document(),
        "sentence": found.sentence(a[0].id, b[0].id, _where(a[0], role, subset, labels)),
    }


def differences(runs: list[Run]) -> dict[str, list[Any]]:
    """What is not the same in all runs, one value per run: version, seed, and every knob of the recipe."""
    described = []
    for run in runs:
        recipe = {f"recipe.{key}": value for key, value in run.document["recipe"].items() if key != "note"}
        described.append({"version": run.version, "seed": run.document["seed"], **recipe})
    keys = dict.fromkeys(key for document in described for key in document)
    values = {key: [document.get(key) for document in described] for key in keys}
    return {key: column for key, column in values.items() if any(value != column[0] for value in column)}


def confusion_difference(a: dict[str, Any], b: dict[str, Any]) -> np.ndarray:
    """B's row ratios minus A's, float64 (7, 7), from two documents of `evaluate`."""
    return _ratios(b["confusion"]) - _ratios(a["confusion"])


def _ratios(matrix: list[list[int]]) -> np.ndarray:
    counts = np.asarray(matrix, float)
    return counts / np.maximum(counts.sum(1, keepdims=True), 1)


def changed_sides(
    workspace: Workspace, a: Run, b: Run, role: str = "test", *, labels: str | None = None
) -> pd.DataFrame:
    """The images on which exactly one of two runs is right: row, label, a_says, b_says (names), right ("a" or "b")."""
    truth, a_calls, b_calls, rows = _both(*(subset_predictions(workspace, run, role, labels=labels) for run in (a, b)))
    changed = (a_calls == truth) != (b_calls == truth)
    names = np.array(NAMES)
    return pd.DataFrame(
        {
            "row": rows[changed],
            "label": truth[changed],
            "a_says": names[a_calls[changed]],
            "b_says": names[b_calls[changed]],
            "right": np.where(a_calls[changed] == truth[changed], "a", "b"),
        }
    ).reset_index(drop=True)
