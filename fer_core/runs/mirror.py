"""A copy of every run in MLflow, where MLFLOW_TRACKING_URI is set: parameters, metrics by step, tags, artefacts.

The run folder stays the truth. A thread follows it and sends what is new, so that a training neither waits for a server
nor hears of its troubles; what is not there at the end can be sent later by `runs --mirror ID`. `mlflow.json` in the
run folder says what was sent and where. Without the variable nothing is imported and nothing happens.
"""

import os
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fer_core.errors import FerretError, UsageError
from fer_core.files import read_json, write_json
from fer_core.runs.notes import read_notes
from fer_core.runs.run import Run

if TYPE_CHECKING:
    from mlflow.tracking import MlflowClient

VARIABLE = "MLFLOW_TRACKING_URI"
EXTRAS = "pip install -r requirements-extras.txt"
EVERY = 5.0  # seconds between two looks at the run folder
LAST_WORDS = 30.0  # seconds that a finished training waits for what is not sent yet
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9_\-. :/]")  # of metrics, by MLflow's rules
MOST_METRICS = 1000  # in one request, by MLflow's own limit
ARTEFACTS = ("run.json", "report.json", "events.jsonl", "predictions.parquet", "best.safetensors")
STATUS = {"done": "FINISHED", "cancelled": "KILLED", "failed": "FAILED"}
# A server that does not answer is given up soon, unless people have set these themselves; and nothing goes elsewhere.
DEFAULTS = {
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_DISABLE_TELEMETRY": "true",
}


@contextmanager
def mirrored(folder: Path) -> Iterator[None]:
    """Send the run in `folder` to MLflow while the block fills it; what goes wrong there is told by `trouble` only."""
    uri = os.environ.get(VARIABLE)
    if not uri:
        yield
        return
    over = threading.Event()
    follower = threading.Thread(target=_follow, args=(folder, uri, over), name="mlflow", daemon=True)
    follower.start()
    try:
        yield
    finally:
        over.set()
        follower.join(LAST_WORDS)


def trouble(folder: Path) -> str | None:
    """Why the run is not whole in MLflow, as a sentence; None where it is, or was never sent."""
    state = _state(folder)
    if not state.get("trouble"):
        return None
    return (
        f"The run is not whole in MLflow at {state['uri']}: {state['trouble']}. "
        f"Nothing is missing here; `runs --mirror {folder.name}` sends the rest."
    )


def send_run(run: Run) -> str:
    """Send all of a run that MLflow lacks, now; returns its id there.

    Raises UsageError where MLFLOW_TRACKING_URI is not set, FerretError where the server does not take it.
    """
    uri = os.environ.get(VARIABLE)
    if not uri:
        raise UsageError(f"Say where MLflow is: {VARIABLE}=http://HOST:5000, for example.")
    if not _try(run.path, uri, last=run.status != "running"):
        raise FerretError(f"{run.id} could not be sent to MLflow at {uri}: {_state(run.path)['trouble']}.")
    return str(_state(run.path)["run"])


def _follow(folder: Path, uri: str, over: threading.Event) -> None:
    while not over.wait(EVERY):
        _try(folder, uri, last=False)
    _try(folder, uri, last=True)


def _try(folder: Path, uri: str, last: bool) -> bool:
    """Send what is new; a failure is noted, not raised, and what was sent before it is not sent again."""
    if not (folder / "run.json").exists():
        return True
    try:
        if last:  # stands there when nobody waits any longer for a server that does not answer
            _note(folder, uri, trouble="the server had not taken everything when the training ended")
        _send(folder, uri, _client(uri), last)
    except Exception as error:  # noqa: BLE001 - whatever a server or its client does, the training is not harmed
        _note(folder, uri, trouble=" ".join(str(error).split())[:300] or type(error).__name__)
        return False
    _note(folder, uri, trouble=None)
    return True


def _client(uri: str) -> "MlflowClient":
    for name, value in DEFAULTS.items():
        os.environ.setdefault(name, value)
    try:
        from mlflow.tracking import MlflowClient
    except ImportError as error:
        raise FerretError(f"mlflow-skinny is not installed ({EXTRAS})") from error
    return MlflowClient(uri)


def _send(folder: Path, uri: str, client: "MlflowClient", last: bool) -> None:
    run = Run(folder, read_json(folder / "run.json"))
    state = _state(folder)
    if state.get("uri") != uri or "run" not in state:
        state = _note(folder, uri, run=_created(client, run), step=-1, epoch=0)
    there = state["run"]
    events = run.events()
    ticks = [event for event in events if event["event"] == "tick" and event["step"] > state["step"]]
    epochs = [event for event in events if event["event"] == "epoch" and event["epoch"] > state["epoch"]]
    if ticks:
        _log(client, there, [metric for event in ticks for metric in _metrics("tick/", event)])
        _note(folder, uri, step=max(event["step"] for event in ticks))
    if epochs:
        _log(client, there, [metric for event in epochs for metric in _metrics("", event)])
        _note(folder, uri, epoch=max(event["epoch"] for event in epochs))
    status = STATUS.get(run.document["status"], "RUNNING")
    if not last and state.get("status", "RUNNING") != "RUNNING":  # it was stopped, and goes on
        client.update_run(there, "RUNNING")
        _note(folder, uri, status="RUNNING")
    if not last or state.get("status") == status:
        return
    if run.document["result"]:
        _log(client, there, list(_scores(run, events[-1]["time"])))
    for name, value in _words(run).items():
        client.set_tag(there, name, value)
    for artefact in ARTEFACTS:
        if (folder / artefact).exists():
            client.log_artifact(there, str(folder / artefact))
    client.update_run(there, status)
    _note(folder, uri, status=status)


def _created(client: "MlflowClient", run: Run) -> str:
    """A new run on the server with its parameters, which never change; its id."""
    from mlflow.entities import Param

    name = os.environ.get("MLFLOW_EXPERIMENT_NAME", "ferret")
    experiment = client.get_experiment_by_name(name)
    home = experiment.experiment_id if experiment else client.create_experiment(name)
    there = str(client.create_run(home, run_name=run.id).info.run_id)
    document = run.document
    chosen = {key: document[key] for key in ("version", "version_hash", "seed", "parameters")}
    chosen |= {"threads": document["environment"]["threads"], "device": document["environment"]["device"]}
    recipe = {key: value for key, value in document["recipe"].items() if key not in ("note", "options")}
    options = {f"options.{key}": value for key, value in document["recipe"]["options"].items()}
    client.log_batch(there, params=[Param(key, str(value)) for key, value in (chosen | recipe | options).items()])
    return there


def _words(run: Run) -> dict[str, str]:
    """The tags: what the run's figures mean, and what people wrote about it."""
    document, notes = run.document, read_notes(run.path)
    tags = {
        "ferret.run": run.id,
        "ferret.dataset": run.dataset,
        "ferret.protocol": document["protocol"]["sentence"],
        "ferret.leaky": str(run.leaky),
        "ferret.synthetic": str(document["synthetic"]),
        "ferret.origin": document["origin"],
        "ferret.git_commit": document["environment"].get("git_commit") or "",
        "ferret.tags": ", ".join(notes.tags),
        "mlflow.note.content": notes.note,
    }
    return {name: value for name, value in tags.items() if value}


def _metrics(prefix: str, event: dict[str, Any]) -> Iterator[tuple[str, float, float, int]]:
    """The figures of an event as (name, value, seconds since 1970, step)."""
    for name, value in event.items():
        if name not in ("event", "time", "step", "steps", "eta_s") and isinstance(value, int | float):
            yield f"{prefix}{name}", float(value), event["time"], event["step"]


def _scores(run: Run, moment: float) -> Iterator[tuple[str, float, float, int]]:
    """The scores of the best epoch, such as `PrivateTest/clean/accuracy`."""
    for role, subsets in run.document["result"].items():
        for subset, figures in subsets.items():
            for name, value in figures.items():
                if isinstance(value, int | float):
                    split = _NOT_IN_NAMES.sub("", run.document["protocol"][role]["name"]).strip()
                    yield f"{split}/{subset}/{name}", float(value), moment, run.document["best"]["epoch"]


def _log(client: "MlflowClient", there: str, metrics: list[tuple[str, float, float, int]]) -> None:
    from mlflow.entities import Metric

    found = [Metric(name, value, int(moment * 1000), step) for name, value, moment, step in metrics]
    for start in range(0, len(found), MOST_METRICS):
        client.log_batch(there, metrics=found[start : start + MOST_METRICS])


def _state(folder: Path) -> dict[str, Any]:
    path = folder / "mlflow.json"
    return read_json(path) if path.exists() else {}


def _note(folder: Path, uri: str, **news: Any) -> dict[str, Any]:
    """Remember what was sent to this server; what was sent to another one does not count."""
    state = _state(folder)
    state = (state if state.get("uri") == uri else {"uri": uri}) | news
    write_json(folder / "mlflow.json", state)
    return state
