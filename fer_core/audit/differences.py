"""Two audits of the same images side by side: do they suspect the same ones?"""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from fer_core.audit.results import Audit
from fer_core.errors import UsageError

TOP = (100, 1000, 3000)


@dataclass(frozen=True)
class AuditDifference:
    """How alike the suspects of two audits are."""

    first: str
    second: str
    images: int
    correlation: float  # of the ranks (Spearman)
    shared: dict[int, float]  # of the N most suspect of one, the share that is among those of the other
    appeared: list[int]  # rows among the second's 1,000 most suspect that the first ranks lowest, the most moved first
    vanished: list[int]  # and the other way round

    def document(self) -> dict[str, Any]:
        return asdict(self)

    def sentence(self) -> str:
        shares = ", ".join(f"{share:.0%} of the top {top:,}" for top, share in self.shared.items())
        shares = shares or f"all of their {self.images:,} images"  # fewer than the least top
        return f"{self.first} and {self.second} share {shares}; their ranks correlate by {self.correlation:.2f}."


def compare_audits(first: Audit, second: Audit, moved: int = 60) -> AuditDifference:
    """Compare the rankings of two audits that looked at labels; UsageError when their images differ."""
    for audit in (first, second):
        if not audit.model:
            raise UsageError(f"{audit.id} did not look at labels, so it ranks nothing.")
    if first.document["dataset_hash"] != second.document["dataset_hash"]:
        raise UsageError(f"{first.id} and {second.id} are about different images.")
    one, other = _ranks(first), _ranks(second)
    count = len(one)
    shared = {top: float(((one <= top) & (other <= top)).sum() / top) for top in TOP if top <= count}
    return AuditDifference(
        first.id,
        second.id,
        count,
        float(np.corrcoef(one, other)[0, 1]) if count > 1 else 1.0,
        shared,
        _moved(one, other, moved),
        _moved(other, one, moved),
    )


def _ranks(audit: Audit) -> pd.Series:
    return audit.suspects.set_index("row")["rank"].sort_index()


def _moved(before: pd.Series, after: pd.Series, count: int) -> list[int]:
    """Rows near the top of `after` that have risen most."""
    top = after[after <= TOP[1]]
    risen = (before[top.index] - top).sort_values(ascending=False, kind="stable")
    return [int(row) for row in risen[risen > 0].index[:count]]
