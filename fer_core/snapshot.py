"""A whole copy of a SQLite file, taken while other processes write to it; and whether a file is sound."""

import sqlite3
from contextlib import closing
from pathlib import Path
from urllib.parse import quote


def copy_database(source: Path, target: Path) -> None:
    """Copy the committed state of one moment to the new file `target`, which needs no -wal beside it.

    Never waits for writers and never makes them wait. Raises sqlite3.Error.
    """
    with closing(connect_read_only(source)) as live, closing(sqlite3.connect(target)) as copy:
        live.backup(copy)  # all pages in one step, so that no write comes between
        copy.execute("PRAGMA journal_mode=DELETE")


def problem_with(path: Path, *, alone: bool = False) -> str | None:
    """What SQLite's own check says against a file, None for a sound one.

    `alone`: nobody else has it open and nothing is made beside it, as in a restored copy.
    """
    try:
        with closing(connect_read_only(path, alone=alone)) as connection:
            answer = str(connection.execute("PRAGMA integrity_check(1)").fetchone()[0])
    except sqlite3.Error as error:
        return str(error)
    return None if answer == "ok" else answer


def connect_read_only(path: Path, *, alone: bool = False) -> sqlite3.Connection:
    """A connection that cannot write and runs no function that a stranger's schema names."""
    address = f"file:{quote(str(path.resolve()))}?mode=ro{'&immutable=1' if alone else ''}"
    connection = sqlite3.connect(address, uri=True)
    connection.execute("PRAGMA trusted_schema=OFF")
    return connection
