"""A photo and two predictors: one that is a real network, and one whose answers can be worked out by hand."""

import pytest
import torch
from PIL import Image
from torch import nn

from fer_core.files import decode_image
from fer_core.imaging.sample import sample_photo
from fer_core.networks.inputs import InputSpec
from fer_core.networks.registry import build_network
from fer_core.networks.weights import Model, ModelSpec
from fer_core.prediction.predictor import Predictor


@pytest.fixture(scope="session")
def astronaut() -> Image.Image:
    return decode_image(sample_photo())


@pytest.fixture(scope="session")
def shallow() -> Predictor:
    """The shallow network with random weights in every layer: its numbers mean nothing, but they are real."""
    torch.manual_seed(3)
    module = build_network("shallow", 48)
    for parameter in module.parameters():
        if parameter.ndim > 1:
            nn.init.kaiming_normal_(parameter)
    return Predictor(Model(module.eval(), ModelSpec("shallow", InputSpec())), "random")


class Bands(nn.Module):
    """Class k's logit is the mean brightness of the k-th of seven horizontal bands of seven rows (one row is left)."""

    def __init__(self) -> None:
        super().__init__()
        self.spread = nn.Conv2d(1, 7, 1, bias=False)
        nn.init.ones_(self.spread.weight)
        masks = torch.zeros(7, 48, 48)
        for k in range(7):
            masks[k, 7 * k : min(48, 7 * k + 7)] = 1
        self.masked = Masked(masks)

    @property
    def cam_layer(self) -> nn.Module:
        return self.masked

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        return self.masked(self.spread(pixels)).mean((2, 3)) * 20


class Masked(nn.Module):
    def __init__(self, masks: torch.Tensor) -> None:
        super().__init__()
        self.register_buffer("masks", masks)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return features * self.masks


@pytest.fixture(scope="session")
def bands() -> Predictor:
    return Predictor(Model(Bands().eval(), ModelSpec("bands", InputSpec(mean=0.0, std=1.0))), "bands")
