"""What was trained elsewhere stays as it is, batch norms included, and moves when its time has come."""

import numpy as np
import pytest
import torch

from fer_core.errors import UsageError
from fer_core.training.loop import Observer, fit
from fer_core.training.recipe import Recipe
from fer_core.training.state import Training

Data = tuple[np.ndarray, np.ndarray]
ROWS = np.arange(64)


class Photographs(Observer):
    """The trunk and the rest after each epoch."""

    def __init__(self) -> None:
        self.trunks: list[dict[str, torch.Tensor]] = []
        self.heads: list[torch.Tensor] = []
        self.held: list[int] = []

    def epoch_done(self, training: Training, epoch: dict) -> None:
        self.trunks.append({name: value.clone() for name, value in training.module.trunk.state_dict().items()})
        self.heads.append(training.module.fc.weight.detach().clone())
        self.held.append(len(training.optimiser.state_dict()["state"]))


@pytest.mark.parametrize("optimiser", ["adamw", "nesterov"])
def test_the_trunk_stays_then_moves(bar_images: Data, tiny: Recipe, pretrained: str, optimiser: str) -> None:
    recipe = tiny.changed(network=pretrained, epochs=4, freeze=2, optimiser=optimiser, weight_decay=0.1)
    seen = Photographs()
    training = Training(recipe, len(ROWS), seed=1)
    begun = {name: value.clone() for name, value in training.module.trunk.state_dict().items()}
    fit(*bar_images, ROWS, recipe, training=training, observer=seen)
    for photograph in seen.trunks[:2]:  # weights, running means and variances, and how many batches went into them
        assert all(torch.equal(photograph[name], value) for name, value in begun.items())
    moved = {name for name, value in begun.items() if not torch.equal(seen.trunks[3][name], value)}
    assert {"0.weight", "1.bias", "1.running_mean", "1.running_var", "3.first.weight", "4.norm2.weight"} <= moved
    assert not torch.equal(seen.heads[0], seen.heads[1])
    assert all(parameter.requires_grad for parameter in training.module.parameters())
    if optimiser == "adamw":  # no moments of a gradient that was not there
        everything = len(list(training.module.parameters()))
        assert seen.held == [2, 2, everything, everything]


def test_without_freezing_everything_moves_at_once(bar_images: Data, tiny: Recipe, pretrained: str) -> None:
    seen = Photographs()
    training = Training(tiny.changed(network=pretrained, epochs=3), len(ROWS), seed=1)
    begun = {name: value.clone() for name, value in training.module.trunk.state_dict().items()}
    fit(*bar_images, ROWS, training.recipe, training=training, observer=seen)
    assert not torch.equal(seen.trunks[0]["1.running_mean"], begun["1.running_mean"])
    assert not torch.equal(seen.trunks[0]["0.weight"], begun["0.weight"])


def test_a_network_from_scratch_has_nothing_to_freeze(tiny: Recipe) -> None:
    with pytest.raises(UsageError, match=r"for 3 epochs, but shallow begins from scratch\. Set freeze to 0"):
        Training(tiny.changed(freeze=3), 64, seed=0)
