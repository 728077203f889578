"""From what a job's process left behind to how the job ended.

A job writes its document to `jobs/ID.json` (its standard output) and everything else to `jobs/ID.log` (its standard
error). That is enough to conclude a job also when the worker that waited for it is gone and nobody knows its exit
code any more.
"""

import json
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fer_core.workspace import Workspace

# Signals that come from outside: a person, the system short of memory, a shutdown. Others mean that it crashed.
_FROM_OUTSIDE = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
_TAIL = 20_000  # bytes of the log that are searched for the last clear line


@dataclass(frozen=True)
class Outcome:
    """How a job ended: `state` is done, failed, cancelled or interrupted; `error` a sentence where there is one."""

    state: str
    error: str | None = None
    result: Any = None


@dataclass(frozen=True)
class JobFiles:
    """Where a job's process writes."""

    output: Path
    log: Path

    def remove(self) -> None:
        """Forget what was written."""
        self.output.unlink(missing_ok=True)
        self.log.unlink(missing_ok=True)

    def result(self) -> Any:
        """The document on its standard output; None while there is none, or only the beginning of one."""
        try:
            return json.loads(self.output.read_bytes())
        except (OSError, ValueError):
            return None

    def last_words(self) -> tuple[str, str]:
        """What followed its last `ferret: `, and its last line; each empty where there is none."""
        if not self.log.exists():
            return "", ""
        with self.log.open("rb") as log:
            log.seek(max(0, self.log.stat().st_size - _TAIL))
            lines = [line.strip() for line in log.read().decode("utf-8", "replace").splitlines() if line.strip()]
        spoken = [line.removeprefix("ferret: ") for line in lines if line.startswith("ferret: ")]
        return (spoken or [""])[-1], (lines or [""])[-1]


def job_files(workspace: Workspace, job_id: str) -> JobFiles:
    """The files of a job."""
    folder = workspace.root / "jobs"
    return JobFiles(folder / f"{job_id}.json", folder / f"{job_id}.log")


def outcome(files: JobFiles, code: int | None, cancel_requested: bool) -> Outcome:
    """How a job ended whose process is gone. `code` as of `subprocess` (negative: a signal), None when unknown."""
    result = files.result()
    if code == 0 or (code is None and result is not None):
        return Outcome("done", result=result)
    if cancel_requested:
        return Outcome("cancelled", result=result)
    sentence, last_line = files.last_words()
    if code is None and sentence:
        return Outcome("failed", sentence, result)
    if code is None or -code in _FROM_OUTSIDE or code == 130:
        return Outcome(
            "interrupted",
            "Its process was ended from outside (killed, out of memory, or the machine was switched off). "
            "Resume goes on from what it has stored.",
        )
    if code < 0:
        return Outcome("failed", f"Its process crashed ({signal.Signals(-code).name}). The log is {files.log}.")
    if not sentence:
        sentence = f"The program failed: {last_line or f'exit code {code}, without a word'}. Its log is {files.log}."
    return Outcome("failed", sentence, result)
