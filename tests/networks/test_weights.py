"""Weights on disk: whole, known, smaller on request, and never executed."""

import json
import struct
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from fer_core.emotions import NAMES
from fer_core.errors import InputRefused, NotFound, StoreError
from fer_core.evaluation.inference import predict_probabilities
from fer_core.networks.inputs import InputSpec
from fer_core.networks.packing import Form, packed, unpacked
from fer_core.networks.registry import build_network
from fer_core.networks.weights import Model, ModelSpec, load_model, save_model

SPEC = ModelSpec("shallow", InputSpec(48, 0.4, 0.3, "bilinear"), {"dropout": 0.1}, about={"run": "r1", "epoch": 3})


@pytest.fixture
def module() -> torch.nn.Module:
    torch.manual_seed(0)
    made = build_network("shallow", 48, dropout=0.1)
    torch.nn.init.normal_(made.fc2.weight, std=0.05)
    return made.eval()


@pytest.fixture
def faces() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (64, 48, 48), np.uint8)


def test_a_model_comes_back_with_its_input_size_normalisation_and_classes(tmp_path: Path, module, faces) -> None:
    save_model(tmp_path / "m.safetensors", module, SPEC)
    loaded = load_model(tmp_path / "m.safetensors")
    assert loaded.spec == SPEC
    assert loaded.spec.labels == NAMES
    assert not loaded.module.training
    expected = predict_probabilities(Model(module, SPEC), faces)
    np.testing.assert_allclose(predict_probabilities(loaded, faces), expected, atol=1e-5)


@pytest.mark.parametrize(("form", "share", "apart"), [("float16", 0.51, 2e-3), ("int8", 0.26, 5e-2)])
def test_packed_weights_take_less_room_and_agree_with_full(
    tmp_path: Path, module, faces, form: Form, share: float, apart: float
) -> None:
    save_model(tmp_path / "full.safetensors", module, SPEC)
    save_model(tmp_path / "small.safetensors", module, SPEC, form)
    sizes = [(tmp_path / f"{name}.safetensors").stat().st_size for name in ("full", "small")]
    assert sizes[1] < share * sizes[0]
    small, full = (load_model(tmp_path / f"{name}.safetensors") for name in ("small", "full"))
    assert {parameter.dtype for parameter in small.module.parameters()} == {torch.float32}
    got, expected = predict_probabilities(small, faces), predict_probabilities(full, faces)
    np.testing.assert_allclose(got, expected, atol=apart)
    assert (got.argmax(1) == expected.argmax(1)).mean() >= 0.98


def test_bytes_are_off_by_half_a_step_of_their_own_output_at_most() -> None:
    weights = torch.tensor([[1.0, -127.0, 0.4], [0.0, 0.0, 0.0], [0.0127, -0.0063, 0.001]])
    found = unpacked(packed({"weight": weights, "bias": torch.tensor([3.0]), "count": torch.tensor(7)}, "int8"))
    assert found["weight"].tolist()[:2] == [[1.0, -127.0, 0.0], [0.0, 0.0, 0.0]]  # steps of 1, and none
    torch.testing.assert_close(found["weight"][2], weights[2], rtol=0, atol=0.5 * 0.0127 / 127)
    assert (found["bias"].tolist(), found["count"].item(), found["count"].dtype) == ([3.0], 7, torch.int64)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"gone\.safetensors"):
        load_model(tmp_path / "gone.safetensors")


def test_every_torn_or_flipped_file_is_noticed(tmp_path: Path, module) -> None:
    path = tmp_path / "m.safetensors"
    save_model(path, module, SPEC)
    whole = path.read_bytes()
    for cut in (0, 7, 100, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:cut])
        with pytest.raises(InputRefused):
            load_model(path)
    flipped = bytearray(whole)
    flipped[len(whole) // 2] ^= 1
    path.write_bytes(flipped)
    with pytest.raises(InputRefused, match="sha256"):
        load_model(path)


def test_a_pickle_is_refused_and_not_executed(tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    witness = tmp_path / "executed"

    class Evil:
        def __reduce__(self):
            return Path.touch, (witness,)

    torch.save({"weights": Evil()}, path)
    with pytest.raises(InputRefused, match="not a safetensors file"):
        load_model(path)
    assert not witness.exists()


def test_a_header_that_claims_too_much_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    for claim in (2**63, 1 << 30, 5_000):
        path.write_bytes(struct.pack("<Q", claim) + b"{" + b" " * 1000)
        with pytest.raises(InputRefused, match="header claims"):
            load_model(path)


def test_somebody_elses_safetensors_file_is_refused(tmp_path: Path, module) -> None:
    path = tmp_path / "m.safetensors"
    save_file(dict(module.state_dict()), path)
    with pytest.raises(InputRefused, match="not one of FERret's"):
        load_model(path)


@pytest.mark.parametrize(
    "change",
    [
        {"network": "unknown"},
        {"labels": ["neutral", *NAMES[:-1]]},  # FER+'s order
        {"options": {"width": 3}},
        {"input": {"size": 40, "mean": 0.5, "std": 0.25, "resize": "bicubic"}},
        {"input": {"size": 48}, "network": None},
    ],
)
def test_a_spec_that_does_not_fit_the_weights_is_refused(tmp_path: Path, module, change: dict) -> None:
    path = tmp_path / "m.safetensors"
    save_model(path, module, SPEC)
    content = path.read_bytes()
    length = struct.unpack("<Q", content[:8])[0]
    header = json.loads(content[8 : 8 + length])
    document = json.loads(header["__metadata__"]["document"])
    document["spec"] |= change
    header["__metadata__"]["document"] = json.dumps(document)
    changed = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(changed)) + changed + content[8 + length :])
    with pytest.raises(InputRefused, match="not a model that this version can use"):
        load_model(path)


def test_saving_leaves_the_old_file_when_it_fails(tmp_path: Path, module, monkeypatch) -> None:
    path = tmp_path / "m.safetensors"
    save_model(path, module, SPEC)
    before = path.read_bytes()

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("fer_core.networks.tensors.save_file", full)
    with pytest.raises(StoreError, match="The disk is full"):
        save_model(path, module, SPEC)
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["m.safetensors"]
