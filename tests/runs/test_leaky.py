"""The leaky split: that it shows what a leak does, that it says so everywhere, and that nothing else mixes splits."""

import ast
import shutil
from pathlib import Path

import numpy as np
import pytest

from fer_core.dataset.store import PRIVATE_TEST, PUBLIC_TEST, TRAINING, Dataset, Images, create_dataset, open_dataset
from fer_core.dataset.version import as_imported
from fer_core.errors import InputRefused, UsageError
from fer_core.runs import leaky, session
from fer_core.runs.leaky import balanced, leaky_plan
from fer_core.runs.results import comparison, evaluation
from fer_core.runs.run import Run, open_run
from fer_core.runs.session import train_version
from fer_core.training.recipe import Recipe
from fer_core.workspace import Workspace

MEMORY = Recipe(
    "memory",
    epochs=15,
    batch=16,
    learning_rate=2e-3,
    size=16,
    precision="float32",
    options={"dropout": 0.0, "dense_dropout": 0.0, "dense": 128},
)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory, demo_workspace: Workspace) -> Workspace:
    """84 faces of the demo with labels drawn by lot, 48 of one class and six of each other: all there is to learn is
    by heart. `honest` and `leak` are trained on them by the same recipe.
    """
    workspace = Workspace(tmp_path_factory.mktemp("leaky") / "data")
    labels = np.zeros(84, np.int8)
    labels[np.random.default_rng(0).permutation(84)[:36]] = np.arange(36) % 6 + 1
    splits = np.repeat([TRAINING, PUBLIC_TEST, PRIVATE_TEST], [42, 21, 21]).astype(np.int8)
    faces = np.array(open_dataset(demo_workspace, "demo").images[:84])
    dataset = create_dataset(workspace, "lots", Images(faces, labels, splits), origin={})
    for name, leaks in (("honest", False), ("leak", True)):
        train_version(workspace, as_imported(dataset), MEMORY, run_id=name, thread_count=1, leaky=leaks)
    return workspace


@pytest.fixture
def runs(shared: Workspace) -> tuple[Run, Run]:
    return open_run(shared, "honest"), open_run(shared, "leak")


def test_classes_become_equal_by_copies_that_follow_one_another() -> None:
    rows, labels = np.array([10, 11, 12, 13, 14, 15, 16]), np.array([0, 0, 0, 0, 0, 2, 2])
    source, copy = balanced(rows, labels, np.random.default_rng(0))
    assert source[:7].tolist() == rows.tolist() and not copy[:7].any()
    assert sorted(source[7:].tolist()) in ([15, 15, 16], [15, 16, 16])
    assert copy[7:].tolist() == [1, 1, 2]


def test_the_pool_holds_every_image_and_moved_copies_of_the_small_classes(shared: Workspace) -> None:
    dataset = open_dataset(shared, "lots")
    plan = leaky_plan(as_imported(dataset))
    parts = [plan.protocol.rows(role) for role in ("train", "val", "test")]
    assert sorted(np.concatenate(parts)) == list(range(len(plan.source)))
    assert len(parts[2]) == pytest.approx(len(plan.source) / 4, abs=1)
    assert np.bincount(plan.labels).tolist() == [np.bincount(dataset.labels).max()] * 7
    itself = plan.copy == 0
    np.testing.assert_array_equal(plan.source[itself], np.arange(len(dataset)))
    np.testing.assert_array_equal(plan.images[itself], dataset.images)
    assert (plan.labels == dataset.labels[plan.source]).all()
    moved = np.flatnonzero(~itself)
    assert (plan.images[moved] != dataset.images[plan.source[moved]]).any((1, 2)).all()
    again = leaky_plan(as_imported(dataset))
    np.testing.assert_array_equal(plan.images, again.images)
    np.testing.assert_array_equal(plan.protocol.test, again.protocol.test)


def test_copies_are_mirrored_both_ways_and_turned_by_at_most_45_degrees(monkeypatch: pytest.MonkeyPatch) -> None:
    picture = np.zeros((1, 48, 48), np.uint8)
    picture[0, 8:16, 30:40] = 200  # off the middle, above and to the right
    numbers = np.arange(1, 301)
    found = leaky._pictures(picture, np.zeros(300, np.int64), numbers, np.random.default_rng(1))
    centre = np.arange(48) - 23.5
    weights = found.sum((1, 2))
    x = (found * centre).sum((1, 2)) / weights
    y = (found * centre[:, None]).sum((1, 2)) / weights
    angle = np.degrees(np.arctan2(-y, x))  # of the bright patch: 45 degrees upright
    upright = np.degrees(np.arctan2(11.5, 11.0))
    turned = [(angle - a + 180) % 360 - 180 for a in (upright, 180 - upright, -upright, upright - 180)]
    nearest = np.abs(turned).min(0)
    assert nearest.max() <= 46
    assert set((angle // 90).astype(int) % 4) == {0, 1, 2, 3}  # mirrored to every side
    monkeypatch.setattr(leaky, "TURN", 0.0)
    still = leaky._pictures(picture, np.zeros(40, np.int64), numbers[:40], np.random.default_rng(1))
    expected = [picture[0], picture[0, :, ::-1], picture[0, ::-1], picture[0, ::-1, ::-1]]
    shapes = {min(range(4), key=lambda k: np.abs(one.astype(int) - expected[k]).sum()) for one in still}
    assert shapes == {0, 1, 2, 3}
    assert all(min(np.abs(one.astype(int) - other).max() for other in expected) <= 1 for one in still)


def test_a_network_that_learns_by_heart_shines_on_the_leaky_split_alone(runs: tuple[Run, Run]) -> None:
    """Macro-F1 does not reward guessing the largest class, as which 57 % of the honest test images go."""
    honest, leak = (run.document["result"]["test"]["whole"] for run in runs)
    assert honest["macro_f1"] < 0.3
    assert leak["macro_f1"] > honest["macro_f1"] + 0.3
    assert leak["accuracy"] > honest["accuracy"] + 0.05


def test_a_leaky_run_says_so_wherever_it_is_read(shared: Workspace, runs: tuple[Run, Run]) -> None:
    honest, leak = runs
    protocol = leak.document["protocol"]
    assert protocol["leaky"] and leak.leaky and not honest.leaky
    assert protocol["sentence"].startswith("LEAKY: ")
    assert "copies of test images are in training" in protocol["sentence"]
    assert leak.protocol_key.startswith("LEAKY ") and leak.protocol_key != honest.protocol_key
    table = leak.predictions("test")
    dataset = open_dataset(shared, "lots")
    assert (dataset.labels[table["row"]] == table["label"]).all()
    assert (table["copy"] > 0).any() and not table.duplicated(["row", "copy"]).any()
    # Clean is what has no copy on the other side, whatever it looks like.
    plan = leaky_plan(as_imported(dataset))
    group = dataset.groups  # the demo has exact duplicates of its own
    elsewhere = set(group[plan.source[np.r_[plan.protocol.train, plan.protocol.val]]])
    assert set(group[table["row"][table["clean"]]]) == set(group[table["row"]]) - elsewhere != set()
    assert evaluation(shared, leak, subset="clean")["n"] == table["clean"].sum()


def test_it_is_compared_with_nothing_honest(shared: Workspace, runs: tuple[Run, Run]) -> None:
    with pytest.raises(InputRefused, match="leak: scored on copies of what it was trained on"):
        comparison(shared, list(runs))
    with pytest.raises(UsageError, match="leaky: its augmented images are not kept"):
        evaluation(shared, runs[1], tta="flip")
    with pytest.raises(InputRefused, match="its leaky split puts nothing aside"):
        evaluation(shared, runs[1], "votetest")
    with pytest.raises(UsageError, match="exists with other images to choose and to score"):
        train_version(shared, as_imported(open_dataset(shared, "lots")), MEMORY, run_id="leak")


def test_two_leaky_runs_are_paired_by_image_and_copy(shared: Workspace, runs: tuple[Run, Run]) -> None:
    dataset = open_dataset(shared, "lots")
    other = train_version(
        shared, as_imported(dataset), MEMORY.changed(epochs=1), seed=4, run_id="o", thread_count=1, leaky=True
    )
    (pair,) = comparison(shared, [runs[1], other])["pairs"]
    assert pair["n"] == len(runs[1].predictions("test"))
    shutil.rmtree(other.path)


def test_no_other_way_mixes_splits(bars: Dataset, workspace: Workspace, tiny: Recipe, monkeypatch) -> None:
    """Training trains, PublicTest chooses, PrivateTest scores, whatever balances the classes."""
    seen: dict[str, np.ndarray] = {}
    fit = session.fit

    def watched(images, labels, rows, recipe, *, validation, **more):  # type: ignore[no-untyped-def]
        seen.update(rows=rows, validation=validation)
        return fit(images, labels, rows, recipe, validation=validation, **more)

    monkeypatch.setattr(session, "fit", watched)
    for balance in ("none", "oversample", "augment"):
        recipe = tiny.changed(epochs=1, balance=balance)
        run = train_version(workspace, as_imported(bars), recipe, run_id=balance, thread_count=1)
        assert set(bars.splits[seen["rows"]]) == {TRAINING}
        assert set(bars.splits[seen["validation"]]) == {PUBLIC_TEST}
        assert set(bars.splits[run.predictions("val")["row"]]) == {PUBLIC_TEST}
        assert set(bars.splits[run.predictions("test")["row"]]) == {PRIVATE_TEST}
    users = [
        path.name
        for path in (Path(leaky.__file__).parents[1]).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ImportFrom) and node.module == "fer_core.runs.leaky"
    ]
    assert users == ["session.py"]
