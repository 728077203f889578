"""Versions: frozen, hashed with all that training sees, never touching a test row."""

import hashlib
import json
import threading
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from fer_core.dataset.exporting import export_version
from fer_core.dataset.store import TRAINING, Dataset, content_hashes
from fer_core.dataset.supplements import Supplements
from fer_core.dataset.version import SOFT, as_imported, content_hash, list_versions, open_version, store_version
from fer_core.errors import NotFound, UsageError
from fer_core.files import temporary_path, write_json
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


def softened(manifest, rows, shares):
    """The manifest with soft labels: `shares` on some rows, one class elsewhere."""
    targets = np.eye(7, dtype=np.float32)[manifest["label"]]
    targets[rows] = shares
    return manifest.assign(**{name: targets[:, place] for place, name in enumerate(SOFT)})


def test_what_training_sees_opens_as_it_was_cut(demo: Dataset, workspace: Workspace, cut) -> None:
    training = np.flatnonzero(demo.splits == TRAINING)
    manifest = softened(cut, training[20:22], [0.5, 0.5, 0, 0, 0, 0, 0])
    manifest = manifest.assign(repeats=np.where(np.arange(len(demo)) == training[30], 3, 1).astype(np.int16))
    weights = np.array([1, 2, 3, 4, 5, 6, 1 / 3], np.float32)
    stored = store_version(workspace, demo, "all", manifest, {}, weights=weights)
    opened = open_version(workspace, "demo@all")
    for version in (stored, opened):
        assert version.targets[training[20]].tolist() == [0.5, 0.5, 0, 0, 0, 0, 0]
        assert np.flatnonzero(version.softened).tolist() == training[20:22].tolist()
        assert version.weights.tolist() == weights.tolist()
        assert version.epoch(training[29:32]).tolist() == [training[29], *[training[30]] * 3, training[31]]
    assert opened.hash == stored.hash
    document = list_versions(demo)[0]
    assert (document["softened"], document["per_epoch"]) == (2, len(training) - 10 + 2)


def test_each_part_of_what_training_sees_is_in_the_hash(demo: Dataset, workspace: Workspace, cut) -> None:
    row = int(np.flatnonzero(demo.splits == TRAINING)[20])
    again = np.where(np.arange(len(demo)) == row, 2, 1).astype(np.int16)
    weights = np.ones(7, np.float32)
    images = np.zeros((1, 48, 48), np.uint8)
    table = pd.DataFrame({"content": content_hashes(images), "label": np.int8(1), "dataset": "x", "row": 0})
    cuts = [
        (cut, {}),
        (softened(cut, [row], [0.5, 0.5, 0, 0, 0, 0, 0]), {}),
        (softened(cut, [row], [0.6, 0.4, 0, 0, 0, 0, 0]), {}),
        (cut.assign(repeats=again), {}),
        (cut, {"weights": weights}),
        (cut, {"weights": weights * 2}),
        (cut, {"supplements": Supplements(images, table)}),
        (cut, {"supplements": Supplements(images, table.assign(label=np.int8(2)))}),
    ]
    hashes = [
        store_version(workspace, demo, f"v{number}", manifest, {}, **more).hash
        for number, (manifest, more) in enumerate(cuts)
    ]
    assert len(set(hashes)) == len(cuts)


def test_a_version_from_before_soft_labels_opens_with_its_old_hash(demo: Dataset, workspace: Workspace, cut) -> None:
    """As it was stored by 0.1: no soft labels, repeats, weights or supplements in manifest and document."""
    folder = demo.path / "versions"
    folder.mkdir()
    cut.to_parquet(folder / "old.parquet")
    digest = hashlib.sha256(demo.hash.encode())
    digest.update(cut["kept"].to_numpy(bool).tobytes() + cut["label"].to_numpy(np.int8).tobytes())
    old = {"name": "old", "dataset": "demo", "dataset_hash": demo.hash, "hash": digest.hexdigest()}
    old |= {"cut": "2026-01-01T00:00:00+00:00", "kept": {}, "dropped": 10, "relabelled": 5, "policy": {"watermark": 3}}
    (folder / "old.json").write_text(json.dumps(old))
    opened = open_version(workspace, "demo@old")
    assert (opened.targets, opened.weights, opened.added) == (None, None, 0)
    rows = opened.rows(TRAINING)
    np.testing.assert_array_equal(opened.epoch(rows), rows)
    assert opened.images is demo.images or np.array_equal(opened.images[rows], demo.images[rows])
    assert store_version(workspace, demo, "new", cut, {}).hash == old["hash"] == content_hash(opened)


def test_the_same_cut_may_be_stored_again_another_one_may_not(demo: Dataset, workspace: Workspace, cut) -> None:
    store_version(workspace, demo, "clean", cut, {})
    store_version(workspace, demo, "clean", cut, {})
    with pytest.raises(UsageError, match="cut differently"):
        store_version(workspace, demo, "clean", as_imported(demo).manifest, {})


def test_a_version_whose_writer_was_killed_is_none(demo: Dataset, workspace: Workspace, cut) -> None:
    store_version(workspace, demo, "clean", cut, {})
    folder = demo.path / "versions"
    (folder / temporary_path(Path("half.json")).name).write_text("")
    assert [version["name"] for version in list_versions(demo)] == ["clean"]


def test_of_two_who_cut_under_one_name_at_once_one_is_told(
    demo: Dataset, workspace: Workspace, cut, monkeypatch
) -> None:
    other, told, started = as_imported(demo).manifest, [], []

    def second() -> None:
        try:
            store_version(workspace, demo, "clean", other, {})
        except UsageError as error:
            told.append(str(error))

    def first_is_at_its_document(path: Path, document: object) -> None:
        if not started:
            started.append(threading.Thread(target=second))
            started[0].start()
            started[0].join(0.2)  # as far as it comes
        write_json(path, document)

    monkeypatch.setattr("fer_core.dataset.version.write_json", first_is_at_its_document)
    store_version(workspace, demo, "clean", cut, {})
    started[0].join()
    stored = open_version(workspace, "demo@clean")
    assert stored.hash == content_hash(stored) and not stored.kept.all()
    assert len(told) == 1 and "already, cut differently" in told[0]


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


def test_an_export_does_not_replace_the_folder_that_one_stands_in(demo: Dataset, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match="name a new one"):
        export_version(as_imported(demo), Path())


def test_an_export_never_overwrites_a_folder_with_something_in_it(demo: Dataset, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("mine")
    with pytest.raises(UsageError, match="not an empty folder"):
        export_version(as_imported(demo), tmp_path / "out")
    assert (tmp_path / "out" / "mine.txt").read_text() == "mine"
