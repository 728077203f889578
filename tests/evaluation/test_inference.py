"""Predicting: every image, in order, whatever is beside it in the batch."""

import numpy as np
import pytest
import torch

from fer_core.errors import Cancelled
from fer_core.evaluation.inference import predict_features, predict_probabilities
from fer_core.networks.inputs import InputSpec
from fer_core.networks.registry import build_network
from fer_core.networks.weights import Model, ModelSpec


@pytest.fixture(scope="module")
def model() -> Model:
    torch.manual_seed(0)
    module = build_network("shallow", 48)
    torch.nn.init.normal_(module.fc2.weight, std=0.02)
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
        np.testing.assert_allclose(predict_probabilities(model, faces, batch=batch), whole, atol=1e-6)


def test_a_prediction_does_not_depend_on_its_batch(model: Model, faces: np.ndarray) -> None:
    whole = predict_probabilities(model, faces)
    order = np.random.default_rng(2).permutation(37)
    np.testing.assert_allclose(predict_probabilities(model, faces[order]), whole[order], atol=1e-6)
    bright = faces.copy()
    bright[1:] = 255
    np.testing.assert_allclose(predict_probabilities(model, bright)[0], whole[0], atol=1e-6)


def test_predicting_twice_gives_the_same(model: Model, faces: np.ndarray) -> None:
    """No flips, no dropout, nothing random at test time."""
    np.testing.assert_array_equal(predict_probabilities(model, faces), predict_probabilities(model, faces))
    assert not model.module.training


def test_no_image_gives_no_row(model: Model) -> None:
    assert predict_probabilities(model, np.zeros((0, 48, 48), np.uint8)).shape == (0, 7)


def test_features_are_what_the_last_layer_turns_into_logits(model: Model, faces: np.ndarray) -> None:
    told: list[float] = []
    features = predict_features(model, faces, batch=8, report=lambda _, fraction: told.append(fraction))
    assert features.shape == (37, 512)
    assert features.dtype == np.float32
    logits = features @ model.module.fc2.weight.detach().numpy().T + model.module.fc2.bias.detach().numpy()
    shares = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    np.testing.assert_allclose(shares, predict_probabilities(model, faces), atol=1e-5)
    assert len(told) == 5
    assert told == sorted(told)


def test_features_leave_no_trace_on_the_model_even_when_they_are_stopped(model: Model, faces: np.ndarray) -> None:
    def stop(stage: str, fraction: float) -> None:
        raise Cancelled("enough")

    with pytest.raises(Cancelled):
        predict_features(model, faces, report=stop)
    predict_features(model, faces)
    assert not model.module.fc2._forward_pre_hooks
    assert predict_features(model, faces[:0]).shape == (0, 512)
