"""`train_version`: a version, a recipe and a seed in; a run folder out, resumed where it was left.

PublicTest (val) chooses the best epoch. PrivateTest (test) and VoteTest are not looked at until the last epoch is done;
then they are scored once, with the best epoch's weights.
"""

import secrets
import time
from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from fer_core.dataset.version import DatasetVersion
from fer_core.errors import Cancelled, FerretError, UsageError
from fer_core.evaluation.protocol import protocol_key
from fer_core.files import atomic_path, read_json, sweep_temporaries, write_json
from fer_core.networks.registry import origin, parameter_count
from fer_core.networks.weights import load_model, save_model
from fer_core.progress import Report, part, silent
from fer_core.runs.events import EventLog
from fer_core.runs.leaky import leaky_plan
from fer_core.runs.material import balanced
from fer_core.runs.mirror import mirrored
from fer_core.runs.plan import Plan, honest_plan
from fer_core.runs.run import Run, held, open_run
from fer_core.runs.scoring import headline, scored
from fer_core.training.balance import refuse_balancing_twice
from fer_core.training.checkpoints import resume, save_checkpoint
from fer_core.training.loop import Observer, Training, fit
from fer_core.training.machine import default_device, environment
from fer_core.training.patience import stopped_words
from fer_core.training.recipe import Recipe
from fer_core.training.team import Team
from fer_core.work.threads import set_threads
from fer_core.workspace import Workspace

CHECKPOINT_SECONDS = 60.0


def new_run_id(recipe: Recipe) -> str:
    """Such as `shallow48-20261121-1405-ab12`: sorts by time, and two started in one minute differ."""
    return f"{recipe.network}{recipe.size}-{datetime.now(UTC):%Y%m%d-%H%M}-{secrets.token_hex(2)}"


def train_version(
    workspace: Workspace,
    version: DatasetVersion,
    recipe: Recipe,
    *,
    seed: int = 0,
    thread_count: int | None = None,
    run_id: str | None = None,
    leaky: bool = False,
    report: Report = silent,
    team: Team | None = None,
) -> Run:
    """Train a version into `runs/RUN_ID` and return the finished run. `leaky`: by `leaky_plan`, as a warning example.

    team: with others, whom this process leads; each of them calls `train_along` with the same.

    Where the folder exists with the same settings, the training goes on from its last checkpoint; a finished one is
    returned as it is. Raises UsageError when the folder holds another training, StoreError when another process trains
    it, and lets `Cancelled` through with the checkpoint stored.
    """
    run_id = run_id or new_run_id(recipe)
    folder = workspace.run(run_id)
    thread_count = set_threads(thread_count)
    with held(folder), nullcontext() if team else mirrored(folder):
        sweep_temporaries(folder)
        plan, training = _prepared(folder, version, recipe, seed, leaky, team)
        document = _opened(folder, version, plan, training, thread_count)
        if document["status"] != "done":
            books = _Books(folder, document)
            try:
                _train(folder, plan, training, books, report)
            except (Cancelled, KeyboardInterrupt):
                books.close("cancelled")
                raise
            except Exception as error:
                if team is None or isinstance(error, FerretError):  # otherwise some other process of the team died
                    books.close("failed", failure=str(error))
                raise
    return open_run(workspace, run_id)


def train_along(
    workspace: Workspace,
    version: DatasetVersion,
    recipe: Recipe,
    team: Team,
    *,
    seed: int = 0,
    thread_count: int | None = None,
    run_id: str,
    leaky: bool = False,
) -> None:
    """Train in a team that another process leads, which keeps the run's folder."""
    set_threads(thread_count)
    folder = workspace.run(run_id)
    plan, training = _prepared(folder, version, recipe, seed, leaky, team)
    resume(folder / "last.safetensors", training)
    _fit(plan, training)


def _prepared(
    folder: Path, version: DatasetVersion, recipe: Recipe, seed: int, leaky: bool, team: Team | None
) -> tuple[Plan, Training]:
    """What is trained, and a training that has not begun."""
    plan = _plan(folder, version, leaky)
    refuse_balancing_twice(recipe, plan.epoch, plan.weights)
    plan = replace(plan, material=balanced(plan.material, plan.labels[plan.epoch], recipe))
    about = {"run": folder.name, "version": str(version), "version_hash": version.hash}
    device = str(team.device) if team else default_device()
    return plan, Training(recipe, len(plan.epoch), seed, device, about, team)


def _plan(folder: Path, version: DatasetVersion, leaky: bool) -> Plan:
    """What is trained and scored; a run that began before the data set had votes goes on as it began."""
    if leaky:
        return leaky_plan(version)
    path = folder / "run.json"
    return honest_plan(version, votetest=not path.exists() or "votetest" in read_json(path)["protocol"])


def _opened(folder: Path, version: DatasetVersion, plan: Plan, training: Training, thread_count: int) -> dict[str, Any]:
    """The run's document: the stored one when the settings agree, else a new one."""
    settings = {
        "network": training.recipe.network,
        "size": training.recipe.size,
        "version": str(version),
        "version_hash": version.hash,
        "seed": training.seed,
        "recipe": training.recipe.document(),
    }
    if (folder / "run.json").exists():
        stored: dict[str, Any] = read_json(folder / "run.json")
        for key, value in settings.items():
            if stored[key] != value:
                raise UsageError(f"The run {folder.name} exists with another {key}; choose another --run.")
        if protocol_key(stored["protocol"]) != plan.protocol.document()["key"]:
            raise UsageError(
                f"The run {folder.name} exists with other images to choose and to score, or its data set's votes have "
                f"changed since; choose another --run."
            )
        return stored
    return {
        "id": folder.name,
        "status": "running",
        **settings,
        "dataset": version.dataset.name,
        "dataset_hash": version.dataset.hash,
        "synthetic": version.dataset.synthetic,
        "parameters": parameter_count(training.module),
        "origin": origin(training.module),
        "protocol": plan.document(),
        "material": plan.material,
        "environment": environment(str(training.device), thread_count, training.precision) | _workers(training.team),
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "finished": None,
        "wall_s": 0.0,
        "best": None,
        "result": None,
    }


def _workers(team: Team | None) -> dict[str, int]:
    return {"workers": team.size} if team else {}


def _train(folder: Path, plan: Plan, training: Training, books: "_Books", report: Report) -> None:
    resume(folder / "last.safetensors", training)
    books.begin(training)
    _fit(plan, training, part(report, 0.0, 0.98), books)
    if training.team:
        training.team.together = False
    if words := stopped_words(training.recipe, training.progress.history, plan.protocol.val_name):
        books.document["stopped"] = words
    report("scoring the best epoch", 0.98)
    best = load_model(folder / "best.safetensors", str(training.device))
    books.finish(*scored(best, plan, part(report, 0.98, 1.0)))


def _fit(plan: Plan, training: Training, report: Report = silent, observer: Observer | None = None) -> None:
    fit(
        plan.images,
        plan.labels,
        plan.epoch,
        training.recipe,
        targets=plan.targets,
        weights=plan.weights,
        validation=plan.protocol.val,
        seed=training.seed,
        training=training,
        report=report,
        observer=observer,
    )


class _Books(Observer):
    """Keeps a run's folder while it trains: events, checkpoints, run.json."""

    def __init__(self, folder: Path, document: dict[str, Any]) -> None:
        self.folder, self.document = folder, document
        self.log = EventLog(folder / "events.jsonl")
        self.stored = time.monotonic()

    def begin(self, training: Training) -> None:
        self.document |= {"status": "running", "finished": None}
        self.document.pop("failure", None)
        history, step = training.progress.history, training.progress.step
        best = self._keep_best(history) if history else None
        write_json(self.folder / "run.json", self.document)
        self.log.restart(history, step)
        if best is not None and best is history[-1] and best["step"] == step:
            self._save_best(training, best)  # it may have been stopped between the checkpoint and these weights

    def ticked(self, training: Training, tick: dict[str, Any]) -> None:
        self.log.write("tick", tick)
        if time.monotonic() - self.stored > CHECKPOINT_SECONDS:
            self._store(training)

    def epoch_done(self, training: Training, epoch: dict[str, Any]) -> None:
        best = epoch is self._keep_best(training.progress.history)
        self._store(training)  # first: `begin` can make the best weights from it, and not the other way round
        if best:
            self._save_best(training, epoch)
        self.log.write("epoch", epoch)
        write_json(self.folder / "run.json", self.document)

    def stopped(self, training: Training) -> None:
        self._store(training)

    def close(self, status: str, **more: Any) -> None:
        now = datetime.now(UTC).isoformat(timespec="seconds")
        self.document |= {"status": status, "finished": now, **more}
        self.log.write(status, {})
        write_json(self.folder / "run.json", self.document)

    def finish(self, predictions: pd.DataFrame, metrics: dict[str, Any]) -> None:
        with atomic_path(self.folder / "predictions.parquet") as temporary:
            predictions.to_parquet(temporary)
        write_json(self.folder / "report.json", metrics)
        self.document["result"] = headline(metrics)
        self.close("done")

    def _store(self, training: Training) -> None:
        save_checkpoint(self.folder / "last.safetensors", training)
        self.stored = time.monotonic()
        self.document["wall_s"] = round(training.progress.seconds, 2)

    def _save_best(self, training: Training, epoch: dict[str, Any]) -> None:
        model = training.model()
        about = {**model.spec.about, "epoch": epoch["epoch"], "val_accuracy": epoch["val_accuracy"]}
        save_model(self.folder / "best.safetensors", model.module, replace(model.spec, about=about))

    def _keep_best(self, history: list[dict[str, Any]]) -> dict[str, Any]:
        """The epoch with the best PublicTest accuracy; of equals, the one with the lower loss."""
        best = max(history, key=lambda epoch: (epoch["val_accuracy"], -epoch["val_loss"]))
        self.document["best"] = {key: best[key] for key in ("epoch", "val_accuracy", "val_macro_f1", "val_loss")}
        return best
