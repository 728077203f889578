"""The catalogue of networks. Adding one is adding one module to this package that defines `NETWORK`.

Every network takes float32 (N, 1, size, size), normalised as its `InputSpec` says, and returns logits (N, 7): softmax
is applied outside, because cross-entropy takes logits. It has a property `cam_layer`, the module whose output Grad-CAM
uses, and its last linear layer (the last that it registers) makes the logits. One that can begin with weights trained
elsewhere says so: `origin`, a phrase, and `trunk`, the module that they went into.
"""

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

from torch import nn

import fer_core.networks as package
from fer_core.errors import NotFound, UsageError


@dataclass(frozen=True)
class Network:
    """A line of the catalogue. `build(size, **options)` makes the module; the options are its own keyword arguments."""

    name: str
    summary: str
    source: str  # the paper, or "ours"
    sizes: tuple[int, ...]  # input sizes that make sense, the usual one first
    build: Callable[..., nn.Module]
    initial: tuple[str, ...] = ()  # options that only say where the first weights come from


@cache
def networks() -> dict[str, Network]:
    """Every network by name, in alphabetical order."""
    modules = (
        importlib.import_module(f"{package.__name__}.{found.name}") for found in pkgutil.iter_modules(package.__path__)
    )
    found = [module.NETWORK for module in modules if hasattr(module, "NETWORK")]
    return {network.name: network for network in sorted(found, key=lambda network: network.name)}


def find_network(name: str) -> Network:
    """The network of that name; NotFound says which there are."""
    known = networks()
    if name not in known:
        raise NotFound(f"There is no network {name!r} (there: {', '.join(known)}).")
    return known[name]


def build_network(name: str, size: int, **options: Any) -> nn.Module:
    """A fresh network, randomly initialised, for `size` x `size` pixels; UsageError for options it does not have."""
    network = find_network(name)
    try:
        return network.build(size, **options)
    except (TypeError, ValueError) as error:
        raise UsageError(f"The network {name!r} cannot be built for size {size} with {options}: {error}.") from error


def rebuild_network(name: str, size: int, **options: Any) -> nn.Module:
    """A network for weights that are loaded next: like `build_network`, without looking for its first weights.

    A stored model must open where the file that it began with is gone, and must not make this program read one.
    """
    initial = find_network(name).initial
    return build_network(name, size, **{key: value for key, value in options.items() if key not in initial})


def origin(module: nn.Module) -> str:
    """Where a fresh network's weights come from, as a phrase: "from scratch", "from torchvision's ImageNet weights"."""
    return str(getattr(module, "origin", "from scratch"))


def trunk_parameters(module: nn.Module) -> list[nn.Parameter]:
    """The parameters that were trained elsewhere, to be frozen first; none in a network from scratch."""
    trunk = getattr(module, "trunk", None)
    return [] if trunk is None else list(trunk.parameters())


def parameter_count(module: nn.Module) -> int:
    """How many trainable values a module has."""
    return sum(parameter.numel() for parameter in module.parameters() if parameter.requires_grad)
