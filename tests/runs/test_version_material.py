"""Training on what a version holds besides hard labels: soft labels, weights, repeats, supplements."""

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.utils.class_weight import compute_class_weight
from torch.nn import functional as F

from fer_core.dataset.store import TRAINING, Dataset, content_hashes
from fer_core.dataset.supplements import Supplements
from fer_core.dataset.version import SOFT, DatasetVersion, as_imported, store_version
from fer_core.errors import Cancelled
from fer_core.evaluation.inference import predict_probabilities
from fer_core.runs.leaky import leaky_plan
from fer_core.runs.session import train_version
from fer_core.training import loop, state
from fer_core.training.lessons import weighted_loss
from fer_core.training.loop import Training, fit
from fer_core.training.recipe import Recipe
from fer_core.workspace import Workspace

Data = tuple[np.ndarray, np.ndarray]
WEIGHTS = torch.tensor([0.5, 9.0, 1.0, 0.3, 1.0, 2.0, 1.0])


@pytest.fixture
def logits() -> torch.Tensor:
    return torch.randn(11, 7, generator=torch.Generator().manual_seed(4))


@pytest.mark.parametrize("weights", [None, WEIGHTS], ids=["plain", "weighted"])
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_a_soft_label_of_one_class_is_the_hard_one(logits, weights, smoothing) -> None:
    labels = torch.arange(11) % 7
    hard = weighted_loss(logits, labels, weights, smoothing)
    soft = weighted_loss(logits, F.one_hot(labels, 7).float(), weights, smoothing)
    torch.testing.assert_close(hard, soft)
    torch.testing.assert_close(hard, F.cross_entropy(logits, labels, weights, label_smoothing=smoothing))


def test_the_loss_of_soft_labels_by_hand(logits) -> None:
    """- sum w t log p / sum w t, with t smoothed towards all classes alike."""
    shares = torch.softmax(torch.randn(11, 7, generator=torch.Generator().manual_seed(5)), 1)
    smoothed = 0.9 * shares.double() + 0.1 / 7
    log_p = logits.double() - torch.logsumexp(logits.double(), 1, keepdim=True)
    expected = -(WEIGHTS * smoothed * log_p).sum() / (shares.double() @ WEIGHTS.double()).sum()
    assert weighted_loss(logits, shares, WEIGHTS, 0.1).item() == pytest.approx(expected.item(), rel=1e-5)


def test_soft_labels_are_learnt_as_shares(bar_images: Data, tiny: Recipe) -> None:
    """Every image of class 0 is said to be class 0 or class 1 alike: so says the network."""
    images, labels = bar_images
    targets = np.eye(7, dtype=np.float32)[labels]
    targets[labels == 0] = [0.5, 0.5, 0, 0, 0, 0, 0]
    model = fit(images, labels, np.arange(300), tiny.changed(epochs=8), targets=targets, seed=1)
    said = predict_probabilities(model, images[300:])
    both = said[labels[300:] == 0].mean(0)
    assert both[0] == pytest.approx(0.5, abs=0.15) and both[1] == pytest.approx(0.5, abs=0.15)
    assert said[labels[300:] == 3].mean(0)[3] > 0.8


def test_weights_move_the_network_towards_a_class(bar_images: Data, tiny: Recipe) -> None:
    """On pictures of noise a network can only learn the classes' share; weights change it."""
    noise = np.random.default_rng(0).integers(0, 256, bar_images[0].shape, np.uint8)
    labels = bar_images[1]
    heavy = np.ones(7, np.float32)
    heavy[2] = 30
    plain, pushed = (
        predict_probabilities(fit(noise, labels, np.arange(300), tiny, weights=weights, seed=2), noise[300:]).mean(0)
        for weights in (None, heavy)
    )
    assert pushed[2] > 2 * plain[2]


def test_a_row_that_stands_twice_is_shown_twice_and_augmented_anew(bar_images: Data, tiny: Recipe, monkeypatch) -> None:
    images, labels = bar_images
    numbered = images.copy()
    numbered[:50, 0, 0] = np.arange(50)
    rows = np.repeat(np.arange(50), [3] * 10 + [1] * 40)
    seen: list[int] = []

    class Watching(Training):
        def advance(self, pixels: torch.Tensor, *lesson: torch.Tensor | None) -> torch.Tensor:
            seen.extend(pixels[:, 0, 0].tolist())
            return super().advance(pixels, *lesson)

    recipe = tiny.changed(epochs=1)
    fit(numbered, labels, rows, recipe, training=Watching(recipe, len(rows), 0))
    assert np.bincount(seen).tolist() == [3] * 10 + [1] * 40

    drawn: list[np.ndarray] = []
    before = state.augment
    monkeypatch.setattr(state, "augment", lambda *given, **more: drawn.append(before(*given, **more)) or drawn[-1])
    moving = tiny.changed(epochs=1, shift=0.2, batch=8)
    fit(images, labels, np.zeros(8, np.int64), moving)
    assert len({picture.numpy().tobytes() for picture in drawn[0]}) > 4


def everything(workspace: Workspace, bars: Dataset, extra: Data) -> DatasetVersion:
    """Soft labels, weights, repeats and five supplements at once."""
    targets = np.eye(7, dtype=np.float32)[bars.labels]
    targets[:40] = 0.7 * targets[:40] + 0.3 / 7
    repeats = np.where(np.arange(len(bars)) < 20, 3, 1).astype(np.int16)
    manifest = as_imported(bars).manifest.assign(repeats=repeats, **{n: targets[:, i] for i, n in enumerate(SOFT)})
    table = pd.DataFrame({"content": content_hashes(extra[0][:5]), "label": extra[1][:5], "dataset": "x", "row": 0})
    weights = np.array([1, 2, 1, 1, 1, 1, 0.5], np.float32)
    return store_version(workspace, bars, "all", manifest, {}, Supplements(extra[0][:5], table), weights)


def test_a_run_says_what_it_learnt_from(workspace: Workspace, bars: Dataset, bar_images: Data, tiny: Recipe) -> None:
    version = everything(workspace, bars, bar_images)
    document = train_version(workspace, version, tiny.changed(epochs=1), thread_count=1, run_id="all").document
    assert document["material"] == {
        "soft": 40,
        "supplements": 5,
        "per_epoch": 325 + 40,
        "weights": dict(
            zip(("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral"), version.weights, strict=True)
        ),
    }
    assert document["protocol"]["train"] == {"name": "Training", "images": 325}
    sentence = document["protocol"]["sentence"]
    assert "5 of them came from other data sets. 40 had soft labels." in sentence
    assert "365 images an epoch" in sentence and "The loss weighed the classes" in sentence
    plain = train_version(workspace, as_imported(bars), tiny.changed(epochs=1), thread_count=1, run_id="plain").document
    assert plain["material"] == {"soft": 0, "supplements": 0, "per_epoch": 320, "weights": None}
    assert plain["protocol"]["sentence"].endswith("with that epoch's weights.")


def test_resumed_equals_uninterrupted_with_everything(
    workspace: Workspace, bars: Dataset, bar_images: Data, tiny: Recipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = everything(workspace, bars, bar_images)
    recipe = tiny.changed(epochs=2, label_smoothing=0.1)
    whole = train_version(workspace, version, recipe, thread_count=1, run_id="whole")
    monkeypatch.setattr(loop, "REPORT_SECONDS", 0.0)
    calls = iter(range(15))

    def cancel(stage: str, fraction: float) -> None:
        if next(calls, None) is None:
            raise Cancelled("stop")

    with pytest.raises(Cancelled):
        train_version(workspace, version, recipe, thread_count=1, run_id="cut", report=cancel)
    monkeypatch.undo()
    cut = train_version(workspace, version, recipe, thread_count=1, run_id="cut")
    one, two = whole.model().module.state_dict(), cut.model().module.state_dict()
    for name in one:
        torch.testing.assert_close(one[name], two[name], atol=1e-6, rtol=0)


def test_supplements_are_trained_on(workspace: Workspace, bars: Dataset, tiny: Recipe, bar_images: Data) -> None:
    """A class that Training lacks is learnt from supplements alone."""
    images, labels = bar_images
    manifest = as_imported(bars).manifest
    manifest["kept"] = (bars.splits != TRAINING) | (bars.labels != 3)
    threes = np.flatnonzero(labels == 3)
    table = pd.DataFrame(
        {"content": content_hashes(images[threes]), "label": np.int8(3), "dataset": "x", "row": threes}
    )
    without = store_version(workspace, bars, "without", manifest, {})
    with_them = store_version(workspace, bars, "with", manifest, {}, Supplements(images[threes], table))
    recall = [
        train_version(workspace, version, tiny.changed(epochs=6), thread_count=1, run_id=name).report()["val"]["whole"][
            "per_class"
        ]["happy"]["recall"]
        for name, version in (("a", without), ("b", with_them))
    ]
    assert recall[0] == 0 and recall[1] > 0.8


def test_a_recipe_that_balances_says_so_in_the_run(workspace: Workspace, bars: Dataset, tiny: Recipe) -> None:
    counts = np.bincount(bars.labels[:320], minlength=7)
    recipe = tiny.changed(epochs=1)
    shown = train_version(workspace, as_imported(bars), recipe.changed(balance="oversample")).document
    assert shown["material"]["per_epoch"] == 7 * counts.max()
    assert f"Small classes were shown more often: {7 * counts.max():,} images" in shown["protocol"]["sentence"]
    weighed = train_version(workspace, as_imported(bars), recipe.changed(balance="weights")).document
    expected = compute_class_weight("balanced", classes=np.arange(7), y=bars.labels[:320])
    assert list(weighed["material"]["weights"].values()) == pytest.approx(expected, abs=1e-4)
    assert "weighed the classes" in weighed["protocol"]["sentence"]


def test_what_comes_from_elsewhere_scores_nobody_in_the_leaky_split(
    workspace: Workspace, bars: Dataset, bar_images: Data
) -> None:
    """It is no image of the data set: nobody could show its face, or say what it was labelled there."""
    plan = leaky_plan(everything(workspace, bars, bar_images))
    for role in plan.protocol.roles:
        assert (plan.source[plan.protocol.rows(role)] < len(bars)).all()
    assert set(range(len(bars), len(bars) + 5)) <= set(plan.source[plan.protocol.train])
    every = np.concatenate([plan.protocol.train, *(plan.protocol.rows(role) for role in plan.protocol.roles)])
    assert np.array_equal(np.sort(every), np.arange(len(plan.source)))
