"""What each process of the many-writers test does; alone in a file so that it starts quickly."""

from collections.abc import Sequence
from pathlib import Path

from fer_core.dataset.store import Dataset
from fer_core.review.log import VerdictLog
from fer_core.review.verdict import Verdict


def write_one_by_one(path: Path, dataset: Dataset, verdicts: Sequence[Verdict]) -> None:
    for verdict in verdicts:
        VerdictLog(path).record(dataset, [verdict])
