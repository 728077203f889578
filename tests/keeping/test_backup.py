"""A backup taken while people work comes back whole, and what is no sound backup changes nothing."""

import errno
import shutil
import sqlite3
import stat
import threading
import zipfile
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from kept_workspace import cut, files_of, listed, rewrite, small_dataset

from fer_core.__main__ import main
from fer_core.database import SqliteDatabase
from fer_core.dataset.store import Dataset, open_dataset
from fer_core.dataset.version import open_version
from fer_core.dataset.votes import open_votes
from fer_core.errors import FerretError, InputRefused, StoreError, UsageError
from fer_core.files import temporary_path, write_json
from fer_core.jobs import store
from fer_core.jobs.store import list_jobs
from fer_core.keeping import backup
from fer_core.keeping.archive import open_archive
from fer_core.keeping.backup import back_up
from fer_core.keeping.contents import list_contents
from fer_core.keeping.restore import restore_workspace
from fer_core.progress import silent
from fer_core.review.events.database import SCHEMA
from fer_core.review.events.log import VerdictLog
from fer_core.review.queues.selections import list_selections
from fer_core.runs.run import held
from fer_core.workspace import Workspace


def restore(file: Path, workspace: Workspace, replace: bool = False):
    with open_archive(file) as archive:
        return restore_workspace(workspace, archive, replace=replace, dry_run=False, report=silent)


def test_everything_that_people_made_comes_back(filled: Dataset, workspace: Workspace, elsewhere: Workspace) -> None:
    file, _ = back_up(workspace, workspace.root.parent)
    restored = restore(file, elsewhere)
    dataset = open_dataset(elsewhere, "small")
    assert dataset.hash == filled.hash and np.array_equal(dataset.images, filled.images)
    before = VerdictLog(workspace.labels_db).history(filled)
    assert VerdictLog(elsewhere.labels_db).history(dataset).equals(before) and len(before) == 2
    assert not open_version(elsewhere, "small@clean").kept[2]
    assert open_votes(dataset).total.tolist() == [10] * 12
    assert [selection.rows for selection in list_selections(dataset)] == [[1, 4]]
    kept = files_of(elsewhere.root)
    assert {"recipes/mine.toml", "jobs.db"} <= kept.keys() and any("annotators/" in name for name in kept)
    assert restored.kept is None and "Verdict log: 2 events." in restored.sentences


def test_secrets_runs_and_unfinished_audits_stay_out_and_it_is_said(filled, workspace: Workspace, elsewhere) -> None:
    _, manifest = back_up(workspace, workspace.root.parent / "b.zip")
    assert not any(name.startswith(("identity", "runs", "leases", "jobs/")) for name in manifest.files)
    assert not any("audits" in name for name in manifest.files)
    assert "1 run (--with-runs" in str(manifest.left_out) and "fast-scout-12345678" in str(manifest.left_out)
    whole, manifest = back_up(workspace, workspace.root.parent / "whole.zip", runs=True, key=True)
    assert stat.S_IMODE(whole.stat().st_mode) == 0o600
    restore(whole, elsewhere)
    key = elsewhere.root / "identity.key"
    assert key.read_bytes() == (workspace.root / "identity.key").read_bytes()
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert (elsewhere.runs / "shallow48-20261121-1405-ab12" / "run.json").exists()


def test_a_run_in_training_is_left_out_and_named(filled, workspace: Workspace) -> None:
    run = workspace.run("shallow48-20261121-1405-ab12")
    with held(run):
        _, manifest = back_up(workspace, workspace.root.parent / "b.zip", runs=True)
    assert not any(name.startswith("runs") for name in manifest.files)
    assert f"the run {run.name}, which is being trained" in manifest.left_out


def test_a_run_that_ends_during_the_backup_is_kept_whole(filled, workspace: Workspace, monkeypatch) -> None:
    run = workspace.run("shallow48-20261121-1405-ab12")

    def listed_then_ended(*given, **wishes):
        contents = list_contents(*given, **wishes)
        (run / "report.json").write_text("{}")
        return contents

    monkeypatch.setattr(backup, "list_contents", listed_then_ended)
    _, manifest = back_up(workspace, workspace.root.parent / "b.zip", runs=True)
    assert f"runs/{run.name}/report.json" in manifest.files


def test_proofs_come_back_and_what_is_half_written_stays_out(filled, workspace: Workspace, elsewhere) -> None:
    write_json(workspace.root / "proofs" / "small-1.json", {"id": "small-1"})
    (workspace.root / "proofs" / temporary_path(Path("small-2.json")).name).write_text("")
    file, manifest = back_up(workspace, workspace.root.parent)
    restore(file, elsewhere)
    assert [path.name for path in (elsewhere.root / "proofs").iterdir()] == ["small-1.json"]
    assert not any("partial" in words for words in manifest.left_out)


def test_names_that_differ_in_case_alone_come_back(filled, workspace: Workspace, elsewhere: Workspace) -> None:
    cut(workspace, filled, "Clean", drop=3)
    restore(back_up(workspace, workspace.root.parent)[0], elsewhere)
    dropped = [np.flatnonzero(~open_version(elsewhere, f"small@{name}").kept).tolist() for name in ("clean", "Clean")]
    assert dropped == [[2], [3]]


def test_a_log_that_a_full_disk_left_empty_spoils_no_backup(workspace: Workspace, elsewhere: Workspace) -> None:
    small_dataset(workspace)
    workspace.labels_db.touch()
    restore(back_up(workspace, workspace.root.parent)[0], elsewhere)
    assert open_dataset(elsewhere, "small").name == "small"


def test_a_job_that_starts_while_it_is_unpacked_stops_the_restore(filled, workspace: Workspace, monkeypatch) -> None:
    file, _ = back_up(workspace, workspace.root.parent)
    (job,) = list_jobs(workspace)

    def starts(stage: str, fraction: float) -> None:
        monkeypatch.setattr("fer_core.keeping.restore.list_jobs", lambda workspace: [replace(job, state="running")])

    before = files_of(workspace.root)
    with open_archive(file) as archive, pytest.raises(StoreError, match=job.title):
        restore_workspace(workspace, archive, replace=True, dry_run=False, report=starts)
    assert files_of(workspace.root) == before


def test_a_restored_job_does_not_start_by_itself(filled, workspace: Workspace, elsewhere: Workspace) -> None:
    file, _ = back_up(workspace, workspace.root.parent)
    restore(file, elsewhere)
    assert [job.state for job in list_jobs(elsewhere)] == ["interrupted"]
    assert not store.has_work(elsewhere)
    assert [job.state for job in list_jobs(workspace)] == ["queued"]


def test_a_backup_under_load_is_a_prefix_of_the_history(filled, workspace: Workspace, say, tmp_path: Path) -> None:
    log = VerdictLog(workspace.labels_db)
    acknowledged: list[str] = []
    stop = threading.Event()

    def write() -> None:
        while not stop.is_set():
            acknowledged.extend(log.record(filled, [say(len(acknowledged) % 12)]).stored)

    writer = threading.Thread(target=write)
    writer.start()
    copies = []
    for number in range(4):
        known = list(acknowledged)
        file, _ = back_up(workspace, tmp_path / f"{number}.zip", "labels")
        copies.append((known, file))
    stop.set()
    writer.join()
    history = log.history(filled)["id"].tolist()
    for number, (known, file) in enumerate(copies):
        with zipfile.ZipFile(file) as archive:
            archive.extract("labels.db", tmp_path / str(number))
        with closing(sqlite3.connect(tmp_path / str(number) / "labels.db")) as copy:
            assert copy.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            ids = [name for (name,) in copy.execute("SELECT id FROM events ORDER BY seq")]
        assert ids == history[: len(ids)] and set(known) <= set(ids)


def test_a_backup_never_takes_the_place_of_another_file(filled, workspace: Workspace, tmp_path: Path) -> None:
    target = tmp_path / "mine.zip"
    target.write_text("precious")
    with pytest.raises(UsageError, match="never takes the place"):
        back_up(workspace, target)
    assert target.read_text() == "precious"


def test_a_damaged_log_is_named_and_leaves_no_archive(filled, workspace: Workspace, tmp_path: Path, capsys) -> None:
    workspace.labels_db.with_name("labels.db-wal").unlink(missing_ok=True)
    workspace.labels_db.write_bytes(b"SQLite format 3\0" + b"rubbish" * 1000)
    folder = tmp_path / "backups"
    folder.mkdir()
    assert main(["backup", str(folder / "b.zip"), "--workspace", str(workspace.root)]) == 1
    assert "labels.db cannot be copied" in capsys.readouterr().err
    assert not list(folder.iterdir())


def test_nothing_to_back_up_is_said(workspace: Workspace, tmp_path: Path) -> None:
    with pytest.raises(FerretError, match="nothing to back up"):
        back_up(workspace, tmp_path / "b.zip")


def test_a_workspace_is_replaced_only_when_it_is_said_and_kept_beside(
    filled, workspace: Workspace, elsewhere: Workspace
) -> None:
    file, _ = back_up(workspace, workspace.root.parent)
    restore(file, elsewhere)
    shutil.rmtree(elsewhere.dataset("small"))
    (elsewhere.root / "identity.key").write_bytes(b"k" * 32)
    (elsewhere.root / "README.md").write_text("about this folder")
    before = files_of(elsewhere.root)
    with pytest.raises(UsageError, match="--replace"):
        restore(file, elsewhere)
    assert files_of(elsewhere.root) == before
    done = restore(file, elsewhere, replace=True)
    assert files_of(done.kept) == before
    assert open_dataset(elsewhere, "small").hash == filled.hash
    # What is no part of a backup stays: people need not say their names again.
    assert (elsewhere.root / "identity.key").read_bytes() == b"k" * 32
    assert (elsewhere.root / "README.md").exists()


def test_a_workspace_at_work_is_not_replaced(filled, workspace: Workspace, monkeypatch) -> None:
    file, _ = back_up(workspace, workspace.root.parent)
    running = [list_jobs(workspace)[0].__class__(**{**list_jobs(workspace)[0].__dict__, "state": "running"})]
    monkeypatch.setattr("fer_core.keeping.restore.list_jobs", lambda workspace: running)
    with pytest.raises(StoreError, match="jobs cancel 1"):
        restore(file, workspace, replace=True)


def test_a_dry_run_checks_everything_and_changes_nothing(filled, workspace: Workspace, elsewhere, capsys) -> None:
    file, _ = back_up(workspace, workspace.root.parent)
    assert main(["restore", str(file), "--dry-run", "--workspace", str(elsewhere.root)]) == 0
    assert "is sound" in capsys.readouterr().out
    assert not elsewhere.root.exists() and not list(elsewhere.root.parent.glob(".*"))


def other_bytes(members, manifest) -> None:
    members["datasets/small/images.npy"] = members["datasets/small/images.npy"][:-1] + b"?"


def newer_log(members, manifest) -> None:
    content = bytearray(members["labels.db"])
    content[60:64] = (99).to_bytes(4, "big")  # user_version, see SQLite's file format
    listed(members, manifest, "labels.db", bytes(content))


def no_table(members, manifest) -> None:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.deserialize(members["labels.db"])
        connection.execute("DROP TABLE events")
        connection.commit()
        listed(members, manifest, "labels.db", connection.serialize())


def trigger(members, manifest) -> None:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.deserialize(members["labels.db"])
        connection.execute("CREATE TRIGGER mine AFTER INSERT ON events BEGIN DELETE FROM events; END")
        connection.commit()
        listed(members, manifest, "labels.db", connection.serialize())


BAD = {
    "another byte": (other_bytes, "images.npy is not what was stored"),
    "a member gone": (lambda members, manifest: members.pop("datasets/small/table.parquet") and None, "table.parquet"),
    "a member more": (lambda members, manifest: members.update({"datasets/small/more": b"x"}), "without being listed"),
    "a member longer": (lambda members, manifest: members.update({"recipes/mine.toml": b"x" * 99}), "not as long"),
    "a member twice": (lambda members, manifest: [("recipes/mine.toml", b"x")], "damaged"),
    "no manifest of ours": (lambda members, manifest: manifest.clear(), "manifest.json cannot be read"),
    "a newer archive": (lambda members, manifest: manifest.update(format="ferret backup 2"), "newer FERret"),
    "another format": (lambda members, manifest: manifest.update(format="tape"), "no backup of FERret"),
    "a file that is a folder": (lambda members, manifest: listed(members, manifest, "recipes/mine.toml/x"), "one name"),
    "a newer log": (newer_log, "newer FERret"),
    "a log that acts": (trigger, "triggers"),
    "a log without a table": (no_table, "no verdict log of FERret"),
    "no data base": (lambda members, manifest: listed(members, manifest, "labels.db", b"text"), "labels.db cannot be"),
    **{
        f"the name {name}": (lambda members, manifest, name=name: listed(members, manifest, name), "no place")
        for name in (
            "../evil",
            "/etc/evil",
            "datasets/../../evil",
            "C:evil",
            "datasets\\evil",
            "a.py",
            "runs//x",
            " ",
            "sweeps/a.db-wal",
        )
    },
}


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("change,words", BAD.values(), ids=BAD.keys())
def test_a_bad_archive_is_refused_in_a_sentence_and_changes_nothing(
    change, words, filled, workspace: Workspace, elsewhere: Workspace, capsys
) -> None:
    file, _ = back_up(workspace, workspace.root.parent)
    rewrite(file, change)
    before = files_of(workspace.root)
    for target in (workspace, elsewhere):
        assert main(["restore", str(file), "--replace", "--workspace", str(target.root)]) == 1
        said = capsys.readouterr().err
        assert said.splitlines()[-1].startswith("ferret: ") and words in said
    assert files_of(workspace.root) == before
    assert not elsewhere.root.exists() and not list(workspace.root.parent.glob(".restoring*"))
    assert not (workspace.root.parent / "evil").exists()


@pytest.mark.parametrize("share", [0.0, 0.3, 0.999])
def test_the_beginning_of_an_archive_is_refused(share, filled, workspace: Workspace, elsewhere: Workspace) -> None:
    file, _ = back_up(workspace, workspace.root.parent)
    file.write_bytes(file.read_bytes()[: int(share * file.stat().st_size)])
    with pytest.raises(InputRefused, match=r"damaged|no backup"):
        restore(file, elsewhere)
    assert not elsewhere.root.exists()


def test_an_archive_of_pictures_is_no_backup(elsewhere: Workspace, tmp_path: Path) -> None:
    file = tmp_path / "pictures.zip"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("train/happy/1.png", b"")
    with pytest.raises(InputRefused, match="no backup of FERret"):
        restore(file, elsewhere)


def test_a_full_disk_is_named_before_anything_is_unpacked(filled, workspace: Workspace, elsewhere, monkeypatch) -> None:
    file, _ = back_up(workspace, workspace.root.parent)
    usage = shutil.disk_usage(file.parent)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage._replace(free=1000))
    with pytest.raises(StoreError, match="no room"):
        restore(file, elsewhere)
    assert not elsewhere.root.exists()


def test_a_system_without_an_exchange_of_folders_restores_too(filled, workspace: Workspace, monkeypatch) -> None:
    file, _ = back_up(workspace, workspace.root.parent)
    monkeypatch.setattr("fer_core.keeping.restore._exchange", lambda a, b: False)
    before = files_of(workspace.root)
    done = restore(file, workspace, replace=True)
    assert files_of(done.kept) == before
    assert open_dataset(workspace, "small").hash == filled.hash


def test_folders_that_cannot_change_places_stay_what_they_are(filled, workspace: Workspace, monkeypatch) -> None:
    """As where another disk is mounted on the workspace in a way that only the attempt shows."""
    file, _ = back_up(workspace, workspace.root.parent)

    def busy(a: Path, b: Path) -> bool:
        raise OSError(errno.EBUSY, "Device or resource busy", str(a))

    monkeypatch.setattr("fer_core.keeping.restore._exchange", busy)
    before = files_of(workspace.root)
    with pytest.raises(StoreError, match="not restored"):
        restore(file, workspace, replace=True)
    assert files_of(workspace.root) == before
    assert {path.name for path in workspace.root.parent.iterdir()} == {file.name, workspace.root.name}


def test_an_answer_that_waited_while_its_log_was_replaced_is_refused(filled, workspace: Workspace, say) -> None:
    file, _ = back_up(workspace, workspace.root.parent)
    log, refused = VerdictLog(workspace.labels_db), []

    def answer() -> None:
        try:
            log.record(filled, [say(5)])
        except StoreError as error:
            refused.append(str(error))

    waiting = threading.Thread(target=answer)
    with closing(sqlite3.connect(workspace.labels_db, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        waiting.start()
        while not log.database._lock.locked():  # until it has looked where its file is, and waits
            assert waiting.is_alive()
        restore(file, workspace, replace=True)
        other.execute("ROLLBACK")
    waiting.join()
    assert len(refused) == 1 and "restart the app" in refused[0]


def test_an_app_that_has_the_old_log_open_is_told(filled, workspace: Workspace, say) -> None:
    file, _ = back_up(workspace, workspace.root.parent)
    opened = SqliteDatabase(workspace.labels_db, SCHEMA)
    restore(file, workspace, replace=True)
    with pytest.raises(StoreError, match="restart the app"), opened.writing():
        pass
    opened.close()
