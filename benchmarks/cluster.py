"""Folds of an audit on a Ray cluster: how much sooner two nodes are done than one, and what a small job costs.

    python -m benchmarks.cluster [--images 3500] [--folds 4] [--recipe audit] [--rounds 3]

Starts a cluster of one node and then of two on this machine, each with one core, and has them train the fold networks
of an audit of the demo. The processes of a round are warm: they have loaded torch. The same folds are trained without
a cluster, on one core and on two. The small job is two tasks that do nothing. Medians over the rounds, least to most.
`--images 420 --folds 2 --recipe FILE.toml` is a small one, to see that it works.
"""

import argparse
import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from fer_core.audit.labels import judge_labels
from fer_core.audit.results import AuditSettings, preset
from fer_core.dataset.demo import create_demo
from fer_core.dataset.version import DatasetVersion, as_imported
from fer_core.progress import Report, silent
from fer_core.training.machine import cpu
from fer_core.work.tasks import run_tasks
from fer_core.workspace import REPOSITORY, Workspace

STORE = 80 << 20  # bytes; nothing large goes through Ray


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=3500)
    parser.add_argument("--folds", type=int, default=4)
    parser.add_argument("--recipe", help="default: the audit's")
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    print(f"{cpu()['name']}, {arguments.images:,} images, {arguments.folds} folds")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        version = as_imported(create_demo(Workspace(folder), images=arguments.images))
        settings = preset("fast").changed(folds=arguments.folds, recipe=arguments.recipe)
        folds, small = partial(train_folds, version, settings), partial(do_nothing, folder)
        found = {}
        for nodes in (1, 2):
            with cluster(nodes):
                first = timed(partial(small, 1))
                print(f"the first job of a connection to {nodes} node{'s' * (nodes > 1)}: {first:.1f} s")
                timed(partial(folds, 1))  # warms the processes
                found[f"folds, cluster of {nodes}"] = [timed(partial(folds, 1)) for _ in range(arguments.rounds)]
                found[f"small job, cluster of {nodes}"] = [timed(partial(small, 1)) for _ in range(arguments.rounds)]
        for cores in (1, 2):
            found[f"folds, here on {cores}"] = [timed(partial(folds, cores)) for _ in range(arguments.rounds)]
            found[f"small job, here on {cores}"] = [timed(partial(small, cores)) for _ in range(arguments.rounds)]
    for what, seconds in sorted(found.items()):
        print(f"{what:<26} {statistics.median(seconds):7.2f} s ({min(seconds):.2f} to {max(seconds):.2f})")
    for where in ("cluster of", "here on"):
        one, two = (statistics.median(found[f"folds, {where} {count}"]) for count in (1, 2))
        print(f"folds, {where} 1 -> 2: {one / two:.2f} times as fast")


def train_folds(version: DatasetVersion, settings: AuditSettings, cores: int) -> None:
    folder = settings.folder(version)
    folder.mkdir(parents=True)
    judge_labels(version, settings, cores=cores)
    shutil.rmtree(folder)


def do_nothing(folder: Path, cores: int) -> None:
    run_tasks([nothing] * 2, "nothing", cores, 1, silent, [folder])


def nothing(report: Report) -> None:
    """A task without work."""


def timed(work: Callable[[], None]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


@contextmanager
def cluster(nodes: int) -> Iterator[None]:
    """A cluster of so many nodes with a core each, connected to for the whole block, and FER_CLUSTER set."""
    import ray
    from ray.cluster_utils import Cluster

    search = os.pathsep.join([str(REPOSITORY), os.environ.get("PYTHONPATH", "")])
    os.environ |= {"RAY_USAGE_STATS_ENABLED": "0", "RAY_worker_niceness": "0", "PYTHONPATH": search}
    node = {"num_cpus": 1, "object_store_memory": STORE}
    inside = Cluster(initialize_head=True, head_node_args={**node, "include_dashboard": False})
    try:
        for _ in range(nodes - 1):
            inside.add_node(**node)
        ray.init(address=inside.address, log_to_driver=False, logging_level="error")
        os.environ["FER_CLUSTER"] = inside.address
        yield
    finally:
        os.environ.pop("FER_CLUSTER", None)
        ray.shutdown()
        inside.shutdown()


if __name__ == "__main__":
    from benchmarks import cluster as named  # under this name the nodes find its tasks as well

    named.main()
