"""A store as rows: from a server into a SQLite file, as backups hold it, and back. Numbers stay the same."""

import sqlite3
from contextlib import closing
from pathlib import Path

from sqlalchemy import Connection, Table, delete, func, insert, select

from fer_core.database import Database, Schema, SqliteDatabase

_CHUNK = 1000  # rows


def dump(source: Connection, schema: Schema, target: Path) -> None:
    """Write what `source` sees of a store to the new SQLite file `target`, which needs no -wal beside it."""
    file = SqliteDatabase(target, schema)
    try:
        with file.writing() as copy:
            _copy(source, copy, schema)
    finally:
        file.close()
    with closing(sqlite3.connect(target)) as connection:
        connection.execute("PRAGMA journal_mode=DELETE")


def load(file: Path, target: Connection, schema: Schema) -> None:
    """Put the rows of a SQLite file in the place of those of a store on a server, inside its transaction.

    Numbers go on after the largest that was ever given, so that none is given twice.
    """
    source: Database = SqliteDatabase(file, schema)  # brings it to the present format
    try:
        for table in reversed(schema.metadata.sorted_tables):
            target.execute(delete(table))
        with source.reading() as rows:
            _copy(rows, target, schema)
    finally:
        source.close()
    for table in schema.metadata.sorted_tables:
        _go_on(target, table)


def _copy(source: Connection, target: Connection, schema: Schema) -> None:
    for table in schema.metadata.sorted_tables:
        ordered = select(table).order_by(*table.primary_key).execution_options(yield_per=_CHUNK)
        for part in source.execute(ordered).mappings().partitions():
            target.execute(insert(table), [dict(row) for row in part])


def _go_on(target: Connection, table: Table) -> None:
    number = table.autoincrement_column
    if number is not None:
        sequence = func.pg_get_serial_sequence(table.name, number.name)
        given = func.nextval(sequence)  # also past what a transaction took and gave up
        target.execute(select(func.setval(sequence, func.greatest(given, select(func.max(number)).scalar_subquery()))))
