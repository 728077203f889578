"""keeping_kills.py TEMPLATE CHANGED FOLDER STRIDE: back up copies of the workspace TEMPLATE and restore FOLDER/WHAT.zip
to copies of CHANGED, in FOLDER/WHAT/0, FOLDER/WHAT/1, ...; each is killed as with -9 STRIDE steps later than the one
before, until one ends by itself. Forked, so that the libraries are loaded once.

A step is whatever this program asks of the file system or SQLite's door (Python's audit events).
"""

import os
import shutil
import signal
import sys
from pathlib import Path

from fer_core.keeping.archive import open_archive
from fer_core.keeping.backup import back_up
from fer_core.keeping.restore import restore_workspace
from fer_core.keeping.restore_labels import restore_labels
from fer_core.progress import silent
from fer_core.workspace import Workspace

STEPS = ("open", "os.rename", "os.link", "os.remove", "os.mkdir", "os.rmdir", "sqlite3.connect", "ctypes.dlsym")


def do(what: str, folder: Path) -> None:
    workspace = Workspace(folder / "data")
    if what == "backup":
        back_up(workspace, folder / "backup.zip")
        return
    with open_archive(folder.parent.with_suffix(".zip")) as opened:
        restore = restore_labels if what == "labels" else restore_workspace
        restore(workspace, opened, replace=True, dry_run=False, report=silent)


def die_at(last: int, folder: str) -> None:
    seen = 0

    def step(event: str, arguments: tuple) -> None:
        nonlocal seen
        if event in STEPS and (event.startswith("ctypes") or folder in str(arguments[0])):
            seen += 1
            if seen > last:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(step)


def kill_again_and_again(what: str, source: Path, place: Path, stride: int) -> None:
    for number in range(0, 1000, stride):
        folder = place / what / str(number)
        shutil.copytree(source, folder / "data")
        child = os.fork()
        if child == 0:
            die_at(number, str(folder))
            do(what, folder)
            os._exit(0)
        if os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0:
            return
    sys.exit("it never ended by itself")


if __name__ == "__main__":
    template, changed, place = map(Path, sys.argv[1:4])
    for what, source in (("backup", template), ("workspace", changed), ("labels", changed)):
        kill_again_and_again(what, source, place, int(sys.argv[4]))
