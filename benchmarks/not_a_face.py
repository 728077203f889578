"""How well images that show no face are found, against annotators' votes, and how long it takes.

    python -m benchmarks.not_a_face fer2013 votes.csv [--workspace data] [--network models/resnet-s.safetensors]

The votes are a CSV with the columns `row` and `NF` (how many of ten annotators said "not a face"). Printed are, for the
cascades alone, for each signal and for what they make together: average precision, precision among the first 50 and 100
of the images that were voted on; how far the combination is ahead of the cascades, with a bootstrap interval (groups of
copies are drawn); where the images of one grey value stand among all; how many are flagged at the default limit; and
seconds on all cores. The network stands in for one of an audit: it has trained on most of the images.
"""

import argparse
import time
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from sklearn.metrics import average_precision_score

from fer_core.audit.not_a_face import LIMIT, face_evidence, not_a_face_scores, signals
from fer_core.dataset.store import open_dataset
from fer_core.networks.weights import Model, load_model
from fer_core.training.machine import cpu
from fer_core.workspace import REPOSITORY, Workspace

VOTES = 5  # of ten


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("dataset")
    parser.add_argument("votes", type=Path)
    parser.add_argument("--workspace", type=Path, default=Path("data"))
    parser.add_argument("--network", type=Path, default=REPOSITORY / "models" / "resnet-s.safetensors")
    parser.add_argument("--resamples", type=int, default=1000)
    arguments = parser.parse_args()
    dataset = open_dataset(Workspace(arguments.workspace), arguments.dataset)
    votes = pd.read_csv(arguments.votes)
    rows, positive = votes["row"].to_numpy(), votes["NF"].to_numpy() >= VOTES
    features, probabilities = features_and_probabilities(load_model(arguments.network), dataset.images)

    started, spent = time.perf_counter(), time.process_time()
    cascade = face_evidence(dataset.images)
    seen = time.perf_counter()
    combined = not_a_face_scores(dataset.images, cascade, features, probabilities)
    done, spent = time.perf_counter(), time.process_time() - spent
    pixels = not_a_face_scores(dataset.images, cascade)

    print(f"{cpu()['name']}, {cpu()['cores']} cores; {dataset.name}, {len(dataset):,} images")
    print(f"seconds: cascades {seen - started:.1f}, all else {done - seen:.1f}; core seconds in all {spent:.1f}")
    print(f"{len(rows):,} images with votes, {positive.sum()} with {VOTES} or more for not a face")
    parts = signals(dataset.images, cascade, features, probabilities)
    for name, score in {**parts, "together, no network": pixels, "together": combined}.items():
        print(f"{name:<22}{_line(positive, score[rows])}")
    ratios = _bootstrap(positive, combined[rows], 1 - cascade[rows], dataset.groups[rows], arguments.resamples)
    ratio = average_precision_score(positive, combined[rows]) / average_precision_score(positive, 1 - cascade[rows])
    low, high = np.percentile(ratios, [2.5, 97.5])
    print(f"AP over that of the cascades {ratio:.1f} (95 %: {low:.1f} to {high:.1f}, {len(ratios)} resamples)")
    one_grey = np.ptp(dataset.images, axis=(1, 2)) == 0
    for name, score in {"together, no network": pixels, "together": combined}.items():
        ranks = 1 + np.argsort(np.argsort(-score, kind="stable"))
        flagged = score >= LIMIT
        print(
            f"{name}: {one_grey.sum()} images of one grey value, ranks {sorted(ranks[one_grey].tolist())}; "
            f"{flagged.sum()} flagged at {LIMIT}, precision {positive[flagged[rows]].mean():.2f} "
            f"({flagged[rows].sum()} of them voted on)"
        )


def features_and_probabilities(model: Model, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What goes into the last linear layer, float32 (N, D), and the softmax of what comes out, float32 (N, 7)."""
    last = [module for module in model.module.modules() if isinstance(module, torch.nn.Linear)][-1]
    features, probabilities = [], []
    hook = last.register_forward_pre_hook(lambda _, inputs: features.append(inputs[0].numpy()))
    with torch.inference_mode():
        for start in range(0, len(images), 64):
            pixels = model.spec.input.tensor(images[start : start + 64]).contiguous(memory_format=torch.channels_last)
            probabilities.append(torch.softmax(model.module(pixels), 1).numpy())
    hook.remove()
    return np.concatenate(features), np.concatenate(probabilities)


def _line(positive: np.ndarray, score: np.ndarray) -> str:
    hits = positive[np.argsort(-score, kind="stable")]
    average = average_precision_score(positive, score)
    return f"AP {average:.3f}  precision at 50 {hits[:50].mean():.2f}, at 100 {hits[:100].mean():.2f}"


def _bootstrap(
    positive: np.ndarray, score: np.ndarray, other: np.ndarray, groups: np.ndarray, resamples: int
) -> np.ndarray:
    """The ratio of the average precisions in `resamples` draws of groups of copies."""
    rng = np.random.default_rng(0)
    _, group = np.unique(groups, return_inverse=True)
    ratios = []
    for _ in range(resamples):
        weights = np.bincount(rng.integers(0, group.max() + 1, group.max() + 1), minlength=group.max() + 1)[group]
        one = average_precision_score(positive, score, sample_weight=weights)
        ratios.append(one / average_precision_score(positive, other, sample_weight=weights))
    return np.array(ratios)


if __name__ == "__main__":
    main()
