"""VGG16 is torchvision's, and begins where it is told to: never elsewhere, never by surprise."""

from pathlib import Path
from urllib.error import URLError

import pytest
import torch
from safetensors.torch import save_file
from torch import nn
from torchvision.models import VGG16_Weights
from torchvision.models import vgg16 as torchvisions

from fer_core.errors import UsageError
from fer_core.networks.inputs import InputSpec
from fer_core.networks.registry import build_network, origin, rebuild_network, trunk_parameters
from fer_core.networks.weights import ModelSpec, load_model, save_model


@pytest.fixture(scope="module")
def trained() -> dict[str, torch.Tensor]:
    """Convolutions with weights of their own, as a state dict of torchvision's has them, and a last layer of 1,000."""
    torch.manual_seed(7)
    with torch.device("meta"):
        shapes = torchvisions(weights=None).state_dict()
    state = {name: torch.randn(value.shape) * 0.01 for name, value in shapes.items() if name.startswith("features.")}
    return state | {"classifier.6.bias": torch.zeros(1000)}


def test_its_state_dict_is_torchvisions_but_for_the_last_layer() -> None:
    with torch.device("meta"):
        ours, theirs = build_network("vgg16", 224).state_dict(), torchvisions(weights=None).state_dict()
        normed = build_network("vgg16", 224, norm=True).state_dict()
    assert list(ours) == list(theirs)
    differ = [name for name in ours if ours[name].shape != theirs[name].shape]
    assert differ == ["classifier.6.weight", "classifier.6.bias"]
    assert "features.1.running_mean" in normed


def test_it_computes_what_torchvisions_computes_of_a_colour_picture(trained: dict) -> None:
    """With ImageNet's normalisation of the three equal channels; up to where the last layers begin."""
    module = build_network("vgg16", 64, head="pooled").eval()
    module.features.load_state_dict({name.removeprefix("features."): trained[name] for name in list(trained)[:-1]})
    gray = torch.rand(1, 1, 64, 64)
    mean, std = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    colour = (gray.expand(-1, 3, -1, -1) - mean[:, None, None]) / std[:, None, None]
    nn.init.normal_(module.classifier[-1].weight)
    with torch.inference_mode():
        expected = module.classifier[-1](module.features(colour).mean((2, 3)))
        got = module((gray - InputSpec().mean) / InputSpec().std)
    torch.testing.assert_close(got, expected, atol=1e-5, rtol=1e-4)


def test_a_single_last_pixel_is_repeated_as_torchvision_does_it() -> None:
    module = build_network("vgg16", 48, width=0.125).eval()
    nn.init.normal_(module.classifier[-1].weight)
    face = torch.randn(2, 1, 48, 48)
    with torch.inference_mode():
        maps = module.features(face * module.scale + module.shift)
        assert maps.shape[-2:] == (1, 1)
        expected = module.classifier(nn.AdaptiveAvgPool2d(7)(maps).flatten(1))
        torch.testing.assert_close(module(face), expected)


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_a_file_of_weights_is_the_trunk_and_is_named(trained: dict, tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"vgg16{suffix}"
    (torch.save if suffix == ".pth" else save_file)(trained, path)
    module = build_network("vgg16", 48, head="pooled", weights=str(path))
    torch.testing.assert_close(module.features[0].weight, trained["features.0.weight"])
    assert origin(module) == f"from {path}"
    frozen = {id(parameter) for parameter in trunk_parameters(module)}
    left = [name for name, parameter in module.named_parameters() if id(parameter) not in frozen]
    assert left == ["classifier.1.weight", "classifier.1.bias"]


def test_imagenet_weights_come_from_torchvision_and_only_when_asked_for(trained: dict, monkeypatch) -> None:
    asked = []

    def answer(self: VGG16_Weights, **_: object) -> dict:
        asked.append(self)
        return trained

    monkeypatch.setattr(VGG16_Weights, "get_state_dict", answer)
    assert origin(build_network("vgg16", 48, head="pooled")) == "from scratch"
    assert asked == []
    module = build_network("vgg16", 48, head="pooled", weights="imagenet")
    assert asked == [VGG16_Weights.IMAGENET1K_V1]
    assert origin(module) == "from torchvision's ImageNet weights"
    assert len(trunk_parameters(module)) == 26


def test_without_a_connection_it_says_what_else_to_do(monkeypatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise URLError("no route to host")

    monkeypatch.setattr(VGG16_Weights, "get_state_dict", refuse)
    with pytest.raises(UsageError, match=r"no route to host.*path of a copy as weights, or none"):
        build_network("vgg16", 48, weights="imagenet")


def test_what_lies_in_the_place_of_a_download_executes_nothing(tmp_path: Path, monkeypatch) -> None:
    witness = tmp_path / "executed"

    class Evil:
        def __reduce__(self):
            return Path.touch, (witness,)

    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    place = tmp_path / "hub" / "checkpoints" / Path(VGG16_Weights.IMAGENET1K_V1.url).name
    place.parent.mkdir(parents=True)
    torch.save({"features.0.weight": Evil()}, place)
    with pytest.raises(UsageError, match="path of a copy as weights, or none"):
        build_network("vgg16", 48, weights="imagenet")
    assert not witness.exists()


def test_files_that_are_no_weights_of_it_are_refused_with_a_sentence(tmp_path: Path) -> None:
    witness = tmp_path / "executed"

    class Evil:
        def __reduce__(self):
            return Path.touch, (witness,)

    torch.save({"features.0.weight": Evil()}, tmp_path / "evil.pth")
    torch.save({"features.0.weight": torch.zeros(2)}, tmp_path / "other.pth")
    torch.save([1, 2], tmp_path / "list.pth")
    (tmp_path / "torn.safetensors").write_bytes(b"torn")
    for name, sentence in {
        "gone.pth": "there is no file",
        "evil.pth": "cannot be read as weights",
        "torn.safetensors": "cannot be read as weights",
        "list.pth": "holds no state dict",
        "other.pth": r"no weights of VGG16 without batch norm: features\.0\.weight",
    }.items():
        with pytest.raises(UsageError, match=sentence):
            build_network("vgg16", 48, head="pooled", weights=str(tmp_path / name))
    assert not witness.exists()


@pytest.mark.parametrize(
    ("wrong", "sentence"), [({"head": "two"}, "head is one of"), ({"width": 0.5, "weights": "imagenet"}, "width 1")]
)
def test_what_it_does_not_have_is_a_sentence(wrong: dict, sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        build_network("vgg16", 48, **wrong)


def test_a_stored_model_opens_where_its_first_weights_are_gone(tmp_path: Path) -> None:
    options = {"head": "pooled", "width": 0.125}
    module = build_network("vgg16", 48, **options)
    spec = ModelSpec("vgg16", InputSpec(48), {**options, "weights": str(tmp_path / "gone.pth")})
    save_model(tmp_path / "m.safetensors", module, spec)
    loaded = load_model(tmp_path / "m.safetensors")
    assert loaded.spec == spec
    torch.testing.assert_close(loaded.module.features[0].weight, module.features[0].weight)
    with pytest.raises(UsageError, match="there is no file"):
        build_network("vgg16", 48, **options | {"weights": "gone.pth", "width": 1.0})
    assert origin(rebuild_network("vgg16", 48, weights="gone.pth", **options)) == "from scratch"
