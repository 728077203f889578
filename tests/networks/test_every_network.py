"""What every network of the catalogue owes to training, evaluation, the audit and prediction.

A network that is added to the catalogue is tested here without a line being written. Those that are too large for it
are built smaller by their own options.
"""

import copy
import math
import re
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from fer_core.dataset.store import open_dataset
from fer_core.errors import UsageError
from fer_core.evaluation.inference import predict_features, predict_probabilities
from fer_core.networks.cost import network_cost
from fer_core.networks.inputs import InputSpec
from fer_core.networks.registry import build_network, find_network, networks, origin, trunk_parameters
from fer_core.networks.weights import Model, ModelSpec, load_model, save_model
from fer_core.workspace import Workspace

SIZE = 32  # a quarter of the work of 64, and every network takes it
SMALLER = {
    "vggnet": {"width": 16, "dense": 64},
    "vgg16": {"head": "pooled", "width": 0.125},
    "resnet": {"widths": (16, 32, 32, 64)},
}
NAMES = list(networks())
# Khaireddin and Chen's own code drops a row of a 5 x 5 map, torchvision's VGG16 one of a 3 x 3 map.
DROPS_AS_ITS_AUTHORS_DO = {"vggnet", "vgg16"}


def options_of(name: str) -> dict:
    return SMALLER.get(name, {})


def built(name: str, size: int = SIZE, decided: bool = True) -> nn.Module:
    """A network with random weights, in eval mode; `decided` gives its last layer, which begins at zero, an opinion."""
    torch.manual_seed(0)
    module = build_network(name, size, **options_of(name)).eval()
    if decided:
        nn.init.normal_(last_linear(module).weight, std=0.05)
    return module


def last_linear(module: nn.Module) -> nn.Linear:
    return [layer for layer in module.modules() if isinstance(layer, nn.Linear)][-1]


def random_faces(count: int = 5, size: int = SIZE) -> Tensor:
    return torch.randn(count, 1, size, size, generator=torch.Generator().manual_seed(1))


def model_of(name: str, module: nn.Module) -> Model:
    return Model(module, ModelSpec(name, InputSpec(SIZE), options_of(name)))


def pixels(count: int = 5) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (count, 48, 48), np.uint8)


@pytest.mark.parametrize("name", NAMES)
def test_its_docstring_gives_its_parameters_and_its_multiply_adds(name: str) -> None:
    network = find_network(name)
    ours = [module for key, module in sys.modules.items() if key.startswith("fer_core.networks.")]
    homes = [module for module in ours if getattr(module, "NETWORK", None) is network]
    assert len(homes) == 1
    text = " ".join(str(homes[0].__doc__).split())
    cost = network_cost(name, network.sizes[0])
    assert f"{cost.parameters:,} parameters" in text
    assert re.search(rf"\b{round(cost.multiply_adds / 1e6):,} million multiply-adds", text)


@pytest.mark.parametrize("name", NAMES)
def test_it_gives_seven_logits_at_each_of_its_sizes(name: str) -> None:
    """In full size; on torch's meta device, which has shapes and no numbers."""
    for size in find_network(name).sizes:
        with torch.device("meta"):
            logits = build_network(name, size).eval()(torch.empty(2, 1, size, size))
        assert logits.shape == (2, 7)


@pytest.mark.parametrize("name", [name for name in NAMES if name not in DROPS_AS_ITS_AUTHORS_DO])
def test_no_pooling_drops_the_last_row_and_column(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """At none of its sizes; pooling by two that rounds down loses the edge of an odd map."""
    sides = []

    def watched(pool):
        def pooled(maps, *given, **more):
            found = pool(maps, *given, **more)
            sides.extend(zip(maps.shape[-2:], found.shape[-2:], strict=True))
            return found

        return pooled

    for function in ("max_pool2d", "avg_pool2d"):
        monkeypatch.setattr(F, function, watched(getattr(F, function)))
    for size in find_network(name).sizes:
        with torch.device("meta"):
            build_network(name, size).eval()(torch.empty(2, 1, size, size))
    assert sides
    assert [(before, after) for before, after in sides if after < before / 2] == []


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("size", [33, 45])
def test_it_takes_an_odd_size_or_says_that_it_does_not(name: str, size: int) -> None:
    try:
        module = built(name, size)
    except UsageError as error:
        assert "size must be" in str(error)
        return
    with torch.inference_mode():
        logits = module(random_faces(2, size))
    assert logits.shape == (2, 7)
    assert logits.dtype == torch.float32
    assert logits.isfinite().all()
    assert not torch.allclose(logits[0], logits[1])


@pytest.mark.parametrize("name", NAMES)
def test_a_fresh_one_is_undecided(name: str) -> None:
    module = built(name, decided=False)
    with torch.inference_mode():
        loss = F.cross_entropy(module(random_faces(2)), torch.tensor([0, 6]))
    assert loss.item() == pytest.approx(math.log(7), abs=0.01)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("half", [False, True])
def test_pictures_of_one_colour_give_finite_gradients(name: str, half: bool) -> None:
    module = built(name).train()
    black_gray_white = torch.tensor([-2.0, 0.0, 1.9, 0.0])[:, None, None, None].expand(-1, 1, SIZE, SIZE)
    with torch.autocast("cpu", torch.bfloat16, enabled=half):
        logits = module(black_gray_white.contiguous())
    loss = F.cross_entropy(logits.float(), torch.tensor([0, 1, 2, 3]))
    loss.backward()
    gradients = {name: value.grad for name, value in module.named_parameters() if value.grad is not None}
    assert loss.isfinite()
    assert len(gradients) == len(list(module.parameters()))
    assert [name for name, gradient in gradients.items() if not gradient.isfinite().all()] == []


@pytest.mark.parametrize("name", NAMES)
def test_bfloat16_says_about_what_float32_says(name: str) -> None:
    module, faces = built(name), random_faces()
    with torch.inference_mode():
        exact = torch.softmax(module(faces), 1)
        with torch.autocast("cpu", torch.bfloat16):
            rough = torch.softmax(module(faces).float(), 1)
    assert rough.isfinite().all()
    torch.testing.assert_close(rough, exact, atol=0.1, rtol=0)


@pytest.mark.parametrize("name", NAMES)
def test_what_it_says_of_a_face_does_not_depend_on_the_batch(name: str) -> None:
    """Nor on the memory format, nor on chance."""
    model, faces = model_of(name, built(name)), pixels()
    together = predict_probabilities(model, faces)
    assert np.ptp(together, axis=0).max() > 1e-3  # the faces differ
    np.testing.assert_array_equal(predict_probabilities(model, faces), together)
    np.testing.assert_allclose(predict_probabilities(model, faces, batch=1), together, atol=1e-6)
    model.module.to(memory_format=torch.channels_last)
    np.testing.assert_allclose(predict_probabilities(model, faces, batch=2), together, atol=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_its_last_layer_makes_the_logits_of_its_features(name: str) -> None:
    module = built(name)
    features = predict_features(model_of(name, module), pixels())
    last = last_linear(module)
    assert features.shape == (5, last.in_features)
    with torch.inference_mode():
        logits = last(torch.from_numpy(features))
        expected = module(InputSpec(SIZE).tensor(pixels()))
    torch.testing.assert_close(logits, expected, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("name", NAMES)
def test_its_cam_layer_has_maps_of_several_places_that_the_answer_depends_on(name: str) -> None:
    module, seen = built(name), {}
    module.cam_layer.register_forward_hook(lambda _module, _inputs, output: seen.update(maps=output))
    score = module(random_faces(1))[0, 3]
    (gradient,) = torch.autograd.grad(score, seen["maps"])
    assert gradient.isfinite().all()
    assert gradient.abs().max() > 0

    size = find_network(name).sizes[0]
    with torch.device("meta"):
        full = build_network(name, size).eval()
        full.cam_layer.register_forward_hook(lambda _module, _inputs, output: seen.update(maps=output))
        full(torch.empty(1, 1, size, size))
    height, width = seen["maps"].shape[2:]
    assert height == width >= 3


@pytest.mark.parametrize("name", NAMES)
def test_a_stored_one_says_the_same(name: str, tmp_path: Path) -> None:
    model, faces = model_of(name, built(name)), pixels()
    save_model(tmp_path / "m.safetensors", model.module, model.spec)
    loaded = load_model(tmp_path / "m.safetensors")
    assert type(loaded.module) is type(model.module)
    np.testing.assert_allclose(predict_probabilities(loaded, faces), predict_probabilities(model, faces), atol=1e-5)


@pytest.mark.parametrize("name", NAMES)
def test_a_few_steps_on_faces_lower_the_loss_and_a_copy_stays(name: str, demo_workspace: Workspace) -> None:
    dataset = open_dataset(demo_workspace, "demo")
    faces = InputSpec(SIZE).tensor(np.ascontiguousarray(dataset.images[:32]))
    labels = torch.from_numpy(dataset.labels[:32].astype(np.int64))
    module = built(name, decided=False).train()
    for layer in module.modules():
        if isinstance(layer, nn.Dropout):
            layer.p = 0.0  # ten steps are too few to see through it
    average = copy.deepcopy(module)
    before = [value.clone() for value in average.parameters()]
    optimiser = torch.optim.AdamW(module.parameters(), 1e-3)
    losses = []
    for _ in range(10):
        loss = F.cross_entropy(module(faces), labels)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[0] == pytest.approx(math.log(7), abs=0.01)
    assert losses[-1] < 0.96 * losses[0]
    assert all(torch.equal(old, new) for old, new in zip(before, average.parameters(), strict=True))


@pytest.mark.parametrize("name", NAMES)
def test_without_being_asked_it_begins_from_scratch(name: str) -> None:
    module = built(name)
    assert origin(module) == "from scratch"
    assert trunk_parameters(module) == []


def test_multiply_adds_are_those_of_pencil_and_paper() -> None:
    assert network_cost("shallow", 48).parameters == 2_456_071
    convolutions = 9 * (32 * 48**2 + 32 * 64 * 24**2 + 64 * 128 * 12**2)
    dense = 4_608 * 512 + 512 * 7
    assert network_cost("shallow", 48).multiply_adds == convolutions + dense
