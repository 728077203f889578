"""Fold networks: who is trained on what, who judges whom, and what is kept of it."""

import pickle
from pathlib import Path

import numpy as np
import pytest
from bar_faces import RECIPE, bars, brief

from fer_core.audit import labels as labels_module
from fer_core.audit.folds import judge_fold, load_fold
from fer_core.audit.labels import Judgement, judge_labels
from fer_core.audit.results import AuditSettings, network_name
from fer_core.dataset.store import TRAINING, Dataset
from fer_core.dataset.version import DatasetVersion, as_imported, store_version
from fer_core.errors import Cancelled, InputRefused
from fer_core.evaluation.inference import predict_features, predict_probabilities
from fer_core.networks.weights import load_model
from fer_core.workspace import Workspace


class Record:
    """`judge_fold`, taking down which rows each fold was fitted on and with which labels."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.fitted: list[np.ndarray] = []
        self.labels: list[np.ndarray] = []
        self.seeds: list[int] = []
        monkeypatch.setattr(labels_module, "judge_fold", self)

    def __call__(self, dataset, labels, rows, recipe, seed, *others) -> None:
        self.fitted.append(rows)
        self.labels.append(labels)
        self.seeds.append(seed)
        judge_fold(dataset, labels, rows, recipe, seed, *others)


def judge(version: DatasetVersion, settings: AuditSettings, **more: object) -> Judgement:
    settings.folder(version).mkdir(parents=True, exist_ok=True)
    return judge_labels(version, settings, cores=1, **more)


@pytest.fixture
def dataset(workspace: Workspace) -> Dataset:
    return bars(workspace)[0]


def said_by(version: DatasetVersion, settings: AuditSettings, fold: int) -> np.ndarray:
    """What a kept network says of every image, with its mirror image, float32 (N, 7)."""
    model = load_model(settings.folder(version) / network_name(fold))
    images = np.array(version.dataset.images)
    return (predict_probabilities(model, images) + predict_probabilities(model, images[:, :, ::-1].copy())) / 2


def test_no_image_is_judged_by_a_network_that_saw_a_copy_of_it(dataset, tmp_path, monkeypatch) -> None:
    version, settings, record = as_imported(dataset), brief(tmp_path), Record(monkeypatch)
    judged = judge(version, settings)
    training = np.flatnonzero(dataset.splits == TRAINING)
    assert len(record.fitted) == 3
    for rows in record.fitted:
        assert np.isin(rows, training).all()
    # Every Training image is held out by exactly one network, together with its copies.
    held_out = [np.setdiff1d(training, rows) for rows in record.fitted]
    assert sorted(np.concatenate(held_out)) == training.tolist()
    for fold, rows in enumerate(held_out):
        assert not np.isin(dataset.groups[rows], dataset.groups[record.fitted[fold]]).any()
        assert (judged.judges[rows] == fold).all()
    for row in range(len(dataset)):
        assert dataset.groups[row] not in dataset.groups[record.fitted[judged.judges[row]]]


def test_kept_networks_say_again_what_they_said(dataset: Dataset, tmp_path: Path) -> None:
    """In half precision, so nearly; a test image without a copy in Training is judged by the mean of all."""
    version, settings = as_imported(dataset), brief(tmp_path)
    judged = judge(version, settings)
    said = np.stack([said_by(version, settings, fold) for fold in range(3)])
    training = np.flatnonzero(dataset.splits == TRAINING)
    own = said[judged.judges, np.arange(len(dataset))]
    np.testing.assert_allclose(judged.out_of_fold[training], own[training], atol=0.003)
    assert np.abs(said[0] - said[1]).max() > 0.02  # they are three networks, not one

    copied = np.isin(dataset.groups, dataset.groups[training])
    alone = (dataset.splits != TRAINING) & ~copied
    np.testing.assert_allclose(judged.out_of_fold[alone], said.mean(axis=0)[alone], atol=0.003)
    leaked = (dataset.splits != TRAINING) & copied
    assert leaked.sum() == 2
    np.testing.assert_allclose(judged.out_of_fold[leaked], own[leaked], atol=0.003)

    features = predict_features(load_model(settings.folder(version) / network_name(0)), np.array(dataset.images))
    assert judged.features.shape == features.shape
    np.testing.assert_allclose(judged.features, features, atol=0.05 * np.abs(features).max())


def test_while_training_only_training_images_are_listened_to(dataset: Dataset, tmp_path: Path) -> None:
    judged = judge(as_imported(dataset), brief(tmp_path))
    training = dataset.splits == TRAINING
    for shares in (judged.out_of_fold, judged.in_training):
        np.testing.assert_allclose(shares.sum(axis=1), 1, atol=1e-4)
    assert np.isfinite(judged.margins[training]).all()
    assert np.isnan(judged.margins[~training]).all()
    np.testing.assert_array_equal(judged.in_training[~training], judged.out_of_fold[~training])
    assert (np.abs(judged.in_training - judged.out_of_fold)[training].max(axis=1) > 1e-4).all()
    assert judged.seconds > 0


@pytest.mark.parametrize("plain", [0, 1])
def test_mixed_images_are_not_listened_to(dataset: Dataset, tmp_path: Path, plain: int) -> None:
    """What is said of two images in one is said of neither; without plain epochs nothing is heard at all."""
    (tmp_path / "brief.toml").write_text(f"{RECIPE}\ncutmix = 1.0\nplain_epochs = {plain}\n")
    margins = judge(as_imported(dataset), brief(tmp_path)).margins[dataset.splits == TRAINING]
    assert np.isfinite(margins).all() if plain else np.isnan(margins).all()


def test_wrong_labels_stay_behind_even_while_networks_train_on_them(workspace: Workspace, tmp_path: Path) -> None:
    dataset, wrong = bars(workspace, count=420)
    judged = judge(as_imported(dataset), brief(tmp_path))
    rows = np.flatnonzero(dataset.splits == TRAINING)
    assert np.median(judged.margins[rows][wrong[rows]]) < -1
    assert np.median(judged.margins[rows][~wrong[rows]]) > 1
    given = judged.in_training[rows, dataset.labels[rows]]
    assert given[wrong[rows]].mean() < 0.3 < 0.6 < given[~wrong[rows]].mean()


def test_what_a_version_leaves_out_is_judged_but_not_learnt(workspace, dataset, tmp_path, monkeypatch) -> None:
    manifest = as_imported(dataset).manifest.copy()
    manifest.loc[20:59, "kept"] = False
    manifest.loc[10:19, "kept"] = False  # copies of rows that stay
    manifest.loc[60, "label"] = (manifest.loc[60, "label"] + 1) % 7
    version = store_version(workspace, dataset, "cut", manifest, {})
    settings, record = brief(tmp_path), Record(monkeypatch)
    judged = judge(version, settings)
    for rows, labels in zip(record.fitted, record.labels, strict=True):
        assert not np.isin(rows, np.arange(10, 60)).any()
        assert labels[60] == manifest.loc[60, "label"]
    np.testing.assert_allclose(judged.out_of_fold.sum(axis=1), 1, atol=1e-4)
    assert np.isnan(judged.margins[10:60]).all()
    np.testing.assert_array_equal(judged.in_training[10:60], judged.out_of_fold[10:60])
    np.testing.assert_array_equal(judged.judges[10:20], judged.judges[:10])  # of a copy that stayed, its judge
    said = np.stack([said_by(version, settings, fold) for fold in range(3)])
    np.testing.assert_allclose(judged.out_of_fold[20:60], said.mean(axis=0)[20:60], atol=0.003)


def test_what_was_finished_before_a_stop_is_not_done_again(dataset, tmp_path, monkeypatch) -> None:
    version, settings = as_imported(dataset), brief(tmp_path)

    def stop(stage: str, fraction: float) -> None:
        if "2 of 3 done" in stage:
            raise Cancelled("enough")

    with pytest.raises(Cancelled):
        judge(version, settings, report=stop)
    kept = sorted(file.name for file in settings.folder(version).glob("*.npz"))
    assert kept == ["fold-0-0.npz", "fold-0-1.npz"]

    record = Record(monkeypatch)
    told: list[str] = []
    resumed = judge(version, settings, report=lambda stage, _: told.append(stage))
    assert len(record.fitted) == 1
    assert "(2 stored before)" in told[0]

    (tmp_path / "other").mkdir()
    again = judge(version, brief(tmp_path / "other", recipe=str(copy_of(settings, tmp_path / "other"))))
    np.testing.assert_array_equal(resumed.out_of_fold, again.out_of_fold)
    np.testing.assert_array_equal(resumed.margins, again.margins)
    np.testing.assert_array_equal(resumed.features, again.features)


def copy_of(settings: AuditSettings, folder: Path) -> Path:
    """The same recipe under another name: another audit with the same networks."""
    target = folder / "same.toml"
    target.write_text(Path(settings.recipe).read_text())
    return target


def test_repeats_are_other_folds_and_their_mean_counts(dataset, tmp_path, monkeypatch) -> None:
    version, settings, record = as_imported(dataset), brief(tmp_path, repeats=2), Record(monkeypatch)
    judged = judge(version, settings)
    assert len(record.fitted) == 6
    assert len(set(record.seeds)) == 6
    assert len({tuple(rows) for rows in record.fitted}) == 6
    folds = [
        load_fold(settings.folder(version) / f"fold-{round_}-{fold}.npz") for round_ in (0, 1) for fold in range(3)
    ]
    np.testing.assert_allclose(judged.out_of_fold, np.nanmean([fold.unseen for fold in folds], axis=0), atol=1e-5)
    training = dataset.splits == TRAINING
    in_training = np.nanmean([fold.fitted[training] for fold in folds], axis=0)
    np.testing.assert_allclose(judged.in_training[training], in_training, atol=1e-5)
    margins = np.nanmean([fold.margins[training] for fold in folds], axis=0)
    np.testing.assert_allclose(judged.margins[training], margins, atol=1e-4)
    kept = sorted(file.name for file in settings.folder(version).glob("*.safetensors"))
    assert kept == [network_name(fold) for fold in range(3)]  # of the first round
    for row in range(len(dataset)):
        assert dataset.groups[row] not in dataset.groups[record.fitted[judged.judges[row]]]


def test_a_data_set_travels_without_its_pixels(dataset: Dataset) -> None:
    letter = pickle.dumps(dataset)
    assert len(letter) < 1000
    opened = pickle.loads(letter)  # noqa: S301
    assert opened.hash == dataset.hash
    np.testing.assert_array_equal(opened.images, dataset.images)
    np.testing.assert_array_equal(opened.groups, dataset.groups)


@pytest.mark.slow
def test_two_processes_say_what_one_says(dataset: Dataset, tmp_path: Path) -> None:
    version = as_imported(dataset)
    one = judge(version, brief(tmp_path, folds=2))
    (tmp_path / "other").mkdir()
    settings = brief(tmp_path, folds=2, recipe=str(copy_of(brief(tmp_path), tmp_path / "other")))
    settings.folder(version).mkdir(parents=True)
    two = judge_labels(version, settings, cores=2)
    np.testing.assert_allclose(two.out_of_fold, one.out_of_fold, atol=1e-5)
    np.testing.assert_array_equal(two.judges, one.judges)


def test_too_few_pictures_are_a_sentence_however_many_copies_there_are(workspace: Workspace, tmp_path: Path) -> None:
    dataset, _ = bars(workspace, count=95)  # 15 Training rows, of which five are copies
    with pytest.raises(InputRefused, match="bars: 10 different Training images are too few for 6 folds"):
        judge(as_imported(dataset), brief(tmp_path, folds=6))
