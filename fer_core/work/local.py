"""Independent pieces of long work in processes of their own, one core each.

Two networks trained side by side on one thread each finish sooner than one after the other on two threads, and a page
that is served meanwhile takes only what it needs instead of making two threads wait for each other. The processes are
told to be nice and stop when the one that started them is gone, however it went.
"""

import multiprocessing
import os
import signal
import sys
from collections.abc import Sequence
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from types import ModuleType

from fer_core.errors import FerretError
from fer_core.progress import Report
from fer_core.work.tally import Tally, Task
from fer_core.work.threads import set_threads, torch_threads

NICENESS = 5
LISTEN = 0.2  # seconds between two looks at who has said something


def run_here(tasks: Sequence[Task], stage: str, processes: int, threads: int, report: Report) -> None:
    """`tasks.run_tasks` on this machine."""
    tally = Tally(len(tasks), stage, report)
    if processes <= 1 or len(tasks) == 1:
        for index, task in enumerate(tasks):

            def here(_: str, fraction: float, index: int = index) -> None:
                tally.heard(index, fraction)
                tally.tell()

            with torch_threads(threads):
                task(here)
            tally.finished(index)
            tally.tell()
        return

    waiting = list(enumerate(tasks))
    running: dict[Connection, tuple[int, BaseProcess]] = {}
    try:
        while waiting or running:
            while waiting and len(running) < processes:
                index, task = waiting.pop(0)
                connection, process = _start(task, threads)
                running[connection] = index, process
            ready = wait(list(running), timeout=LISTEN)
            for connection in [one for one in running if one in ready]:
                index, process = running[connection]
                try:
                    fraction, error = connection.recv()
                except EOFError:  # it ended; whether well is what its exit code says
                    process.join()
                    del running[connection]
                    if process.exitcode:
                        raise FerretError(_ended(process.exitcode)) from None
                    tally.finished(index)
                else:
                    if error is not None:
                        raise FerretError(error)
                    tally.heard(index, fraction)
            tally.tell()
    finally:
        for _, process in running.values():
            process.terminate()
        for connection, (_, process) in running.items():
            process.join()
            connection.close()


def _ended(code: int) -> str:
    how = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
    return f"A process of this work {how}; what was finished is stored, run it again to go on (enough memory?)."


def _start(task: Task, threads: int) -> tuple[Connection, BaseProcess]:
    context = multiprocessing.get_context("spawn")  # a forked copy of torch's threads would hang
    here, there = context.Pipe(duplex=False)
    process = context.Process(target=_work, args=(task, threads, there, os.getpid()), daemon=True)
    # The new process would first run this one's main script again, which may have no guard against that. Tasks are
    # looked up in their own modules, so it needs none of it.
    script = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        process.start()
    finally:
        sys.modules["__main__"] = script
    there.close()
    return here, process


def _work(task: Task, threads: int, connection: Connection, parent: int) -> None:
    """What a started process does: the task, telling how far it is, and an error in words if it fails."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Control+C reaches the parent, which stops us
    os.nice(NICENESS)
    set_threads(threads)

    def tell(_: str, fraction: float) -> None:
        if os.getppid() != parent:
            sys.exit("the process that asked for this work is gone")
        connection.send((fraction, None))

    try:
        task(tell)
    except FerretError as error:
        connection.send((0.0, str(error)))
