"""The whole state of a training in one safetensors file, whole or not there, and checked against its own sha256.

The file is a model as well: its plain tensors are the weights as they would be evaluated (so `load_model` opens it);
those under `state/` are what only going on needs. Random numbers follow from the step's number, learning rates from
that and the finished epochs.
"""

from dataclasses import asdict
from functools import partial
from pathlib import Path

import torch
from torch import Tensor

from fer_core.errors import InputRefused
from fer_core.networks.tensors import read_tensors, write_tensors
from fer_core.networks.weights import STATE
from fer_core.training.state import Progress, Training

MODULE = f"{STATE}module/"
OPTIMISER = f"{STATE}optimiser/"


def save_checkpoint(path: Path, training: Training) -> None:
    """Store where a training stands, atomically."""
    tensors: dict[str, Tensor] = dict(training.model().module.state_dict())
    if training.average is not None:
        tensors |= {MODULE + name: tensor for name, tensor in training.module.state_dict().items()}
    for index, state in training.optimiser.state_dict()["state"].items():
        tensors |= {f"{OPTIMISER}{index}/{key}": value for key, value in state.items() if value is not None}
    document = {
        "spec": asdict(training.spec),
        "recipe": training.recipe.document(),
        "seed": training.seed,
        "precision": training.precision,
        "images": training.images,
        "progress": asdict(training.progress),
    }
    write_tensors(path, tensors, document)


def resume(path: Path, training: Training) -> None:
    """Put a fresh training where it stood, if it did; in a team all begin where the leader does.

    The leader alone reads: what another one sees of a shared storage may be older. Raises as `restore_checkpoint`.
    """
    if training.team:
        training.team.align(training.module)
    if training.from_leader(path.exists):
        restore_checkpoint(path, training)


def restore_checkpoint(path: Path, training: Training) -> None:
    """Put a fresh training where the stored one stood.

    Raises InputRefused when the file is damaged or belongs to another recipe, seed or number of images.
    """
    tensors, document = training.from_leader(partial(read_tensors, path))
    stored = (document["recipe"], document["seed"], document.get("images"))
    if stored != (training.recipe.document(), training.seed, training.images):
        raise InputRefused(
            f"{path}: the checkpoint of another recipe, seed or version; it cannot be continued with these."
        )
    model = {name: tensor for name, tensor in tensors.items() if not name.startswith(STATE)}
    if training.average is not None:
        training.average.load_state_dict(model)
        model = {name.removeprefix(MODULE): tensor for name, tensor in tensors.items() if name.startswith(MODULE)}
    training.module.load_state_dict(model)
    _restore_optimiser(training, tensors)
    training.precision = document["precision"]
    training.progress = Progress(**document["progress"])


def _restore_optimiser(training: Training, tensors: dict[str, Tensor]) -> None:
    parameters = [parameter for group in training.optimiser.param_groups for parameter in group["params"]]
    state: dict[int, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        if name.startswith(OPTIMISER):
            index, key = name.removeprefix(OPTIMISER).split("/")
            like = parameters[int(index)]
            # The fused optimisers want their state laid out in memory as the parameter is.
            value = torch.empty_like(like).copy_(tensor) if tensor.shape == like.shape else tensor
            state.setdefault(int(index), {})[key] = value
    groups = training.optimiser.state_dict()["param_groups"]
    training.optimiser.load_state_dict({"state": state, "param_groups": groups})
