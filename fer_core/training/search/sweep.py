"""`sweep`: many short trainings with settings drawn by Optuna, judged on PublicTest; PrivateTest is never looked at.

A sweep is an Optuna study, in `sweeps/NAME.db` of the workspace or in any database that a URL names, so that it goes on
where it was left and several processes can share it; on a cluster each trial is a task. A trial that is clearly behind
at some epoch is given up (median pruning, Akiba et al. 2019). What comes out is a recipe, to be trained and scored by
`train` like any other.
"""

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fer_core.dataset.store import TRAINING
from fer_core.dataset.version import DatasetVersion, open_version
from fer_core.errors import Cancelled, FerretError, NotFound, UsageError
from fer_core.evaluation.protocol import Protocol, make_protocol
from fer_core.files import check_name
from fer_core.progress import Report, part, silent
from fer_core.training.loop import Observer, fit
from fer_core.training.machine import default_device
from fer_core.training.recipe import Recipe, parse_recipe
from fer_core.training.search.space import Knob, Space
from fer_core.training.state import Training
from fer_core.work.address import cluster_address
from fer_core.work.tasks import run_tasks
from fer_core.work.threads import set_threads
from fer_core.workspace import Workspace, child

if TYPE_CHECKING:
    import optuna

TRIALS_BEFORE_PRUNING = 4
BEAT = 30  # seconds between two signs of life of a trial; after twice that it counts as dead


class Unsuitable(Exception):
    """Settings that cannot be trained, or that led to no number: the trial failed, the sweep goes on."""


@dataclass(frozen=True)
class Trial:
    """One trial as people read it."""

    number: int
    state: str  # done, pruned, failed, running
    accuracy: float | None  # the best on PublicTest; of a pruned one, the best until then
    settings: dict[str, Any]  # what was drawn
    failure: str = ""


@dataclass(frozen=True)
class Sweep:
    """An opened sweep; `study` is Optuna's."""

    name: str
    study: "optuna.Study"

    @property
    def about(self) -> dict[str, Any]:
        """version, version_hash, recipe, space, protocol: what all trials have in common."""
        return dict(self.study.user_attrs)

    def trials(self) -> list[Trial]:
        """Every trial in the order of their numbers."""
        return [_trial(frozen) for frozen in self.study.get_trials(deepcopy=False)]

    def made(self) -> int:
        """How many trials were made, by whomever; one that was cancelled is not."""
        return sum(trial.state in ("done", "pruned") or bool(trial.failure) for trial in self.trials())

    def best(self) -> tuple[Trial, Recipe] | None:
        """The best finished trial and its recipe; None before one is done."""
        done = [trial for trial in self.trials() if trial.state == "done"]
        if not done:
            return None
        found = max(done, key=lambda trial: (trial.accuracy or 0.0, -trial.number))
        base = parse_recipe(self.about["recipe"], f"sweep {self.name}")
        return found, with_settings(base, found.settings, f"{self.name}-{found.number}")


def run_sweep(
    workspace: Workspace,
    version: DatasetVersion,
    name: str,
    base: Recipe,
    space: Space,
    *,
    trials: int,
    seed: int = 0,
    thread_count: int | None = None,
    storage: str | None = None,
    report: Report = silent,
) -> Sweep:
    """Go on with the sweep `name` until so many trials were made, and return it.

    base: what is not searched, its epochs are those of a trial. Raises UsageError when the sweep exists with other
    settings, NotFound for options of an unknown network, FerretError without Optuna.
    """
    library = _optuna()
    if trials < 1:
        raise UsageError("--trials must be at least 1.")
    space.refuse_unknown_networks()
    address = cluster_address()
    if address:
        _refuse_files_between_machines(address, storage)
    set_threads(thread_count)
    protocol = make_protocol(version.dataset, version.rows(TRAINING))
    about = {
        "version": str(version),
        "version_hash": version.hash,
        "recipe": base.document(),
        "space": space.document(),
        "seed": seed,
        "protocol": f"Trained on {len(protocol.train):,} images of Training, judged on {protocol.val_name} "
        f"({len(protocol.val):,}); {protocol.test_name} was not looked at.",
    }
    # One that goes on, or that several processes share, must not draw the same again.
    fresh = storage is None and not address and name not in list_sweeps(workspace)
    study = library.create_study(
        study_name=check_name(name, "sweep"),
        storage=_storage(workspace, name, storage, make=True),
        direction="maximize",
        load_if_exists=True,
        sampler=library.samplers.TPESampler(seed=seed if fresh else None, group=True, multivariate=True),
        pruner=_pruner(),
    )
    for key, value in about.items():
        if study.user_attrs.get(key, value) != value:
            raise UsageError(f"The sweep {name!r} exists with another {key}; choose another --name.")
        study.set_user_attr(key, value)

    sweep = Sweep(name, study)
    left = trials - sweep.made()
    if left > 0 and address:
        task = partial(_make_one, workspace, str(version), name, base, space, trials, seed, storage)
        run_tasks([task] * left, f"{left} trials", 1, 1, report, [workspace.root])
    elif left > 0:

        def told(number: int) -> Report:
            return part(report, *(min(end, 1.0) for end in (number / trials, (number + 1) / trials)))

        _make_trials(sweep, version, base, space, trials, left, seed, told)
    return sweep


def _make_one(
    workspace: Workspace,
    version: str,
    name: str,
    base: Recipe,
    space: Space,
    trials: int,
    seed: int,
    storage: str | None,
    report: Report,
) -> None:
    """One trial of a sweep that is stored already; nothing where it has as many as it should."""
    sampler = _optuna().samplers.TPESampler(group=True, multivariate=True, constant_liar=True)
    study = _optuna().load_study(
        study_name=name, storage=_storage(workspace, name, storage), sampler=sampler, pruner=_pruner()
    )
    sweep = Sweep(name, study)
    if sweep.made() < trials:
        _make_trials(sweep, open_version(workspace, version), base, space, trials, 1, seed, lambda _: report)


def _make_trials(
    sweep: Sweep,
    version: DatasetVersion,
    base: Recipe,
    space: Space,
    trials: int,
    count: int,
    seed: int,
    told: Callable[[int], Report],
) -> None:
    """Make `count` trials one after the other, fewer where others bring the sweep to `trials` meanwhile.

    told: the report of the trial with that number.
    """
    protocol = make_protocol(version.dataset, version.rows(TRAINING))

    def objective(trial: "optuna.Trial") -> float:
        return _judged(version, protocol, _drawn(trial, base, space), seed, trial, told(trial.number))

    def enough(study: "optuna.Study", _: "optuna.trial.FrozenTrial") -> None:
        if sweep.made() >= trials:
            study.stop()

    sweep.study.optimize(objective, n_trials=count, catch=(Unsuitable,), callbacks=[enough])


def _pruner() -> Any:
    return _optuna().pruners.MedianPruner(n_startup_trials=TRIALS_BEFORE_PRUNING, n_warmup_steps=1)


def _refuse_files_between_machines(address: str, storage: str | None) -> None:
    """UsageError for an SQLite file that several machines would write: its locks do not hold on shared storage."""
    if storage is not None and not storage.startswith("sqlite"):
        return
    from fer_core.work.connection import connected, on_this_machine

    with connected(address) as ray:
        alone = on_this_machine(ray)
    if not alone:
        raise UsageError(
            "The trials of this sweep would write one SQLite file from several machines, where its locks do not hold. "
            "Name a database that every node reaches: --storage postgresql+pg8000://USER@HOST/DATABASE"
        )


def open_sweep(workspace: Workspace, name: str, storage: str | None = None) -> Sweep:
    """A sweep by its name; NotFound says which there are in the workspace."""
    library = _optuna()
    try:
        study = library.load_study(study_name=check_name(name, "sweep"), storage=_storage(workspace, name, storage))
    except (KeyError, NotFound) as error:
        known = ", ".join(list_sweeps(workspace)) or "none yet"
        raise NotFound(f"There is no sweep {name!r} (in the workspace: {known}).") from error
    return Sweep(name, study)


def list_sweeps(workspace: Workspace) -> list[str]:
    """The names of the sweeps in the workspace, alphabetically."""
    return sorted(path.stem for path in (workspace.root / "sweeps").glob("*.db"))


def with_settings(base: Recipe, settings: Mapping[str, Any], name: str) -> Recipe:
    """The recipe with what a trial drew, such as `learning_rate` and `options.width`."""
    options = {key.removeprefix("options."): value for key, value in settings.items() if key.startswith("options.")}
    rest = {key: value for key, value in settings.items() if not key.startswith("options.")}
    changed = base.changed(**rest)
    return replace(changed, name=name, options={**changed.options, **options})


def _drawn(trial: "optuna.Trial", base: Recipe, space: Space) -> Recipe:
    settings = {name: _draw(trial, name, name, knob) for name, knob in space.recipe.items()}
    network = settings.get("network", base.network)
    for name, knob in space.options.get(network, {}).items():
        settings[f"options.{name}"] = _draw(trial, f"options.{name}", f"{network}.{name}", knob)
    trial.set_user_attr("settings", settings)
    try:
        return with_settings(base, settings, f"trial-{trial.number}")
    except FerretError as error:
        raise _unsuitable(trial, error) from error


def _draw(trial: "optuna.Trial", setting: str, label: str, knob: Knob) -> Any:
    """One value. The label tells options of one name in two networks apart."""
    if isinstance(knob, tuple):
        return trial.suggest_categorical(label, knob)
    field = Recipe.__dataclass_fields__.get(setting)
    if knob.step is not None or (field is not None and field.type is int):
        return trial.suggest_int(label, int(knob.low), int(knob.high), step=knob.step or 1, log=knob.log)
    return trial.suggest_float(label, knob.low, knob.high, log=knob.log)


def _judged(
    version: DatasetVersion,
    protocol: Protocol,
    recipe: Recipe,
    seed: int,
    trial: "optuna.Trial",
    report: Report,
) -> float:
    """The best PublicTest accuracy of a training with these settings."""
    watcher = _Watcher(trial)
    labels = version.labels.copy()  # what is held out of Training may be relabelled in a version; it judges as given
    labels[protocol.val] = version.dataset.labels[protocol.val]
    try:
        fit(
            version.images,
            labels,
            version.epoch(protocol.train),
            recipe,
            targets=version.targets,
            weights=version.weights,
            validation=protocol.val,
            seed=seed,
            device=default_device(),
            report=lambda stage, done: report(f"trial {trial.number + 1}, {stage}", done),
            observer=watcher,
        )
    except Cancelled:
        raise
    except FerretError as error:
        raise _unsuitable(trial, error) from error
    return watcher.best


def _unsuitable(trial: "optuna.Trial", error: FerretError) -> Unsuitable:
    trial.set_user_attr("failure", str(error))
    return Unsuitable(str(error))


class _Watcher(Observer):
    """Tells the study how each epoch went, and gives up where others were further by then."""

    def __init__(self, trial: "optuna.Trial") -> None:
        self.trial, self.best = trial, 0.0

    def epoch_done(self, training: Training, epoch: dict[str, Any]) -> None:
        self.best = max(self.best, epoch["val_accuracy"])
        self.trial.report(self.best, epoch["epoch"])
        if self.trial.should_prune():
            raise _optuna().TrialPruned(f"behind after {epoch['epoch']} epochs")


def _trial(frozen: "optuna.trial.FrozenTrial") -> Trial:
    states = {"COMPLETE": "done", "PRUNED": "pruned", "FAIL": "failed"}
    reached = max(frozen.intermediate_values.values(), default=None)
    return Trial(
        number=frozen.number,
        state=states.get(frozen.state.name, "running"),
        accuracy=reached if frozen.value is None else frozen.value,
        settings=dict(frozen.user_attrs.get("settings", {})),
        failure=str(frozen.user_attrs.get("failure", "")),
    )


def _file(workspace: Workspace, name: str) -> Path:
    return child(workspace.root / "sweeps", f"{check_name(name, 'sweep')}.db", "sweep")


def _storage(workspace: Workspace, name: str, url: str | None, make: bool = False) -> Any:
    file = _file(workspace, name)
    if url is None and not make and not file.exists():
        raise NotFound(str(file))
    file.parent.mkdir(parents=True, exist_ok=True)
    url = url or f"sqlite:///{file}"
    options = {"connect_args": {"timeout": BEAT}} if url.startswith("sqlite") else None  # others write it as well
    return _optuna().storages.RDBStorage(url, options, heartbeat_interval=BEAT, grace_period=2 * BEAT)


def _optuna() -> Any:
    try:
        import optuna
    except ImportError as error:
        raise FerretError("A sweep needs Optuna: pip install -r requirements-extras.txt") from error
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    # Heartbeats and grouped sampling are called experimental; the version is pinned.
    warnings.filterwarnings("ignore", category=optuna.exceptions.ExperimentalWarning)
    return optuna
