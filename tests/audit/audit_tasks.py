"""Tasks that travel to other processes, and a program that has such tasks run."""

import os
import signal
import time
from functools import partial
from pathlib import Path

import torch

from fer_core.audit.workers import run_tasks
from fer_core.errors import InputRefused
from fer_core.progress import Report, silent


def square(number: int, folder: Path, report: Report) -> None:
    """Write the square of a number, and on how many threads it was found."""
    report("squaring", 0.5)
    (folder / f"{number}.txt").write_text(f"{number * number} on {torch.get_num_threads()} threads")
    report("squaring", 1.0)


def refuse(report: Report) -> None:
    raise InputRefused("faces.csv: line 7 is broken. Mend it.")


def die(report: Report) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def hold(file: Path, report: Report) -> None:
    """Write the number of this process and then work on until it is stopped."""
    file.with_suffix(".new").write_text(str(os.getpid()))
    file.with_suffix(".new").rename(file)
    while True:
        report("holding", 0.25)
        time.sleep(0.02)


def hold_all(files: list[str]) -> None:
    """Two processes that hold until they are stopped."""
    run_tasks([partial(hold, Path(file)) for file in files], "holding", 2, 1, silent)
