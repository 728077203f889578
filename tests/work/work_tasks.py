"""Tasks that travel to other processes, and a program that has such tasks run."""

import os
import signal
import time
from functools import partial
from pathlib import Path

from fer_core.errors import FerretError, InputRefused
from fer_core.progress import Report, silent
from fer_core.work.tasks import run_tasks


def square(number: int, folder: Path, report: Report) -> None:
    """Write the square of a number, and on how many threads it was found."""
    import torch  # the others do without, which saves seconds

    report("squaring", 0.5)
    (folder / f"{number}.txt").write_text(f"{number * number} on {torch.get_num_threads()} threads")
    report("squaring", 1.0)


def refuse(report: Report) -> None:
    raise InputRefused("faces.csv: line 7 is broken. Mend it.")


def refuse_silently(report: Report) -> None:
    raise FerretError


def fail(report: Report) -> None:
    raise ZeroDivisionError("a fault of the program")


def die(report: Report) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def die_once(file: Path, report: Report) -> None:
    """Die while it is tried for the first time; then say so."""
    tried = file.with_suffix(".tried")
    if not tried.exists():
        tried.touch()
        die(report)
    file.write_text("tried again")


def hold(file: Path, report: Report) -> None:
    """Write the number of this process and then work on until it is stopped."""
    file.with_suffix(".new").write_text(str(os.getpid()))
    file.with_suffix(".new").rename(file)
    while True:
        report("holding", 0.25)
        time.sleep(0.02)


def hold_all(files: list[str]) -> None:
    """Two processes that hold until they are stopped."""
    run_tasks([partial(hold, Path(file)) for file in files], "holding", 2, 1, silent, [Path(files[0]).parent])
