"""Which models can be asked: those that ship in `models/`, and the best checkpoint of every finished run.

Light to import: torch is loaded when a model is opened.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from fer_core.errors import NotFound, UsageError
from fer_core.files import check_name
from fer_core.runs.run import Run, list_runs, open_run
from fer_core.workspace import SHIPPED_MODELS, Workspace

if TYPE_CHECKING:
    from fer_core.prediction.predictor import Predictor

SHIPPED, RUN = "shipped", "run"


@dataclass(frozen=True)
class ModelChoice:
    """A model that can be opened. `name` is what answers call it: the shipped file's name, or the run's id."""

    kind: str  # SHIPPED or RUN
    name: str
    path: Path
    origin: str  # in words, for a list

    def open(self) -> "Predictor":
        """Load it; InputRefused when the file is damaged."""
        from fer_core.networks.weights import load_model
        from fer_core.prediction.predictor import Predictor

        return Predictor(load_model(self.path), self.name)


def list_choices(workspace: Workspace, shipped: Path = SHIPPED_MODELS) -> list[ModelChoice]:
    """The shipped models by name, then the finished runs, the newest first. The first one is the default."""
    runs = [run for run in list_runs(workspace) if run.status == "done" and run.best.exists()]
    return [
        *(_shipped(path) for path in sorted(shipped.glob("*.safetensors"))),
        *(_of_run(run) for run in runs),
    ]


def choose(
    workspace: Workspace, run: str | None = None, model: str | None = None, shipped: Path = SHIPPED_MODELS
) -> ModelChoice:
    """The run or the shipped model of that name, or the default when neither is named.

    A run may be asked before it is finished, as soon as it has weights. Raises UsageError for both, NotFound for none.
    """
    return choose_all(workspace, [run] if run else [], [model] if model else [], shipped)[0]


def choose_all(
    workspace: Workspace, runs: Sequence[str] = (), models: Sequence[str] = (), shipped: Path = SHIPPED_MODELS
) -> list[ModelChoice]:
    """The runs, or the shipped models, of those names, each once; the default alone when none is named."""
    if runs and models:
        raise UsageError("Give --run or --model, not both.")
    if runs:
        return [_run_named(workspace, name) for name in dict.fromkeys(runs)]
    if models:
        return [_model_named(name, shipped) for name in dict.fromkeys(models)]
    choices = list_choices(workspace, shipped)
    if not choices:
        raise NotFound("There is no model to ask: none ships in models/ and no run is finished. Train one first.")
    return choices[:1]


def _run_named(workspace: Workspace, name: str) -> ModelChoice:
    run = open_run(workspace, name)
    if not run.best.exists():
        raise NotFound(f"The run {name} ({run.status}) has no weights yet: its first epoch is not done.")
    return _of_run(run)


def _model_named(name: str, shipped: Path) -> ModelChoice:
    path = shipped / f"{check_name(name, 'model')}.safetensors"
    if not path.is_file():
        known = ", ".join(found.stem for found in sorted(shipped.glob("*.safetensors"))) or "none"
        raise NotFound(f"No model {name!r} ships with this program (there: {known}). For a run, use --run.")
    return _shipped(path)


def _shipped(path: Path) -> ModelChoice:
    return ModelChoice(SHIPPED, path.stem, path, "comes with the program")


def _of_run(run: Run) -> ModelChoice:
    return ModelChoice(RUN, run.id, run.best, f"run on {run.version}")
