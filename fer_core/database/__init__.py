"""The stores of a workspace: how they are opened, written and refused, on two engines.

schema      what a store holds and what an opened one can do
types       columns that hold the same on both engines
sqlite      a file in the workspace; the default, nothing to install or start
place       which engine keeps a workspace's stores
postgres    a schema on a PostgreSQL server, where FER_DATABASE_URL names one
server      the server's address, connections, and what it says in sentences
"""

import os
import threading
from pathlib import Path

from fer_core.database.place import MARKER, VARIABLE, find_place, is_kept, on_server, refuse_files, server_url
from fer_core.database.schema import Database, Schema, Step
from fer_core.database.sqlite import APPLICATION, SqliteDatabase
from fer_core.database.types import AnyJson, AnyText

__all__ = [
    "APPLICATION",
    "MARKER",
    "VARIABLE",
    "AnyJson",
    "AnyText",
    "Database",
    "Schema",
    "SqliteDatabase",
    "Step",
    "is_kept",
    "on_server",
    "open_database",
    "server_url",
]

_open: dict[tuple[Path, int], Database] = {}
_opening = threading.Lock()


def open_database(path: Path, schema: Schema, *, local: bool = False) -> Database:
    """The process's one Database for this store (a forked child gets its own). Raises StoreError.

    `local`: a SQLite file whatever FER_DATABASE_URL says; for copies that are not the workspace's own.
    """
    path = path.resolve()
    key = (path, os.getpid())
    with _opening:
        known = _open.get(key)
        if known is not None and not schema.precious and not known.in_place:
            known.close()
            known = None
        if known is None:
            known = _open[key] = SqliteDatabase(path, schema) if local else _of_workspace(path, schema)
        return known


def _of_workspace(path: Path, schema: Schema) -> Database:
    place = find_place(path.parent)
    if place is None and not server_url():
        return SqliteDatabase(path, schema)
    from fer_core.database.postgres import PostgresDatabase, begin

    if place is None:
        if not schema.precious:
            path.parent.mkdir(parents=True, exist_ok=True)
        refuse_files(path.parent)
        place = begin(path.parent)
    return PostgresDatabase(path, schema, place)
