"""Predicting: every image, in order, whatever is beside it in the batch."""

import numpy as np
import pytest
import torch

from fer_core.evaluation.inference import predict_probabilities
from fer_core.networks.inputs import InputSpec
from fer_core.networks.registry import build_network
from fer_core.networks.weights import Model, ModelSpec


@pytest.fixture(scope="module")
def model() -> Model:
    torch.manual_seed(0)
    module = build_network("shallow", 48)
    torch.nn.init.normal_(module.fc2.weight, std=0.05)
    return Model(module.train(), ModelSpec("shallow", InputSpec()))  # left in training mode on purpose


@pytest.fixture(scope="module")
def faces() -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (37, 48, 48), np.uint8)


def test_gives_one_row_of_probabilities_per_image(model: Model, faces: np.ndarray) -> None:
    probabilities = predict_probabilities(model, faces)
    assert probabilities.shape == (37, 7)
    assert probabilities.dtype == np.float32
    np.testing.assert_allclose(probabilities.sum(1), 1, atol=1e-5)


def test_the_last_incomplete_batch_is_not_dropped(model: Model, faces: np.ndarray) -> None:
    whole = predict_probabilities(model, faces, batch=37)
    for batch in (1, 8, 36, 100):
        np.testing.assert_allclose(predict_probabilities(model, faces, batch=batch), whole, atol=1e-5)


def test_a_prediction_does_not_depend_on_its_batch(model: Model, faces: np.ndarray) -> None:
    whole = predict_probabilities(model, faces)
    order = np.random.default_rng(2).permutation(37)
    np.testing.assert_allclose(predict_probabilities(model, faces[order]), whole[order], atol=1e-5)
    bright = faces.copy()
    bright[1:] = 255
    np.testing.assert_allclose(predict_probabilities(model, bright)[0], whole[0], atol=1e-5)


def test_predicting_twice_gives_the_same(model: Model, faces: np.ndarray) -> None:
    """No flips, no dropout, nothing random at test time."""
    np.testing.assert_array_equal(predict_probabilities(model, faces), predict_probabilities(model, faces))
    assert not model.module.training


def test_no_image_gives_no_row(model: Model) -> None:
    assert predict_probabilities(model, np.zeros((0, 48, 48), np.uint8)).shape == (0, 7)
