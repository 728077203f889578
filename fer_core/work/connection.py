"""The Ray cluster that FER_CLUSTER names: reaching it, and what its nodes have."""

import logging
import platform
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from fer_core.errors import FerretError
from fer_core.work.address import VARIABLE

EXTRAS = "pip install -r requirements-extras.txt"
ANSWER = 5.0  # seconds that the head node has to take a connection
HEAD = {"node:__internal_head__": 0.001}  # a resource that only the head node has; who asks for a little runs there


@dataclass(frozen=True)
class Share:
    """What one task gets of a node."""

    cpus: int
    gpus: int


@contextmanager
def connected(address: str) -> Iterator[ModuleType]:
    """Ray, connected to the cluster at `address` while the block lasts. Raises FerretError in words.

    Standard output belongs to the command that waits for the cluster, so what Ray prints there goes to standard error.
    Inside a process that is connected already, nothing is done.
    """
    try:
        import ray
    except ImportError as error:
        raise FerretError(f"{VARIABLE} is set, and Ray is not installed here: {EXTRAS}") from error
    if ray.is_initialized():
        yield ray
        return
    with redirect_stdout(sys.stderr):
        try:
            if address != "auto":  # Ray itself would try for minutes
                host, _, port = address.removeprefix("ray://").rpartition(":")
                socket.create_connection((host.strip("[]"), int(port)), ANSWER).close()
            ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR)
        except ImportError as error:
            raise FerretError(f"ray:// needs Ray's client: pip install 'ray[client]=={ray.__version__}'") from error
        except (OSError, OverflowError, RuntimeError, ValueError) as error:
            raise FerretError(
                f"The Ray cluster at {address} ({VARIABLE}) cannot be reached: {_first_line(error)}. Start one with "
                f"`ray start --head` (docs/deploy.md), or unset {VARIABLE}."
            ) from error
        try:
            yield ray
        except ray.exceptions.RayError as error:  # what tasks end with was put into words where they were waited for
            raise FerretError(
                f"The Ray cluster at {address} ({VARIABLE}) failed: {_first_line(error)}. What was finished is stored; "
                "run it again to go on."
            ) from error
        finally:
            ray.shutdown()


def node_resources(ray: ModuleType) -> list[dict[str, float]]:
    """What each living node has: CPU, GPU and more, by name."""
    return [node["Resources"] for node in ray.nodes() if node["Alive"]]


def on_this_machine(ray: ModuleType) -> bool:
    """Whether every living node is this very machine."""
    return all(node["NodeManagerHostname"] == platform.node() for node in ray.nodes() if node["Alive"])


def room(nodes: list[dict[str, float]], share: Share) -> int:
    """How many tasks with this share run at once on idle nodes."""
    found = 0
    for node in nodes:
        fits = int(node.get("CPU", 0)) // share.cpus
        found += min(fits, int(node.get("GPU", 0)) // share.gpus) if share.gpus else fits
    return found


def fair_share(nodes: list[dict[str, float]], tasks: int) -> Share:
    """The most cores for each task with which as many tasks run at once as with one core, and a card where there are.

    Raises FerretError where no node has a core to give.
    """
    gpus = 1 if room(nodes, Share(1, 1)) else 0
    wanted = min(tasks, room(nodes, Share(1, gpus)))
    if not wanted:
        raise FerretError("No node of the cluster has a core for this work: see `ray status`, and --num-cpus.")
    most = max(int(node.get("CPU", 0)) for node in nodes)
    return Share(max(cpus for cpus in range(1, most + 1) if room(nodes, Share(cpus, gpus)) >= wanted), gpus)


def refuse_too_small(nodes: list[dict[str, float]], share: Share) -> None:
    """FerretError where no node is left that has a share to give: a task would wait for ever."""
    if not room(nodes, share):
        cores = f"{share.cpus} core{'s' * (share.cpus > 1)}"
        raise FerretError(
            f"No node of the cluster is left with {cores}{' and a graphics card' * share.gpus} for a task; what was "
            "finished is stored, run it again to go on with what there is."
        )


def in_words(ray: ModuleType, error: Exception) -> str:
    """Why a task of the cluster did not end well, for its reader: a fault of the program, or a death."""
    if isinstance(error, ray.exceptions.RayTaskError):
        cause: Any = error.cause if error.cause is not None else error
        hint = " (FERret must be installed on every node)" if isinstance(cause, ImportError) else ""
        return f"failed with {type(cause).__name__}: {str(cause).strip().rpartition(chr(10))[2].rstrip('.')}{hint}"
    if isinstance(error, ray.exceptions.OutOfMemoryError):
        return "was ended because its node ran out of memory"
    return "died with its process or node"


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0].rstrip(".")
