"""Which engine keeps the stores of a folder: SQLite files in it, or a schema of a PostgreSQL server.

A workspace belongs to a server from its first use with FER_DATABASE_URL set; its file database.json says which schema
is its own. Neither is ever left for the other in silence: not without the variable, and not beside SQLite files.
"""

import os
from dataclasses import dataclass
from pathlib import Path

from fer_core.errors import InputRefused, StoreError
from fer_core.files import read_json

VARIABLE = "FER_DATABASE_URL"
MARKER = "database.json"
_FILES = ("labels.db", "labels.db-wal", "jobs.db")  # what a workspace with SQLite has and must not be left behind


@dataclass(frozen=True)
class Place:
    """A schema on a server."""

    url: str
    schema: str


def server_url() -> str:
    """What FER_DATABASE_URL says, empty when it is not set."""
    return os.environ.get(VARIABLE, "").strip()


def on_server(folder: Path) -> bool:
    """Whether the stores of this workspace are on a server."""
    return (folder / MARKER).exists()


def is_kept(path: Path) -> bool:
    """Whether there is anything to read in the store of that file name. Looking makes nothing."""
    return on_server(path.parent) or path.exists()


def find_place(folder: Path) -> Place | None:
    """Where on the server the stores of a workspace are; None while it has nothing there. Raises StoreError."""
    url, marker = server_url(), folder / MARKER
    if not marker.exists():
        return None
    if not url:
        raise StoreError(
            f"The labels and jobs of {folder} are kept on a PostgreSQL server: set {VARIABLE} "
            f"(postgresql://USER@HOST/DATABASE) to the one they are on. {marker.name} says which schema."
        )
    return Place(url, schema_in(marker))


def schema_in(marker: Path) -> str:
    """The schema that a database.json names. Raises StoreError."""
    try:
        return str(read_json(marker)["schema"])
    except (KeyError, TypeError, InputRefused) as error:
        raise StoreError(f"{marker} does not say which schema is the workspace's. Restore it from a copy.") from error


def refuse_files(folder: Path) -> None:
    """StoreError for a workspace whose labels or jobs lie in SQLite files: they would be left behind."""
    found = [name for name in _FILES if (folder / name).exists()]
    if found:
        raise StoreError(
            f"{VARIABLE} is set, but {folder} keeps its labels and jobs in {found[0]}. Move them to the server with "
            "`python -m fer_core backup FILE` and `restore FILE --replace` (both with the variable set), or unset it."
        )
