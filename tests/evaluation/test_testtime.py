"""Test-time augmentation: means over views that are the same for every image."""

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from fer_core.errors import UsageError
from fer_core.evaluation.inference import predict_probabilities
from fer_core.evaluation.testtime import MODES, predict_views, views
from fer_core.networks.inputs import InputSpec
from fer_core.networks.registry import build_network
from fer_core.networks.weights import Model, ModelSpec

IMAGES = np.random.default_rng(0).integers(0, 256, (7, 48, 48), np.uint8)


@pytest.fixture
def model() -> Model:
    torch.manual_seed(0)
    module = build_network("shallow", 48)
    nn.init.normal_(module.fc2.weight, std=0.01)  # type: ignore[union-attr]
    return Model(module.eval(), ModelSpec("shallow", InputSpec()))


def test_the_plain_view_is_the_plain_prediction(model: Model) -> None:
    np.testing.assert_allclose(predict_views(model, IMAGES, "none"), predict_probabilities(model, IMAGES), atol=1e-6)


def test_flip_is_the_mean_of_the_image_and_its_mirror(model: Model) -> None:
    mirrored = np.ascontiguousarray(IMAGES[:, :, ::-1])
    by_hand = (predict_probabilities(model, IMAGES) + predict_probabilities(model, mirrored)) / 2
    np.testing.assert_allclose(predict_views(model, IMAGES, "flip"), by_hand, atol=1e-6)


def test_crops_are_the_corners_the_middle_and_their_mirrors() -> None:
    model = Model(Upper().eval(), ModelSpec("upper", InputSpec(44, mean=0.0, std=1.0, crop=44)))
    image = np.zeros((1, 48, 48), np.uint8)
    image[0, 0, 0] = 255  # only the crop in the upper left corner sees it: one of ten views, mirrored on the other side
    found = predict_views(model, image, "crops")
    corner, nothing = np.e / (np.e + 6), 1 / 7
    assert found[0, 0] == pytest.approx((corner + 9 * nothing) / 10, abs=1e-6)


class Upper(nn.Module):
    """Its first logit is the pixel in the upper left corner."""

    def __init__(self) -> None:
        super().__init__()
        self.unused = nn.Parameter(torch.zeros(1))

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([x[:, :, 0, 0], torch.zeros(len(x), 6)], 1)


@pytest.mark.parametrize("mode", MODES)
def test_a_prediction_depends_neither_on_its_batch_nor_on_chance(model: Model, mode: str) -> None:
    together = predict_views(model, IMAGES, mode, seed=3, batch=4)
    alone = np.concatenate([predict_views(model, image[None], mode, seed=3) for image in IMAGES])
    np.testing.assert_allclose(together, alone, atol=1e-6)
    np.testing.assert_allclose(together.sum(1), 1, atol=1e-5)


def test_samples_are_ten_and_follow_the_seed(model: Model) -> None:
    assert [len(views(mode)) for mode in MODES] == [1, 2, 10, 10]
    one, other = (predict_views(model, IMAGES, "samples", seed=seed) for seed in (1, 2))
    assert np.abs(one - other).max() > 1e-4
    with pytest.raises(UsageError, match="flip"):
        views("magic")
