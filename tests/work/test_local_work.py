"""Work on this machine: what the contract in test_work.py leaves open."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import work_tasks

from fer_core.errors import InputRefused
from fer_core.progress import silent
from fer_core.work.tasks import run_tasks
from fer_core.workspace import REPOSITORY

DEADLINE = 240.0


def wait_until(condition: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < deadline, f"waited {DEADLINE:.0f} s in vain for: {what}"
        time.sleep(0.02)


def runs(pid: int) -> bool:
    """Whether a process of that number is there and no zombie."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


def test_a_task_in_this_process_fails_as_itself() -> None:
    with pytest.raises(InputRefused, match="line 7"):
        run_tasks([work_tasks.refuse], "reading", 1, 1, silent)


def test_who_is_killed_leaves_no_orphans(tmp_path: Path) -> None:
    files = [tmp_path / "one", tmp_path / "two"]
    here = str(Path(work_tasks.__file__).parent)
    search = os.pathsep.join([str(REPOSITORY), here, os.environ.get("PYTHONPATH", "")])
    script = "import sys, work_tasks; work_tasks.hold_all(sys.argv[1:])"  # no guard: it must not run again
    parent = subprocess.Popen(
        [sys.executable, "-c", script, *map(str, files)],
        env={**os.environ, "PYTHONPATH": search},
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_until(lambda: all(file.exists() for file in files), "both tasks to run")
        children = [int(file.read_text()) for file in files]
        assert all(runs(child) for child in children)
    finally:
        parent.send_signal(signal.SIGKILL)
        parent.wait()
    wait_until(lambda: not any(runs(child) for child in children), "the tasks to end with their parent")
