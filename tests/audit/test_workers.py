"""Work in processes of their own: the same results, progress that grows, and nobody left behind."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from multiprocessing import active_children
from pathlib import Path

import audit_tasks
import pytest
import torch

from fer_core.audit.workers import run_tasks
from fer_core.errors import Cancelled, FerretError, InputRefused
from fer_core.progress import silent
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


@pytest.mark.parametrize("processes", [1, 2])
def test_all_tasks_are_done_and_progress_grows_to_the_end(processes: int, tmp_path: Path) -> None:
    told: list[tuple[str, float]] = []
    tasks = [partial(audit_tasks.square, number, tmp_path) for number in range(3)]
    before = torch.get_num_threads()
    run_tasks(tasks, "squaring", processes, 3, lambda stage, fraction: told.append((stage, fraction)))
    written = {file.name: file.read_text() for file in tmp_path.iterdir()}
    assert written == {"0.txt": "0 on 3 threads", "1.txt": "1 on 3 threads", "2.txt": "4 on 3 threads"}
    assert torch.get_num_threads() == before
    fractions = [fraction for _, fraction in told]
    assert fractions == sorted(fractions)
    assert 0 <= fractions[0] < fractions[-1]
    assert told[-1] == ("squaring, 3 of 3 done", 1.0)
    assert not active_children()


@pytest.mark.slow
def test_whoever_cancels_leaves_nobody_at_work(tmp_path: Path) -> None:
    files = [tmp_path / "one", tmp_path / "two"]

    def cancel(stage: str, fraction: float) -> None:
        if all(file.exists() for file in files):
            raise Cancelled("enough")

    with pytest.raises(Cancelled, match="enough"):
        run_tasks([partial(audit_tasks.hold, file) for file in files], "holding", 2, 1, cancel)
    assert not any(runs(int(file.read_text())) for file in files)
    assert not active_children()


@pytest.mark.parametrize(
    ("task", "sentence"),
    [
        pytest.param(audit_tasks.refuse, "faces.csv: line 7 is broken. Mend it.", marks=pytest.mark.slow),
        (audit_tasks.die, r"was killed by SIGKILL; what was finished is stored, run it again"),
    ],
)
def test_a_task_that_fails_is_a_sentence_and_stops_the_others(task, sentence: str, tmp_path: Path) -> None:
    held = tmp_path / "held"
    with pytest.raises(FerretError, match=sentence):
        run_tasks([partial(audit_tasks.hold, held), task], "holding", 2, 1, silent)
    assert not held.exists() or not runs(int(held.read_text()))
    assert not active_children()


def test_a_task_in_this_process_fails_as_itself() -> None:
    with pytest.raises(InputRefused, match="line 7"):
        run_tasks([audit_tasks.refuse], "reading", 1, 1, silent)


def test_who_is_killed_leaves_no_orphans(tmp_path: Path) -> None:
    files = [tmp_path / "one", tmp_path / "two"]
    here = str(Path(audit_tasks.__file__).parent)
    search = os.pathsep.join([str(REPOSITORY), here, os.environ.get("PYTHONPATH", "")])
    script = "import sys, audit_tasks; audit_tasks.hold_all(sys.argv[1:])"  # no guard: it must not run again
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
