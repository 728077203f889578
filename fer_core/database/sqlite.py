"""SQLite for several processes at once: how the stores are opened, written and refused.

Writing transactions begin IMMEDIATE: a deferred one that reads first and writes later is refused by SQLite whenever
another process wrote in between, whatever the timeout. A process keeps ONE writing connection per file (SQLite before
3.51.3 can damage a file when two connections of one process write and checkpoint at once); its threads take turns.
Reading connections are opened for each read, never wait for writers, and may not write.

A file of an older format is brought to the present one when it is opened: copied beside itself first (`labels.db.v1-
20261121T101500.bak`), then changed in one transaction, so that whoever is killed meanwhile leaves the old format whole.
"""

import random
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool, StaticPool

from fer_core.database.schema import Database, Schema
from fer_core.errors import StoreError
from fer_core.files import atomic_path, sweep_temporaries
from fer_core.snapshot import copy_database

APPLICATION = 0x46455254  # "FERT", so that `file labels.db` and we can tell it from any other database
_PATIENCE = 20.0  # seconds that a write waits for other processes in all
_WAIT = 2.0  # seconds that SQLite itself waits before it says "locked", where not we do
_PAUSES = (0.001, 0.004)  # seconds between two tries of a write that waits, least and most, on average


class SqliteDatabase(Database):
    """One database file in one process. `open_database` makes sure that there is only one of these per file."""

    def __init__(self, path: Path, schema: Schema) -> None:
        self.path = path
        self.schema = schema
        self._lock = threading.Lock()
        if schema.precious:
            self._refuse_bad_places()
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
        self._writer = self._engine("rwc", read_only=False)
        self._reader = self._engine("rw", read_only=True)
        try:
            with self._immediate() as connection:
                self._prepare(connection)
            with self._in_words(), self._writer.connect() as connection:
                _patiently(connection, "PRAGMA journal_mode=WAL")  # stays with the file; from then on a no-op
        except StoreError:
            self.close()
            raise
        self._inode = path.stat().st_ino

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        self._check_in_place()
        with self._immediate() as connection:
            self._check_in_place()  # once more: it may have been replaced while this waited for its turn
            if _version(connection) != self.schema.version:
                raise StoreError(
                    f"{self.path} was brought to another format by a newer FERret while it was in use; nothing was "
                    "stored. Restart with that one."
                )
            yield connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        self._check_in_place()
        with self._in_words(), self._reader.connect() as connection:
            yield connection

    @property
    def in_place(self) -> bool:
        return self.path.exists() and self.path.stat().st_ino == self._inode

    def close(self) -> None:
        self._writer.dispose()
        self._reader.dispose()

    def _check_in_place(self) -> None:
        """An open file that was moved away would take what nobody finds again."""
        if not self.in_place:
            raise StoreError(
                f"{self.path} was moved or replaced while it was in use. Put it back, then restart the app."
            )

    def _refuse_bad_places(self) -> None:
        path, what = self.path, self.schema.what
        if not path.parent.is_dir():
            raise StoreError(
                f"The folder {path.parent} is not there, so the {what} cannot be kept. Bring it back, or name the "
                "right workspace (--workspace, FERRET_WORKSPACE)."
            )
        orphan = path.with_name(path.name + "-wal")
        if not path.exists() and orphan.exists():
            raise StoreError(
                f"{path} is missing but {orphan.name} is there: the {what} was moved. Bring {path.name} back beside "
                "it; no new one is begun."
            )

    def _engine(self, mode: str, *, read_only: bool) -> Engine:
        synchronous = "FULL" if self.schema.precious else "NORMAL"

        def connect() -> sqlite3.Connection:
            address = f"file:{quote(str(self.path))}?mode={mode}"
            # isolation_level=None: transactions begin where we say, not where the driver guesses.
            connection = sqlite3.connect(
                address, uri=True, timeout=_WAIT, isolation_level=None, check_same_thread=False
            )
            connection.execute(f"PRAGMA synchronous={synchronous}")
            if read_only:
                connection.execute("PRAGMA query_only=ON")
            return connection

        engine = create_engine("sqlite://", creator=connect, poolclass=NullPool if read_only else StaticPool)
        if read_only:
            event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))
        return engine

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
            raise StoreError(self._sentence(str(getattr(error, "orig", error)))) from error

    def _prepare(self, connection: Connection) -> None:
        """Make the tables in a new file, bring those of an older one up to date; refuse a file that is newer than
        this program or not ours.
        """
        version = _version(connection)
        known = self.schema.version
        if version > known:
            raise StoreError(
                f"{self.path} was written by a newer FERret (format {version}, this one knows {known}). Update FERret."
            )
        if version == known:
            return
        ours = version > 0 and connection.exec_driver_sql("PRAGMA application_id").scalar_one() == APPLICATION
        if not ours and connection.exec_driver_sql("SELECT count(*) FROM sqlite_master").scalar_one():
            raise StoreError(
                f"{self.path} is a database of another program; move it away, or choose another workspace."
            )
        if ours:
            self._migrate(connection, version)
        else:
            self.schema.metadata.create_all(connection)
            connection.exec_driver_sql(f"PRAGMA application_id={APPLICATION}")
        connection.exec_driver_sql(f"PRAGMA user_version={known}")

    def _migrate(self, connection: Connection, version: int) -> None:
        """Copy the file beside itself, then take every step from `version` on. The write lock is held meanwhile."""
        sweep_temporaries(self.path.parent)
        stamp = f"v{version}-{datetime.now(UTC):%Y%m%dT%H%M%S}"
        with atomic_path(self.path.with_name(f"{self.path.name}.{stamp}.bak")) as temporary:
            copy_database(self.path, temporary)
        for step in self.schema.steps[version - 1 :]:
            step(connection)

    def _sentence(self, problem: str) -> str:
        """What SQLite says, as something that a person can act on."""
        path = self.path
        if "locked" in problem:
            return f"{path} is held by another process; nothing was stored. Close what holds it, then try again."
        if "readonly" in problem or "unable to open" in problem:
            return f"{path} cannot be written (folder or file is read-only). Make it writable; nothing was stored."
        if "full" in problem or "disk I/O" in problem:  # the latter where even the -shm finds no room, or by a quota
            return (
                f"The disk that holds {path} is full or broken ({problem}); nothing was stored. Make room, try again."
            )
        if "not a database" in problem or "malformed" in problem:
            return f"{path} is damaged or no {self.schema.what} ({problem}). Restore it from a backup."
        return f"{path}: {problem}."


def _version(connection: Connection) -> int:
    return int(connection.exec_driver_sql("PRAGMA user_version").scalar_one())


def _patiently(connection: Connection, statement: str) -> None:
    """Run a statement that takes a lock, again and again while other processes hold it.

    SQLite would wait by itself, but tries less often the longer it waits, down to ten times a second: among programs
    that write one answer after the other it then finds the lock taken for seconds. Here who has waited longer tries
    more often, and all at moments left to chance.
    """
    driver = connection.connection.dbapi_connection
    assert isinstance(driver, sqlite3.Connection)  # noqa: S101 - tells mypy what `connect` above returned
    begun = time.monotonic()
    least, most = _PAUSES
    driver.execute("PRAGMA busy_timeout=0")
    try:
        while True:
            try:
                driver.execute(statement)
                return
            except sqlite3.OperationalError as error:
                waited = time.monotonic() - begun
                if "locked" not in str(error) or waited > _PATIENCE:
                    raise
            time.sleep(random.uniform(0.5, 1.5) * max(least, most / (1 + 10 * waited)))  # noqa: S311 - no secret
    finally:
        driver.execute(f"PRAGMA busy_timeout={1000 * _WAIT:.0f}")
