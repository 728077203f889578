"""Stores on a PostgreSQL server, for several app processes or machines on one workspace.

A workspace has a schema of its own on the server, named in its database.json; each store has its tables in it. A
writing transaction first takes a lock of the store's own (an advisory one, gone with the transaction or the
connection), so that numbers become visible in the order in which they are given, as with SQLite: whoever reads "what
came after number N" misses nothing. Readers see one moment (REPEATABLE READ, READ ONLY) and wait for nobody.
"""

import hashlib
import os
import secrets
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sqlalchemy import Column, Connection, Integer, MetaData, Table, Text, func, insert, select, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoConnectionLeft
from sqlalchemy.schema import CreateSchema, DropSchema

from fer_core.database.place import MARKER, VARIABLE, Place, schema_in, server_url
from fer_core.database.schema import Database, Schema
from fer_core.database.server import connect, sentence, where
from fer_core.errors import StoreError
from fer_core.files import sync_folder, write_json

_books = MetaData()
_formats = Table(
    "formats",
    _books,
    Column("store", Text, primary_key=True),  # "labels"
    Column("version", Integer, nullable=False),
)


class PostgresDatabase(Database):
    """One store on the server, in one process."""

    def __init__(self, path: Path, schema: Schema, place: Place) -> None:
        self.path = path
        self.schema = schema
        self.place = place
        self._lock = threading.Lock()  # threads take turns here, so that a process writes through one connection
        self._key = int.from_bytes(hashlib.sha256(f"{place.schema}.{path.stem}".encode()).digest()[:8], signed=True)
        self._marker = path.with_name(MARKER)
        self._inode = self._marker.stat().st_ino
        self._writer = connect(place, read_only=False)
        self._reader = connect(place, read_only=True)
        try:
            with self._locked() as connection:
                self._prepare(connection)
        except StoreError:
            self.close()
            raise

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        self._check_in_place()
        with self._locked() as connection:
            self._check_in_place()  # once more: it may have been replaced while this waited for its turn
            if self._version(connection) != self.schema.version:
                raise StoreError(
                    f"The {self.schema.what} on {where(self.place.url)} was brought to another format by a newer "
                    "FERret while it was in use; nothing was stored. Restart with that one."
                )
            yield connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        self._check_in_place()
        with self._in_words(), self._reader.connect() as connection:
            yield connection

    @property
    def in_place(self) -> bool:
        return self._marker.exists() and self._marker.stat().st_ino == self._inode

    def close(self) -> None:
        self._writer.dispose()
        self._reader.dispose()

    def _check_in_place(self) -> None:
        if not self.in_place:
            raise StoreError(
                f"{self._marker} was moved or replaced while it was in use, and with it the {self.schema.what}. Put it "
                "back, then restart the app."
            )

    @contextmanager
    def _locked(self) -> Iterator[Connection]:
        # What is not precious is acknowledged before it is on the server's disk.
        durable = func.set_config("synchronous_commit", "on" if self.schema.precious else "off", True)
        with self._lock, self._in_words(), self._writer.connect() as connection, connection.begin() as transaction:
            connection.execute(select(durable, func.pg_advisory_xact_lock(self._key)))
            yield connection
            with self._in_doubt():
                transaction.commit()

    @contextmanager
    def _in_words(self) -> Iterator[None]:
        try:
            yield
        except (DBAPIError, ssl.SSLError) as error:
            raise StoreError(sentence(self.place.url, error)) from error
        except NoConnectionLeft as error:
            raise StoreError(f"Too many read the {self.schema.what} at once; try again.") from error

    @contextmanager
    def _in_doubt(self) -> Iterator[None]:
        """A connection that breaks during COMMIT leaves it open whether the server had heard it."""
        try:
            yield
        except DBAPIError as error:
            if not error.connection_invalidated:
                raise
            raise StoreError(
                f"{where(self.place.url)} broke off while it stored, and whether it did is not known. Do it again: no "
                "answer is stored twice."
            ) from error

    def _version(self, connection: Connection) -> int:
        """Of the store's format, 0 before it is made."""
        found = connection.execute(select(_formats.c.version).where(_formats.c.store == self.path.stem))
        return found.scalar() or 0

    def _prepare(self, connection: Connection) -> None:
        """Make the tables, bring those of an older format up to date, refuse those of a newer one."""
        if connection.exec_driver_sql("SELECT current_schema()").scalar() != self.place.schema:
            raise StoreError(
                f"There is no schema {self.place.schema} on {where(self.place.url)}, which {self._marker} names. Let "
                f"{VARIABLE} name the server that has it. If it is lost: restore a backup."
            )
        _books.create_all(connection)
        version, known = self._version(connection), self.schema.version
        if version > known:
            raise StoreError(
                f"The {self.schema.what} on {where(self.place.url)} was written by a newer FERret (format {version}, "
                f"this one knows {known}). Update FERret."
            )
        if version == 0:
            self.schema.metadata.create_all(connection)
            connection.execute(insert(_formats).values(store=self.path.stem, version=known))
        elif version < known:
            self._migrate(connection, version)
            connection.execute(update(_formats).where(_formats.c.store == self.path.stem).values(version=known))

    def _migrate(self, connection: Connection, version: int) -> None:
        """Copy each table beside itself (`events_v1`), then take every step; all of it in one transaction."""
        named = connection.dialect.identifier_preparer.quote
        for table in self.schema.metadata.tables:
            if connection.dialect.has_table(connection, table):
                copy = named(f"{table}_v{version}")
                connection.exec_driver_sql(f"CREATE TABLE {copy} AS TABLE {named(table)}")
        for step in self.schema.steps[version - 1 :]:
            step(connection)


def begin(folder: Path) -> Place:
    """Make a schema for a workspace that has none yet; of several processes that do it at once, one wins.

    Raises StoreError, also for a folder that is not there.
    """
    if not folder.is_dir():
        raise StoreError(
            f"The folder {folder} is not there, so it has no labels either. Bring it back, or name the right workspace "
            "(--workspace, FERRET_WORKSPACE)."
        )
    place = make_schema()
    temporary = folder / f".partial-{os.getpid()}-{place.schema}"
    try:
        write_marker(temporary, place)
        with suppress(FileExistsError):
            os.link(temporary, folder / MARKER)  # unlike a rename, it never takes the place of another's
        sync_folder(folder)
    except OSError as error:
        drop_schema(place)
        raise StoreError(f"{folder} cannot be written ({error.strerror}). Make it writable.") from error
    finally:
        temporary.unlink(missing_ok=True)
    winner = Place(place.url, schema_in(folder / MARKER))
    if winner != place:
        drop_schema(place)
    return winner


def write_marker(path: Path, place: Place) -> None:
    """A database.json that names the schema. Raises OSError."""
    write_json(path, {"schema": place.schema})


def make_schema() -> Place:
    """A new, empty schema on the server that FER_DATABASE_URL names. Raises StoreError."""
    place = Place(server_url(), f"ferret_{secrets.token_hex(6)}")
    with _briefly(place) as connection:
        if (encoding := connection.exec_driver_sql("SHOW server_encoding").scalar()) != "UTF8":
            raise StoreError(
                f"{where(place.url)} is encoded in {encoding}, where names and comments need UTF8: `createdb -E UTF8`."
            )
        connection.execute(CreateSchema(place.schema))
    return place


def drop_schema(place: Place) -> None:
    """Take a schema away with all that it holds. Raises StoreError."""
    with _briefly(place) as connection:
        connection.execute(DropSchema(place.schema, cascade=True, if_exists=True))


def look(place: Place) -> tuple[str, dict[str, int] | None]:
    """The server's version, and the stores of the schema with their formats, None where there is no such schema.

    Changes nothing. Raises StoreError.
    """
    with _briefly(place, read_only=True) as connection:
        version = str(connection.exec_driver_sql("SHOW server_version").scalar()).split(" ")[0]
        if connection.exec_driver_sql("SELECT current_schema()").scalar() != place.schema:
            return version, None
        if not connection.dialect.has_table(connection, _formats.name):
            return version, {}
        return version, {row.store: row.version for row in connection.execute(select(_formats))}


@contextmanager
def _briefly(place: Place, *, read_only: bool = False) -> Iterator[Connection]:
    """One transaction through a connection that is closed afterwards."""
    try:
        with connect(place, read_only=read_only, pooled=False).begin() as connection:
            yield connection
    except (DBAPIError, ssl.SSLError) as error:
        raise StoreError(sentence(place.url, error)) from error
