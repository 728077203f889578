"""The loop learns, repeats itself by seed, and lets nobody in who should stay out."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch

from fer_core.errors import Cancelled, FerretError, UsageError
from fer_core.evaluation.inference import predict_probabilities
from fer_core.networks.weights import load_model
from fer_core.training.checkpoints import restore_checkpoint, save_checkpoint
from fer_core.training.loop import Observer, Training, fit
from fer_core.training.recipe import Recipe

Data = tuple[np.ndarray, np.ndarray]
ROWS = np.arange(300)
HELD_OUT = np.arange(300, 400)


class Notes(Observer):
    def __init__(self) -> None:
        self.epochs: list[dict] = []
        self.ticks: list[dict] = []
        self.stops = 0

    def ticked(self, training: Training, tick: dict) -> None:
        self.ticks.append(tick)

    def epoch_done(self, training: Training, epoch: dict) -> None:
        self.epochs.append(dict(epoch))

    def stopped(self, training: Training) -> None:
        self.stops += 1


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"optimiser": "adam", "schedule": "constant", "warmup": 0.0},
        {"optimiser": "nesterov", "learning_rate": 0.05, "schedule": "cosine"},
        {"optimiser": "rmsprop", "learning_rate": 3e-4, "clip": 1.0, "schedule": "step", "every": 2},
        {"average": 0.9, "label_smoothing": 0.1},
        {"precision": "bfloat16"},
    ],
    ids=["adamw", "adam", "nesterov", "rmsprop", "average", "bfloat16"],
)
def test_learns_what_can_be_learned(bar_images: Data, tiny: Recipe, change: dict) -> None:
    images, labels = bar_images
    model = fit(images, labels, ROWS, replace(tiny, epochs=6, options={"dense": 64}, **change), seed=1)
    predicted = predict_probabilities(model, images[HELD_OUT]).argmax(1)
    assert (predicted == labels[HELD_OUT]).mean() > 0.9


def test_the_same_seed_gives_the_same_model_and_another_another(bar_images: Data, tiny: Recipe) -> None:
    images, labels = bar_images
    said = []
    for seed in (1, 1, 2):
        torch.rand(seed)  # whatever torch's own generator did before
        said.append(predict_probabilities(fit(images, labels, ROWS, replace(tiny, epochs=1), seed=seed), images))
    np.testing.assert_array_equal(said[0], said[1])
    assert not np.allclose(said[0], said[2], atol=1e-3)


def test_torchs_own_generator_is_left_as_it_was(bar_images: Data, tiny: Recipe) -> None:
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    fit(*bar_images, ROWS[:64], replace(tiny, epochs=1))
    assert torch.equal(torch.rand(3), expected)


def test_trains_on_its_rows_and_on_no_others(bar_images: Data, tiny: Recipe) -> None:
    images, labels = bar_images
    changed_images, changed_labels = images.copy(), labels.copy()
    changed_images[HELD_OUT], changed_labels[HELD_OUT] = 0, 0
    notes = Notes()
    one = fit(images, labels, ROWS, tiny, validation=HELD_OUT, observer=notes)
    other = fit(changed_images, changed_labels, ROWS, tiny)
    np.testing.assert_array_equal(predict_probabilities(one, images), predict_probabilities(other, images))
    assert [epoch["epoch"] for epoch in notes.epochs] == [1, 2, 3]


def test_every_training_image_is_seen_once_per_epoch(bar_images: Data, tiny: Recipe) -> None:
    images, labels = bar_images
    seen: list[int] = []

    class Watching(Training):
        def advance(self, pixels: torch.Tensor, *lesson: torch.Tensor | None) -> torch.Tensor:
            seen.extend(pixels[:, 0, 0].tolist())
            return super().advance(pixels, *lesson)

    numbered = images.copy()
    numbered[:250, 0, 0] = np.arange(250)
    rows = np.arange(250)  # not a multiple of the batch
    recipe = replace(tiny, epochs=2)
    fit(numbered, labels, rows, recipe, training=Watching(recipe, len(rows), 0))
    assert sorted(seen[:250]) == sorted(seen[250:]) == list(range(250))
    assert seen[:250] != seen[250:]


def test_an_observer_hears_every_step_with_its_images_and_their_logits(bar_images: Data, tiny: Recipe) -> None:
    """A network that learns next to nothing and does not augment says what it says afterwards."""
    images, labels = bar_images
    rows = np.arange(100, 230)
    options = {"dropout": 0.0, "dense_dropout": 0.0}
    recipe = replace(tiny, epochs=2, shift=0.0, flip=False, learning_rate=1e-12, options=options)
    heard: list[tuple[int, torch.Tensor, torch.Tensor]] = []

    class Listening(Observer):
        def stepped(self, training: Training, batch: torch.Tensor, logits: torch.Tensor) -> None:
            heard.append((training.progress.step, batch, logits))

    training = Training(recipe, len(rows), 0)
    torch.nn.init.normal_(list(training.module.parameters())[-2], std=0.05)  # a fresh one says 0 of everything
    model = fit(images, labels, rows, recipe, training=training, observer=Listening())
    assert [step for step, _, _ in heard] == list(range(1, training.steps + 1))
    for epoch in (heard[: training.steps_per_epoch], heard[training.steps_per_epoch :]):
        assert sorted(torch.cat([batch for _, batch, _ in epoch]).tolist()) == list(range(len(rows)))
    said = predict_probabilities(model, images[rows])
    for _, batch, logits in heard:
        assert not logits.requires_grad
        np.testing.assert_allclose(torch.softmax(logits, 1).numpy(), said[batch.numpy()], atol=1e-4)


@pytest.mark.parametrize("average", [0.0, 0.9], ids=["weights", "average"])
def test_an_epoch_says_how_good_it_was_on_the_held_out_rows(bar_images: Data, tiny: Recipe, average: float) -> None:
    """By the very weights that are returned: the moving average, where there is one, not here and the others there."""
    images, labels = bar_images
    notes = Notes()
    model = fit(images, labels, ROWS, replace(tiny, average=average), validation=HELD_OUT, observer=notes)
    probabilities = predict_probabilities(model, images[HELD_OUT])
    last = notes.epochs[-1]
    assert last["val_accuracy"] == pytest.approx((probabilities.argmax(1) == labels[HELD_OUT]).mean())
    assert last["val_loss"] == pytest.approx(
        -np.log(probabilities[np.arange(100), labels[HELD_OUT]].astype(float)).mean(), rel=1e-5
    )
    assert last["train_loss"] < notes.epochs[0]["train_loss"]
    assert last["eta_s"] == 0
    assert notes.ticks[0]["eta_s"] > 0
    assert notes.ticks[0]["images_per_s"] > 0


def test_evaluation_is_never_augmented(bar_images: Data, tiny: Recipe) -> None:
    """A recipe that blanks and shifts everything still evaluates the pictures as they are."""
    images, labels = bar_images
    wild = replace(tiny, epochs=1, shift=0.3, erase=1.0, learning_rate=1e-9)
    notes, calm = Notes(), Notes()
    fit(images, labels, ROWS, wild, validation=HELD_OUT, observer=notes)
    fit(images, labels, ROWS, replace(tiny, epochs=1, learning_rate=1e-9), validation=HELD_OUT, observer=calm)
    assert notes.epochs[0]["val_loss"] == pytest.approx(calm.epochs[0]["val_loss"], abs=1e-5)


def test_the_loss_is_cross_entropy_of_logits(bar_images: Data, tiny: Recipe) -> None:
    """An undecided network starts at log 7; a second softmax could not get below 1.17."""
    notes = Notes()
    fit(*bar_images, ROWS, replace(tiny, epochs=8), validation=ROWS, observer=notes)
    assert notes.ticks[0]["train_loss"] == pytest.approx(np.log(7), abs=1e-4)
    assert notes.epochs[-1]["train_loss"] < 0.6


def test_progress_goes_from_nothing_to_all(bar_images: Data, tiny: Recipe) -> None:
    told: list[tuple[str, float]] = []
    fit(*bar_images, ROWS, tiny, report=lambda stage, fraction: told.append((stage, fraction)))
    assert told[0][0] == "training, epoch 1 of 3"
    fractions = [fraction for _, fraction in told]
    assert fractions == sorted(fractions)
    assert 0 < fractions[0] <= fractions[-1] <= 1


def test_cancelled_goes_through_after_the_observer_heard_of_it(bar_images: Data, tiny: Recipe) -> None:
    def cancel(stage: str, fraction: float) -> None:
        raise Cancelled("stop")

    notes = Notes()
    with pytest.raises(Cancelled):
        fit(*bar_images, ROWS, tiny, report=cancel, observer=notes)
    assert notes.stops == 1


def test_a_loss_that_explodes_is_said_in_a_sentence(bar_images: Data, tiny: Recipe) -> None:
    with pytest.raises(FerretError, match=r"The loss became (nan|inf) in epoch 1. Lower the recipe's learning_rate"):
        fit(*bar_images, ROWS, replace(tiny, optimiser="sgd", learning_rate=1e20, warmup=0.0))


def test_nothing_to_train_on_is_said(bar_images: Data, tiny: Recipe) -> None:
    with pytest.raises(UsageError, match="nothing to train on"):
        fit(*bar_images, ROWS[:0], tiny)


def test_training_crops_at_random_and_evaluation_from_the_middle(bar_images: Data) -> None:
    """A crop of 40 of 48 pixels begins in one of 81 places; without moving it is a part of the picture as it is."""
    recipe = Recipe("r", size=40, crop=40, flip=False, options={"dense": 8})
    numbered = np.arange(48 * 48).reshape(1, 48, 48) % 251
    images = np.repeat(numbered, 64, 0).astype(np.uint8)
    training = Training(recipe, 64, seed=0)
    seen: list[torch.Tensor] = []
    training.module.register_forward_pre_hook(lambda _, given: seen.append(given[0].clone()))
    fit(images, bar_images[1][:64], np.arange(64), recipe.changed(epochs=1), training=training)
    pixels = ((seen[0][:, 0] * 0.2550 + 0.5077) * 255).round().long().numpy()
    places = {(row, column) for row in range(9) for column in range(9)}
    found = [[p for p in places if (numbered[0, p[0] : p[0] + 40, p[1] : p[1] + 40] == crop).all()] for crop in pixels]
    assert all(len(match) == 1 for match in found)
    chosen = [match[0] for match in found]
    assert len(set(chosen)) > 30
    assert {0, 8} <= {row for row, _ in chosen} and {0, 8} <= {column for _, column in chosen}
    seen.clear()
    predict_probabilities(training.model(), images[:1])
    middle = training.spec.input.tensor(images[:1])
    torch.testing.assert_close(seen[0], middle)
    assert (((middle[0, 0] * 0.2550 + 0.5077) * 255).round().long().numpy() == numbered[0, 4:44, 4:44]).all()


def test_training_and_evaluation_see_the_same_equalised_picture(bar_images: Data) -> None:
    recipe = Recipe("r", size=24, equalise=True, resize="bilinear", flip=False, epochs=1, options={"dense": 8})
    training = Training(recipe, 8, seed=0)
    seen: list[torch.Tensor] = []
    training.module.register_forward_pre_hook(lambda _, given: seen.append(given[0].clone()))
    fit(*bar_images, np.arange(8), recipe, training=training)
    said = predict_probabilities(training.model(), bar_images[0][:8])
    assert len(seen) == 2 and said.shape == (8, 7)
    order = torch.cdist(seen[0].flatten(1), seen[1].flatten(1)).argmin(1)
    assert sorted(order.tolist()) == list(range(8))
    torch.testing.assert_close(seen[0], seen[1][order])


def test_compiling_changes_the_speed_and_nothing_else(bar_images: Data, tiny: Recipe, monkeypatch, tmp_path) -> None:
    """Traced and replayed by torch's own tracer, without the C++ compiler: same names, same numbers, and it goes on."""
    monkeypatch.setattr(torch, "compile", partial(torch.compile, backend="eager"))
    recipe = tiny.changed(epochs=2, options={"dense": 32, "dropout": 0.2}, average=0.9)
    plain, compiled = (Training(recipe.changed(compile=flag), 60, seed=3) for flag in (False, True))
    for training in (plain, compiled):
        fit(*bar_images, ROWS[:60], training.recipe, validation=HELD_OUT, seed=3, training=training)
    one, two = plain.module.state_dict(), compiled.module.state_dict()
    assert list(one) == list(two)
    for name in one:
        torch.testing.assert_close(one[name], two[name], atol=1e-6, rtol=0)
    save_checkpoint(tmp_path / "last.safetensors", compiled)
    assert list(load_model(tmp_path / "last.safetensors").module.state_dict()) == list(one)
    restore_checkpoint(tmp_path / "last.safetensors", Training(compiled.recipe, 60, seed=3))


def test_no_batch_is_left_with_a_single_image(bar_images: Data, tiny: Recipe) -> None:
    """Batch norm refuses one: 101 images in pairs are fifty batches, one of them of three."""
    images, labels = bar_images
    observed = Sizes()
    fit(
        images, labels, ROWS[:101], replace(tiny, network="littlevgg", batch=2, epochs=1, options={}), observer=observed
    )
    assert sorted(observed.sizes) == [2] * 49 + [3]


class Sizes(Observer):
    def __init__(self) -> None:
        self.sizes: list[int] = []

    def stepped(self, training: Training, batch: torch.Tensor, logits: torch.Tensor) -> None:
        self.sizes.append(len(batch))
