"""Images of a class from other data sets: what is taken, and what is left out because it is known here already."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from fer_core.dataset.store import SIDE, TRAINING, Dataset, open_dataset
from fer_core.dataset.supplements import COLUMNS, Supplements
from fer_core.emotions import NAMES
from fer_core.errors import UsageError
from fer_core.review.policy.rules import TRAINING_ONLY, Supplement
from fer_core.workspace import Workspace


def collect(
    workspace: Workspace, dataset: Dataset, wanted: Sequence[Supplement]
) -> tuple[Supplements | None, list[dict[str, Any]]]:
    """The images that a policy adds to Training, and a document for each of its supplements.

    Left out, and counted: exact copies of test images (`in_test`), of Training images whether kept or not
    (`in_training`), and of what was taken already (`twice`). None where nothing is wanted. Raises UsageError for the
    data set itself and NotFound for one that is not there.
    """
    if not wanted:
        return None, []
    training = dataset.splits == TRAINING
    contents = dataset.table["content"]
    known_in_test, known_in_training = set(contents[~training]), set(contents[training])
    tables, pixels, documents = [], [np.empty((0, SIDE, SIDE), np.uint8)], []
    taken: set[str] = set()
    for one in wanted:
        if one.dataset == dataset.name:
            raise UsageError(f"{one}: a supplement comes from another data set than {dataset.name}.")
        other = open_dataset(workspace, one.dataset)
        chosen = other.labels == NAMES.index(one.emotion)
        if one.splits == TRAINING_ONLY:
            chosen = chosen & (other.splits == TRAINING)
        rows = np.flatnonzero(chosen)
        found = other.table["content"].iloc[rows]
        in_test = found.isin(known_in_test).to_numpy()
        in_training = found.isin(known_in_training).to_numpy() & ~in_test
        known = in_test | in_training
        twice = (found.duplicated() | found.isin(taken)).to_numpy() & ~known
        rows = rows[~known & ~twice]
        taken |= set(other.table["content"].iloc[rows])
        pixels.append(np.asarray(other.images[rows]))
        tables.append(
            pd.DataFrame(
                {
                    "content": other.table["content"].iloc[rows].to_numpy(),
                    "label": other.labels[rows],
                    "dataset": other.name,
                    "row": rows,
                },
                columns=list(COLUMNS),
            )
        )
        documents.append(
            {
                "supplement": str(one),
                "dataset_hash": other.hash,
                "taken": len(rows),
                "in_test": int(in_test.sum()),
                "in_training": int(in_training.sum()),
                "twice": int(twice.sum()),
            }
        )
    return Supplements(np.concatenate(pixels), pd.concat(tables, ignore_index=True)), documents
