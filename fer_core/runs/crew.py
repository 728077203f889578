"""The workers of a training on a Ray cluster, and Ray Train that conducts them."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fer_core.dataset.version import open_version
from fer_core.errors import Cancelled, FerretError
from fer_core.runs.run import is_held
from fer_core.runs.session import train_along, train_version
from fer_core.training.recipe import Recipe
from fer_core.training.team import Team
from fer_core.work.connection import Share
from fer_core.work.shared import Marks
from fer_core.workspace import Workspace

DEATHS = 3  # of workers that a training survives
LISTEN = 0.2  # seconds between two looks at a lock
LETTING_GO = 100.0  # seconds that a leader which is gone may hold the run's folder: NFSv4 keeps its locks for 90


@dataclass(frozen=True)
class Order:
    """What every worker is told."""

    workspace: Workspace
    version: str
    recipe: Recipe
    seed: int
    run_id: str
    leaky: bool
    workers: int
    share: Share
    marks: Marks


def conduct(order: Order, board: Any, scratch: Path) -> None:
    """On the head node: Ray Train from start to end. `scratch`: a shared folder for its own notes."""
    from ray.train import FailureConfig, RunConfig, ScalingConfig
    from ray.train.torch import TorchTrainer

    share = order.share
    TorchTrainer(
        work,
        train_loop_config={"order": order, "board": board},
        scaling_config=ScalingConfig(
            num_workers=order.workers, use_gpu=share.gpus > 0, resources_per_worker={"CPU": share.cpus}
        ),
        run_config=RunConfig(
            name=order.run_id, storage_path=str(scratch), failure_config=FailureConfig(max_failures=DEATHS)
        ),
    ).fit()


def work(told: dict[str, Any]) -> None:
    """What each worker does."""
    import ray
    import torch
    from ray.train.torch import get_device

    order, board = told["order"], told["board"]
    device = get_device()
    if device.type == "cuda":
        torch.cuda.set_device(device)
    team = Team(device)

    def over() -> bool:
        """Whether it failed before these workers were started, or should stop."""
        return bool(ray.get(board.failed.remote()) or ray.get(board.tell.remote(0, "starting", 0.0)))

    if team.from_leader(over):
        return
    try:
        order.marks.check()
        _train(team, order, board)
    except Cancelled:  # as the board said, which stays so: whoever is started again leaves at once
        return
    except FerretError as error:
        ray.get(board.fail.remote(type(error).__name__, str(error)))
        raise  # so that Ray ends the others, which may be waiting for this one


def _train(team: Team, order: Order, board: Any) -> None:
    import ray

    version = open_version(order.workspace, order.version)
    common: dict[str, Any] = {
        "seed": order.seed,
        "thread_count": order.share.cpus,
        "run_id": order.run_id,
        "leaky": order.leaky,
    }
    if not team.leads:
        train_along(order.workspace, version, order.recipe, team, **common)
        return

    def report(stage: str, fraction: float) -> None:
        if ray.get(board.tell.remote(0, stage, fraction)):
            team.stopping = True
            if not team.together:
                raise Cancelled("cancelled; what was finished is stored")

    patience = time.monotonic() + LETTING_GO
    while is_held(order.workspace.run(order.run_id)) and time.monotonic() < patience:
        time.sleep(LISTEN)
    train_version(order.workspace, version, order.recipe, report=report, team=team, **common)
