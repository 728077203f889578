"""How much memory a training takes, roughly, counted without computing anything."""

from typing import Any

import streamlit as st

from fer_core.training.recipe import Recipe
from pages._train_views.shapes import shapes_only

PROGRAM = 450e6  # bytes: Python, torch and its libraries
STATES = {"adam": 2, "adamw": 2, "adadelta": 2, "rmsprop": 2, "sgd": 1, "nesterov": 1, "adagrad": 1}
WORK = 1.5  # what the steps in between take on top of what is kept for going back


def gigabytes(recipe: Recipe, parameters: int, images: int) -> float:
    """Program, weights with gradients, optimiser and average, what one batch keeps for going back, the faces."""
    copies = 2 + STATES.get(recipe.optimiser, 2) + (recipe.average > 0)
    kept = _kept(recipe.network, recipe.size, repr(sorted(recipe.options.items())), recipe.options)
    return (PROGRAM + 4 * parameters * copies + WORK * kept * recipe.batch + 48 * 48 * images) / 1e9


@st.cache_data(max_entries=256, show_spinner=False)
def _kept(network: str, size: int, key: str, _options: dict[str, Any]) -> int:
    """Bytes that going forward keeps for going back, for one face: without weights, a shared tensor once."""
    import torch

    from fer_core.networks.registry import rebuild_network

    faces = 2  # batch norm wants more than one
    with shapes_only():
        module = rebuild_network(network, size, **_options).train()
        pixels = torch.empty(faces, 1, size, size)
    weights = {value.untyped_storage()._cdata for value in [*module.parameters(), *module.buffers()]}
    kept: dict[int, int] = {}

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        if storage._cdata not in weights:
            kept[storage._cdata] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        module(pixels)
    return sum(kept.values()) // faces
