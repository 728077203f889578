"""A real server for the browser tests, and how they wait: for conditions, never for a time."""

import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from playwright.sync_api import Page

from fer_core.workspace import Workspace

ROOT = Path(__file__).resolve().parents[2]
READY = "[data-testid='stApp'][data-test-script-state='notRunning']"
PATIENCE = 60.0  # seconds; a deadline on a busy machine, not a measurement
HELD = 30  # ms for which a key is down; the same key twice within 25 ms is taken for a bouncing contact


class Server:
    """`streamlit run app.py` over a workspace of its own, on a port that stays the same through `kill` and `start`."""

    def __init__(self, workspace: Workspace, log: Path) -> None:
        self.workspace = workspace
        self.log = log
        self.port = _free_port()
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it and wait until it answers."""
        environment = {**os.environ, "FERRET_WORKSPACE": str(self.workspace.root)}
        command = [sys.executable, "-m", "streamlit", "run", "app.py", f"--server.port={self.port}"]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command, cwd=ROOT, env=environment, stdout=log, stderr=log, start_new_session=True
            )
        until(lambda: self._answers() or self.process is None or self.process.poll() is not None)
        assert self.process.poll() is None, self.log.read_text(errors="replace")

    def kill(self) -> None:
        """As a crash would: no clean-up, no goodbye."""
        if self.process is not None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self.process = None

    def free_faces(self) -> None:
        """Nobody holds faces any more. Browsers that a test closes do not say goodbye, and the demo has few faces."""
        if self.workspace.leases_db.exists():
            with closing(sqlite3.connect(self.workspace.leases_db, timeout=20)) as connection, connection:
                connection.execute("DELETE FROM leases")

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/_stcore/health", timeout=2) as answer:  # noqa: S310 - loopback
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False


def until(condition: Callable[[], object], patience: float = PATIENCE) -> None:
    """Wait until the condition holds."""
    deadline = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < deadline, f"still not so after {patience:.0f} s"
        time.sleep(0.05)


def ready(page: Page) -> Page:
    """Wait until the page's script has run through."""
    page.wait_for_selector(READY)
    return page


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
