"""`train_together`: a run trained by several workers of a Ray cluster, into the same folder as by one process.

Ray Train places the workers, connects them (gloo, or nccl between graphics cards) and starts all of them again when one
dies; they go on from the last checkpoint in the run's folder. Where a person can do something about a failure, it
is written on the board, and workers that are started again leave at once.
"""

from pathlib import Path
from typing import Any

from fer_core.dataset.version import DatasetVersion
from fer_core.errors import FerretError, UsageError
from fer_core.files import read_json, temporary_folder
from fer_core.progress import Report, silent
from fer_core.runs.crew import Order, conduct
from fer_core.runs.mirror import mirrored
from fer_core.runs.run import Run, open_run
from fer_core.runs.session import train_version
from fer_core.training.recipe import Recipe
from fer_core.work.address import VARIABLE, cluster_address
from fer_core.work.board import put_up
from fer_core.work.connection import HEAD, connected, fair_share, in_words, node_resources, room
from fer_core.work.shared import marked
from fer_core.workspace import Workspace

LISTEN = 0.2  # seconds between two looks at how far it is
STOPPING = 60.0  # seconds that workers have to finish a step and store where they stand


def train_together(
    workspace: Workspace,
    version: DatasetVersion,
    recipe: Recipe,
    workers: int,
    *,
    seed: int = 0,
    run_id: str,
    leaky: bool = False,
    report: Report = silent,
) -> Run:
    """`train_version` by so many workers of the cluster that FER_CLUSTER names, each with its part of every batch.

    Raises UsageError without a cluster, or with one that has no room for so many; else as `train_version`.
    """
    refuse_workers(workers)
    folder = workspace.run(run_id)
    if (folder / "run.json").exists() and read_json(folder / "run.json")["status"] == "done":
        return train_version(workspace, version, recipe, seed=seed, run_id=run_id, leaky=leaky, report=report)
    with (
        connected(cluster_address()) as ray,
        mirrored(folder),
        marked([workspace.root]) as marks,
        temporary_folder(workspace.root / "train") as scratch,
    ):
        nodes = node_resources(ray)
        share = fair_share(nodes, workers)
        if room(nodes, share) < workers:
            raise UsageError(f"--workers {workers}: the cluster has room for {room(nodes, share)} (`ray status`).")
        order = Order(workspace, str(version), recipe, seed, run_id, leaky, workers, share, marks)
        _watched(ray, order, scratch, report)
    return open_run(workspace, run_id)


def refuse_workers(workers: int) -> None:
    """UsageError for a number that cannot be, and without a cluster."""
    if not cluster_address():
        raise UsageError(f"--workers needs a Ray cluster: set {VARIABLE} (docs/deploy.md), or leave --workers out.")
    if workers < 1:
        raise UsageError(f"--workers {workers}: at least 1.")


def _watched(ray: Any, order: Order, scratch: Path, report: Report) -> None:
    """Have it trained, and pass on how far it is; when `report` raises, the workers store where they stand first."""
    board = put_up(ray)
    conductor = ray.remote(num_cpus=0, resources=HEAD, max_retries=0)(conduct)
    training = conductor.remote(order, board, scratch)
    try:
        try:
            while not ray.wait([training], timeout=LISTEN)[0]:
                stage, done = ray.get(board.heard.remote()).get(0, (f"starting {order.workers} workers", 0.0))
                if (there := room(node_resources(ray), order.share)) < order.workers:
                    stage = f"waiting for nodes: there is room for {there} of {order.workers} workers"
                report(stage, done)
        except (FerretError, KeyboardInterrupt):
            ray.get(board.ask_to_stop.remote())
            ray.wait([training], timeout=STOPPING)
            raise
        failure = ray.get(board.failed.remote())
        if failure:
            kind, sentence = failure
            raise (UsageError if kind == UsageError.__name__ else FerretError)(sentence)
        try:
            ray.get(training)
        except ray.exceptions.RayError as error:
            raise FerretError(
                f"The training {in_words(ray, error)}; run it again to go on from the last checkpoint."
            ) from error
    finally:
        ray.cancel(training, force=True)
        ray.kill(board)
