"""A store of an older format is brought up to date: copied first, all at once, once, or not at all."""

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from migrating import FIRST, NEW, STATEMENTS, count_words, second
from sqlalchemy import Connection

from fer_core.database import Schema, SqliteDatabase
from fer_core.errors import StoreError
from fer_core.workspace import REPOSITORY


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A store of the first format with three notes."""
    path = tmp_path / "notes.db"
    database = SqliteDatabase(path, FIRST)
    with database.writing() as connection:
        connection.exec_driver_sql("INSERT INTO notes (text) VALUES ('one'), ('two words'), ('now three words')")
    database.close()
    return path


def words(path: Path) -> list[int]:
    database = SqliteDatabase(path, second())
    with database.reading() as connection:
        found = connection.exec_driver_sql("SELECT words FROM notes ORDER BY number").scalars().all()
    database.close()
    return list(found)


def backups(path: Path) -> list[Path]:
    return sorted(path.parent.glob("notes.db.v1-*.bak"))


def schema_of(path: Path) -> tuple[int, bool]:
    """The version that a file says, and whether its table has the new column."""
    with closing(sqlite3.connect(path)) as connection:
        columns = [row[1] for row in connection.execute("PRAGMA table_info(notes)")]
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return connection.execute("PRAGMA user_version").fetchone()[0], "words" in columns


def test_an_older_store_is_copied_and_then_brought_up_to_date(path: Path) -> None:
    assert words(path) == [1, 2, 3]
    (backup,) = backups(path)
    assert schema_of(path) == (2, True) and schema_of(backup) == (1, False)
    with closing(sqlite3.connect(backup)) as connection:
        assert connection.execute("SELECT count(*) FROM notes").fetchone() == (3,)
    assert words(path) == [1, 2, 3] and len(backups(path)) == 1  # once


def test_a_new_store_needs_no_steps_and_no_copy(tmp_path: Path) -> None:
    assert words(tmp_path / "notes.db") == []
    assert not backups(tmp_path / "notes.db")


def test_a_step_that_fails_leaves_the_old_format_and_its_copy(path: Path) -> None:
    def fail(connection: Connection) -> None:
        count_words(connection)
        connection.exec_driver_sql("INSERT INTO nowhere VALUES (1)")

    with pytest.raises(StoreError, match="nowhere"):
        SqliteDatabase(path, second(fail))
    assert schema_of(path) == (1, False) and len(backups(path)) == 1
    assert words(path) == [1, 2, 3]


def programs(what: str, *paths: Path) -> list[int]:
    """The exit codes of programs that open stores, see `migrating`."""
    command = [sys.executable, Path(__file__).with_name("migrating.py"), what, *paths]
    done = subprocess.run(command, env={**os.environ, "PYTHONPATH": str(REPOSITORY)}, capture_output=True, check=True)
    return [int(code) for code in done.stdout.split()]


def test_a_migration_killed_at_any_statement_is_done_at_the_next_start(path: Path, tmp_path: Path) -> None:
    copies = [tmp_path / str(number) / path.name for number in range(len(STATEMENTS) + 1)]
    for copy in copies:
        copy.parent.mkdir()
        shutil.copy(path, copy)
    assert programs("kill", *copies) == [-signal.SIGKILL] * len(copies)
    for copy in copies:
        assert schema_of(copy) == (1, False) and len(backups(copy)) == 1
        assert words(copy) == [1, 2, 3]


def test_of_eight_that_start_at_once_one_does_it(path: Path) -> None:
    assert programs("start", path) == [0] * 8
    assert words(path) == [1, 2, 3] and len(backups(path)) == 1


def test_who_has_the_old_format_open_writes_no_more(path: Path) -> None:
    old = SqliteDatabase(path, FIRST)
    assert words(path) == [1, 2, 3]
    with pytest.raises(StoreError, match="another format"), old.writing():
        pass
    old.close()


def test_the_old_program_refuses_what_the_new_one_has_made(path: Path) -> None:
    words(path)
    with pytest.raises(StoreError, match="newer FERret"):
        SqliteDatabase(path, FIRST)


def test_every_version_after_the_first_has_its_step() -> None:
    with pytest.raises(ValueError, match="takes 1 steps"):
        Schema("list of notes", NEW, version=2, precious=True)
