"""Each name of a recipe is the optimiser of that name, and decays matrices and kernels only."""

import numpy as np
import pytest
import torch
from torch import nn

from fer_core.training.loop import fit
from fer_core.training.optimisers import make_optimiser
from fer_core.training.recipe import OPTIMISERS, Recipe
from fer_core.training.state import Training

Data = tuple[np.ndarray, np.ndarray]


def by_hand(name: str, parameters: list[nn.Parameter]) -> torch.optim.Optimizer:
    """torch's own, one parameter after the other."""
    optim, plain = torch.optim, {"foreach": False}
    made = {
        "adam": lambda: optim.Adam(parameters, 0.1, betas=(0.8, 0.999), **plain),
        "adamw": lambda: optim.AdamW(parameters, 0.1, betas=(0.8, 0.999), weight_decay=0.0, **plain),
        "sgd": lambda: optim.SGD(parameters, 0.1, momentum=0.8, **plain),
        "nesterov": lambda: optim.SGD(parameters, 0.1, momentum=0.8, nesterov=True, **plain),
        "adagrad": lambda: optim.Adagrad(parameters, 0.1, **plain),
        "adadelta": lambda: optim.Adadelta(parameters, 0.1, **plain),
        "rmsprop": lambda: optim.RMSprop(parameters, 0.1, momentum=0.8, **plain),
    }
    return made[name]()


@pytest.mark.parametrize("name", OPTIMISERS)
def test_three_steps_are_those_of_torchs_plain_loop(name: str) -> None:
    torch.manual_seed(0)
    ours = nn.Sequential(nn.Linear(4, 3), nn.Tanh(), nn.Linear(3, 2))
    theirs = nn.Sequential(nn.Linear(4, 3), nn.Tanh(), nn.Linear(3, 2))
    theirs.load_state_dict(ours.state_dict())
    recipe = Recipe("r", optimiser=name, learning_rate=0.1, momentum=0.8)
    pairs = [(ours, make_optimiser(ours, recipe)), (theirs, by_hand(name, list(theirs.parameters())))]
    for _ in range(3):
        inputs = torch.randn(8, 4)
        for module, optimiser in pairs:
            optimiser.zero_grad()
            module(inputs).square().mean().backward()
            optimiser.step()
    for a, b in zip(ours.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(a, b)


@pytest.mark.parametrize("name", OPTIMISERS)
def test_biases_and_norms_never_decay(name: str) -> None:
    """Without any gradient, decay is all that moves a value."""
    module = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Flatten(), nn.Linear(2, 2))
    for parameter in module.parameters():
        nn.init.constant_(parameter, 0.5)
        parameter.grad = torch.zeros_like(parameter)
    make_optimiser(module, Recipe("r", optimiser=name, learning_rate=0.1, weight_decay=0.5)).step()
    for parameter in module.parameters():
        kept = bool((parameter == 0.5).all())
        assert kept == (parameter.ndim == 1)
        assert (parameter <= 0.5).all()


def test_a_clipped_gradient_is_no_longer_than_it_may_be(bar_images: Data, tiny: Recipe) -> None:
    """With plain SGD and no momentum a step is the rate times the gradient."""
    lengths = {}
    for clip in (0.0, 0.01):
        recipe = tiny.changed(optimiser="sgd", momentum=0.0, learning_rate=1.0, schedule="constant", clip=clip)
        recipe = recipe.changed(epochs=1, batch=64, warmup=0.0)
        training = Training(recipe, 64, seed=0)
        before = [p.detach().clone() for p in training.module.parameters()]
        fit(*bar_images, np.arange(64), recipe, training=training)
        steps = [(a - b).flatten() for a, b in zip(before, training.module.parameters(), strict=True)]
        lengths[clip] = torch.cat(steps).norm().item()
    assert lengths[0.0] > 0.02
    assert lengths[0.01] == pytest.approx(0.01, rel=1e-3)
