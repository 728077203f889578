"""Freeze, then unfreeze: what was trained elsewhere stays as it is until the new last layers know what they want.

A frozen trunk has no gradient, so no optimiser moves or decays it or keeps a state for it; its batch norms normalise
by the statistics that they came with and do not follow the new pictures.
"""

from torch import nn

from fer_core.errors import UsageError
from fer_core.networks.registry import origin, trunk_parameters
from fer_core.training.recipe import Recipe


def refuse_nothing_to_freeze(module: nn.Module, recipe: Recipe) -> None:
    """UsageError where a recipe freezes and there is nothing in the network that was trained elsewhere."""
    if recipe.freeze and not trunk_parameters(module):
        raise UsageError(
            f"Recipe {recipe.name!r} leaves what was trained elsewhere as it is for {recipe.freeze} epochs, but "
            f"{recipe.network} begins {origin(module)}. Set freeze to 0, or give the network weights to begin with."
        )


def set_modes(module: nn.Module, frozen: bool) -> None:
    """Put a network into training mode, its trunk held still or not."""
    module.train()
    for parameter in trunk_parameters(module):
        parameter.requires_grad_(not frozen)
    if frozen:
        trunk: nn.Module = module.trunk  # type: ignore[assignment]
        trunk.eval()
