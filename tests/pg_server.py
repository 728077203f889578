"""A PostgreSQL server of the tests' own: on loopback, in a temporary folder, as a user without rights."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

PATIENCE = 60.0  # seconds; a deadline on a busy machine


def program(name: str) -> str | None:
    """A program of the newest PostgreSQL here."""
    versions = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: float(path.parts[4]))
    return str(versions[-1]) if versions else shutil.which(name)


class PostgresServer:
    """`start`, `stop` and `url`. PostgreSQL does not run as root, so there it runs as postgres or nobody."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="ferret-pg-"))
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self.url = f"postgresql://ferret@127.0.0.1:{self.port}/postgres"
        self._process: subprocess.Popen[bytes] | None = None
        self._user: str | None = None
        if os.geteuid() == 0:
            names = {entry.pw_name for entry in pwd.getpwall()}
            self._user = "postgres" if "postgres" in names else "nobody"
            shutil.chown(self.folder, self._user)
        self._run("initdb", "-D", "data", "-U", "ferret", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")

    def start(self) -> None:
        """Start it and wait until it answers."""
        quick = ("fsync=off", "full_page_writes=off", "shared_buffers=16MB", "max_connections=60")
        settings = ("listen_addresses=127.0.0.1", f"unix_socket_directories={self.folder}", *quick)
        command = ["-D", "data", "-p", str(self.port), *(word for one in settings for word in ("-c", one))]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [program("postgres"), *command], cwd=self.folder, user=self._user, stdout=log, stderr=log
            )
        deadline = time.monotonic() + PATIENCE
        while subprocess.call([program("pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)]):
            assert self._process.poll() is None and time.monotonic() < deadline, (self.folder / "log").read_text()
            time.sleep(0.02)

    def stop(self) -> None:
        """As a machine that is switched off: every connection is cut."""
        if self._process is not None:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait()
            self._process = None

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self.folder)

    def _run(self, name: str, *arguments: str) -> None:
        done = subprocess.run([program(name), *arguments], cwd=self.folder, user=self._user, capture_output=True)
        assert done.returncode == 0, done.stderr.decode()
