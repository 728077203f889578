"""A model for programs without PyTorch: onnxruntime, given the file and what stands in it, says the same."""

import json

import numpy as np
import onnxruntime
import pytest

from fer_core.emotions import NAMES
from fer_core.errors import FerretError
from fer_core.evaluation.inference import predict_probabilities
from fer_core.networks.inputs import InputSpec
from fer_core.networks.onnx_file import export_onnx
from fer_core.networks.registry import build_network
from fer_core.networks.weights import Model, ModelSpec


def test_onnxruntime_answers_as_pytorch_does(tmp_path):
    spec = ModelSpec("shallow", InputSpec(24, mean=0.4, std=0.3), {"dense": 16})
    model = Model(build_network("shallow", 24, dense=16).eval(), spec)
    path = tmp_path / "model.onnx"
    assert export_onnx(model, path) <= 1e-4

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    about = session.get_modelmeta().custom_metadata_map
    assert json.loads(about["labels"]) == list(NAMES)
    faces = np.random.default_rng(0).integers(0, 256, (7, 24, 24), np.uint8)
    given = json.loads(about["input"])
    pixels = ((faces[:, None] / 255 - given["mean"]) / given["std"]).astype(np.float32)
    found = session.run(None, {"faces": pixels})[0]
    np.testing.assert_allclose(found, predict_probabilities(model, faces), atol=1e-4)


@pytest.mark.slow
def test_a_network_without_an_onnx_form_is_refused_and_leaves_no_file(tmp_path):
    model = Model(build_network("covpool", 48).eval(), ModelSpec("covpool", InputSpec(48)))
    with pytest.raises(FerretError, match="covpool has no ONNX form"):
        export_onnx(model, tmp_path / "model.onnx")
    assert list(tmp_path.iterdir()) == []
