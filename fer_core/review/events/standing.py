"""The present view of the verdict log: what still stands of its history."""

import numpy as np
import pandas as pd

from fer_core.dataset.store import Dataset
from fer_core.emotions import NAMES
from fer_core.review.events.verdict import ADJUDICATION, KEEP


def standing(dataset: Dataset, history: pd.DataFrame) -> pd.DataFrame:
    """What people say by a history (`VerdictLog.history`): the newest answer that was not taken back, per annotator,
    image and round, and the newest decision (queue "adjudication") per image.

    Columns as in the history, and `label`: the class that the answer means, -1 where it means none (int8).
    """
    table = history[(history["kind"] == "answer") & ~history["undone"]]
    decided = table["queue"] == ADJUDICATION  # stands beside the votes, also beside the decider's own
    votes = table[~decided].drop_duplicates(["row", "annotator", "round"], keep="last")
    table = pd.concat([votes, table[decided].drop_duplicates("row", keep="last")]).sort_values("seq")
    return table.assign(label=_labels(dataset, table)).reset_index(drop=True)


def _labels(dataset: Dataset, verdicts: pd.DataFrame) -> np.ndarray:
    labels = verdicts["answer"].map({name: index for index, name in enumerate(NAMES)}).fillna(-1).to_numpy(np.int8)
    keep = (verdicts["answer"] == KEEP).to_numpy()
    labels[keep] = dataset.labels[verdicts["row"].to_numpy(np.int64)[keep]]
    return labels
