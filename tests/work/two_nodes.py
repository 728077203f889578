"""A Ray cluster of two nodes with one core each, on this machine."""

import os
import signal
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from fer_core.workspace import REPOSITORY

# Nothing large goes through Ray; nobody reads the logs of its processes, and no machine is to be started for it.
NODE = {"num_cpus": 1, "object_store_memory": 80 << 20, "include_log_monitor": False}
HEAD = {**NODE, "include_dashboard": False, "no_monitor": True}
DEADLINE = 60.0  # seconds for processes to be gone that were told to go
MARK = "FERRET_TEST_CLUSTER"  # in the environment of all processes of the cluster


class TwoNodes:
    """The cluster, with a connection of this process to it."""

    def __init__(self, inside: Any, mark: str) -> None:
        self.inside, self.mark = inside, mark
        self.second = inside.add_node(**NODE)

    @property
    def address(self) -> str:
        return str(self.inside.address)

    def processes(self, title: str) -> list[int]:
        """The numbers of the cluster's processes whose command line has this in it."""
        found = []
        for number in marked(self.mark):
            with suppress(OSError):
                if title in Path(f"/proc/{number}/cmdline").read_text():
                    found.append(number)
        return found

    def wait_for_end_of(self, title: str) -> None:
        """Until there is none of these processes; an assertion fails where they stay."""
        deadline = time.monotonic() + DEADLINE
        while left := self.processes(title):
            assert time.monotonic() < deadline, f"{len(left)} processes of {title} did not end"
            time.sleep(0.1)

    def lose_second(self) -> None:
        """The second node is gone at once, with all that runs on it."""
        self.inside.remove_node(self.second, allow_graceful=False)


@contextmanager
def two_nodes() -> Iterator[TwoNodes]:
    """Start the cluster, connect to it, and see that nothing of it stays behind."""
    import ray
    from ray.cluster_utils import Cluster

    mark = uuid.uuid4().hex
    # Ray's workers are nice, and beside other tests would hardly get anywhere.
    search = os.pathsep.join([str(REPOSITORY), str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")])
    with environment({"PYTHONPATH": search, "RAY_USAGE_STATS_ENABLED": "0", "RAY_worker_niceness": "0", MARK: mark}):
        inside = Cluster(initialize_head=True, head_node_args=HEAD)
        try:
            nodes = TwoNodes(inside, mark)
            ray.init(address=inside.address, log_to_driver=False, logging_level="error")
            yield nodes
        finally:
            ray.shutdown()
            inside.shutdown()
    deadline = time.monotonic() + DEADLINE
    while (left := marked(mark)) and time.monotonic() < deadline:
        time.sleep(0.1)
    for number in left:
        with suppress(ProcessLookupError):
            os.kill(number, signal.SIGKILL)
    assert not left, f"{len(left)} processes of the cluster did not end"


@contextmanager
def environment(values: dict[str, str]) -> Iterator[None]:
    """Variables that are set inside, and as they were after."""
    before = {name: os.environ.get(name) for name in values}
    os.environ |= values
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def marked(mark: str) -> list[int]:
    """The numbers of living processes that were started with this mark."""
    found = []
    for place in Path("/proc").glob("[0-9]*/environ"):
        with suppress(OSError):
            if f"{MARK}={mark}".encode() in place.read_bytes():  # empty for a zombie
                found.append(int(place.parent.name))
    return found
