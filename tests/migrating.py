"""Programs that open notes.db: `migrating.py kill PATH PATH ...` (the i-th is killed before the i-th statement of its
migration), `migrating.py start PATH` (eight at once). Forked, so that the libraries are loaded once.
"""

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import Column, Connection, Integer, MetaData, Table, Text

from fer_core.database import Schema, SqliteDatabase

OLD = MetaData()
Table("notes", OLD, Column("number", Integer, primary_key=True), Column("text", Text))
NEW = MetaData()
Table("notes", NEW, Column("number", Integer, primary_key=True), Column("text", Text), Column("words", Integer))
STATEMENTS = (
    "ALTER TABLE notes ADD COLUMN words INTEGER",
    "UPDATE notes SET words = length(text) - length(replace(text, ' ', '')) + 1",
    "CREATE INDEX notes_by_words ON notes (words)",
)


def count_words(connection: Connection) -> None:
    for statement in STATEMENTS:
        connection.exec_driver_sql(statement)


def killed_before(number: int) -> Callable[[Connection], None]:
    def step(connection: Connection) -> None:
        for statement in STATEMENTS[:number]:
            connection.exec_driver_sql(statement)
        os.kill(os.getpid(), signal.SIGKILL)

    return step


def second(step: Callable[[Connection], None] = count_words) -> Schema:
    return Schema("list of notes", NEW, version=2, precious=True, steps=(step,))


FIRST = Schema("list of notes", OLD, version=1, precious=True)

if __name__ == "__main__":
    what, *paths = sys.argv[1:]
    children = []
    for number, path in enumerate(paths * (8 if what == "start" else 1)):
        child = os.fork()
        if child == 0:
            SqliteDatabase(Path(path), second(killed_before(number)) if what == "kill" else second())
            os._exit(0)
        children.append(child)
    print(*(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children))
