"""What people say, as tests make it up."""

from uuid import uuid4

from fer_core.dataset.store import Dataset
from fer_core.review.events.verdict import Verdict


def verdict(dataset: Dataset, row: int, said: str = "", who: str = "Ada", **changes: object) -> Verdict:
    """A blind answer of the first round; `changes`: other fields."""
    fields: dict[str, object] = {
        "id": str(uuid4()),
        "kind": "answer",
        "dataset": dataset.name,
        "dataset_hash": dataset.hash,
        "row": row,
        "content": dataset.table["content"].iat[row],
        "annotator": who,
        "round": 1,
        "answer": said,
        "time": "2026-07-01T10:00:00+00:00",
    }
    return Verdict(**{**fields, **changes})  # type: ignore[arg-type]
