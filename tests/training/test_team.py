"""Two processes that train together: what they learn is what one would, and they stop at the same step."""

from functools import partial
from pathlib import Path

import numpy as np
import pytest
import team_tasks
import torch
from torch import distributed
from torch.nn import functional as F

from fer_core.dataset.store import Dataset
from fer_core.dataset.version import as_imported
from fer_core.progress import silent
from fer_core.runs import session
from fer_core.runs.session import train_version
from fer_core.training.lessons import weighted_loss
from fer_core.training.recipe import Recipe
from fer_core.training.team import Team, loss_mass
from fer_core.work.local import run_here
from fer_core.workspace import Workspace


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("team")
    run_here([partial(team_tasks.train, rank, 2, folder) for rank in range(2)], "training", 2, 1, silent)
    return folder


def both(made: Path, name: str) -> list[dict[str, np.ndarray]]:
    return [dict(np.load(made / f"{name}-{rank}.npz")) for rank in range(2)]


def test_two_learn_what_one_learns(made: Path) -> None:
    alone = team_tasks.numbers(team_tasks.learnt(team_tasks.SMOOTH, None))
    start = team_tasks.numbers(team_tasks.fresh(team_tasks.SMOOTH))
    for together in both(made, "exact"):
        assert together.keys() == alone.keys()
        for name, values in alone.items():
            np.testing.assert_allclose(together[name], values, rtol=0, atol=1e-5, err_msg=name)
    moved = max(np.abs(alone[name] - start[name]).max() for name in start if name not in ("said", "step"))
    assert moved > 0.01  # it did learn


def test_running_statistics_are_those_of_the_whole_batch(made: Path) -> None:
    """Of the first batch norm: what it is given does not depend on how the batch was cut."""
    alone = team_tasks.numbers(team_tasks.learnt(team_tasks.NORMED, None))
    first, second = both(made, "normed")
    for name in first:
        np.testing.assert_array_equal(first[name], second[name], err_msg=name)
    mean = next(name for name in alone if name.endswith("running_mean"))
    np.testing.assert_allclose(first[mean], alone[mean], rtol=0, atol=1e-5)
    variance = mean.replace("running_mean", "running_var")
    np.testing.assert_allclose(first[variance], alone[variance], rtol=0.02)


def test_all_stop_after_the_same_step(made: Path) -> None:
    assert [int(one["step"]) for one in both(made, "stopped")] == [4, 4]


def test_all_go_on_where_the_leader_reads_that_it_stood(made: Path) -> None:
    """The one that sees an older checkpoint as well, with optimiser, average and history."""
    for gone_on, at_once in zip(both(made, "resumed"), both(made, "exact"), strict=True):
        for name, values in at_once.items():
            np.testing.assert_allclose(gone_on[name], values, rtol=0, atol=1e-6, err_msg=name)


def test_parts_too_small_for_batch_norm_are_refused_by_all(made: Path) -> None:
    for rank in range(2):
        refusal = (made / f"refused-{rank}.txt").read_text()
        assert "too small for 2 workers: take fewer workers" in refusal


def test_a_run_is_trained_on_the_device_of_its_team(
    workspace: Workspace, bars: Dataset, tiny: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where this machine has a better one, on which the team's processes would not find each other."""
    monkeypatch.setattr(session, "default_device", lambda: "mps")
    distributed.init_process_group("gloo", init_method=f"file://{tmp_path}/meet", rank=0, world_size=1)
    try:
        team = Team(torch.device("cpu"))
        run = train_version(workspace, as_imported(bars), tiny, thread_count=1, run_id="team", team=team)
    finally:
        distributed.destroy_process_group()
    assert run.status == "done"
    assert (run.document["environment"]["device"], run.document["environment"]["workers"]) == ("cpu", 1)


def test_a_part_weighs_what_the_loss_divides_by() -> None:
    """The mean over parts, weighed so, is torch's mean over the whole."""
    torch.manual_seed(0)
    logits, labels = torch.randn(10, 7), torch.arange(10) % 7
    weights = torch.rand(7) + 0.5
    soft = torch.softmax(torch.randn(10, 7), 1)
    for targets in (labels, soft):
        for given in (None, weights):
            parts = [weighted_loss(logits[rows], targets[rows], given, 0.1) for rows in (slice(3), slice(3, 10))]
            mass = [loss_mass(targets[rows], given) for rows in (slice(3), slice(3, 10))]
            whole = weighted_loss(logits, targets, given, 0.1)
            torch.testing.assert_close((parts[0] * mass[0] + parts[1] * mass[1]) / sum(mass), whole)
    assert loss_mass(F.one_hot(labels, 7).float(), weights) == pytest.approx(loss_mass(labels, weights))
