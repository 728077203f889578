"""Answers that anybody can make again from their number: what the programs beside it store, resend and look for."""

from uuid import UUID

import numpy as np

from fer_core.dataset.store import Dataset, Images, create_dataset
from fer_core.emotions import NAMES
from fer_core.review.events.verdict import Verdict
from fer_core.workspace import Workspace


def noise(workspace: Workspace, images: int) -> Dataset:
    """A data set `noise` of random pictures, all Training."""
    pixels = np.random.default_rng(8).integers(0, 256, (images, 48, 48), np.uint8)
    labels = (np.arange(images) % 7).astype(np.int8)
    return create_dataset(workspace, "noise", Images(pixels, labels, np.zeros(images, np.int8)), origin={})


def answer(dataset: Dataset, writer: int, number: int, **changes: object) -> Verdict:
    """The `number`-th answer of a writer: the same key and content whenever it is asked for."""
    row = number % len(dataset)
    fields: dict[str, object] = {
        "id": str(UUID(int=(writer << 64) + number)),
        "kind": "answer",
        "dataset": dataset.name,
        "dataset_hash": dataset.hash,
        "row": row,
        "content": dataset.table["content"].iat[row],
        "annotator": f"person {writer}",
        "round": 1,
        "answer": NAMES[number % 7],
        "time": "2026-07-01T10:00:00+00:00",
    }
    return Verdict(**{**fields, **changes})
