"""Where the network looked: against maps worked out by hand, and under eight threads."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch

from fer_core.errors import NotFound
from fer_core.prediction.explanation import explain, overlay
from fer_core.prediction.methods import METHODS


def grad_cam_by_hand(predictor, crop, index):
    """Selvaraju et al., 2017, equations 1 and 2, at the resolution of the layer."""
    kept = {}
    module = predictor.model.module
    handle = module.cam_layer.register_forward_hook(lambda _module, _inputs, output: kept.update(features=output))
    try:
        score = module(predictor.model.spec.input.tensor(crop[None]))[0, index]
    finally:
        handle.remove()
    (gradient,) = torch.autograd.grad(score, kept["features"])
    weights = gradient.mean((2, 3), keepdim=True)  # eq. 1
    heat = torch.relu((weights * kept["features"]).sum(1))[0]  # eq. 2
    return (heat / heat.max()).detach().numpy()


def random_crop(seed=0):
    return np.random.default_rng(seed).integers(0, 256, (48, 48), dtype=np.uint8)


@pytest.mark.parametrize("index", range(7))
def test_grad_cam_is_that_of_the_paper(bands, index):
    crop = random_crop()
    heat = explain(bands, crop, index, "gradcam")
    assert heat.shape == (48, 48)
    assert heat.dtype == np.float32
    assert np.allclose(heat, grad_cam_by_hand(bands, crop, index), atol=1e-4)


def test_grad_cam_of_the_shallow_network_is_that_of_the_paper(shallow, astronaut):
    (face,) = shallow.predict(astronaut).faces
    coarse = grad_cam_by_hand(shallow, face.crop, face.index)
    heat = explain(shallow, face.crop, face.index)
    # The layer is coarser than the crop; its cells' centres are compared after averaging the map back down.
    cells = heat.reshape(coarse.shape[0], 48 // coarse.shape[0], coarse.shape[1], 48 // coarse.shape[1]).mean((1, 3))
    assert np.corrcoef(cells.ravel(), coarse.ravel())[0, 1] > 0.95


@pytest.mark.parametrize("method", [name for name, method in METHODS.items() if method.by_class])
def test_the_class_that_is_asked_about_decides_the_map(bands, method):
    crop = np.full((48, 48), 200, np.uint8)
    for index in range(7):
        heat = explain(bands, crop, index, method)
        inside = np.arange(48) // 7 == index
        assert heat[inside].min() > 0.9
        assert heat[~inside].max() < 0.1


@pytest.mark.parametrize("method", METHODS)
def test_the_map_is_of_the_crop_that_was_seen(bands, method):
    crop = np.zeros((48, 48), np.uint8)
    crop[2:5, 30:40] = 255  # inside the first class's band
    heat = explain(bands, crop, 0, method)
    assert heat[2:5, 30:40].mean() > 0.9
    assert heat[:, :25].max() < 0.1


@pytest.mark.parametrize("method", METHODS)
def test_maps_lie_between_0_and_1_and_have_the_size_of_the_crop(shallow, method):
    for index in (0, 3):
        heat = explain(shallow, random_crop(1), index, method)
        assert heat.shape == (48, 48)
        assert heat.min() >= 0
        assert heat.max() <= 1
        assert np.isfinite(heat).all()


def test_eight_threads_see_what_one_sees(shallow):
    # Hooks of one thread in the pass of another give wrong maps at best and crash the process at worst.
    work = [(seed, seed % 7, method) for seed in range(4) for method in METHODS]
    alone = [explain(shallow, random_crop(seed), index, method) for seed, index, method in work]
    plain = shallow.probabilities(random_crop()[None])

    def one(task):
        seed, index, method = task
        return explain(shallow, random_crop(seed), index, method), shallow.probabilities(random_crop()[None])

    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(one, work))
    for expected, (heat, probabilities) in zip(alone, together, strict=True):
        assert np.allclose(heat, expected, atol=1e-5)
        assert np.allclose(probabilities, plain, atol=1e-6)


def test_nothing_stays_behind_in_the_network(shallow):
    before = shallow.probabilities(random_crop()[None])
    for method in METHODS:
        explain(shallow, random_crop(), 2, method)
    module = shallow.model.module
    assert not module.cam_layer._forward_hooks
    assert all(parameter.grad is None for parameter in module.parameters())
    assert np.array_equal(shallow.probabilities(random_crop()[None]), before)


def test_an_unknown_method_is_named_with_the_known_ones(shallow):
    with pytest.raises(NotFound, match="gradcam, gradcam"):
        explain(shallow, random_crop(), 0, "tarot")


def test_the_overlay_leaves_cold_pixels_as_they_are_and_colours_hot_ones():
    crop = random_crop()
    heat = np.zeros((48, 48), np.float32)
    heat[:, 24:] = 1
    picture = overlay(crop, heat, side=96)
    assert picture.shape == (96, 96, 3)
    assert picture.dtype == np.uint8
    cold = picture[:, :40].astype(int)
    assert np.array_equal(cold[..., 0], np.kron(crop, np.ones((2, 2), int))[:, :40])
    assert (cold[..., 0] == cold[..., 2]).all()
    hot = picture[:, 56:].astype(int)
    assert (hot[..., 0] > hot[..., 2]).all()  # inferno ends in yellow: red over blue, in that order of channels
