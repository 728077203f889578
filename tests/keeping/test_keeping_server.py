"""Backups with labels and jobs on a PostgreSQL server: into files, out of files, and back to the same server."""

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from kept_workspace import small_dataset
from pg_server import PostgresServer
from sqlalchemy import create_engine

from fer_core import database
from fer_core.__main__ import main
from fer_core.database import MARKER, VARIABLE, on_server, open_database
from fer_core.database.place import find_place
from fer_core.dataset.store import Dataset, open_dataset
from fer_core.errors import FerretError, StoreError, UsageError
from fer_core.jobs.store import SCHEMA, add_job, list_jobs, open_job
from fer_core.keeping.archive import open_archive
from fer_core.keeping.backup import back_up
from fer_core.keeping.restore import restore_workspace
from fer_core.keeping.restore_labels import restore_labels
from fer_core.progress import silent
from fer_core.review.events.log import VerdictLog
from fer_core.review.events.verdict import Verdict
from fer_core.workspace import Workspace


@pytest.fixture
def use_server(postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], None]]:
    """Set FER_DATABASE_URL."""
    yield lambda: monkeypatch.setenv(VARIABLE, postgres.url)
    restart()


def restart() -> None:
    """What a new process would know of data bases: nothing."""
    while database._open:
        database._open.popitem()[1].close()


def restore(file: Path, workspace: Workspace, how=restore_workspace):
    with open_archive(file) as archive:
        return how(workspace, archive, replace=True, dry_run=False, report=silent)


@pytest.fixture
def moved(filled: Dataset, workspace: Workspace, use_server) -> Dataset:
    """The filled workspace, moved from its files to the server."""
    file, _ = back_up(workspace, workspace.root.parent)
    use_server()
    restore(file, workspace)
    file.unlink()
    return open_dataset(workspace, "small")


def schemas(url: str) -> set[str]:
    engine = create_engine(url.replace("postgresql", "postgresql+pg8000"))
    with engine.connect() as connection:
        found = set(connection.exec_driver_sql("SELECT nspname FROM pg_namespace").scalars())
    engine.dispose()
    return found


def test_a_workspace_moves_from_files_to_the_server(filled, workspace: Workspace, use_server, say) -> None:
    before = VerdictLog(workspace.labels_db).history(filled)
    file, _ = back_up(workspace, workspace.root.parent)
    use_server()
    with pytest.raises(UsageError, match="is not empty"), open_archive(file) as archive:
        restore_workspace(workspace, archive, replace=False, dry_run=False, report=silent)
    done = restore(file, workspace)
    restart()
    assert on_server(workspace.root) and not list(workspace.root.glob("*.db*"))
    log = VerdictLog(workspace.labels_db)
    assert log.history(filled).equals(before) and len(before) == 2
    assert [(job.id, job.state) for job in list_jobs(workspace)] == [("1", "interrupted")]
    assert log.record(filled, [say(5)]).stored and log.watermark() > before["seq"].max()
    assert int(add_job(workspace, ["x"], "next", workspace.root).id) > 1
    with closing(sqlite3.connect(done.kept / "labels.db")) as old:
        assert old.execute("SELECT count(*) FROM events").fetchone() == (2,)


def test_a_backup_of_what_is_on_the_server_is_like_one_of_files(
    moved, workspace: Workspace, elsewhere: Workspace, say, monkeypatch
) -> None:
    odd = Verdict(**{**say(5).document(), "comment": "a\0b \\0 \\ 日本", "score": 1 / 3})
    log = VerdictLog(workspace.labels_db)
    log.record(moved, [odd])
    file, manifest = back_up(workspace, workspace.root.parent)
    assert {"labels.db", "jobs.db"} <= manifest.files.keys() and MARKER not in manifest.files
    before = log.history(moved)
    monkeypatch.delenv(VARIABLE)
    restore(file, elsewhere)
    assert VerdictLog(elsewhere.labels_db).history(moved).equals(before) and elsewhere.labels_db.exists()
    assert odd.comment in before["comment"].tolist()
    assert [job.title for job in list_jobs(elsewhere)] == ["audit of small"]


def test_a_backup_goes_back_to_the_server_beside_what_was_there(moved, workspace: Workspace, say) -> None:
    file, _ = back_up(workspace, workspace.root.parent)
    log, place = VerdictLog(workspace.labels_db), find_place(workspace.root)
    log.record(moved, [say(5)])
    done = restore(file, workspace)
    with pytest.raises(StoreError, match="restart the app"):
        log.record(moved, [say(6)])  # the app that was running
    restart()
    assert len(VerdictLog(workspace.labels_db).history(moved)) == 2
    assert find_place(done.kept) == place and find_place(workspace.root) != place
    assert len(VerdictLog(done.kept / "labels.db").history(moved)) == 3


def test_labels_alone_go_back_to_the_server(moved, workspace: Workspace, say) -> None:
    log = VerdictLog(workspace.labels_db)
    file, _ = back_up(workspace, workspace.root.parent, "labels")
    late = say(5, "happy")
    log.record(moved, [late])
    with pytest.raises(UsageError, match="1 events of the verdict log"), open_archive(file) as archive:
        restore_labels(workspace, archive, replace=False, dry_run=False, report=silent)
    done = restore(file, workspace, restore_labels)
    assert len(log.history(moved)) == 2
    with closing(sqlite3.connect(done.kept)) as kept:
        assert (late.id,) in kept.execute("SELECT id FROM events").fetchall()
    log.record(moved, [say(6, "happy")])
    assert log.watermark() > 3  # a number of its own


def test_labels_alone_go_to_a_new_workspace_on_the_server(
    filled, workspace: Workspace, elsewhere: Workspace, use_server
) -> None:
    file, _ = back_up(workspace, workspace.root.parent, "labels")
    use_server()
    dataset = small_dataset(elsewhere)
    assert restore(file, elsewhere, restore_labels).kept is None
    assert len(VerdictLog(elsewhere.labels_db).history(dataset)) == 2
    assert on_server(elsewhere.root) and not elsewhere.labels_db.exists()


def test_a_restore_that_fails_leaves_nothing_on_the_server(
    filled, workspace: Workspace, elsewhere: Workspace, use_server, postgres: PostgresServer, monkeypatch
) -> None:
    file, _ = back_up(workspace, workspace.root.parent)
    use_server()
    before = schemas(postgres.url)

    def fail(root: Path, stage: Path) -> None:
        assert schemas(postgres.url) > before and (stage / MARKER).exists()
        raise StoreError("no room")

    monkeypatch.setattr("fer_core.keeping.restore._take_place", fail)
    with pytest.raises(StoreError, match="no room"):
        restore(file, elsewhere)
    assert schemas(postgres.url) == before and not elsewhere.root.exists()


def test_a_workspace_at_work_is_not_replaced(filled, workspace: Workspace, use_server, moved) -> None:
    with open_database(workspace.jobs_db, SCHEMA).writing() as connection:
        connection.exec_driver_sql("UPDATE jobs SET state = 'running', host = 'elsewhere', heartbeat = 1e12")
        connection.exec_driver_sql("UPDATE jobs SET worker_pid = 1, worker_started = '1'")
    file, _ = back_up(workspace, workspace.root.parent)
    with pytest.raises(StoreError, match="runs in"):
        restore(file, workspace)


def test_a_workspace_in_files_at_work_is_not_moved(filled, workspace: Workspace, use_server) -> None:
    file, _ = back_up(workspace, workspace.root.parent)
    with closing(sqlite3.connect(workspace.jobs_db)) as connection, connection:
        connection.execute("UPDATE jobs SET state = 'running'")
    use_server()
    with pytest.raises(StoreError, match="A job runs"):
        restore(file, workspace)
    assert not on_server(workspace.root)


def doctor(workspace: Workspace, capsys) -> dict[str, dict[str, str]]:
    main(["doctor", "--json", "--workspace", str(workspace.root)])
    return {check["what"]: check for check in json.loads(capsys.readouterr().out)["checks"]}


def test_doctor_names_the_server(moved, workspace: Workspace, postgres: PostgresServer, capsys) -> None:
    found = doctor(workspace, capsys)
    place = find_place(workspace.root)
    assert found["PostgreSQL"]["state"] == "good"
    assert f"at 127.0.0.1:{postgres.port}/postgres, schema {place.schema}" in found["PostgreSQL"]["words"]
    assert found["PostgreSQL"]["words"][0].isdigit()  # its version
    assert found["verdict log"]["words"] == found["job list"]["words"] == "on the server, format 1"
    assert "jobs resume 1" in found["job 1"]["mend"]
    postgres.stop()
    try:
        found = doctor(workspace, capsys)
    finally:
        postgres.start()
    assert found["PostgreSQL"]["state"] == "bad" and "cannot be reached" in found["PostgreSQL"]["words"]


def test_doctor_says_what_is_set_wrongly(filled, workspace: Workspace, use_server, monkeypatch, capsys) -> None:
    use_server()
    found = doctor(workspace, capsys)["PostgreSQL"]
    assert found["state"] == "bad" and "backup FILE" in found["words"]
    for file in workspace.root.glob("*.db*"):
        file.unlink()
    found = doctor(workspace, capsys)["PostgreSQL"]
    assert found["state"] == "note" and "nothing of this workspace is there yet" in found["words"]
    assert not on_server(workspace.root)
    VerdictLog(workspace.labels_db)
    monkeypatch.delenv(VARIABLE)
    found = doctor(workspace, capsys)["PostgreSQL"]
    assert found["state"] == "bad" and found["mend"].startswith(f"export {VARIABLE}=")
    with pytest.raises(FerretError, match=VARIABLE):
        open_job(workspace, "1")
