"""What a version changes, counted: for the command line, and for the page before anything is frozen."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from fer_core.dataset.store import SPLITS, TRAINING
from fer_core.dataset.version import DatasetVersion
from fer_core.emotions import CLASSES, NAMES

ENTROPY_BINS = 12  # of the histogram, from 0 bits to log2(7)


@dataclass(frozen=True)
class Softness:
    """The soft labels of the kept Training images."""

    images: int  # that are trained on something else than their hard label alone
    entropy: np.ndarray  # int64 (ENTROPY_BINS,): of these, by the entropy of the label
    edges: np.ndarray  # float64 (ENTROPY_BINS + 1,), in bits
    mean: float  # bits, over these images; 0 without any
    argmax_differs: int  # images whose largest share is another class than their hard label


@dataclass(frozen=True)
class Effect:
    """A version beside its data set."""

    kept: dict[str, int]  # images per split, supplements included
    dropped: dict[str, int]  # images per kind of reason, the largest first
    relabelled: pd.DataFrame  # int64 (7, 7): given class (rows) to new class (columns), changed images only
    balance: pd.DataFrame  # Training images per class (rows): columns before, after, per_epoch, supplements
    softness: Softness | None  # None where all labels are hard
    supplements: list[dict[str, Any]]  # for each: what was taken and what was left out, and why
    weights: dict[str, float] | None  # of the classes in the loss; None: all the same

    def document(self) -> dict[str, object]:
        """As plain values: `relabelled` lists [given, new, images], `balance` [before, after] per class."""
        soft = self.softness
        return {
            "kept": self.kept,
            "dropped": self.dropped,
            "relabelled": [[given, new, count] for given, new, count in self.flows()],
            "balance": {str(name): [int(line.before), int(line.after)] for name, line in self.balance.iterrows()},
            "per_epoch": {str(name): int(count) for name, count in self.balance["per_epoch"].items()},
            "soft": None
            if soft is None
            else {
                "images": soft.images,
                "mean_entropy_bits": round(soft.mean, 4),
                "argmax_differs": soft.argmax_differs,
                "entropy_bits": [round(float(edge), 4) for edge in soft.edges],
                "entropy_images": soft.entropy.tolist(),
            },
            "weights": self.weights,
            "supplements": self.supplements,
        }

    def flows(self) -> list[tuple[str, str, int]]:
        """(given, new, images) of every change of a label, the largest first."""
        flows = self.relabelled.stack().sort_values(ascending=False, kind="stable")
        return [(given, new, int(count)) for (given, new), count in flows.items() if count]

    def sentences(self) -> list[str]:
        """The effect in lines for people."""
        flows = self.flows()
        top = ", ".join(f"{given} to {new} {count:,}" for given, new, count in flows[:6])
        dropped = ", ".join(f"{reason} {count:,}" for reason, count in self.dropped.items())
        changed = sum(count for *_, count in flows)
        lines = [
            "kept: " + ", ".join(f"{split} {count:,}" for split, count in self.kept.items()),
            f"dropped from Training: {sum(self.dropped.values()):,}" + (f" ({dropped})" if dropped else ""),
            f"relabelled: {changed:,}" + (f" ({top}{', ...' if len(flows) > 6 else ''})" if top else ""),
        ]
        if self.softness is not None:
            lines.append(
                f"soft labels: {self.softness.images:,} images of Training, {self.softness.mean:.2f} bits on average"
            )
        lines += [supplement_words(one) for one in self.supplements]
        lines.append(
            "Training per class: "
            + ", ".join(f"{name} {line.before:,} -> {line.after:,}" for name, line in self.balance.iterrows())
        )
        if self.weights is not None:
            lines.append("class weights: " + ", ".join(f"{name} {value:.2f}" for name, value in self.weights.items()))
        shown = int(self.balance["per_epoch"].sum())
        if shown != self.kept[SPLITS[TRAINING]]:
            lines.append(f"an epoch shows {shown:,} images: those of small classes more than once")
        return lines


def supplement_words(one: dict[str, Any]) -> str:
    """A supplement's document in words."""
    left = [
        (one["in_test"], "also in a test split"),
        (one["in_training"], "in Training already"),
        (one["twice"], "taken already"),
    ]
    out = ", ".join(f"{count:,} {why}" for count, why in left if count)
    return f"supplement {one['supplement']}: {one['taken']:,} images" + (f" (left out: {out})" if out else "")


def effect(version: DatasetVersion) -> Effect:
    """Count what a version changes. A reason's kind is what stands before its colon."""
    dataset, manifest = version.dataset, version.manifest
    kept, label = manifest["kept"].to_numpy(bool), version.own_labels
    kinds = manifest.loc[~kept, "reason"].str.split(":").str[0]
    flow = np.zeros((CLASSES, CLASSES), np.int64)
    changed = kept & (label != dataset.labels)
    np.add.at(flow, (dataset.labels[changed], label[changed]), 1)
    names = pd.Index(NAMES, name="class")
    training = version.rows(TRAINING)
    labels = {
        "before": dataset.labels[dataset.splits == TRAINING],
        "after": version.labels[training],
        "per_epoch": version.labels[version.epoch(training)],
        "supplements": version.labels[len(dataset) :],
    }
    weights = version.weights
    return Effect(
        kept={split: len(version.rows(index)) for index, split in enumerate(SPLITS)},
        dropped={str(kind): int(count) for kind, count in kinds.value_counts().items()},
        relabelled=pd.DataFrame(flow, index=names, columns=list(NAMES)),
        balance=pd.DataFrame(
            {name: np.bincount(column, minlength=CLASSES) for name, column in labels.items()}, index=names
        ),
        softness=_softness(version),
        supplements=version.policy.get("taken", []),
        weights=None if weights is None else {name: round(float(weights[i]), 5) for i, name in enumerate(NAMES)},
    )


def entropy_bits(shares: np.ndarray) -> np.ndarray:
    """The entropy of each row in bits, float64 (n,), from 0 to log2(7). shares: float (n, 7), rows sum to 1."""
    shares = shares.astype(np.float64)
    return -(shares * np.log2(np.where(shares > 0, shares, 1))).sum(axis=1)


def _softness(version: DatasetVersion) -> Softness | None:
    if version.targets is None:
        return None
    rows = np.flatnonzero(version.softened)
    bits = entropy_bits(version.targets[rows])
    counts, edges = np.histogram(bits, ENTROPY_BINS, (0, np.log2(CLASSES)))
    differs = version.targets[rows].argmax(axis=1) != version.labels[rows]
    return Softness(len(rows), counts, edges, float(bits.mean()) if len(rows) else 0.0, int(differs.sum()))
