"""A model as an ONNX file, for programs without PyTorch: the network from normalised faces to probabilities.

The file's metadata holds what must happen before it, the `InputSpec`, and the order of the classes, as JSON.
"""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from fer_core.errors import FerretError
from fer_core.files import atomic_path
from fer_core.networks.weights import Model

EXTRAS = "pip install -r requirements-extras.txt"
TOLERANCE = 1e-4  # between PyTorch's probabilities and onnxruntime's


class _Probabilities(nn.Module):
    """Softmax behind the network, so that nobody has to remember it."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.module = module

    def forward(self, faces: Tensor) -> Tensor:
        return torch.softmax(self.module(faces).float(), 1)


def export_onnx(model: Model, path: Path) -> float:
    """Write `faces` float32 (N, 1, S, S), normalised, to `probabilities` float32 (N, 7); any N.

    Checked before the file appears: returns the largest difference from PyTorch over random faces. Raises FerretError
    where the extras are missing, where a layer has no ONNX form (covpool's eigenvalues), or where the two disagree.
    """
    size = model.spec.input.size
    module = _Probabilities(model.module.cpu().float()).eval()
    faces = torch.randn(2, 1, size, size, generator=torch.Generator().manual_seed(0))
    with atomic_path(path) as temporary:
        _write(module, faces, temporary, model)
        difference = _difference(module, temporary, size)
        if not difference <= TOLERANCE:
            raise FerretError(f"{path}: ONNX and PyTorch differ by {difference:.2g}; the file was not kept.")
    return difference


def _write(module: nn.Module, faces: Tensor, path: Path, model: Model) -> None:
    try:
        import onnx
        import onnxscript  # noqa: F401 (what torch.onnx needs)
    except ImportError as error:
        raise FerretError(f"An ONNX file needs onnx, onnxscript and onnxruntime: {EXTRAS}") from error
    count = torch.export.Dim("faces", min=1, max=1 << 16)
    try:
        program = torch.onnx.export(
            module,
            (faces,),
            input_names=["faces"],
            output_names=["probabilities"],
            dynamic_shapes=({0: count},),
            dynamo=True,
            verbose=False,
        )
    except torch.onnx.errors.OnnxExporterError as error:
        raise FerretError(
            f"A layer of {model.spec.network} has no ONNX form (covpool's eigenvalues have none); export another."
        ) from error
    assert program is not None  # noqa: S101 (None only for the exporter of old)
    document: Any = program.model_proto
    onnx.helper.set_model_props(
        document,
        {
            "network": model.spec.network,
            "labels": json.dumps(model.spec.labels),
            "input": json.dumps(asdict(model.spec.input)),
        },
    )
    onnx.save(document, str(path))


def _difference(module: nn.Module, path: Path, size: int) -> float:
    """The largest difference of a probability over batches of one and of five random faces."""
    try:
        import onnxruntime
    except ImportError as error:
        raise FerretError(f"Checking an ONNX file needs onnxruntime: {EXTRAS}") from error
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    largest = 0.0
    for count in (1, 5):
        faces = torch.randn(count, 1, size, size, generator=torch.Generator().manual_seed(count))
        with torch.inference_mode():
            ours = module(faces).numpy()
        theirs = session.run(None, {"faces": faces.numpy()})[0]
        largest = max(largest, float(np.abs(ours - theirs).max()))
    return largest
