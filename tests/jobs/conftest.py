"""An empty workspace for jobs that run for real."""

import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from fer_core.database import is_kept
from fer_core.jobs import store
from fer_core.workspace import Workspace


@pytest.fixture
def yard(tmp_path: Path) -> Iterator[Workspace]:
    """An empty workspace; what still runs in it at the end of the test is killed."""
    workspace = Workspace(tmp_path / "data")
    yield workspace
    if not is_kept(workspace.jobs_db):
        return
    ours = {os.getpid(), os.getppid(), os.getpgid(0)}  # some tests play the worker themselves
    for job in store.list_jobs(workspace):
        for process in (job.worker, job.process):
            running = job.state == store.RUNNING and process is not None and process.here and process.alive()
            if running and process.pid not in ours:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
