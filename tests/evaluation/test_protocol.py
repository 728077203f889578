"""The protocol: who trains, who chooses, who scores; and no copy of an image on two sides."""

import numpy as np
import pytest
from sklearn.model_selection import StratifiedGroupKFold

from fer_core.dataset.store import PRIVATE_TEST, PUBLIC_TEST, TRAINING, Dataset, Images, create_dataset
from fer_core.errors import InputRefused
from fer_core.evaluation.folds import grouped_folds
from fer_core.evaluation.protocol import clean_rows, make_protocol
from fer_core.workspace import Workspace


def dataset(workspace: Workspace, splits: list[int], copies: dict[int, int] | None = None) -> Dataset:
    """One image per split given; `copies` maps a row to the row whose pixels it repeats."""
    count = len(splits)
    pixels = np.random.default_rng(0).integers(0, 256, (count, 48, 48), np.uint8)
    for row, original in (copies or {}).items():
        pixels[row] = pixels[original]
    labels = (np.arange(count) % 7).astype(np.int8)
    return create_dataset(workspace, "small", Images(pixels, labels, np.array(splits, np.int8)), origin={})


def test_public_test_chooses_and_private_test_scores(workspace: Workspace) -> None:
    small = dataset(workspace, [TRAINING] * 4 + [PUBLIC_TEST] * 2 + [PRIVATE_TEST] * 3)
    protocol = make_protocol(small, np.array([0, 1, 3]))
    assert protocol.train.tolist() == [0, 1, 3]
    assert protocol.val.tolist() == [4, 5]
    assert protocol.test.tolist() == [6, 7, 8]
    assert protocol.sentence() == (
        "Trained on 3 images of Training; PublicTest (2) chose the epoch; PrivateTest (3) was scored once, at the end, "
        "with that epoch's weights."
    )


def test_the_clean_subset_has_no_copy_elsewhere_and_one_of_each_group(workspace: Workspace) -> None:
    splits = [TRAINING] * 3 + [PUBLIC_TEST] * 3 + [PRIVATE_TEST] * 5
    small = dataset(workspace, splits, copies={3: 0, 6: 1, 7: 4, 9: 8})
    protocol = make_protocol(small, np.array([0, 1, 2]))
    assert clean_rows(small, protocol, "val").tolist() == [5]
    assert clean_rows(small, protocol, "test").tolist() == [8, 10]


@pytest.mark.parametrize("missing", [(PUBLIC_TEST,), (PRIVATE_TEST,), (PUBLIC_TEST, PRIVATE_TEST)])
def test_a_missing_split_is_held_out_of_training_by_group(workspace: Workspace, missing: tuple[int, ...]) -> None:
    splits = [TRAINING] * 200 + [split for split in (PUBLIC_TEST, PRIVATE_TEST) if split not in missing for _ in "1234"]
    small = dataset(workspace, splits, copies={row: row - 1 for row in range(1, 120, 2)})
    protocol = make_protocol(small, np.flatnonzero(small.splits == TRAINING))
    parts = [protocol.train, protocol.val, protocol.test]
    assert sorted(np.concatenate(parts)) == list(range(len(small)))
    groups = [set(small.groups[part]) for part in parts]
    assert not (groups[0] & groups[1] or groups[0] & groups[2] or groups[1] & groups[2])
    for split, rows, name in ((PUBLIC_TEST, protocol.val, "PublicTest"), (PRIVATE_TEST, protocol.test, "PrivateTest")):
        if split in missing:
            assert 10 <= len(rows) <= 30
            assert f"a held-out tenth of Training (there is no {name})" in protocol.sentence()


def test_the_held_out_rows_are_the_same_for_every_version(workspace: Workspace) -> None:
    small = dataset(workspace, [TRAINING] * 100)
    whole = make_protocol(small, np.arange(100))
    cut = make_protocol(small, np.arange(0, 100, 2))
    assert cut.val.tolist() == whole.val.tolist()
    assert cut.test.tolist() == whole.test.tolist()
    assert set(cut.train) == set(whole.train) & set(range(0, 100, 2))


def test_too_little_to_hold_out_or_to_train_on_is_said(workspace: Workspace) -> None:
    few = dataset(workspace, [TRAINING] * 5)
    with pytest.raises(InputRefused, match="too few to hold some out"):
        make_protocol(few, np.arange(5))
    with pytest.raises(InputRefused, match="no images to train on"):
        make_protocol(dataset(Workspace(workspace.root / "b"), [PUBLIC_TEST, PRIVATE_TEST]), np.arange(0))


def test_folds_keep_copies_together_and_classes_balanced() -> None:
    rng = np.random.default_rng(0)
    groups = rng.integers(0, 400, 900)
    labels = (groups % 7).astype(np.int8)
    folds = grouped_folds(labels, groups, 4, seed=0)
    assert sorted(np.unique(folds)) == [0, 1, 2, 3]
    for group in np.unique(groups):
        assert len(np.unique(folds[groups == group])) == 1
    for label in range(7):
        shares = np.bincount(folds[labels == label], minlength=4) / (labels == label).sum()
        assert shares == pytest.approx(np.full(4, 0.25), abs=0.1)
    assert (folds == grouped_folds(labels, groups, 4, seed=0)).all()
    assert (folds != grouped_folds(labels, groups, 4, seed=1)).any()


@pytest.mark.parametrize("folds", [3, 10])
def test_folds_are_scikit_learns(folds: int) -> None:
    for seed in range(3):
        rng = np.random.default_rng(seed)
        labels = rng.choice(7, 500, p=[0.14, 0.02 * seed + 0.1, 0.16, 0.2, 0.1, 0.1, 0.2 - 0.02 * seed])
        groups = rng.integers(0, 200 * (seed + 1), 500)
        expected = np.empty(500, np.int64)
        splitter = StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
        for fold, (_, held_out) in enumerate(splitter.split(labels, labels, groups)):
            expected[held_out] = fold
        assert (grouped_folds(labels, groups, folds, seed) == expected).all()


def test_a_class_rarer_than_the_folds_is_divided_without_a_warning() -> None:
    labels = np.array([0] * 40 + [1] * 2, np.int8)
    assert set(grouped_folds(labels, np.arange(42), 4, seed=0)) == {0, 1, 2, 3}
