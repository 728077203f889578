"""Where the network looked: against maps worked out by hand, and under eight threads."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
import torch
from pytorch_grad_cam import ScoreCAM
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget
from torch import nn

from fer_core.errors import NotFound
from fer_core.evaluation.testtime import MODES
from fer_core.networks.registry import build_network
from fer_core.networks.weights import Model
from fer_core.prediction.explanation import explain, overlay
from fer_core.prediction.gradients import input_gradients
from fer_core.prediction.methods import AVERAGES, METHODS
from fer_core.prediction.predictor import Predictor, together


def grad_cam_by_hand(predictor, crop, index):
    """Selvaraju et al., 2017, equations 1 and 2, at the resolution of the layer."""
    kept = {}
    module = predictor.model.module
    handle = module.cam_layer.register_forward_hook(lambda _module, _inputs, output: kept.update(features=output))
    try:
        pixels = predictor.model.spec.input.tensor(crop[None]).requires_grad_(True)  # the weights take no gradients
        score = module(pixels)[0, index]
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


BY_FEATURES = [name for name, method in METHODS.items() if method.cam]


@pytest.mark.parametrize("method", [name for name, method in METHODS.items() if method.by_class])
def test_the_class_that_is_asked_about_decides_the_map(bands, method):
    crop = np.full((48, 48), 200, np.uint8)
    for index in range(7):
        heat = explain(bands, crop, index, method)
        inside = np.arange(48) // 7 == index
        assert heat[inside].min() > 0.9
        assert heat[~inside].max() < 0.1


@pytest.mark.parametrize("method", BY_FEATURES)
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


@pytest.mark.parametrize("requests", [24, pytest.param(200, marks=pytest.mark.slow)])
def test_eight_threads_see_what_one_sees(shallow, bands, requests):
    # Hooks of one thread in the pass of another give wrong maps at best and crash the process at worst.
    both = together([shallow, bands])
    methods = list(METHODS)
    work = [(seed % 5, seed % 7, methods[seed % len(methods)]) for seed in range(requests)]
    alone = {task: explain(both, random_crop(task[0]), *task[1:]) for task in set(work)}
    plain = both.probabilities(random_crop()[None])

    def one(task):
        return explain(both, random_crop(task[0]), *task[1:]), both.probabilities(random_crop()[None])

    with ThreadPoolExecutor(8) as pool:
        for task, (heat, probabilities) in zip(work, pool.map(one, work), strict=True):
            assert np.allclose(heat, alone[task], atol=1e-5)
            assert np.allclose(probabilities, plain, atol=1e-6)


def test_an_ensembles_map_is_the_mean_of_its_members_maps(shallow, bands):
    crop = random_crop()
    mean = (explain(shallow, crop, 2) + explain(bands, crop, 2)) / 2
    assert np.allclose(explain(together([shallow, bands]), crop, 2), mean / mean.max(), atol=1e-6)


def test_score_cam_is_that_of_the_grad_cam_package(shallow, capsys):
    reference = ScoreCAM(shallow.model.module, [shallow.model.module.cam_layer])
    pixels = shallow.model.spec.input.tensor(random_crop()[None])
    expected = reference(pixels, [ClassifierOutputTarget(4)])[0]
    reference.activations_and_grads.release()
    capsys.readouterr()  # the package draws a bar
    assert np.allclose(explain(shallow, random_crop(), 4, "scorecam"), expected, atol=1e-4)
    assert capsys.readouterr().err == ""


def test_gradients_say_how_the_score_changes_with_a_pixel(shallow):
    crop = random_crop(2)
    heat = explain(shallow, crop, 5, "gradients")
    module, pixels = shallow.model.module.double(), shallow.model.spec.input.tensor(crop[None]).double()
    try:
        slopes = []
        places = [divmod(place, 48) for place in np.argsort(heat.ravel())[::96]]
        for row, column in places:
            step = torch.zeros_like(pixels)
            step[0, 0, row, column] = 1e-6
            with torch.no_grad():
                rise = module(pixels + step)[0, 5] - module(pixels - step)[0, 5]
            slopes.append(abs(float(rise)) / 2e-6)
    finally:
        module.float()
    shown = np.array([heat[place] for place in places])
    below = shown < 1  # the brightest hundredth is cut off
    ratio = np.array(slopes)[below] / shown[below]
    assert np.allclose(ratio, np.median(ratio), rtol=1e-2)


def test_guided_gradients_drop_what_lowers_the_score_at_every_activation():
    # score = relu(x) - relu(y): the way through y lowers it, so a guided gradient does not go there; a plain one does.
    class Difference(nn.Module):
        def forward(self, pixels):
            parts = torch.relu(pixels.flatten(1)[:, [0, 1]])
            return (parts[:, :1] - parts[:, 1:]).expand(-1, 7)

    pixels = torch.ones(1, 1, 8, 8)
    plain, guided = (input_gradients(Difference(), pixels, 0, guided=way)[0, :3].tolist() for way in (False, True))
    assert plain == [1, 1, 0]
    assert guided == [1, 0, 0]


@pytest.mark.parametrize("network", ["littlevgg", "resnet"])
def test_guided_gradients_reach_networks_of_modules_and_of_functions(network):
    torch.manual_seed(1)
    module = build_network(network, 48).eval()
    nn.init.normal_([layer for layer in module.modules() if isinstance(layer, nn.Linear)][-1].weight)  # it begins at 0
    pixels = torch.randn(1, 1, 48, 48)
    plain, guided = (input_gradients(module, pixels, 3, guided=way) for way in (False, True))
    assert np.abs(plain - guided).max() > 0.1


def test_a_map_lies_on_the_part_of_the_crop_that_the_network_saw(bands):
    # A network that takes the middle 32 x 32 and sees them at 48 x 48: its first band is rows 8 to 12 of the crop.
    model = bands.model
    cutting = Predictor(Model(model.module, replace(model.spec, input=replace(model.spec.input, crop=32))), "cutting")
    heat = explain(cutting, np.full((48, 48), 200, np.uint8), 0)
    assert heat[:8].max() == heat[:, :8].max() == heat[:, 40:].max() == 0
    assert heat[8:12, 8:40].min() > 0.9
    assert heat[14:].max() < 0.1


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


def test_every_mode_of_averaging_has_words():
    assert tuple(AVERAGES) == MODES


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
