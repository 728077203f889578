"""Deleting runs and bringing them back."""

from datetime import UTC, datetime, timedelta

import pytest
from made_runs import make_run

from fer_core.dataset.store import Dataset
from fer_core.errors import InputRefused, NotFound, StoreError, UsageError
from fer_core.runs.run import held, list_runs, open_run
from fer_core.runs.trash import FOLDER, delete_run, empty_trash, list_trash, restore_run
from fer_core.workspace import Workspace


def names(workspace: Workspace) -> list[str]:
    return sorted(run.id for run in list_runs(workspace))


def test_a_deleted_run_is_gone_until_it_is_brought_back_whole(workspace: Workspace, bars: Dataset) -> None:
    run = make_run(workspace, bars, "one_of-two")
    make_run(workspace, bars, "other")
    before = {file.name: file.read_bytes() for file in run.path.iterdir()}
    delete_run(workspace, "one_of-two")
    assert names(workspace) == ["other"]
    with pytest.raises(NotFound):
        open_run(workspace, "one_of-two")
    assert [deleted.id for deleted in list_trash(workspace)] == ["one_of-two"]
    back = restore_run(workspace, "one_of-two")
    assert {file.name: file.read_bytes() for file in back.path.iterdir() if file.name != "run.lock"} == before
    assert names(workspace) == ["one_of-two", "other"]
    assert not list_trash(workspace)


def test_what_somebody_else_put_into_the_trash_stays(workspace: Workspace, bars: Dataset) -> None:
    (workspace.runs / FOLDER / "my_notes").mkdir(parents=True)
    make_run(workspace, bars, "one")
    delete_run(workspace, "one")
    assert [deleted.id for deleted in list_trash(workspace)] == ["one"]
    empty_trash(workspace)
    assert [path.name for path in (workspace.runs / FOLDER).iterdir()] == ["my_notes"]


def test_a_run_that_is_being_trained_is_not_deleted(workspace: Workspace, bars: Dataset) -> None:
    run = make_run(workspace, bars, "busy")
    with held(run.path), pytest.raises(StoreError, match="being trained"):
        delete_run(workspace, "busy")
    assert names(workspace) == ["busy"]


def test_of_two_deleted_runs_of_one_name_the_last_comes_back(workspace: Workspace, bars: Dataset) -> None:
    make_run(workspace, bars, "same", seed=1)
    delete_run(workspace, "same")
    make_run(workspace, bars, "same", seed=2)
    delete_run(workspace, "same")
    assert restore_run(workspace, "same").document["seed"] == 2
    with pytest.raises(UsageError, match="There is a run 'same' again"):
        restore_run(workspace, "same")
    assert len(list_trash(workspace)) == 1


def test_the_trash_is_emptied_by_command_and_by_time(workspace: Workspace, bars: Dataset) -> None:
    for name in ("old", "new"):
        make_run(workspace, bars, name)
    old = delete_run(workspace, "old")
    past = (datetime.now(UTC) - timedelta(days=31)).strftime("%Y%m%dT%H%M%S%fZ")
    old.path.rename(old.path.with_name(f"{past}_old"))
    delete_run(workspace, "new")
    assert [deleted.id for deleted in list_trash(workspace)] == ["new"]
    assert empty_trash(workspace) == ["new"]
    assert not any((workspace.runs / FOLDER).iterdir())
    with pytest.raises(NotFound, match="no deleted run 'new'"):
        restore_run(workspace, "new")


@pytest.mark.parametrize("name", ["../outside", ".trash", "gone"])
def test_a_name_that_is_no_run_deletes_nothing(workspace: Workspace, bars: Dataset, name: str) -> None:
    make_run(workspace, bars, "here")
    with pytest.raises((NotFound, UsageError, InputRefused)):
        delete_run(workspace, name)
    assert names(workspace) == ["here"]
