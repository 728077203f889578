"""Versions: frozen, hashed, never touching a test row, and the same again after export and import."""

from pathlib import Path

import numpy as np
import pytest

from fer_core.dataset.exporting import export_version
from fer_core.dataset.importing import import_dataset
from fer_core.dataset.store import TRAINING, Dataset
from fer_core.dataset.version import as_imported, list_versions, open_version, store_version
from fer_core.errors import NotFound, UsageError
from fer_core.workspace import Workspace


@pytest.fixture
def cut(demo: Dataset):
    """A manifest that drops the first ten Training rows and relabels the next five as sad."""
    manifest = as_imported(demo).manifest
    training = np.flatnonzero(demo.splits == TRAINING)
    manifest.loc[training[:10], "kept"] = False
    manifest.loc[training[10:15], "label"] = np.int8(4)
    return manifest


def test_a_stored_version_opens_as_it_was_cut(demo: Dataset, workspace: Workspace, cut) -> None:
    stored = store_version(workspace, demo, "clean", cut, {"why": "a test"})
    opened = open_version(workspace, "demo@clean")
    assert (opened.hash, opened.policy) == (stored.hash, {"why": "a test"})
    np.testing.assert_array_equal(opened.labels, cut["label"])
    assert len(opened.rows(TRAINING)) == (demo.splits == TRAINING).sum() - 10
    assert list_versions(demo)[0]["dropped"] == 10


def test_the_same_cut_may_be_stored_again_another_one_may_not(demo: Dataset, workspace: Workspace, cut) -> None:
    store_version(workspace, demo, "clean", cut, {})
    store_version(workspace, demo, "clean", cut, {})
    with pytest.raises(UsageError, match="cut differently"):
        store_version(workspace, demo, "clean", as_imported(demo).manifest, {})


@pytest.mark.parametrize("column", ["kept", "label"])
def test_no_version_touches_a_test_row(column: str, demo: Dataset, workspace: Workspace) -> None:
    manifest = as_imported(demo).manifest
    row = np.flatnonzero(demo.splits != TRAINING)[0]
    manifest.loc[row, column] = False if column == "kept" else (demo.labels[row] + 1) % 7
    with pytest.raises(ValueError, match="outside Training"):
        store_version(workspace, demo, "bad", manifest, {})


def test_an_unknown_version_names_those_that_are_there(demo: Dataset, workspace: Workspace, cut) -> None:
    store_version(workspace, demo, "clean", cut, {})
    with pytest.raises(NotFound, match="there: clean"):
        open_version(workspace, "demo@cleaner")


@pytest.mark.parametrize("form", ["csv", "folder", "npz"])
def test_an_exported_version_is_imported_with_its_labels_and_without_what_it_dropped(
    form: str, demo: Dataset, workspace: Workspace, cut, tmp_path: Path
) -> None:
    version = store_version(workspace, demo, "clean", cut, {})
    target = tmp_path / ("out" if form == "folder" else f"out.{form}")
    export_version(version, target)
    again = import_dataset(workspace, target, "again").dataset
    kept = np.flatnonzero(cut["kept"])
    np.testing.assert_array_equal(again.images, demo.images[kept])
    np.testing.assert_array_equal(again.labels, cut["label"].to_numpy()[kept])
    np.testing.assert_array_equal(again.splits, demo.splits[kept])


def test_an_export_never_overwrites_a_folder_with_something_in_it(demo: Dataset, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("mine")
    with pytest.raises(UsageError, match="not an empty folder"):
        export_version(as_imported(demo), tmp_path / "out")
    assert (tmp_path / "out" / "mine.txt").read_text() == "mine"
