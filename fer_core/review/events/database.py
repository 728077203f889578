"""labels.db: the one table of the verdict log."""

from pathlib import Path

from sqlalchemy import Column, Float, Index, Integer, MetaData, Table, Text

from fer_core import database
from fer_core.database import Database, Schema
from fer_core.review.events.verdict import Verdict

metadata = MetaData()
_TYPES = {"row": Integer, "round": Integer, "active_ms": Integer, "score": Float}

events = Table(
    "events",
    metadata,
    Column("seq", Integer, primary_key=True),  # grows by one with every event of the file; the watermark
    *(
        Column(name, _TYPES.get(name, Text), unique=name == "id", nullable=name == "score")
        for name in Verdict.__dataclass_fields__
    ),
    Index("events_by_face", "dataset_hash", "row"),
    Index("events_by_annotator", "dataset_hash", "annotator", "round"),
    sqlite_autoincrement=True,  # a number is never given twice
)

SCHEMA = Schema("verdict log", metadata, version=1, precious=True)


def open_database(path: Path) -> Database:
    """The process's one Database for this labels.db. Raises StoreError."""
    return database.open_database(path, SCHEMA)
