"""events.jsonl: what happened in a run, one JSON document per line, readable while it is written."""

import errno
import json
import os
import time
from pathlib import Path
from typing import Any

from fer_core.files import atomic_path


class EventLog:
    """Appends lines; each is whole before the next begins, and each has `event` and `time` (seconds since 1970)."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def restart(self, history: list[dict[str, Any]], step: int) -> None:
        """Begin a sitting: keep exactly the epochs that the checkpoint knows, and say where it goes on.

        What a killed sitting had written after its last checkpoint happens again and is written again.
        """
        times = {line["epoch"]: line["time"] for line in self._lines() if line["event"] == "epoch"}
        with atomic_path(self.path) as temporary, temporary.open("w", encoding="utf-8") as file:
            for epoch in history:
                file.write(_line("epoch", epoch, times.get(epoch["epoch"], time.time())))
            file.write(_line("resumed" if step else "started", {"step": step}, time.time()))

    def write(self, event: str, document: dict[str, Any]) -> None:
        """Append one line. Raises OSError on a full disk, and leaves no half line for a later one to follow."""
        line = _line(event, document, time.time()).encode()
        with self.path.open("ab", buffering=0) as file:
            whole = file.seek(0, os.SEEK_END)
            if file.write(line) < len(line):
                file.truncate(whole)
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self.path))

    def _lines(self) -> list[dict[str, Any]]:
        if not self.path.exists():
            return []
        lines = self.path.read_text(encoding="utf-8").splitlines(keepends=True)
        return [json.loads(line) for line in lines if line.endswith("\n")]


def _line(event: str, document: dict[str, Any], moment: float) -> str:
    return json.dumps({"event": event, "time": round(moment, 3), **document}) + "\n"
