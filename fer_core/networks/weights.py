"""Models on disk: weights with a spec that says how to rebuild the network, its input and the order of its classes."""

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import nn

from fer_core.emotions import NAMES
from fer_core.errors import FerretError, InputRefused
from fer_core.networks.inputs import InputSpec
from fer_core.networks.packing import Form, packed, unpacked
from fer_core.networks.registry import rebuild_network
from fer_core.networks.tensors import read_tensors, write_tensors

STATE = "state/"  # tensors of a checkpoint that are not the model: optimiser, averages


@dataclass(frozen=True)
class ModelSpec:
    """Everything but the numbers."""

    network: str
    input: InputSpec
    options: dict[str, Any] = field(default_factory=dict)  # keyword arguments of the network
    labels: tuple[str, ...] = NAMES  # the classes in the order of the logits
    about: dict[str, Any] = field(default_factory=dict)  # run, data, epoch: whatever its maker wants to remember


@dataclass(frozen=True)
class Model:
    """A network ready to predict: `module` is in eval mode."""

    module: nn.Module
    spec: ModelSpec

    @property
    def device(self) -> torch.device:
        return next(self.module.parameters()).device


def save_model(path: Path, module: nn.Module, spec: ModelSpec, form: Form = "float32") -> None:
    """Store a model atomically, in half the size as `float16`, in a quarter as `int8`: see `packing`."""
    write_tensors(path, packed(module.state_dict(), form), {"spec": asdict(spec)})


def load_model(path: Path, device: str | torch.device = "cpu") -> Model:
    """Open a model file or the model in a checkpoint; parameters are float32 whatever is stored.

    Raises NotFound when there is no file, InputRefused when it is not one of ours or is damaged.
    """
    tensors, document = read_tensors(path)
    try:
        stored = dict(document["spec"])
        spec = ModelSpec(
            network=stored["network"],
            input=InputSpec(**stored["input"]),
            options=dict(stored["options"]),
            labels=tuple(stored["labels"]),
            about=dict(stored["about"]),
        )
        if spec.labels != NAMES:
            raise ValueError(f"its classes are {', '.join(spec.labels)}")
        module = rebuild_network(spec.network, spec.input.size, **spec.options)
        weights = {name: tensor for name, tensor in tensors.items() if not name.startswith(STATE)}
        module.load_state_dict(unpacked(weights))
    except (KeyError, TypeError, ValueError, RuntimeError, FerretError) as error:
        raise InputRefused(f"{path}: not a model that this version can use ({error}).") from error
    module = module.to(device).to(memory_format=torch.channels_last).eval()
    return Model(module, spec)
