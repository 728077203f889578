"""Which image of the demo is what, decided before anything is drawn: a table with a row for every image."""

import numpy as np
import pandas as pd

from fer_core.dataset.demo.faults import SHARES, wrong_label
from fer_core.dataset.store import PRIVATE_TEST, PUBLIC_TEST, TRAINING
from fer_core.emotions import NAMES

SPLIT_SHARES = (0.8, 0.1, 0.1)  # as in FER2013
# FER2013's imbalance, with disgust at 4 % instead of 1.5 % so that a small demo has some in every split.
CLASS_SHARES = {
    "angry": 0.135, "disgust": 0.04, "fear": 0.14, "happy": 0.245, "sad": 0.165, "surprise": 0.115, "neutral": 0.16,
}  # fmt: skip
SMALLEST = 140  # images; fewer cannot hold some of every kind of fault and enough sound faces besides
NOT_A_FACE = -1


def draw_plan(images: int, rng: np.random.Generator) -> pd.DataFrame:
    """Columns: true_label (-1: not a face), label, split, kinds (";"-joined), partner (row or -1); rows are shuffled.

    A partner is never a copy itself, has at most one copy, and no fault in its pixels.
    """
    count = {kind: max(2, round(share * images)) for kind, share in SHARES.items()}
    copies = ["exact_copy"] * count["exact_plain"]
    copies += ["exact_copy;exact_conflict"] * count["exact_conflict"]
    copies += ["exact_copy;exact_leak"] * count["exact_leak"]
    copies += ["near_copy"] * count["near_copy"]
    spoilt = ["blurred"] * count["blurred"] + ["black_and_white"] * count["black_and_white"]
    other = ["not_a_face"] * (count["not_a_face"] - count["flat"]) + ["not_a_face;flat"] * count["flat"]

    # In this order until the shuffle at the end: partners, clean faces, spoilt faces, not faces, copies.
    originals = images - len(copies)
    faces = originals - len(other)
    kinds = [""] * (faces - len(spoilt)) + spoilt + other + copies
    partner = np.full(images, -1)
    partner[originals:] = np.arange(len(copies))
    truth = np.full(images, NOT_A_FACE)
    truth[:faces] = rng.permutation(_quota(tuple(CLASS_SHARES.values()), faces))
    truth[originals:] = truth[: len(copies)]

    plan = pd.DataFrame({"true_label": truth, "kinds": kinds, "partner": partner})
    plan["split"] = _splits(plan, rng)
    plan["label"] = _labels(plan, count["wrong_label"], rng)
    wrong = (plan["label"] != plan["true_label"]) & (plan["true_label"] != NOT_A_FACE)
    plan.loc[wrong, "kinds"] = ("wrong_label;" + plan.loc[wrong, "kinds"]).str.rstrip(";")

    order = rng.permutation(images)
    place = np.empty(images, np.int64)
    place[order] = np.arange(images)
    plan["partner"] = np.where(plan["partner"] < 0, -1, place[plan["partner"]])
    return plan.iloc[order].reset_index(drop=True)


def _quota(shares: tuple[float, ...], total: int) -> np.ndarray:
    """Indices of `shares`, each as often as its share of `total` says, ascending, int64 (total,)."""
    edges = np.rint(np.cumsum(shares) / np.sum(shares) * total).astype(np.int64)
    return np.searchsorted(edges, np.arange(total), side="right")


def _splits(plan: pd.DataFrame, rng: np.random.Generator) -> np.ndarray:
    """Splits in FER2013's proportions, the same in every class; copies stay with their partner unless they leak."""
    left = np.bincount(_quota(SPLIT_SHARES, len(plan)))
    split = np.full(len(plan), -1)
    copies = np.flatnonzero(plan["partner"] >= 0)
    leaks = plan["kinds"].str.contains("exact_leak").to_numpy()
    together = 0
    for copy in copies:
        partner = plan["partner"][copy]
        if leaks[copy]:
            split[partner] = TRAINING
            split[copy] = PUBLIC_TEST if copy % 2 else PRIVATE_TEST
        else:
            split[[partner, copy]] = {4: PUBLIC_TEST, 9: PRIVATE_TEST}.get(together % 10, TRAINING)
            together += 1
    left -= np.bincount(split[split >= 0], minlength=len(left))
    # Deal the rest class by class: every class gets its part of every split.
    rest = np.flatnonzero(split < 0)
    rest = rest[np.argsort(plan["true_label"].to_numpy()[rest] + 0.9 * rng.random(len(rest)))]
    deals = np.concatenate([(np.arange(n) + 0.5) / n for n in left])
    dealt = np.repeat(np.arange(len(left)), left)[np.argsort(deals, kind="stable")]
    split[rest] = dealt
    return split


def _labels(plan: pd.DataFrame, wrong: int, rng: np.random.Generator) -> np.ndarray:
    """Given labels: the truth, save for conflicting copies, `wrong` wrong ones in all, and anything for non-faces."""
    truth = plan["true_label"].to_numpy()
    label = truth.copy()
    strangers = truth == NOT_A_FACE
    label[strangers] = rng.integers(0, len(NAMES), strangers.sum())
    conflicts = plan["kinds"].str.contains("exact_conflict").to_numpy()
    single = np.ones(len(plan), bool)  # copies keep their partner's label, so neither gets a wrong one here
    single[plan["partner"][plan["partner"] >= 0]] = False
    single &= (plan["partner"] < 0).to_numpy() & ~strangers
    chosen = rng.choice(np.flatnonzero(single), wrong - int(conflicts.sum()), replace=False)
    for row in (*np.flatnonzero(conflicts), *chosen):
        label[row] = wrong_label(int(truth[row]), rng)
    return label
