"""A training is killed, or finds the disk full, while it stores where it stands: the files of before stay whole."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import numpy as np
import pytest

from fer_core.dataset.store import Dataset
from fer_core.dataset.version import as_imported
from fer_core.errors import StoreError
from fer_core.networks.weights import load_model
from fer_core.runs.run import open_run
from fer_core.runs.session import train_version
from fer_core.training.checkpoints import restore_checkpoint, save_checkpoint
from fer_core.training.loop import fit
from fer_core.training.recipe import Recipe
from fer_core.training.state import Training
from fer_core.workspace import Workspace

SLOW = [pytest.param(20, seed, marks=pytest.mark.slow) for seed in range(1, 11)]


@pytest.mark.parametrize("kills,seed", [(2, 0), *SLOW])
def test_checkpoints_survive_a_kill_at_any_moment(tmp_path: Path, run, figures, kills: int, seed: int) -> None:
    sums = run("killed_checkpoints.py", tmp_path, kills, seed)
    assert sums["torn"] > 0, "no kill fell into a write: it shows nothing"
    assert (sums["behind"], sums["stale"]) == (0, 0)
    figures(kills=kills, torn=sums["torn"])


def test_a_very_long_training_can_be_continued(tmp_path: Path, bar_images, tiny: Recipe) -> None:
    """Its checkpoint says something about each epoch."""
    recipe = tiny.changed(epochs=1)
    training, fresh = Training(recipe, 60, seed=0), Training(recipe, 60, seed=0)
    fit(*bar_images, np.arange(60), recipe, validation=np.arange(60, 90), training=training)
    training.progress.history *= 10_000
    save_checkpoint(tmp_path / "last.safetensors", training)
    restore_checkpoint(tmp_path / "last.safetensors", fresh)
    assert fresh.progress.history == training.progress.history


def store_on_full_disks(folder: Path, points: int, full: Callable[[int], AbstractContextManager[None]]) -> None:
    """Store until it fits: at first nothing does, then more and more of the file."""
    from killed_checkpoints import RECIPE, begun

    training, path = begun(), folder / "last.safetensors"
    save_checkpoint(path, training)
    for point in range(points):
        before = path.read_bytes()
        training.progress.step += 1
        with full(len(before) * point // points), pytest.raises(StoreError, match=r"full.*last\.safetensors"):
            save_checkpoint(path, training)
        assert path.read_bytes() == before and [file.name for file in folder.glob("*last*")] == [path.name]
        save_checkpoint(path, training)  # without a restart, as soon as there is room
        fresh = Training(RECIPE, 64, seed=0)
        restore_checkpoint(path, fresh)
        assert fresh.progress.step == training.progress.step


def test_a_checkpoint_that_does_not_fit_leaves_the_last_one(tmp_path: Path, figures, full_at) -> None:
    store_on_full_disks(tmp_path, 5, full_at)
    figures(points=5)


@pytest.mark.slow
def test_a_checkpoint_on_a_disk_without_room_leaves_the_last_one(small_disk, figures) -> None:
    store_on_full_disks(small_disk.folder, 50, small_disk.left)
    figures(points=50)


@pytest.mark.parametrize("size", [1_000_000, pytest.param(3_000, marks=pytest.mark.slow)], ids=["weights", "books"])
def test_a_training_on_a_full_disk_says_so_and_goes_on_later(
    workspace: Workspace, bars: Dataset, tiny: Recipe, full_at, size: int
) -> None:
    recipe = tiny.changed(epochs=2)
    version = as_imported(bars)
    with full_at(size), pytest.raises(StoreError, match="full"):
        train_version(workspace, version, recipe, thread_count=1, run_id="first")
    assert open_run(workspace, "first").status in ("failed", "interrupted")
    done = train_version(workspace, version, recipe, thread_count=1, run_id="first")
    assert done.status == "done" and done.epochs()["epoch"].tolist() == [1, 2]
    load_model(done.best)
    assert not list(done.path.glob(".partial-*"))
