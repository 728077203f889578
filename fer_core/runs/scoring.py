"""The end of a run: what the chosen epoch says of every image that is scored, and how good that is."""

from typing import Any

import numpy as np
import pandas as pd

from fer_core.evaluation.inference import predict_probabilities
from fer_core.evaluation.metrics import score
from fer_core.networks.weights import Model
from fer_core.progress import Report, part, silent
from fer_core.runs.plan import Plan
from fer_core.runs.run import GIVEN, PROBABILITIES, VOTES, default_labels

HEADLINE = ("n", "accuracy", "top2", "macro_f1", "ece")


def scored(model: Model, plan: Plan, report: Report = silent) -> tuple[pd.DataFrame, dict[str, Any]]:
    """The tables for predictions.parquet and report.json; the one place where a training reads its test rows."""
    tables, metrics = [], {}
    roles = plan.protocol.roles
    for number, role in enumerate(roles):
        told = part(report, number / len(roles), (number + 1) / len(roles))
        rows = plan.protocol.rows(role)
        predicted = predict_probabilities(model, plan.images[rows], report=told)
        columns = {"row": plan.source[rows], "split": role, "label": plan.labels[rows]}
        columns["clean"] = np.isin(rows, plan.clean[role])
        if plan.voted is not None:
            columns["voted"] = plan.voted[rows]
        if plan.copy is not None:
            columns["copy"] = plan.copy[rows]
        table = pd.concat([pd.DataFrame(columns), pd.DataFrame(predicted, columns=PROBABILITIES)], axis=1)
        metrics[role] = {"name": plan.protocol.name(role), **_metrics(table, role)}
        tables.append(table)
    return pd.concat(tables, ignore_index=True), metrics


def _metrics(table: pd.DataFrame, role: str) -> dict[str, Any]:
    """Whole and clean by the labels that a role is scored by, and by the other ones where there are any."""
    first = default_labels(role)
    found: dict[str, Any] = {"labels": first, **_by_labels(table, first)}
    other = GIVEN if first == VOTES else VOTES
    if other == GIVEN or ("voted" in table and (table["voted"] >= 0).any()):
        found[other] = _by_labels(table, other)
    return found


def _by_labels(table: pd.DataFrame, labels: str) -> dict[str, Any]:
    truth = table["voted" if labels == VOTES else "label"].to_numpy()
    predicted, known, clean = table[PROBABILITIES].to_numpy(), truth >= 0, table["clean"].to_numpy()
    return {
        "whole": score(predicted[known], truth[known]),
        "clean": score(predicted[known & clean], truth[known & clean]),
    }


def headline(metrics: dict[str, Any]) -> dict[str, Any]:
    """The figures of run.json: by role whole and clean, and whole by the other labels under their name."""

    def figures(document: dict[str, Any]) -> dict[str, Any]:
        return {key: document[key] for key in HEADLINE}

    found = {}
    for role, document in metrics.items():
        found[role] = {subset: figures(document[subset]) for subset in ("whole", "clean")}
        found[role] |= {labels: figures(document[labels]["whole"]) for labels in (GIVEN, VOTES) if labels in document}
    return found
