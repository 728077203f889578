"""Work on this machine: what the contract in test_work.py leaves open."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import work_tasks
from waiting import wait_until

from fer_core.errors import FerretError, InputRefused
from fer_core.jobs.process import find_process
from fer_core.progress import silent
from fer_core.work.tasks import run_tasks
from fer_core.workspace import REPOSITORY


def test_a_task_in_this_process_fails_as_itself() -> None:
    with pytest.raises(InputRefused, match="line 7"):
        run_tasks([work_tasks.refuse], "reading", 1, 1, silent)


def test_a_task_that_fails_without_a_word_has_failed() -> None:
    with pytest.raises(FerretError):
        run_tasks([work_tasks.refuse_silently] * 2, "reading", 2, 1, silent)


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
        assert all(find_process(child) for child in children)
    finally:
        parent.send_signal(signal.SIGKILL)
        parent.wait()
    wait_until(lambda: not any(find_process(child) for child in children), "the tasks to end with their parent")
