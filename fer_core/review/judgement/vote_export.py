"""People's votes as a table in FER+'s form: one line per image, one column per answer, no names.

`votes` reads it back. Each vote stands on the image that the person saw, once per person and picture; decisions are
no votes and stay in the log.
"""

import csv
from pathlib import Path

import numpy as np

from fer_core.dataset.store import SPLITS, Dataset, image_id
from fer_core.dataset.version import DatasetVersion
from fer_core.dataset.votes import ANSWERS, FERPLUS, NOT_A_FACE, UNKNOWN, open_votes
from fer_core.errors import UsageError
from fer_core.files import atomic_path
from fer_core.review.events.log import VerdictLog
from fer_core.review.judgement.consensus import JUNK_COLUMN, UNSURE_COLUMN, person_votes
from fer_core.workspace import Workspace

# FER+'s file has neutral first; the order of columns is free, since they are read by name.
_ORDER = ("neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt", "unknown", "NF")


def vote_counts(dataset: Dataset, log: VerdictLog, until: int | None = None) -> np.ndarray:
    """The votes of people up to a watermark, int32 (N, 10) in the order of dataset.votes.ANSWERS.

    Unsure counts as unknown, not a face and unusable as not a face.
    """
    votes = person_votes(dataset, log.verdicts(dataset, until))
    place = np.arange(len(ANSWERS))
    place[JUNK_COLUMN], place[UNSURE_COLUMN] = ANSWERS.index(NOT_A_FACE), ANSWERS.index(UNKNOWN)
    counts = np.zeros((len(dataset), len(ANSWERS)), np.int32)
    np.add.at(counts, (votes["row"].to_numpy(np.int64), place[votes["column"].to_numpy(np.int64)]), 1)
    return counts


def export_votes(workspace: Workspace, version: DatasetVersion, target: Path, with_imported: bool = False) -> int:
    """Write the votes on every image of the version's data set, up to the version's watermark; returns how many.

    `with_imported` adds the counts of the imported vote table; UsageError where there is none.
    """
    dataset = version.dataset
    counts = vote_counts(dataset, VerdictLog(workspace.labels_db), version.policy.get("watermark"))
    if with_imported:
        table = open_votes(dataset)
        if table is None:
            raise UsageError(f"{dataset.name} has no imported vote table whose counts could be added.")
        counts = counts + table.counts
    columns = counts[:, [FERPLUS.index(name) for name in _ORDER]].tolist()
    with atomic_path(target) as temporary, temporary.open("w", newline="", encoding="ascii") as handle:
        writer = csv.writer(handle, lineterminator="\n")
        writer.writerow(["Usage", "Image name", *_ORDER])
        for row, votes in enumerate(columns):
            writer.writerow([SPLITS[dataset.splits[row]], f"fer{image_id(row)}.png", *votes])
    return int(counts.sum())
