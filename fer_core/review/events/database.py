"""The one table of the verdict log: labels.db, or `events` on a server."""

from pathlib import Path

from sqlalchemy import BigInteger, Column, Float, Index, Integer, MetaData, Table

from fer_core import database
from fer_core.database import AnyText, Database, Schema
from fer_core.review.events.verdict import Verdict

metadata = MetaData()
_TYPES = {"row": BigInteger, "round": BigInteger, "active_ms": BigInteger, "score": Float}

events = Table(
    "events",
    metadata,
    # SQLite gives numbers to a column that is called INTEGER, and only to that.
    Column(
        "seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True
    ),  # grows by one with every event of the file; the watermark
    *(
        Column(name, _TYPES.get(name, AnyText), unique=name == "id", nullable=name == "score")
        for name in Verdict.__dataclass_fields__
    ),
    Index("events_by_face", "dataset_hash", "row"),
    Index("events_by_annotator", "dataset_hash", "annotator", "round"),
    sqlite_autoincrement=True,  # a number is never given twice
)

SCHEMA = Schema("verdict log", metadata, version=1, precious=True)


def open_database(path: Path, *, local: bool = False) -> Database:
    """The process's one Database for this labels.db; `local` as there. Raises StoreError."""
    return database.open_database(path, SCHEMA, local=local)
