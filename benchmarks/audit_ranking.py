"""How well an audit ranks clear errors, beside the scores of the field on the same probabilities.

    python -m benchmarks.audit_ranking DATASET VOTES.csv [--strength fast] [--workspace data]

Takes the finished audits of that strength with its own settings (run several: `audit DATASET --seed 0`, 1, 2). A clear
error has at least eight of ten votes for one answer other than the given label. "suspicion" is computed for each image
by a regression that was fitted to the votes of others only (five folds by duplicate group); "as shipped" is fitted to
these very votes and flatters itself. cleanlab's scores come from its own code. Printed are mean and standard deviation
(n - 1) over the audits.
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
from cleanlab.rank import get_label_quality_scores

from benchmarks.fit_expected_votes import audits_of, inputs_of, left_out
from benchmarks.votes import Votes, ranking_figures, read_votes
from fer_core.audit.expected_votes import largest_other, translation
from fer_core.audit.results import Audit
from fer_core.audit.scores import SCORES
from fer_core.audit.strengths import STRENGTHS
from fer_core.dataset.store import Dataset, open_dataset
from fer_core.emotions import CLASSES
from fer_core.training.machine import cpu
from fer_core.workspace import Workspace

PEERS = {
    "cleanlab margin": {"method": "normalized_margin"},
    "cleanlab default": {"method": "self_confidence"},
    "cleanlab entropy": {"method": "confidence_weighted_entropy"},
    "cleanlab adjusted": {"method": "normalized_margin", "adjust_pred_probs": True},
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("dataset")
    parser.add_argument("votes", type=Path)
    parser.add_argument("--strength", choices=STRENGTHS, default="fast")
    parser.add_argument("--workspace", type=Path, default=Path("data"))
    arguments = parser.parse_args()
    dataset = open_dataset(Workspace(arguments.workspace.resolve()), arguments.dataset)
    votes = read_votes(arguments.votes)
    audits = audits_of(dataset, arguments.strength)
    labels, wrong = dataset.labels[votes.rows], votes.clear_errors(dataset.labels)
    seconds = [audit.document["seconds"] for audit in audits]
    print(f"{cpu()['name']}, {cpu()['cores']} cores; {len(audits)} audits, strength {arguments.strength}, seeds "
          f"{sorted(audit.document['settings']['seed'] for audit in audits)}")  # fmt: skip
    for part in ("all", "pixels", "faces"):
        print(f"seconds, {part}: {', '.join(f'{one[part]:.0f}' for one in seconds)}")
    accuracies = [audit.document["out_of_fold_accuracy"] for audit in audits]
    print(f"out-of-fold accuracy {np.mean(accuracies):.3f} ({min(accuracies):.3f} to {max(accuracies):.3f})")
    print(f"{len(votes.rows):,} images with votes, {wrong.sum():,} clear errors ({wrong.mean():.1%})\n")

    lines: dict[str, list[dict[str, float]]] = {}
    for audit, said in zip(audits, left_out(dataset, audits, votes), strict=True):
        for name, values in _rankings(dataset, audit, votes, largest_other(said, labels), wrong).items():
            lines.setdefault(name, []).append(ranking_figures(values, wrong, labels))
    for name, figures in lines.items():
        table = pd.DataFrame(figures)
        spread = {column: f"±{table[column].std():.3f}" if len(table) > 1 else "" for column in table}
        cells = "  ".join(f"{column} {table[column].mean():.3f}{spread[column]}" for column in table)
        print(f"{name:<24}{cells}")


def _rankings(
    dataset: Dataset, audit: Audit, votes: Votes, ours: np.ndarray, wrong: np.ndarray
) -> dict[str, np.ndarray]:
    """Every score of the images with votes; greater = more suspect."""
    rows = votes.rows
    shipped = translation().shares(inputs_of(dataset, audit, votes))
    labels, probabilities = dataset.labels[rows], np.asarray(audit.probabilities[rows], np.float64)
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    found = {"suspicion": ours, "suspicion, as shipped": largest_other(shipped, labels)}
    found |= {name: audit.scores[name].to_numpy()[rows] for name in SCORES if name != "suspicion"}
    for name, options in PEERS.items():
        found[name] = -get_label_quality_scores(labels.astype(np.int64), probabilities, **options)
    rates = np.bincount(labels, weights=wrong, minlength=CLASSES) / np.bincount(labels, minlength=CLASSES)
    found["class alone"] = rates[labels]
    found["random"] = np.random.default_rng(audit.document["settings"]["seed"]).random(len(rows))
    return found


if __name__ == "__main__":
    main()
