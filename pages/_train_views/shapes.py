"""Networks that have shapes but no numbers, without the seconds that torch takes to draw numbers that are not there."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def undrawn() -> Iterator[None]:
    """Inside, tensors are not filled with normal numbers.

    On the meta device nothing would be filled anyway, but the first attempt of a process loads torch's compiler.
    """
    import torch
    from torch.overrides import TorchFunctionMode

    class Undrawn(TorchFunctionMode):
        def __torch_function__(
            self, function: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
        ) -> Any:
            if function is torch.Tensor.normal_:
                return args[0]
            return function(*args, **(kwargs or {}))

    with Undrawn():
        yield


@contextmanager
def shapes_only() -> Iterator[None]:
    """Inside, what is built has shapes alone: it takes neither memory nor time."""
    import torch

    with undrawn(), torch.device("meta"):
        yield
