"""Fit the regression behind the suspicion to FER+'s votes, and say how well it does on images it was not fitted to.

    python -m benchmarks.fit_expected_votes DATASET VOTES.csv [--strength fast] [--write]

Takes every finished audit of that strength (run several seeds first), so that the regression does not depend on one of
them. The figures come from five folds by duplicate group; with --write the regression over all votes is stored where
the audit reads it. What is tuned here is the development half of the votes; nothing else ever sees the other half.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from sklearn.model_selection import GroupKFold

from benchmarks.votes import Votes, ranking_figures, read_votes
from fer_core.audit.crowd import crowd_shares
from fer_core.audit.expected_votes import ANSWERS, TRANSLATION, Translation, largest_other, regression_inputs
from fer_core.audit.results import Audit, AuditSettings, list_audits, preset
from fer_core.audit.strengths import STRENGTHS
from fer_core.dataset.store import Dataset, open_dataset
from fer_core.workspace import Workspace

SAMPLE, PREFIX = 64, 12  # images that tell FER2013 from other data sets, and hex digits kept of each
DECAY = 1e-4  # on the weights for standardised inputs; 1e-5 and 1e-3 do as well
FOLDS = 5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("dataset")
    parser.add_argument("votes", type=Path)
    parser.add_argument("--strength", choices=STRENGTHS, default="fast")
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--workspace", type=Path, default=Path("data"))
    arguments = parser.parse_args()
    dataset = open_dataset(Workspace(arguments.workspace.resolve()), arguments.dataset)
    votes = read_votes(arguments.votes)
    audits = audits_of(dataset, arguments.strength)
    print(f"{len(audits)} audits, {len(votes.rows):,} images with votes")
    labels, wrong = dataset.labels[votes.rows], votes.clear_errors(dataset.labels)
    judged = left_out(dataset, audits, votes)
    table = pd.DataFrame([ranking_figures(largest_other(said, labels), wrong, labels) for said in judged])
    print(f"left-out fifths, mean over {len(audits)} audits (least to most)")
    for name, column in table.items():
        print(f"{name:<10} {column.mean():.3f} ({column.min():.3f} to {column.max():.3f})")

    if arguments.write:
        regression = fit_translation([inputs_of(dataset, audit, votes) for audit in audits], votes.shares)
        contents = dataset.table["content"].drop_duplicates().sample(SAMPLE, random_state=0)
        document = {
            "fitted_to": f"{len(votes.rows)} vote counts, {len(audits)} audits of strength {arguments.strength}",
            "images": sorted(content[:PREFIX] for content in contents),
            "answers": ANSWERS,
            "intercept": regression.intercept.round(4).tolist(),
            "weights": regression.weights.round(4).tolist(),
        }
        TRANSLATION.write_text(json.dumps(document) + "\n", encoding="utf-8")
        print(f"written to {TRANSLATION}")


def left_out(dataset: Dataset, audits: list[Audit], votes: Votes) -> list[np.ndarray]:
    """For each audit the expected shares (n, 10) of the images with votes, each by a regression that was not fitted to
    it nor to a copy of it."""
    inputs = [inputs_of(dataset, audit, votes) for audit in audits]
    judged = [np.zeros((len(votes.rows), len(ANSWERS)), np.float32) for _ in audits]
    for fitted, away in GroupKFold(FOLDS).split(votes.shares, groups=dataset.groups[votes.rows]):
        regression = fit_translation([table[fitted] for table in inputs], votes.shares[fitted])
        for table, said in zip(inputs, judged, strict=True):
            said[away] = regression.shares(table[away])
    return judged


def audits_of(dataset: Dataset, strength: str) -> list[Audit]:
    """The finished audits of that strength, with its own network and recipe, of the data set as imported."""
    usual = preset(strength)
    return [
        audit
        for audit in list_audits(dataset)
        if AuditSettings(**{**audit.document["settings"], "seed": usual.seed}) == usual
        and audit.document["version"] == dataset.name
    ]


def fit_translation(inputs: list[np.ndarray], shares: np.ndarray) -> Translation:
    """Softmax regression with cross-entropy against vote shares (n, 10); the same images as seen by several audits."""
    table = np.concatenate(inputs)
    mean, spread = table.mean(axis=0), table.std(axis=0) + 1e-6
    x = torch.from_numpy((table - mean) / spread)
    y = torch.from_numpy(np.tile(shares, (len(inputs), 1)))
    weights = torch.zeros(x.shape[1], y.shape[1], dtype=torch.float64, requires_grad=True)
    intercept = torch.zeros(y.shape[1], dtype=torch.float64, requires_grad=True)
    optimiser = torch.optim.LBFGS([weights, intercept], max_iter=200, line_search_fn="strong_wolfe")

    def loss() -> torch.Tensor:
        optimiser.zero_grad()
        logs = torch.log_softmax(x @ weights + intercept, 1)
        value = -(y * logs).sum(1).mean() + DECAY * (weights**2).sum()
        value.backward()
        return value

    optimiser.step(loss)
    scaled = weights.detach().numpy() / spread[:, None]
    return Translation(scaled, intercept.detach().numpy() - mean @ scaled, ())


def inputs_of(dataset: Dataset, audit: Audit, votes: Votes) -> np.ndarray:
    """What the regression sees of the images with votes."""
    rows = votes.rows
    strange = audit.scores["odd_pixels"].to_numpy()[rows]
    contents = dataset.table["content"].to_numpy()[rows].tolist()
    crowd = crowd_shares(dataset.images[rows], contents, audit.document["settings"].get("views", 1))
    return regression_inputs(audit.probabilities[rows], audit.in_training[rows], crowd, strange, dataset.labels[rows])


if __name__ == "__main__":
    main()
