"""Stores on a PostgreSQL server: begun once, never left in silence, read in order, and sound after a restart."""

import os
import subprocess
import sys
import time
from threading import Thread

import pytest
from migrating import FIRST, NEW, count_words, second
from sqlalchemy import insert, text

from fer_core.database import MARKER, VARIABLE, Schema, on_server, open_database
from fer_core.database.place import Place, find_place
from fer_core.database.postgres import PostgresDatabase, begin, drop_schema
from fer_core.errors import StoreError
from fer_core.jobs.store import add_job, list_jobs
from fer_core.review.events.database import SCHEMA, events
from fer_core.review.events.log import VerdictLog
from fer_core.review.queues.leases import LeaseBook
from fer_core.workspace import REPOSITORY

PATIENCE = 60.0


def test_without_the_variable_nothing_of_it_is_imported(tmp_path):
    script = (
        "import sys; from pathlib import Path; from fer_core.review.events.log import VerdictLog\n"
        "VerdictLog(Path(sys.argv[1]) / 'labels.db').watermark()\n"
        "print([name for name in sys.modules if 'pg8000' in name or name.endswith('database.postgres')])"
    )
    done = subprocess.run([sys.executable, "-c", script, tmp_path], cwd=REPOSITORY, capture_output=True, check=True)
    assert done.stdout == b"[]\n" and (tmp_path / "labels.db").exists()


def test_nothing_lies_in_files_but_where_the_rest_is(log, workspace, dataset, say):
    log.record(dataset, [say(0)])
    LeaseBook(workspace.leases_db).release("ada")
    add_job(workspace, ["x"], "x", workspace.root)
    assert sorted(path.name for path in workspace.root.iterdir()) == ["database.json", "datasets"]


def test_without_the_variable_the_workspace_is_refused_and_no_file_is_begun(log, workspace, monkeypatch):
    monkeypatch.delenv(VARIABLE)
    for use in (lambda: find_place(workspace.root), lambda: list_jobs(workspace)):
        with pytest.raises(StoreError, match=VARIABLE):
            use()
    assert not list(workspace.root.glob("*.db"))


@pytest.mark.parametrize("name", ["labels.db", "jobs.db", "labels.db-wal"])
def test_a_workspace_in_files_is_not_left_behind(name, dataset, workspace):
    (workspace.root / name).write_bytes(b"")
    for use in (lambda: VerdictLog(workspace.labels_db), lambda: add_job(workspace, ["x"], "x", workspace.root)):
        with pytest.raises(StoreError, match="backup FILE"):
            use()
    assert not on_server(workspace.root)


def test_another_server_is_refused_and_nothing_is_begun_there(log, workspace, asking):
    place = find_place(workspace.root)
    drop_schema(place)
    with pytest.raises(StoreError, match=f"no schema {place.schema}"):
        PostgresDatabase(workspace.labels_db, SCHEMA, place)
    with asking() as connection:
        assert not connection.execute(text("SELECT 1 FROM pg_namespace WHERE nspname = :s"), {"s": place.schema}).all()
    with pytest.raises(StoreError, match=r"not on .* any more"):
        log.watermark()


def test_a_workspace_that_was_replaced_takes_no_more_answers(log, workspace, dataset, say):
    (workspace.root / MARKER).rename(workspace.root / "elsewhere")
    begin(workspace.root)
    with pytest.raises(StoreError, match="moved or replaced"):
        log.record(dataset, [say(0)])


def test_many_events_keep_their_order(log, dataset, say):
    said = [say(number % 60) for number in range(1300)]
    assert len(log.record(dataset, said).stored) == 1300
    assert log.history(dataset)["id"].tolist() == [one.id for one in said]


def test_a_server_without_encryption_is_refused_where_it_is_asked_for(log, server, workspace, monkeypatch):
    monkeypatch.setenv(VARIABLE, f"{server.url}?sslmode=require")
    with pytest.raises(StoreError, match="refuses SSL"):
        PostgresDatabase(workspace.labels_db, SCHEMA, find_place(workspace.root))


def test_readers_cannot_write(log):
    with pytest.raises(StoreError, match="read-only"), log.database.reading() as connection:
        connection.execute(insert(events))


def test_a_number_is_never_seen_before_a_smaller_one(log, workspace, dataset, say, asking):
    """A process that comes later waits for the one before it, also when that one is slow to commit."""
    other = PostgresDatabase(workspace.labels_db, SCHEMA, find_place(workspace.root))
    slow, quick = say(0), say(1)

    def record() -> None:
        with other.writing() as connection:
            connection.execute(insert(events), [quick.document()])

    late = Thread(target=record)
    with log.database.writing() as connection:
        connection.execute(insert(events), [slow.document()])
        late.start()
        deadline = time.monotonic() + PATIENCE
        waiting = text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
        with asking() as asked:
            while not asked.execute(waiting).scalar():
                assert late.is_alive() and time.monotonic() < deadline, "it did not wait"
        assert log.watermark() == 0
    late.join()
    other.close()
    assert log.history(dataset)[["seq", "id"]].values.tolist() == [[1, slow.id], [2, quick.id]]


def test_a_restarted_server_is_named_while_it_is_gone_and_then_goes_on(log, server, workspace, dataset, say):
    book, answers = LeaseBook(workspace.leases_db), [say(0), say(1)]
    book.release("ada")
    add_job(workspace, ["x"], "kept", workspace.root)
    log.record(dataset, answers[:1])
    server.stop()
    try:
        for use in (lambda: log.record(dataset, answers[1:]), log.watermark, lambda: book.release("ada")):
            with pytest.raises(StoreError, match="cannot be reached"):
                use()
    finally:
        server.start()
    assert log.record(dataset, answers).stored == [one.id for one in answers]
    assert log.history(dataset)["id"].tolist() == [one.id for one in answers]
    assert [job.title for job in list_jobs(workspace)] == ["kept"]
    book.release("ada")


def test_a_server_that_goes_in_the_middle_of_a_write_leaves_nothing_half(log, server, dataset, say):
    try:
        with pytest.raises(StoreError), log.database.writing() as connection:
            connection.execute(insert(events), [say(0).document()])
            server.stop()
    finally:
        server.start()
    assert log.watermark() == 0 and log.record(dataset, [say(1)]).stored


def test_a_connection_that_was_ended_is_opened_anew(log, dataset, say, asking):
    log.record(dataset, [say(0)])
    ended = text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'FERret'")
    with asking() as connection:
        connection.execute(ended).all()
    assert log.watermark() == 1
    assert log.record(dataset, [say(1)]).stored


def test_a_store_that_somebody_holds_for_long_is_named(log, workspace, dataset, say, monkeypatch):
    monkeypatch.setattr("fer_core.database.server.LOCK_WAIT", 0.01)
    impatient = PostgresDatabase(workspace.root / "notes.db", FIRST, find_place(workspace.root))
    patient = PostgresDatabase(workspace.root / "notes.db", FIRST, find_place(workspace.root))
    with patient.writing(), pytest.raises(StoreError, match="held by another"), impatient.writing():
        pass
    with impatient.writing():
        pass
    impatient.close()
    patient.close()


@pytest.fixture
def place(server, tmp_path):
    return begin(tmp_path)


def notes(place: Place, folder, schema: Schema, sentence: str):
    store = PostgresDatabase(folder / "notes.db", schema, place)
    try:
        with store.reading() as connection:
            return connection.exec_driver_sql(sentence).all()
    finally:
        store.close()


def test_an_older_store_is_copied_and_brought_up_to_date_once_or_not_at_all(place, tmp_path):
    old = PostgresDatabase(tmp_path / "notes.db", FIRST, place)
    with old.writing() as connection:
        connection.exec_driver_sql("INSERT INTO notes (text) VALUES ('one'), ('two words')")

    def fail(connection):
        count_words(connection)
        connection.exec_driver_sql("INSERT INTO nowhere VALUES (1)")

    with pytest.raises(StoreError, match="nowhere"):
        PostgresDatabase(tmp_path / "notes.db", second(fail), place)
    assert notes(place, tmp_path, FIRST, "SELECT count(*) FROM notes") == [(2,)]
    for _ in range(2):
        assert notes(place, tmp_path, second(), "SELECT words FROM notes ORDER BY number") == [(1,), (2,)]
    assert notes(place, tmp_path, second(), "SELECT text FROM notes_v1 ORDER BY number") == [("one",), ("two words",)]
    with pytest.raises(StoreError, match="another format"), old.writing():
        pass
    with pytest.raises(StoreError, match="newer FERret"):
        PostgresDatabase(tmp_path / "notes.db", FIRST, place)
    old.close()
    assert set(NEW.tables) == {"notes"}


def test_a_copy_beside_the_workspace_stays_a_file(log, workspace, dataset, say):
    copy = dataset.path / "labels.db"
    VerdictLog(copy, local=True).record(dataset, [say(0)])
    assert copy.exists() and log.watermark() == 0


def test_a_missing_folder_is_named_and_not_made(server, workspace):
    with pytest.raises(StoreError, match="is not there"):
        VerdictLog(workspace.labels_db)
    assert not workspace.root.exists()
    assert not os.listdir(workspace.root.parent)  # noqa: PTH208 - nothing at all, hidden files too
    with pytest.raises(StoreError, match="is not there"):
        open_database(workspace.labels_db, SCHEMA)
