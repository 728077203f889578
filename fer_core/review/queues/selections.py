"""Selections: images that somebody picked out, kept under a name so that they can be reviewed as a queue.

Stored beside the data set, `selections/ID.json`. The id says which images they are, so picking the same ones again, in
whatever order, is the same selection.
"""

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import numpy as np

from fer_core.dataset.store import Dataset
from fer_core.errors import NotFound, UsageError
from fer_core.files import check_name, read_json, write_json

PREFIX = "selection-"


@dataclass(frozen=True)
class Selection:
    """Rows of a data set in the order in which they were picked."""

    id: str  # begins with PREFIX; names its queue
    title: str  # where it comes from, in words
    rows: list[int]
    made: str  # ISO 8601

    @property
    def name(self) -> str:
        """What people call it."""
        return f"{self.title} ({len(self.rows):,})"


def save_selection(dataset: Dataset, rows: np.ndarray, title: str) -> Selection:
    """Keep rows (int (n,)) as a selection; UsageError when there are none."""
    if not len(rows):
        raise UsageError("Nothing is selected.")
    digest = sha256(np.unique(np.asarray(rows, np.int64)).tobytes()).hexdigest()[:12]
    made = datetime.now(UTC).isoformat(timespec="seconds")
    selection = Selection(PREFIX + digest, title[:120], [int(row) for row in rows], made)
    write_json(_file(dataset, selection.id), asdict(selection))
    return selection


def load_selection(dataset: Dataset, selection_id: str) -> Selection:
    """A selection by its id; NotFound when there is none of that id."""
    file = _file(dataset, selection_id)
    if not file.exists():
        raise NotFound(f"{dataset.name} has no selection {selection_id!r}.")
    return Selection(**read_json(file))


def list_selections(dataset: Dataset) -> list[Selection]:
    """All selections, the newest first."""
    found = [Selection(**read_json(file)) for file in (dataset.path / "selections").glob(f"{PREFIX}*.json")]
    return sorted(found, key=lambda selection: selection.made, reverse=True)


def _file(dataset: Dataset, selection_id: str) -> Path:
    return dataset.path / "selections" / f"{check_name(selection_id, 'selection')}.json"
