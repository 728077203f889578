"""Mixed images are what their shares say they are, and so is the loss."""

import math

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from fer_core.evaluation.inference import predict_probabilities
from fer_core.training.lessons import weighted_loss
from fer_core.training.loop import fit
from fer_core.training.mixing import mix
from fer_core.training.recipe import Recipe
from fer_core.training.state import Training

Data = tuple[np.ndarray, np.ndarray]
COUNT = 256
LABELS = torch.arange(COUNT) % 7


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def flat(labels: torch.Tensor = LABELS, side: int = 16) -> torch.Tensor:
    """Pictures of one value each, the number of their class."""
    return labels.float()[:, None, None, None].expand(-1, 1, side, side).clone()


def test_a_recipe_without_mixing_changes_nothing() -> None:
    images = flat()
    inputs, labels, targets = mix(images, LABELS, None, Recipe("r"), generator())
    assert inputs is images and labels is LABELS and targets is None


def test_mixup_blends_by_the_shares_that_it_reports() -> None:
    """A flat picture's value is the mean class of its shares."""
    inputs, labels, shares = mix(flat(), LABELS, None, Recipe("r", mixup=1.0), generator())
    torch.testing.assert_close(shares.sum(1), torch.ones(COUNT))
    torch.testing.assert_close(inputs[:, 0, 3, 4], shares @ torch.arange(7.0))
    assert (inputs == inputs[:, :, :1, :1]).all()
    assert torch.equal(labels, shares.argmax(1)) or (shares.gather(1, labels[:, None]) >= 0.5).all()
    own = shares.gather(1, LABELS[:, None])[:, 0]
    assert own.min() < 0.1 and own.max() > 0.9  # each has a share of its own


def test_cutmix_replaces_a_rectangle_and_its_area_is_the_share() -> None:
    inputs, labels, shares = mix(flat(), LABELS, None, Recipe("r", cutmix=1.0), generator())
    for picture, share, own, said in zip(inputs[:, 0], shares, LABELS.tolist(), labels, strict=True):
        counts = torch.bincount(picture.flatten().long(), minlength=7)
        torch.testing.assert_close(counts / 256, share)
        assert said == counts.argmax() or counts.max() == 128
        foreign = picture != own
        if foreign.any():
            rows, columns = foreign.any(1).nonzero(), foreign.any(0).nonzero()
            sides = (rows.max() - rows.min() + 1) * (columns.max() - columns.min() + 1)
            assert foreign.sum() == sides
    assert 0.3 < shares.gather(1, LABELS[:, None]).mean() < 0.8


@pytest.mark.parametrize("way", ["mixup", "cutmix"])
def test_beta_decides_how_even_the_shares_are(way: str) -> None:
    """Beta(a, a): nearly whole images for a small a, halves for a large one."""
    spread = {}
    for a in (0.1, 50.0):
        shares = mix(flat(side=48), LABELS, None, Recipe("r", **{way: a}), generator())[2]
        spread[a] = shares.amax(1).mean().item()
    assert spread[0.1] > 0.78 > 0.74 > spread[50.0]  # a rectangle that reaches beyond the border takes less


def test_both_take_turns_at_random() -> None:
    recipe = Recipe("r", mixup=1.0, cutmix=1.0)
    cut = [bool((mix(flat(), LABELS, None, recipe, generator(seed))[0] % 1 == 0).all()) for seed in range(40)]
    assert 10 <= sum(cut) <= 30


def test_the_seed_decides_and_what_comes_in_stays() -> None:
    images, recipe = flat(), Recipe("r", mixup=0.4)
    before = images.clone()
    one, again, other = (mix(images, LABELS, None, recipe, generator(seed))[0] for seed in (1, 1, 2))
    assert torch.equal(one, again) and not torch.equal(one, other)
    assert torch.equal(images, before)


@pytest.mark.parametrize("soft", [False, True], ids=["hard", "soft"])
@pytest.mark.parametrize("weights", [None, torch.tensor([0.5, 9.0, 1.0, 0.3, 1.0, 2.0, 1.0])], ids=["plain", "weights"])
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_the_loss_of_a_mixed_image_by_hand(soft: bool, weights: torch.Tensor | None, smoothing: float) -> None:
    """The classes' losses by their shares: - sum w t log p / sum w t, with t smoothed towards all classes alike."""
    targets = torch.softmax(torch.randn(COUNT, 7, generator=generator(3)), 1) if soft else None
    recipe = Recipe("r", mixup=1.0)
    inputs, _, shares = mix(torch.arange(COUNT).float()[:, None, None, None], LABELS, targets, recipe, generator())
    logits = torch.randn(COUNT, 7, generator=generator(4))
    found = weighted_loss(logits, shares, weights, smoothing).item()

    partner = torch.randperm(COUNT, generator=generator())
    given = F.one_hot(LABELS, 7).double() if targets is None else targets.double()
    share = (inputs.flatten().double() - partner) / (torch.arange(COUNT) - partner)
    share = torch.where(partner == torch.arange(COUNT), 1.0, share)
    w = torch.ones(7).double() if weights is None else weights.double()
    up = down = 0.0
    for row in range(COUNT):
        log_p = logits[row].double() - math.log(sum(math.exp(value) for value in logits[row].tolist()))
        for part, source in ((share[row], row), (1 - share[row], int(partner[row]))):
            up -= part * (w * ((1 - smoothing) * given[source] + smoothing / 7) * log_p).sum()
            down += part * (w * given[source]).sum()
    assert found == pytest.approx(float(up / down), rel=1e-4)


def test_a_network_learns_from_mixed_images(bar_images: Data, tiny: Recipe) -> None:
    images, labels = bar_images
    recipe = tiny.changed(epochs=8, plain_epochs=2, mixup=0.2, cutmix=0.5, options={"dense": 64})
    training = Training(recipe, 300, seed=1)
    model = fit(images, labels, np.arange(300), training.recipe, training=training)
    assert (predict_probabilities(model, images[300:]).argmax(1) == labels[300:]).mean() > 0.85
    assert training.progress.history[-1]["train_accuracy"] > 0.8  # plain epochs at the end


def test_right_is_who_names_the_larger_part() -> None:
    """A network that reads the class from the grey value, and sees the larger part of a picture, is right."""
    recipe = Recipe("r", size=16, mixup=0.01, flip=False, learning_rate=1e-9, options={"dropout": 0.0, "dense": 32})
    training = Training(recipe, 64, seed=0)
    seen: list[torch.Tensor] = []
    training.module.register_forward_pre_hook(lambda _, given: seen.append(given[0].clone()))
    labels = torch.arange(64) % 7
    pixels = (labels[:, None, None] * 30).to(torch.uint8).expand(-1, 16, 16)  # the class as a grey value

    def tell(inputs: torch.Tensor) -> torch.Tensor:
        value = ((inputs[:, 0, 0, 0] * 0.2550 + 0.5077) * 255 / 30).round().long().clamp(0, 6)
        return F.one_hot(value, 7).float().requires_grad_()

    training._forward = tell
    training.advance(pixels, labels)
    assert training.progress.seen == 64
    assert training.progress.correct >= 60  # Beta(0.01, 0.01) leaves hardly any picture between two


def test_the_last_epochs_are_plain(bar_images: Data) -> None:
    """Without augmentation but the flip: each picture is one of Training's, whole."""
    recipe = Recipe("r", size=48, epochs=2, plain_epochs=1, batch=32, mixup=1.0, cutmix=1.0, shift=0.2, erase=1.0)
    images, labels = bar_images[0][:32], bar_images[1][:32]
    training = Training(recipe, 32, seed=0)
    seen: list[torch.Tensor] = []
    training.module.register_forward_pre_hook(lambda module, given: seen.append(given[0]) if module.training else None)
    fit(images, labels, np.arange(32), recipe, training=training)
    plain = training.spec.input.tensor(images)
    known = torch.cat([plain, plain.flip(3)]).flatten(1)
    apart = [torch.cdist(batch.flatten(1), known).amin(1) for batch in seen]
    assert apart[0].min() > 1 and apart[1].max() < 0.1
