"""The small daily backup: what people said goes back to where the images are."""

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from kept_workspace import cut, files_of, listed, rewrite, small_dataset

from fer_core.__main__ import main
from fer_core.dataset.store import Dataset, open_dataset
from fer_core.dataset.version import open_version
from fer_core.dataset.votes import open_votes
from fer_core.errors import InputRefused, UsageError
from fer_core.keeping.archive import open_archive
from fer_core.keeping.backup import back_up
from fer_core.keeping.restore_labels import restore_labels
from fer_core.progress import silent
from fer_core.review.events.log import VerdictLog
from fer_core.review.events.verdict import Verdict
from fer_core.review.queues.answers import current_answers
from fer_core.review.queues.selections import list_selections
from fer_core.workspace import Workspace


def restore(file: Path, workspace: Workspace, replace: bool = False):
    with open_archive(file) as archive:
        return restore_labels(workspace, archive, replace=replace, dry_run=False, report=silent)


@pytest.fixture
def labels(filled: Dataset, workspace: Workspace) -> Path:
    return back_up(workspace, workspace.root.parent, "labels")[0]


def test_labels_go_back_to_images_that_were_imported_again(
    filled: Dataset, workspace: Workspace, elsewhere: Workspace, labels: Path
) -> None:
    assert labels.stat().st_size < 40_000  # not the images
    dataset = small_dataset(elsewhere)
    restore(labels, elsewhere)
    assert len(VerdictLog(elsewhere.labels_db).history(dataset)) == 2
    assert not open_version(elsewhere, "small@clean").kept[2]
    assert open_votes(dataset).source == "votes.csv"
    assert len(list_selections(dataset)) == 1


def test_a_version_called_dataset_comes_back_too(filled: Dataset, workspace: Workspace, elsewhere: Workspace) -> None:
    cut(workspace, filled, "dataset", drop=4)
    small_dataset(elsewhere)
    restore(back_up(workspace, workspace.root.parent, "labels")[0], elsewhere)
    assert not open_version(elsewhere, "small@dataset").kept[4]


def test_restoring_twice_changes_nothing(workspace: Workspace, elsewhere: Workspace, labels: Path) -> None:
    small_dataset(elsewhere)
    restore(labels, elsewhere)
    once = files_of(elsewhere.dataset("small"))
    restore(labels, elsewhere)
    assert files_of(elsewhere.dataset("small")) == once


def test_newer_answers_are_replaced_only_when_it_is_said_and_kept(
    filled: Dataset, workspace: Workspace, labels: Path, say: Callable[..., Verdict]
) -> None:
    log = VerdictLog(workspace.labels_db)
    late = say(5, "happy")
    log.record(filled, [late])
    assert current_answers(log, filled, 1).rows.tolist() == [0, 1, 5]
    with pytest.raises(UsageError, match="1 events of the verdict log"):
        restore(labels, workspace)
    assert len(log.history(filled)) == 3
    done = restore(labels, workspace, replace=True)
    assert len(log.history(filled)) == 2  # seen by whoever had it open
    assert current_answers(log, filled, 1).rows.tolist() == [0, 1]
    with closing(sqlite3.connect(done.kept)) as kept:
        assert (late.id,) in kept.execute("SELECT id FROM events").fetchall()
    # What is answered from now on has a number of its own, so that no view takes it for an event that was.
    log.record(filled, [say(6, "happy")])
    assert log.watermark() == 4
    assert current_answers(log, filled, 1).rows.tolist() == [0, 1, 6]


def test_a_damaged_log_gives_way_to_the_backup(filled: Dataset, workspace: Workspace, labels: Path) -> None:
    for name in ("labels.db-wal", "labels.db-shm"):
        workspace.labels_db.with_name(name).unlink(missing_ok=True)
    rubbish = b"SQLite format 3\0" + b"rubbish" * 1000
    workspace.labels_db.write_bytes(rubbish)
    with pytest.raises(UsageError, match="damaged"):
        restore(labels, workspace)
    done = restore(labels, workspace, replace=True)
    assert done.kept.read_bytes() == rubbish
    assert len(VerdictLog(workspace.labels_db).history(filled)) == 2


def test_what_is_left_of_a_log_that_is_gone_does_not_enter_the_new_one(
    filled: Dataset, workspace: Workspace, labels: Path, say: Callable[..., Verdict]
) -> None:
    with closing(sqlite3.connect(workspace.labels_db)) as held:
        held.execute("SELECT count(*) FROM events").fetchall()  # while somebody reads, the -wal stays
        VerdictLog(workspace.labels_db).record(filled, [say(7)])
        late = workspace.labels_db.with_name("labels.db-wal").read_bytes()
        restored = Workspace(workspace.root.parent / "restored")
        shutil.copytree(filled.path, restored.dataset("small"))
        restored.labels_db.with_name("labels.db-wal").write_bytes(late)
        done = restore(labels, restored)
    assert len(VerdictLog(restored.labels_db).history(filled)) == 2
    assert done.kept.with_name(f"{done.kept.name}-wal").read_bytes() == late


def test_other_votes_are_kept_beside(filled: Dataset, workspace: Workspace, labels: Path) -> None:
    votes = filled.path / "votes.parquet"
    votes.write_bytes(b"others")
    with pytest.raises(UsageError, match=r"votes\.parquet"):
        restore(labels, workspace)
    restore(labels, workspace, replace=True)
    assert open_votes(filled) is not None
    assert [file.read_bytes() for file in filled.path.glob("votes.parquet.before-*")] == [b"others"]


def test_labels_of_other_images_are_refused(elsewhere: Workspace, labels: Path) -> None:
    small_dataset(elsewhere, seed=6)
    before = files_of(elsewhere.root)
    with pytest.raises(InputRefused, match="other images"):
        restore(labels, elsewhere, replace=True)
    assert files_of(elsewhere.root) == before


def test_a_version_that_was_cut_differently_is_never_replaced(elsewhere: Workspace, labels: Path) -> None:
    cut(elsewhere, small_dataset(elsewhere), "clean", drop=5)
    before = files_of(elsewhere.root)
    with pytest.raises(InputRefused, match="small@clean already"):
        restore(labels, elsewhere, replace=True)
    assert files_of(elsewhere.root) == before


def test_a_version_that_was_cut_the_same_stays(elsewhere: Workspace, labels: Path) -> None:
    cut(elsewhere, small_dataset(elsewhere), "clean", drop=2)
    restore(labels, elsewhere)
    assert len(open_version(elsewhere, "small@clean").rows(0)) == 7


def test_what_belongs_to_a_missing_data_set_is_left_out_and_said(
    filled: Dataset, elsewhere: Workspace, labels: Path, capsys
) -> None:
    elsewhere.root.mkdir(parents=True)
    assert main(["restore", str(labels), "--workspace", str(elsewhere.root)]) == 1
    assert "small is not in this workspace" in capsys.readouterr().out
    assert not elsewhere.dataset("small").exists()
    shutil.copytree(filled.path, elsewhere.dataset("small"))
    assert len(VerdictLog(elsewhere.labels_db).history(open_dataset(elsewhere, "small"))) == 2


@pytest.mark.parametrize(
    "name",
    ["datasets/small/images.npy", "datasets/small/table.parquet", "datasets/small", "datasets/small/versions",
     "datasets/other/votes.parquet", "runs/x/run.json", "recipes/x.toml", "annotators/x/y.json", "identity.key"],
)  # fmt: skip
def test_labels_bring_nothing_but_labels(name: str, workspace: Workspace, labels: Path, capsys) -> None:
    rewrite(labels, lambda members, manifest: listed(members, manifest, name))
    before = files_of(workspace.root)
    assert main(["restore", str(labels), "--replace", "--workspace", str(workspace.root)]) == 1
    said = capsys.readouterr().err.splitlines()[-1]
    assert said.startswith("ferret: ") and name in said
    assert files_of(workspace.root) == before


@pytest.mark.parametrize("name", ["datasets/small/dataset.json", "datasets/small/versions/clean.json"])
@pytest.mark.parametrize("content", [b"{}", b"[1]", b"{", b"1"])
def test_documents_that_say_nothing_are_refused(
    name: str, content: bytes, workspace: Workspace, labels: Path, capsys
) -> None:
    rewrite(labels, lambda members, manifest: listed(members, manifest, name, content))
    before = files_of(workspace.root)
    assert main(["restore", str(labels), "--replace", "--workspace", str(workspace.root)]) == 1
    assert capsys.readouterr().err.splitlines()[-1].startswith("ferret: ")
    assert files_of(workspace.root) == before
