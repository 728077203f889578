"""A video that a process of its own looks at, for a page that must not wait: progress, an end, a stop at any time.

    watching = Watching.start(content, "lesson.mp4", [choice], Watch(rate=5))
    watching.news()     # Progress(stage, fraction, state)
    watching.result()   # the timeline, once state is DONE

Everything lies in a temporary folder: the video, which is deleted as soon as it was looked at, and the timeline. The
folder and the process go with the object that holds them, so nothing outlives the visit.

    python -m fer_core.prediction.background FOLDER     what that process runs
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import weakref
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from fer_core.errors import Cancelled, FerretError, StoreError
from fer_core.files import brief_folder, read_json, write_json
from fer_core.prediction.models import ModelChoice
from fer_core.prediction.timeline import Timeline, load_timeline, save_timeline
from fer_core.prediction.watching import Watch
from fer_core.workspace import REPOSITORY

RUNNING, DONE, FAILED, STOPPED = "running", "done", "failed", "stopped"
_FILM, _SETTINGS, _PROGRESS, _TIMELINE, _ERROR, _LOG = (
    "film",
    "settings.json",
    "progress.json",
    "timeline.npz",
    "error.txt",
    "log.txt",
)


@dataclass(frozen=True)
class Progress:
    """Where it is; `stage` is a sentence when it has failed."""

    state: str
    stage: str
    fraction: float


class Watching:
    """One video under way. Whoever lets go of the object ends the process and deletes its folder."""

    def __init__(self, name: str, folder: Path, process: "subprocess.Popen[bytes]") -> None:
        self.name = name
        self._folder, self._process = folder, process
        self._stopped = False
        self._finalizer = weakref.finalize(self, _clean, folder, process)

    @classmethod
    def start(cls, content: bytes | memoryview, name: str, choices: Sequence[ModelChoice], how: Watch) -> "Watching":
        """Begin. `name` is what messages call the video; several models answer as one."""
        folder = brief_folder("video")
        try:
            (folder / _FILM).write_bytes(content)
        except OSError as error:
            shutil.rmtree(folder, ignore_errors=True)
            raise StoreError(
                f"{name}: there is no room to look at it ({error.strerror}). Make some in {folder.parent}."
            ) from error
        models = [{"kind": choice.kind, "name": choice.name, "path": str(choice.path)} for choice in choices]
        write_json(folder / _SETTINGS, {"name": name, "models": models, "how": asdict(how), "parent": os.getpid()})
        with (folder / _LOG).open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "fer_core.prediction.background", str(folder)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=REPOSITORY,
                env=os.environ | {"OMP_NUM_THREADS": str(max(1, (os.cpu_count() or 1) - 1))},
                start_new_session=True,
            )
        return cls(name, folder, process)

    def news(self) -> Progress:
        """Where it is now."""
        if self._stopped:
            return Progress(STOPPED, "stopped", 0.0)
        code = self._process.poll()
        if code is None:
            told = read_json(self._folder / _PROGRESS) if (self._folder / _PROGRESS).exists() else {}
            return Progress(RUNNING, told.get("stage", "starting"), told.get("fraction", 0.0))
        if code == 0:
            return Progress(DONE, "done", 1.0)
        return Progress(FAILED, self._why(code), 0.0)

    def result(self) -> Timeline:
        """The timeline, once it is done."""
        return load_timeline(self._folder / _TIMELINE)

    def stop(self) -> None:
        """End it now and delete everything."""
        self._stopped = True
        self._finalizer()

    def wait(self) -> Progress:
        """Wait for its end."""
        self._process.wait()
        return self.news()

    def _why(self, code: int) -> str:
        error = self._folder / _ERROR
        if error.exists():
            return error.read_text(encoding="utf-8")
        last = ((self._folder / _LOG).read_text(encoding="utf-8", errors="replace").strip().splitlines() or [""])[-1]
        return f"{self.name}: looking at it failed ({last or f'exit code {code}'})."


def main(folder: Path) -> int:
    """Look at the video in `folder`, which is deleted from it whatever happens."""
    from fer_core.prediction.predictor import together
    from fer_core.prediction.watching import watch

    settings = read_json(folder / _SETTINGS)

    def report(stage: str, fraction: float) -> None:
        if os.getppid() != settings["parent"]:  # the server is gone, and nobody will ever ask
            raise Cancelled("nobody is looking any more")
        temporary = folder / f"{_PROGRESS}.new"  # replaced, so never read half; it need not survive a power cut
        temporary.write_text(json.dumps({"stage": stage, "fraction": fraction}), encoding="utf-8")
        temporary.replace(folder / _PROGRESS)

    try:
        report("loading the network", 0.0)
        models = [ModelChoice(one["kind"], one["name"], Path(one["path"]), "") for one in settings["models"]]
        asked = together([choice.open() for choice in models])
        timeline = watch(folder / _FILM, asked, Watch(**settings["how"]), report, settings["name"])
        save_timeline(folder / _TIMELINE, timeline)
    except Cancelled:
        shutil.rmtree(folder, ignore_errors=True)
        return 1
    except FerretError as error:
        (folder / _ERROR).write_text(str(error), encoding="utf-8")
        return 1
    finally:
        (folder / _FILM).unlink(missing_ok=True)
    return 0


def _clean(folder: Path, process: "subprocess.Popen[bytes]") -> None:
    if process.poll() is None:
        with suppress(ProcessLookupError):  # gone already, which is what was wanted
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
