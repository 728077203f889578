"""doctor tells a sound workspace from a damaged one, and its commands mend it."""

import fcntl
import json
import os
import shlex
import shutil
import sqlite3
import subprocess
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from fer_core.__main__ import main
from fer_core.dataset.store import Dataset
from fer_core.dataset.version import as_imported, store_version
from fer_core.jobs import store
from fer_core.keeping import remains, soundness
from fer_core.keeping.findings import BAD, GOOD, NOTE, Check
from fer_core.review.events.log import VerdictLog
from fer_core.review.queues.selections import save_selection
from fer_core.workspace import SHIPPED_MODELS, Workspace


def checks(workspace: Workspace, capsys, *flags: str) -> tuple[int, dict[str, dict[str, str]]]:
    code = main(["doctor", "--json", *flags, "--workspace", str(workspace.root)])
    return code, {check["what"]: check for check in json.loads(capsys.readouterr().out)["checks"]}


@pytest.fixture
def kept(demo: Dataset, workspace: Workspace) -> Dataset:
    """The demo with a version, a selection, a verdict log and a run."""
    store_version(workspace, demo, "clean", as_imported(demo).manifest, {})
    save_selection(demo, np.array([1, 2]), "picked")
    VerdictLog(workspace.labels_db)
    run = workspace.run("shallow48-20261121-1405-ab12")
    run.mkdir(parents=True)
    (run / "run.json").write_text("{}")
    shutil.copy(SHIPPED_MODELS / "upscalers" / "espcn.safetensors", run / "best.safetensors")
    return demo


def faults(found: list[Check]) -> list[Check]:
    return [check for check in found if check.state != GOOD]


def test_a_sound_workspace_is_called_sound(kept: Dataset, workspace: Workspace, capsys) -> None:
    code, found = checks(workspace, capsys, "--deep")
    assert code == 0
    assert "1 version, 1 selection, every byte" in found["data set demo"]["words"]
    assert found["labels.db"]["words"].endswith("format 1")
    assert {found[what]["state"] for what in ("data set demo", "torch", "labels.db", "runs")} == {GOOD}


def test_a_damaged_data_base_is_named(kept: Dataset, workspace: Workspace, capsys) -> None:
    workspace.labels_db.with_name("labels.db-wal").unlink(missing_ok=True)
    workspace.labels_db.write_bytes(b"SQLite format 3\0" + b"rubbish" * 1000)
    code, found = checks(workspace, capsys)
    assert code == 1
    assert found["labels.db"]["state"] == BAD
    assert "restore BACKUP --replace" in found["labels.db"]["mend"]


def test_a_log_that_was_moved_away_is_named(demo: Dataset, workspace: Workspace) -> None:
    (workspace.root / "labels.db-wal").write_bytes(b"remains")
    (found,) = soundness.check_databases(workspace)
    assert found.state == BAD and "was moved" in found.words


def test_a_newer_format_is_named(kept: Dataset, workspace: Workspace) -> None:
    with closing(sqlite3.connect(workspace.labels_db)) as connection:
        connection.execute("PRAGMA user_version=7")
    (found,) = faults(list(soundness.check_databases(workspace)))
    assert found.state == BAD and "format 7" in found.words


def test_a_data_set_whose_table_is_gone_is_named(demo: Dataset, workspace: Workspace, capsys) -> None:
    (workspace.dataset("demo") / "table.parquet").unlink()
    code, found = checks(workspace, capsys)
    assert code == 1
    assert found["data set demo"]["state"] == BAD


@pytest.mark.parametrize(
    "file,what,mended",
    [
        ("datasets/demo/dataset.json", "data set demo", False),
        ("datasets/demo/images.npy", "data set demo", False),
        ("datasets/demo/versions/clean.parquet", "version demo@clean", True),
        ("datasets/demo/versions/clean.json", "version demo@clean", True),
        ("datasets/demo/selections/*.json", "selection selection-", True),
        ("runs/*/run.json", "run shallow48-20261121-1405-ab12", True),
        ("runs/*/best.safetensors", "run shallow48-20261121-1405-ab12", True),
    ],
)
def test_a_file_that_was_cut_off_is_named_with_what_mends_it(
    file: str, what: str, mended: bool, kept: Dataset, workspace: Workspace
) -> None:
    (path,) = workspace.root.glob(file)
    path.write_bytes(path.read_bytes()[:-1] if path.suffix != ".json" else b"{")
    found = faults([*soundness.check_datasets(workspace), *soundness.check_runs(workspace)])
    assert [check.state for check in found] == [BAD]
    assert found[0].what.startswith(what) and path.name.split(".")[0] in found[0].words + found[0].what
    if mended:  # the first of its commands takes the damage away
        subprocess.run(shlex.split(found[0].mend.partition(" && ")[0]), check=True)
        assert not faults([*soundness.check_datasets(workspace), *soundness.check_runs(workspace)])


def test_only_a_deep_look_finds_another_pixel(kept: Dataset, workspace: Workspace) -> None:
    path = kept.path / "images.npy"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    assert not faults(list(soundness.check_datasets(workspace)))
    (found,) = faults(list(soundness.check_datasets(workspace, deep=True)))
    assert f"row {len(kept) - 1}" in found.words


def test_only_a_deep_look_finds_a_version_that_is_another(kept: Dataset, workspace: Workspace) -> None:
    manifest = as_imported(kept).manifest
    manifest.loc[np.flatnonzero(kept.splits == 0)[0], "kept"] = False
    manifest.to_parquet(kept.path / "versions" / "clean.parquet")
    assert not faults(list(soundness.check_datasets(workspace)))
    (found,) = faults(list(soundness.check_datasets(workspace, deep=True)))
    assert found.what == "version demo@clean"


def test_what_killed_processes_left_is_found_and_the_living_are_spared(demo: Dataset, workspace: Workspace) -> None:
    dead = subprocess.Popen(["true"])
    dead.wait()
    half = workspace.datasets / f".partial-{dead.pid}-other"
    half.mkdir()
    (half / "images.npy").write_bytes(b"half")
    stage = workspace.root.parent / f".restoring-{dead.pid}-ab-{workspace.root.name}"
    stage.mkdir()
    alive = workspace.datasets / f".partial-{os.getpid()}-mine"
    alive.mkdir()
    (found,) = remains.check_leftovers(workspace)
    assert found.words.startswith("2 half files") and found.state == NOTE
    subprocess.run(shlex.split(found.mend), check=True)
    assert alive.exists() and not half.exists() and not stage.exists()
    assert not list(remains.check_leftovers(workspace))


def test_interrupted_and_waiting_jobs_are_named(workspace: Workspace) -> None:
    workspace.root.mkdir()
    for title in ("an audit", "a training"):
        store.add_job(workspace, ["audit", "demo"], title, workspace.root)
    with closing(sqlite3.connect(workspace.jobs_db)) as connection:
        connection.execute("UPDATE jobs SET state = 'interrupted' WHERE number = 1")
        connection.commit()
    found = {check.what: check for check in remains.check_jobs(workspace)}
    assert "jobs resume 1" in found["job 1"].mend
    assert "nobody runs them" in found["queue"].words


def test_a_place_that_no_job_holds_is_named(workspace: Workspace) -> None:
    workspace.root.mkdir()
    number = store.add_job(workspace, ["audit", "demo"], "an audit", workspace.root).id
    store.request_cancel(workspace, number)
    slot = workspace.root / "jobs" / "slot.lock"
    slot.parent.mkdir()
    slot.touch()
    assert not list(remains.check_jobs(workspace))
    with slot.open("r+") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        (found,) = remains.check_jobs(workspace)
    assert found.what == "slot.lock" and str(slot) in found.mend


@pytest.mark.parametrize("free,state", [(1e12, GOOD), (2e9, NOTE), (1e8, BAD)])
def test_a_disk_without_room_is_named(free: float, state: str, workspace: Workspace, monkeypatch) -> None:
    usage = shutil.disk_usage(workspace.root.parent)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage._replace(free=int(free)))
    assert remains.check_disk(workspace).state == state


def test_a_clock_that_went_backwards_is_named(demo: Dataset, workspace: Workspace) -> None:
    assert not list(remains.check_clock(workspace))
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).timestamp()
    os.utime(demo.path / "dataset.json", (tomorrow, tomorrow))
    (found,) = remains.check_clock(workspace)
    assert "24.0 hours ahead" in found.words


def test_a_missing_extra_says_what_it_is_for(monkeypatch) -> None:
    from fer_core.keeping import installation

    monkeypatch.setattr(installation, "_installed", lambda name: None)
    found = {check.what: check for check in installation.check_packages()}
    assert found["optuna"].state == NOTE and "sweep" in found["optuna"].words
    assert found["torch"].state == BAD and "pip install torch==" in found["torch"].mend


def test_an_empty_workspace_is_no_fault(workspace: Workspace, capsys) -> None:
    _, found = checks(workspace, capsys)
    assert found["workspace"]["state"] == NOTE


def test_a_look_changes_nothing(kept: Dataset, workspace: Workspace, capsys) -> None:
    def files() -> dict[Path, bytes]:
        return {
            path: path.read_bytes() for path in workspace.root.rglob("*") if path.is_file() and "-" not in path.suffix
        }

    before = files()
    checks(workspace, capsys, "--deep")
    assert files() == before
