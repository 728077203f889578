"""Killed at any step, a backup leaves no half archive, and a restore the old workspace or the new one, whole."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from kept_workspace import cut, files_of, verdict

from fer_core.dataset.store import open_dataset
from fer_core.keeping.archive import open_archive
from fer_core.keeping.backup import back_up
from fer_core.keeping.restore import restore_workspace
from fer_core.keeping.restore_labels import restore_labels
from fer_core.progress import silent
from fer_core.review.events.log import VerdictLog
from fer_core.workspace import REPOSITORY, Workspace

SCRIPT = Path(__file__).with_name("keeping_kills.py")


def words_of(files: dict[str, object]) -> dict[str, object]:
    """Without the stores of jobs, which a look at them may touch, and what names the moment."""
    return {name: content for name, content in files.items() if name != "jobs.db" and ".before-" not in name}


@dataclass(frozen=True)
class Left:
    """What killed programs left: for each, its folders, the last one that of the program that ended by itself."""

    changed: Path
    archives: dict[str, Path]
    folders: dict[str, list[Path]]
    stride: int

    def enough(self, what: str) -> bool:
        return len(self.folders[what]) > 20 / self.stride + 1


@pytest.fixture(scope="module", params=[11, pytest.param(1, marks=pytest.mark.slow)])
def left(request: pytest.FixtureRequest, template: Path, tmp_path_factory: pytest.TempPathFactory) -> Left:
    place = tmp_path_factory.mktemp("kills")
    source, changed = place / "source" / "data", place / "changed" / "data"
    shutil.copytree(template, source)
    shutil.copytree(template, changed)
    workspace, later = Workspace(source), Workspace(changed)
    cut(workspace, open_dataset(workspace, "small"), "later", drop=3)
    archives = {
        "workspace": back_up(workspace, place / "workspace.zip")[0],
        "labels": back_up(workspace, place / "labels.zip", "labels")[0],
    }
    VerdictLog(later.labels_db).record(open_dataset(later, "small"), [verdict(open_dataset(later, "small"), 7)])
    (later.dataset("small") / "votes.parquet").write_bytes(b"others")
    command = [sys.executable, SCRIPT, template, changed, place, str(request.param)]
    subprocess.run(command, check=True, env={**os.environ, "PYTHONPATH": str(REPOSITORY)})
    folders = {
        what: sorted((place / what).iterdir(), key=lambda folder: int(folder.name))
        for what in ("backup", "workspace", "labels")
    }
    return Left(changed, archives, folders, request.param)


def test_a_killed_backup_leaves_no_half_archive(left: Left, template: Path) -> None:
    folders = left.folders["backup"]
    assert left.enough("backup") and not (folders[0] / "backup.zip").exists()
    assert (folders[-1] / "backup.zip").exists()
    for folder in folders:
        assert files_of(folder / "data") == files_of(template)
    for file in [folder / "backup.zip" for folder in folders if (folder / "backup.zip").exists()]:
        with open_archive(file) as archive:
            restored = Workspace(file.parent / "restored")
            restore_workspace(restored, archive, replace=False, dry_run=False, report=silent)
        assert open_dataset(restored, "small").hash == open_dataset(Workspace(template), "small").hash
    back_up(Workspace(template), folders[-2] / "again.zip")  # the next backup removes what the killed one left
    assert not list(folders[-2].glob(".partial*"))


def test_a_killed_restore_leaves_the_old_workspace_or_the_new(left: Left) -> None:
    folders = left.folders["workspace"]
    found = [words_of(files_of(folder / "data")) for folder in folders]
    old, new = words_of(files_of(left.changed)), found[-1]
    assert old != new and left.enough("workspace")
    assert found[0] == old and all(files in (old, new) for files in found)
    for folder, files in zip(folders, found, strict=True):
        if files == new:  # then the old one lies whole beside it
            (kept,) = folder.glob("data.before-*")
            assert words_of(files_of(kept)) == old
    again = Workspace(folders[-2] / "data")
    with open_archive(left.archives["workspace"]) as archive:  # the next restore removes what the killed one left
        restore_workspace(again, archive, replace=True, dry_run=False, report=silent)
    assert words_of(files_of(again.root)) == new and not list(again.root.parent.glob(".restoring*"))


def test_a_killed_restore_of_labels_is_finished_by_the_next(left: Left) -> None:
    folders = left.folders["labels"]
    complete = words_of(files_of(folders[-1] / "data"))
    dataset = open_dataset(Workspace(left.changed), "small")
    assert left.enough("labels")
    for folder in folders[:-1]:
        workspace = Workspace(folder / "data")
        assert len(VerdictLog(workspace.labels_db).history(dataset)) in (2, 3)
        with open_archive(left.archives["labels"]) as archive:
            restore_labels(workspace, archive, replace=True, dry_run=False, report=silent)
        assert words_of(files_of(workspace.root)) == complete
