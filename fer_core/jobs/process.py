"""A process as something that can be looked up later.

A process number alone is not enough: the system gives it to somebody else as soon as its process is gone. Number and
start time together are never given twice, and neither changes when the clock is set.
"""

import os
import signal
import socket
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Process:
    """A process on some machine; `started` is only compared, never read as a time."""

    host: str
    pid: int
    started: str

    @property
    def here(self) -> bool:
        """Whether it lives (or lived) on this machine, so that its life can be looked up."""
        return self.host == socket.gethostname()

    def alive(self) -> bool:
        """Whether this very process still runs. Only for processes of this machine (`here`)."""
        return _start_time(self.pid) == self.started

    def signal_group(self, number: signal.Signals) -> None:
        """Send a signal to the process and all that it started (it leads a group of its own)."""
        with suppress(ProcessLookupError):  # gone already, which is what was wanted
            os.killpg(self.pid, number)


def find_process(pid: int) -> Process | None:
    """The process that has this number now on this machine; None when there is none, or only its remains."""
    started = _start_time(pid)
    return Process(socket.gethostname(), pid, started) if started else None


def _start_time(pid: int) -> str:
    """When a living process started, as an opaque text; empty when there is no such process or it is a zombie."""
    if Path("/proc/self/stat").exists():
        try:
            stat = Path(f"/proc/{pid}/stat").read_text()
        except OSError:
            return ""
        # The command name, in brackets, may hold blanks and brackets itself; the fields are counted after it.
        fields = stat.rpartition(")")[2].split()
        state, ticks_since_boot = fields[0], fields[19]  # fields 3 and 22 of proc(5)
        return "" if state in "ZX" else ticks_since_boot
    listed = subprocess.run(["ps", "-o", "stat=,lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)
    state, _, started = listed.stdout.strip().partition(" ")
    return "" if state.startswith("Z") else started.strip()
