"""What a cut changes, counted: for the command line, and for the page before anything is frozen."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from fer_core.dataset.store import SPLITS, TRAINING, Dataset
from fer_core.emotions import CLASSES, NAMES


@dataclass(frozen=True)
class Effect:
    """A version beside its data set."""

    kept: dict[str, int]  # images per split
    dropped: dict[str, int]  # images per kind of reason, the largest first
    relabelled: pd.DataFrame  # int64 (7, 7): given class (rows) to new class (columns), changed images only
    balance: pd.DataFrame  # Training images per class (rows): columns before, after

    def document(self) -> dict[str, object]:
        """As plain values: `relabelled` lists [given, new, images]."""
        flows = self.relabelled.stack()
        return {
            "kept": self.kept,
            "dropped": self.dropped,
            "relabelled": [[given, new, int(count)] for (given, new), count in flows.items() if count],
            "balance": {name: [int(before), int(after)] for name, before, after in self.balance.itertuples()},
        }

    def sentences(self) -> list[str]:
        """The effect in lines for people."""
        flows = self.relabelled.stack().sort_values(ascending=False)
        flows = flows[flows > 0]
        top = ", ".join(f"{given} to {new} {count:,}" for (given, new), count in flows[:6].items())
        dropped = ", ".join(f"{reason} {count:,}" for reason, count in self.dropped.items())
        return [
            "kept: " + ", ".join(f"{split} {count:,}" for split, count in self.kept.items()),
            f"dropped from Training: {sum(self.dropped.values()):,}" + (f" ({dropped})" if dropped else ""),
            f"relabelled: {int(flows.sum()):,}" + (f" ({top}{', ...' if len(flows) > 6 else ''})" if top else ""),
            "Training per class: "
            + ", ".join(f"{name} {before:,} -> {after:,}" for name, before, after in self.balance.itertuples()),
        ]


def effect(dataset: Dataset, manifest: pd.DataFrame) -> Effect:
    """Count what a manifest changes. A reason's kind is what stands before its colon."""
    kept, label = manifest["kept"].to_numpy(bool), manifest["label"].to_numpy()
    training = dataset.splits == TRAINING
    kinds = manifest.loc[~kept, "reason"].str.split(":").str[0]
    flow = np.zeros((CLASSES, CLASSES), np.int64)
    changed = kept & (label != dataset.labels)
    np.add.at(flow, (dataset.labels[changed], label[changed]), 1)
    names = pd.Index(NAMES, name="class")
    return Effect(
        kept={split: int((kept & (dataset.splits == index)).sum()) for index, split in enumerate(SPLITS)},
        dropped={str(kind): int(count) for kind, count in kinds.value_counts().items()},
        relabelled=pd.DataFrame(flow, index=names, columns=list(NAMES)),
        balance=pd.DataFrame(
            {
                "before": np.bincount(dataset.labels[training], minlength=CLASSES),
                "after": np.bincount(label[training & kept], minlength=CLASSES),
            },
            index=names,
        ),
    )
