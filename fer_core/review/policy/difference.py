"""Two versions of one data set against each other: what the second keeps, drops, relabels or softens and the first not.

kept         in B's Training, not in A's            relabelled   in both, another class in B
dropped      in A's Training, not in B's            softened     in both with the same class, other soft labels in B
added, removed   supplements of B that A has not, and the other way round
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from fer_core.dataset.store import TRAINING
from fer_core.dataset.version import DatasetVersion
from fer_core.emotions import CLASSES, NAMES
from fer_core.errors import UsageError

KINDS = ("kept", "dropped", "relabelled", "softened", "added", "removed")
MEANINGS = {
    "kept": "in B's Training and not in A's",
    "dropped": "in A's Training and not in B's",
    "relabelled": "another class in B",
    "softened": "the same class with other soft labels in B",
    "added": "supplements that B has and A has not",
    "removed": "supplements that A has and B has not",
}


@dataclass(frozen=True)
class Difference:
    """What changes from version A to version B."""

    a: DatasetVersion
    b: DatasetVersion
    table: pd.DataFrame  # a line per changed image: row (B's; A's where it is removed), kind, a, b (classes), why
    policy: dict[str, list[Any]]  # parts of the policies that differ: [A's, B's]

    def counts(self) -> dict[str, int]:
        """Images per kind."""
        found = self.table["kind"].value_counts()
        return {kind: int(found.get(kind, 0)) for kind in KINDS}

    def by_class(self) -> pd.DataFrame:
        """int64 (7, 6): images by their class in A, or in B where A has none of them (rows), and by kind (columns)."""
        counted = np.zeros((CLASSES, len(KINDS)), np.int64)
        label = np.where(self.table["a"] >= 0, self.table["a"], self.table["b"]).astype(np.int64)
        place = self.table["kind"].map({kind: index for index, kind in enumerate(KINDS)}).to_numpy(np.int64)
        np.add.at(counted, (label, place), 1)
        return pd.DataFrame(counted, index=pd.Index(NAMES, name="class"), columns=list(KINDS))

    def source(self, kind: str) -> DatasetVersion:
        """The version that the rows of a kind belong to."""
        return self.a if kind == "removed" else self.b

    def named(self) -> pd.DataFrame:
        """The table with classes by name, "" for none."""
        names = [*NAMES, ""]
        words = {side: [names[label] for label in self.table[side]] for side in ("a", "b")}
        return self.table.assign(**words)

    def document(self) -> dict[str, Any]:
        """As plain values; `rows` lists the changed images by kind."""
        return {
            "a": str(self.a),
            "b": str(self.b),
            "hashes": [self.a.hash, self.b.hash],
            "counts": self.counts(),
            "by_class": {str(name): line for name, line in self.by_class().to_dict("index").items()},
            "policy": self.policy,
            "rows": {kind: self.table.loc[self.table["kind"] == kind, "row"].tolist() for kind in KINDS},
        }

    def sentences(self) -> list[str]:
        """The difference in lines for people."""
        lines = [f"{count:,} {kind}: {MEANINGS[kind]}" for kind, count in self.counts().items() if count]
        lines += [f"policy: {part}: {a} / {b}" for part, (a, b) in self.policy.items()]
        return lines or ["The two hold the same images with the same labels."]


def difference(a: DatasetVersion, b: DatasetVersion) -> Difference:
    """What changes from A to B. UsageError for versions of different data sets."""
    if a.dataset.hash != b.dataset.hash:
        raise UsageError(f"{a} and {b} are cut from different data sets; only versions of one can be compared.")
    training = a.dataset.splits == TRAINING
    kept_a, kept_b = (version.kept[: len(a.dataset)] & training for version in (a, b))
    both = kept_a & kept_b
    relabelled = both & (a.own_labels != b.own_labels)
    softened = both & ~relabelled & _soft_differs(a, b)
    parts = [
        _lines("kept", np.flatnonzero(kept_b & ~kept_a), None, b, a),
        _lines("dropped", np.flatnonzero(kept_a & ~kept_b), a, None, b),
        _lines("relabelled", np.flatnonzero(relabelled), a, b, b),
        _lines("softened", np.flatnonzero(softened), a, b, b),
        _lines("added", _foreign(b, a), None, b, None),
        _lines("removed", _foreign(a, b), a, None, None),
    ]
    ignored = ("watermark", "audit", "taken", "vote_table")
    keys = [key for key in dict.fromkeys([*a.policy, *b.policy]) if key not in ignored]
    policy = {key: [a.policy.get(key), b.policy.get(key)] for key in keys if a.policy.get(key) != b.policy.get(key)}
    return Difference(a, b, pd.concat(parts, ignore_index=True), policy)


def _lines(
    kind: str, rows: np.ndarray, a: DatasetVersion | None, b: DatasetVersion | None, why: DatasetVersion | None
) -> pd.DataFrame:
    """Lines of the table; `why`: the version whose manifest says the reason."""
    none = np.full(len(rows), -1, np.int8)
    return pd.DataFrame(
        {
            "row": rows,
            "kind": kind,
            "a": a.labels[rows] if a is not None else none,
            "b": b.labels[rows] if b is not None else none,
            "why": why.manifest["reason"].to_numpy()[rows] if why is not None else "",
        }
    ).astype({"row": np.int64, "a": np.int8, "b": np.int8, "kind": str, "why": str})


def _soft_differs(a: DatasetVersion, b: DatasetVersion) -> np.ndarray:
    """Own images whose soft labels differ, bool (N,)."""
    count = len(a.dataset)
    if a.targets is None and b.targets is None:
        return np.zeros(count, bool)
    hard = np.eye(CLASSES, dtype=np.float32)
    sides = [version.targets if version.targets is not None else hard[version.labels] for version in (a, b)]
    return (sides[0][:count] != sides[1][:count]).any(axis=1)


def _foreign(version: DatasetVersion, other: DatasetVersion) -> np.ndarray:
    """Rows of the supplements that the other version does not have under the same class."""
    known = set(_supplements(other))
    places = [place for place, one in enumerate(_supplements(version)) if one not in known]
    return len(version.dataset) + np.array(places, np.int64)


def _supplements(version: DatasetVersion) -> list[tuple[str, int]]:
    """Content and class of each."""
    added = version.supplements
    return [] if added is None else list(zip(added.table["content"], added.labels.tolist(), strict=True))
