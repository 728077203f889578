"""Many programs write to one log, and are killed while they do: what was acknowledged is there, once."""

import pytest
from trial_answers import answer, noise

from fer_core.review.events.log import VerdictLog
from fer_core.workspace import Workspace

WRITERS = 8
CHUNKS = [pytest.param(20, seed, marks=pytest.mark.slow) for seed in range(1, 11)]


@pytest.mark.parametrize(
    "each,metrics",
    [(25, 50), *(pytest.param(1250, metrics, marks=pytest.mark.slow) for metrics in (0, 50))],
)
def test_writers_at_once_lose_and_double_nothing(workspace: Workspace, run, figures, each: int, metrics: int) -> None:
    dataset = noise(workspace, 50)
    done = run("many_writers.py", workspace.root, WRITERS, each, metrics)
    stored = VerdictLog(workspace.labels_db).history(dataset)["id"].tolist()
    sent = {answer(dataset, writer, number).id for writer in range(WRITERS) for number in range(each)}
    assert done["acknowledged"] == len(stored) == len(sent) and set(stored) == sent
    assert done["worst"] <= 20_000  # ten times what is promised, here and below
    if each > 1000:  # of few answers most are slow: each program opens the log first
        assert done["p99"] <= 3_000
    pace = {"metrics_a_second": done["metrics"]} if metrics else {}
    figures(writes=len(stored), p99_ms=done["p99"], worst_ms=done["worst"], **pace)


@pytest.mark.parametrize("kills,seed", [(3, 0), *CHUNKS])
def test_a_killed_writer_loses_and_doubles_nothing(workspace: Workspace, run, figures, kills: int, seed: int) -> None:
    noise(workspace, 50)
    sums = run("killed_writers.py", workspace.root, kills, seed)
    assert sums["kills"] == kills + 1 and sums["acknowledged"] >= kills
    assert not any(sums[what] for what in ("lost", "doubled", "damaged", "labels without their event"))
    figures(kills=sums["kills"], acknowledged=sums["acknowledged"], unacknowledged=sums["unacknowledged"])
