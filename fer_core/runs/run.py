"""The run folder: everything about one training in files that people can read.

runs/ID/
    run.json              recipe, protocol, version, environment, status: see `session`
    events.jsonl          one line per epoch, and one about every two seconds in between
    last.safetensors      where the training stands (also a model); best.safetensors the weights of the best epoch
    predictions.parquet   row, split (one of ROLES), label (the given one), clean, voted and copy where there are such,
                          p_angry ... p_neutral
    report.json           {one of ROLES: {"whole"|"clean": all metrics with intervals, "votes"|"given": the same by the
                          other labels}}
    predictions-*.parquet with test-time augmentation, made when somebody asks: see `augmented`
    run.lock              held by the process that trains

A page about runs is computed from these files and nothing else.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from fer_core.emotions import NAMES
from fer_core.errors import NotFound
from fer_core.files import is_locked, locked, read_json
from fer_core.workspace import Workspace

if TYPE_CHECKING:  # listing runs must not wait seconds for torch
    from fer_core.networks.weights import Model

PROBABILITIES = [f"p_{name}" for name in NAMES]
ROLES = ("val", "test", "votetest")
SUBSETS = ("whole", "clean")
GIVEN, VOTES = "given", "votes"
LABELS = (GIVEN, VOTES)


def default_labels(role: str) -> str:
    """By which labels a role is scored: VoteTest by votes, the others as they are given."""
    return VOTES if role == "votetest" else GIVEN


@dataclass(frozen=True)
class Run:
    """An opened run; `document` is its run.json."""

    path: Path
    document: dict[str, Any]

    @property
    def id(self) -> str:
        return self.path.name

    @property
    def dataset(self) -> str:
        """The name of the data set it was trained on."""
        return str(self.document["dataset"])

    @property
    def version(self) -> str:
        """What it was trained on: `DATASET` or `DATASET@NAME`."""
        return str(self.document["version"])

    @property
    def protocol_key(self) -> str:
        """What runs must share to stand in one ranking: see `evaluation.protocol`."""
        from fer_core.evaluation.protocol import protocol_key

        return protocol_key(self.document["protocol"])

    @property
    def leaky(self) -> bool:
        """Whether copies of its test images are in its training."""
        return bool(self.document["protocol"].get("leaky"))

    @property
    def status(self) -> str:
        """running, done, cancelled, failed; or interrupted: it should be running, but no process holds its lock."""
        status = str(self.document["status"])
        return "interrupted" if status == "running" and not is_held(self.path) else status

    @property
    def best(self) -> Path:
        """The weights that PublicTest chose."""
        return self.path / "best.safetensors"

    @property
    def last(self) -> Path:
        """The checkpoint from which the training can go on."""
        return self.path / "last.safetensors"

    def model(self, device: str = "cpu") -> "Model":
        """The best epoch's network; NotFound before the first epoch is done."""
        if not self.best.exists():
            raise NotFound(f"The run {self.id} ({self.status}) has no weights yet: its first epoch is not done.")
        from fer_core.networks.weights import load_model

        return load_model(self.best, device)

    def events(self) -> list[dict[str, Any]]:
        """The lines of events.jsonl; a line that is still being written is left out."""
        path = self.path / "events.jsonl"
        if not path.exists():
            return []
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
        return [json.loads(line) for line in lines if line.endswith("\n")]

    def epochs(self) -> pd.DataFrame:
        """One line per finished epoch: epoch, train_loss, train_accuracy, val_loss, val_accuracy, val_macro_f1, ..."""
        return pd.DataFrame([event for event in self.events() if event["event"] == "epoch"])

    def predictions(self, role: str) -> pd.DataFrame:
        """row, label, p_angry ... p_neutral of one of ROLES, by ascending row; empty where it was not scored.

        And, but in older runs: `clean` (bool), whether it has no copy elsewhere; `voted`, the class of a clear majority
        of votes or -1, where there were votes; `copy`, in leaky runs, above 0 for an augmented copy of the row.
        """
        self._finished("predictions.parquet")
        table = pd.read_parquet(self.path / "predictions.parquet")
        return table[table["split"] == role].drop(columns="split").reset_index(drop=True)

    def report(self) -> dict[str, Any]:
        """The metrics: {one of ROLES: {"whole"|"clean": ...}}."""
        self._finished("report.json")
        document: dict[str, Any] = read_json(self.path / "report.json")
        return document

    def _finished(self, file: str) -> None:
        if not (self.path / file).exists():
            raise NotFound(f"The run {self.id} is not finished ({self.status}); its results come at the end.")


def probabilities(predictions: pd.DataFrame) -> np.ndarray:
    """float32 (N, 7) of a table of predictions."""
    return predictions[PROBABILITIES].to_numpy(np.float32)


def protocol_sentences(runs: Mapping[str, Run]) -> list[str]:
    """How runs, by letter, were trained and scored: each sentence once, after the letters of those it is true of.

    Runs of one protocol may differ in what they trained on. Without letters where one sentence holds for all.
    """
    true_of: dict[str, list[str]] = {}
    for letter, run in runs.items():
        true_of.setdefault(run.document["protocol"]["sentence"], []).append(letter)
    if len(true_of) == 1:
        return list(true_of)
    return [f"{', '.join(letters)}: {sentence}" for sentence, letters in true_of.items()]


def open_run(workspace: Workspace, run_id: str) -> Run:
    """Open a run by its id."""
    path = workspace.run(run_id)
    if not (path / "run.json").exists():
        known = ", ".join(run.id for run in list_runs(workspace)[:5]) or "none yet"
        raise NotFound(f"There is no run {run_id!r} in {workspace.root} (the newest: {known}).")
    return Run(path, read_json(path / "run.json"))


def list_runs(workspace: Workspace) -> list[Run]:
    """Every run, the newest first. Reads one small file per run."""
    found = [Run(file.parent, read_json(file)) for file in workspace.runs.glob("*/run.json")]
    return sorted(found, key=lambda run: (run.document["started"], run.id), reverse=True)


@contextmanager
def held(path: Path) -> Iterator[None]:
    """Hold a run's lock: one process trains a run."""
    with locked(path / "run.lock", f"The run {path.name} is being trained by another process; wait for it."):
        yield


def is_held(path: Path) -> bool:
    """Whether some process trains this run now."""
    return is_locked(path / "run.lock")
