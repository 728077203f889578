"""Which runs stand in one table, in which order, and seeds as one line."""

import statistics

import numpy as np
import pytest
from made_runs import make_run

from fer_core.dataset.store import Dataset, Images, create_dataset
from fer_core.runs.leaderboard import boards, figure
from fer_core.training.recipe import Recipe
from fer_core.workspace import Workspace


def test_unlike_protocols_never_share_a_table(workspace: Workspace, bars: Dataset) -> None:
    other = create_dataset(
        workspace, "other", Images(np.array(bars.images), (bars.labels + 1) % 7, bars.splits), origin={}
    )
    runs = [
        make_run(workspace, bars, "plain"),
        make_run(workspace, bars, "again", seed=1),
        make_run(workspace, bars, "leak", leaky=True, skill=9.0),
        make_run(workspace, other, "elsewhere"),
    ]
    found = boards(runs)
    assert [sorted(run.id for run in board.runs) for board in found] == [["again", "plain"], ["elsewhere"], ["leak"]]
    assert [board.leaky for board in found] == [False, False, True]
    assert found[2].title.startswith("LEAKY: bars, PrivateTest, 70 images")


def test_a_run_from_before_protocols_had_keys_stands_with_its_like(workspace: Workspace, bars: Dataset) -> None:
    old, new = make_run(workspace, bars, "old"), make_run(workspace, bars, "new", seed=1)
    for key in ("key", "leaky"):
        del old.document["protocol"][key]
    assert len(boards([old, new])) == 1


def test_unfinished_runs_stand_nowhere(workspace: Workspace, bars: Dataset) -> None:
    run = make_run(workspace, bars, "half", status="cancelled")
    run.document["result"] = None
    assert boards([run]) == []


def test_seeds_are_one_line_with_mean_and_deviation(workspace: Workspace, bars: Dataset) -> None:
    weak = [make_run(workspace, bars, f"weak{seed}", skill=0.5, seed=seed) for seed in (2, 0, 1)]
    strong = make_run(workspace, bars, "strong", skill=3.0, recipe=Recipe("made", epochs=4))
    (board,) = boards([*weak, strong])
    best, line = board.entries()
    assert [run.id for run in best.runs] == ["strong"]
    assert best.spread("test", "accuracy") is None
    assert [run.id for run in line.runs] == ["weak0", "weak1", "weak2"]
    values = [figure(run, "test", "accuracy") for run in weak]
    assert line.mean("test", "accuracy") == pytest.approx(statistics.fmean(values))
    assert line.spread("test", "accuracy") == pytest.approx(statistics.stdev(values))
    chosen = sorted(figure(run, "val", "accuracy") for run in weak)
    assert figure(line.middle, "val", "accuracy") == chosen[1]
    assert [len(entry.runs) for entry in board.entries(seeds_together=False)] == [1, 1, 1, 1]
