"""Faces whose truth is known, answers that tell it, and an audit that says what the test wants."""

from pathlib import Path
from zlib import crc32

import numpy as np
import pandas as pd

from fer_core.audit.findings import COLUMNS
from fer_core.audit.results import Audit
from fer_core.audit.scores import SCORES
from fer_core.dataset.store import Dataset, Images, create_dataset
from fer_core.emotions import NAMES
from fer_core.review.events.log import VerdictLog
from fer_core.review.events.verdict import Verdict
from fer_core.workspace import Workspace


def planted_dataset(folder: Path, images: int = 2000) -> Dataset:
    """Different pictures of seven classes of unequal size, all Training."""
    rng = np.random.default_rng(11)
    pixels = rng.integers(0, 256, (images, 48, 48), dtype=np.uint8)
    labels = rng.choice(7, images, p=[0.14, 0.02, 0.14, 0.25, 0.17, 0.11, 0.17]).astype(np.int8)
    return create_dataset(Workspace(folder), "large", Images(pixels, labels, np.zeros(images, np.int8)), origin={})


def answers(
    dataset: Dataset, rows: object, truth: np.ndarray, queue: str, annotator: str = "ada", **more: object
) -> list[Verdict]:
    """Blind answers that are true (int (N,), what the faces show), in this order. `more`: other fields."""
    contents = dataset.table["content"].to_numpy()
    return [
        Verdict(
            **{
                "id": f"{crc32((annotator + queue).encode()):08x}-0000-4000-8000-{row:012x}",
                "kind": "answer",
                "dataset": dataset.name,
                "dataset_hash": dataset.hash,
                "row": row,
                "content": contents[row],
                "annotator": annotator,
                "round": 1,
                "answer": NAMES[truth[row]],
                "time": "2026-07-01T10:00:00+00:00",
                "queue": queue,
                **more,
            }
        )
        for row in np.asarray(rows, np.int64).tolist()
    ]


def told(dataset: Dataset, log: VerdictLog, verdicts: list[Verdict]) -> pd.DataFrame:
    """The history of the log with these verdicts in it."""
    assert not log.record(dataset, verdicts).refused
    return log.history(dataset)


def planted_audit(dataset: Dataset, against: np.ndarray, suspects: np.ndarray | None = None) -> Audit:
    """An audit that expects this share of people to speak against each label (float (N,)), and ranks by it.

    `suspects`: bool (N,), the images with a finding; by default all.
    """
    votes = np.zeros((len(dataset), 10), np.float32)
    votes[np.arange(len(dataset)), dataset.labels] = 1 - against
    votes[np.arange(len(dataset)), (dataset.labels + 1) % 7] = against
    order = np.argsort(-against, kind="stable")
    found = np.ones(len(dataset), bool) if suspects is None else suspects
    table = pd.DataFrame(
        {
            "row": order,
            "rank": np.arange(1, len(dataset) + 1),
            "suspicion": against[order],
            "reasons": np.where(found, "label", "")[order],
            "suggestion": "",
        }
    )
    settings = {"strength": "fast", "network": "scout", "size": 44, "labels": True}
    audit = Audit(Path("planted"), {"settings": settings, "finished": f"{crc32(order.tobytes() + found.tobytes())}"})
    audit.__dict__.update(
        suspects=table,
        votes=votes,
        probabilities=votes[:, :7],
        scores=pd.DataFrame(dict.fromkeys(SCORES, against)),
        findings=pd.DataFrame({column: [] for column in COLUMNS}).astype({"row": int, "score": float}),
    )
    return audit
