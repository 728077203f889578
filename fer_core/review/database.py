"""labels.db: how it is opened, written and refused.

SQLite with a write-ahead log, every commit on the disk before it is acknowledged (synchronous=FULL). Writing
transactions begin IMMEDIATE: a deferred one that reads first and writes later is refused by SQLite whenever another
process wrote in between, whatever the timeout. A process keeps ONE writing connection per file (SQLite before 3.51.3
can damage a file when two connections of it write and checkpoint at once); reading connections are opened for each
read and may not write.
"""

import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import Column, Connection, Engine, Float, Index, Integer, MetaData, Table, Text, create_engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool, StaticPool

from fer_core.errors import StoreError
from fer_core.review.verdict import Verdict

SCHEMA = 1
_APPLICATION = 0x46455254  # "FERT", so that `file labels.db` and we can tell it from any other database
_PATIENCE = 20.0  # seconds that a write waits for other processes in all
_WAIT = 2.0  # seconds that SQLite itself waits before it says "locked"

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


class Database:
    """One labels.db in one process. `open_database` makes sure that there is only one of these per file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        _refuse_bad_places(path)
        self._writer = _engine(path, "rwc", read_only=False)
        self._reader = _engine(path, "rw", read_only=True)
        with self._immediate() as connection:
            _prepare(connection, path)
        with self._in_words(), self._writer.connect() as connection:
            _patiently(connection, "PRAGMA journal_mode=WAL")  # stays with the file; a no-op from the second time on
        self._inode = path.stat().st_ino

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that holds the write lock from its first statement; committed when the block ends well."""
        self._check_in_place()
        with self._immediate() as connection:
            yield connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A consistent view that never waits for writers and cannot write."""
        self._check_in_place()
        with self._in_words(), self._reader.connect() as connection:
            yield connection

    def _check_in_place(self) -> None:
        """An open file that was moved away would take verdicts that nobody finds again."""
        if not self.path.exists() or self.path.stat().st_ino != self._inode:
            raise StoreError(
                f"{self.path} was moved or replaced while it was in use. Put it back, then restart the app."
            )

    @contextmanager
    def _immediate(self) -> Iterator[Connection]:
        with self._lock, self._in_words(), self._writer.connect() as connection:
            _patiently(connection, "BEGIN IMMEDIATE")
            with connection.begin():
                yield connection

    @contextmanager
    def _in_words(self) -> Iterator[None]:
        try:
            yield
        except (DBAPIError, sqlite3.Error) as error:
            raise StoreError(_sentence(self.path, str(getattr(error, "orig", error)))) from error


_open: dict[tuple[Path, int], Database] = {}
_opening = threading.Lock()


def open_database(path: Path) -> Database:
    """The process's one Database for this file (a forked child gets its own)."""
    key = (path.resolve(), os.getpid())
    with _opening:
        if key not in _open:
            _open[key] = Database(path.resolve())
        return _open[key]


def _refuse_bad_places(path: Path) -> None:
    if not path.parent.is_dir():
        raise StoreError(
            f"The folder {path.parent} is not there, so verdicts cannot be kept. Bring it back, or name the right "
            "workspace (--workspace, FERRET_WORKSPACE)."
        )
    orphan = path.with_name(path.name + "-wal")
    if not path.exists() and orphan.exists():
        raise StoreError(
            f"{path} is missing but {orphan.name} is there: the verdict log was moved. Bring {path.name} back beside "
            "it; no new one is begun."
        )


def _engine(path: Path, mode: str, *, read_only: bool) -> Engine:
    def connect() -> sqlite3.Connection:
        address = f"file:{quote(str(path))}?mode={mode}"
        # isolation_level=None: transactions begin where we say, not where the driver guesses.
        connection = sqlite3.connect(address, uri=True, timeout=_WAIT, isolation_level=None, check_same_thread=False)
        connection.execute("PRAGMA synchronous=FULL")
        if read_only:
            connection.execute("PRAGMA query_only=ON")
        return connection

    engine = create_engine("sqlite://", creator=connect, poolclass=NullPool if read_only else StaticPool)
    if read_only:
        event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))
    return engine


def _patiently(connection: Connection, statement: str) -> None:
    """Run a statement that takes a lock, again and again while other processes hold it."""
    driver = connection.connection.dbapi_connection
    assert isinstance(driver, sqlite3.Connection)  # noqa: S101 - tells mypy what `connect` above returned
    deadline = time.monotonic() + _PATIENCE
    pause = 0.005
    while True:
        try:
            driver.execute(statement)
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
        time.sleep(pause)
        pause = min(2 * pause, 0.2)


def _prepare(connection: Connection, path: Path) -> None:
    """Make the tables in a new file; refuse a file that is newer than this program or not ours."""
    version = connection.exec_driver_sql("PRAGMA user_version").scalar_one()
    if version > SCHEMA:
        raise StoreError(
            f"{path} was written by a newer FERret (format {version}, this one knows {SCHEMA}). Update FERret."
        )
    if version == SCHEMA:
        return
    if connection.exec_driver_sql("SELECT count(*) FROM sqlite_master").scalar_one():
        raise StoreError(f"{path} is a database of another program; move it away, or choose another workspace.")
    metadata.create_all(connection)
    connection.exec_driver_sql(f"PRAGMA application_id={_APPLICATION}")
    connection.exec_driver_sql(f"PRAGMA user_version={SCHEMA}")


def _sentence(path: Path, problem: str) -> str:
    """What SQLite says, as something that a person can act on."""
    if "locked" in problem:
        return f"{path} is held by another process; nothing was stored. Close what holds it, then try again."
    if "readonly" in problem or "unable to open" in problem:
        return f"{path} cannot be written (folder or file is read-only). Make it writable; nothing was stored."
    if "full" in problem:
        return f"The disk that holds {path} is full; nothing was stored. Make room, then try again."
    if "not a database" in problem or "malformed" in problem:
        return f"{path} is damaged or no verdict log ({problem}). Restore it from a backup."
    return f"{path}: {problem}."
