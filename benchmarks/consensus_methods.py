"""How often majority, Dawid-Skene and CROWDLAB name the right class, by how many people answer each picture.

    python -m benchmarks.consensus_methods DATASET [--pictures 2000] [--seeds 3] [--workspace data]

Five simulated people answer pictures of the stored vote table: with their reliability (.95, .9, .7, .5, .3) they draw
one of the picture's class votes, else any class. The truth is what at least six of ten votes say; where that is no
class the picture is left out. CROWDLAB is given the latest audit's out-of-fold probabilities. A tie of the majority
goes to the lower class. Printed are mean and standard deviation over the seeds.
"""

import argparse
from pathlib import Path

import numpy as np

from fer_core.audit.results import need_audit
from fer_core.dataset.store import open_dataset
from fer_core.dataset.version import as_imported
from fer_core.dataset.votes import open_votes
from fer_core.emotions import CLASSES
from fer_core.review.judgement.agreement import krippendorff_alpha
from fer_core.review.judgement.crowdlab import crowdlab
from fer_core.review.judgement.dawid_skene import dawid_skene
from fer_core.workspace import Workspace

RELIABILITY = np.array([0.95, 0.9, 0.7, 0.5, 0.3])
CLEAR = 0.6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("dataset")
    parser.add_argument("--pictures", type=int, default=2000)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--workspace", type=Path, default=Path("data"))
    arguments = parser.parse_args()
    dataset = open_dataset(Workspace(arguments.workspace), arguments.dataset)
    votes = open_votes(dataset)
    assert votes is not None, "store a vote table first: python -m fer_core votes DATASET FILE"
    probabilities = need_audit(as_imported(dataset)).probabilities
    print(f"Krippendorff's alpha of the {len(votes.rows):,} images with votes: {krippendorff_alpha(votes.counts):.3f}")

    clear = (votes.classes.max(axis=1) >= CLEAR * votes.total) & (votes.total > 0)
    rows = np.flatnonzero(clear & (dataset.groups == np.arange(len(dataset))))
    truth, shares = votes.classes.argmax(axis=1), votes.classes / np.maximum(votes.classes.sum(axis=1), 1)[:, None]
    print(f"{'answers each':<14}{'majority':>18}{'Dawid-Skene':>18}{'CROWDLAB':>18}{'networks':>18}")
    for each in range(1, len(RELIABILITY) + 1):
        results = []
        for seed in range(arguments.seeds):
            rng = np.random.default_rng(seed)
            chosen = rng.choice(rows, min(arguments.pictures, len(rows)), replace=False)
            items, people, answers = answered(shares[chosen], each, rng)
            results.append(right(items, people, answers, probabilities[chosen], truth[chosen]))
        mean, spread = np.mean(results, axis=0), np.std(results, axis=0, ddof=1)
        cells = (f"{value:.3f} ± {sd:.3f}" for value, sd in zip(mean, spread, strict=True))
        print(f"{each:<14}" + "".join(f"{cell:>18}" for cell in cells))


def answered(shares: np.ndarray, each: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Items, people and their answers, `each` people for every item. shares: float (I, 7) of its class votes."""
    people = np.argsort(rng.random((len(shares), len(RELIABILITY))), axis=1)[:, :each].ravel()
    items = np.repeat(np.arange(len(shares)), each)
    drawn = (rng.random(len(items))[:, None] > shares[items].cumsum(axis=1)[:, :-1]).sum(axis=1)
    seen = rng.random(len(items)) < RELIABILITY[people]
    return items, people, np.where(seen, drawn, rng.integers(0, CLASSES, len(items)))


def right(
    items: np.ndarray, people: np.ndarray, answers: np.ndarray, probabilities: np.ndarray, truth: np.ndarray
) -> list[float]:
    """The share of items that majority, Dawid-Skene, CROWDLAB and the networks alone get right."""
    ballots = np.bincount(items * CLASSES + answers, minlength=len(truth) * CLASSES).reshape(-1, CLASSES)
    opinions = [ballots, dawid_skene(items, people, answers, CLASSES).posterior]
    # With one answer for each picture nobody can be compared with anybody, and CROWDLAB has nothing to go by.
    several = np.bincount(items).max() > 1
    opinions.append(
        crowdlab(items, people, answers, probabilities).posterior if several else np.full(ballots.shape, np.nan)
    )
    hits = [(one.argmax(axis=1) == truth).mean() if not np.isnan(one).all() else np.nan for one in opinions]
    return [*hits, float((probabilities.argmax(axis=1) == truth).mean())]


if __name__ == "__main__":
    main()
