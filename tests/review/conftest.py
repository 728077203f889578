"""A small data set whose copies, conflicts and leaks are known, and a maker of verdicts."""

from collections.abc import Callable

import numpy as np
import pytest
from verdicts import verdict

from fer_core.dataset.store import Dataset, Images, create_dataset
from fer_core.review.events.log import VerdictLog
from fer_core.review.events.verdict import Verdict
from fer_core.workspace import Workspace

# row:      0  1  2  3  4  5  6  7  8  9 10 11
PICTURES = (0, 1, 2, 2, 3, 3, 4, 5, 6, 7, 4, 8)  # rows 2, 3 and 4, 5 and 6, 10 show the same picture
LABELS = (0, 1, 2, 2, 3, 4, 5, 6, 0, 1, 5, 2)  # 4 and 5 are in conflict
SPLITS = (0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 2)  # 6 leaks into PrivateTest row 10


@pytest.fixture
def dataset(workspace: Workspace) -> Dataset:
    drawn = np.random.default_rng(5).integers(0, 256, (9, 48, 48), dtype=np.uint8)
    images = Images(drawn[list(PICTURES)], np.array(LABELS, np.int8), np.array(SPLITS, np.int8))
    return create_dataset(workspace, "small", images, origin={})


@pytest.fixture
def log(workspace: Workspace, dataset: Dataset) -> VerdictLog:
    assert dataset.path.exists()  # and with it the workspace
    return VerdictLog(workspace.labels_db)


@pytest.fixture
def say(dataset: Dataset) -> Callable[..., Verdict]:
    """`say(row, answer, annotator, **other fields)` makes a verdict on a row of the small data set."""

    def make(row: int, answer: str = "", annotator: str = "ada", **changes: object) -> Verdict:
        return verdict(dataset, row, answer, annotator, **changes)

    return make
