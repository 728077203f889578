"""The disk fills up while people answer: it is said, nothing acknowledged is lost, work goes on by itself."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from trial_answers import answer, noise

from fer_core.dataset.store import Dataset
from fer_core.errors import StoreError
from fer_core.review.events.log import VerdictLog
from fer_core.snapshot import problem_with
from fer_core.workspace import Workspace

Full = Callable[[int], AbstractContextManager[None]]


def answer_through_full_disks(workspace: Workspace, dataset: Dataset, points: int, full: Full) -> int:
    """Answer until the disk is full, make room, send again, and so on; each time the disk is full somewhere else."""
    log, number, acknowledged = VerdictLog(workspace.labels_db), 0, []
    for point in range(points):
        with full(point), pytest.raises(StoreError, match="nothing was stored") as told:
            while True:
                batch = [answer(dataset, 1, number + one, comment="x" * 500) for one in range(10)]
                acknowledged += log.record(dataset, batch).stored
                number += 10
        assert "Make room" in str(told.value)
        stored = log.record(dataset, batch).stored  # the browser sends again what it still has
        assert stored == [verdict.id for verdict in batch]
        acknowledged += stored
        number += 10
    assert log.history(dataset)["id"].tolist() == acknowledged
    assert problem_with(workspace.labels_db) is None
    log.database.close()
    return len(acknowledged)


def test_files_that_cannot_grow(workspace: Workspace, figures, full_at) -> None:
    dataset = noise(workspace, 20)

    def full(point: int) -> AbstractContextManager[None]:
        log = workspace.labels_db.with_name("labels.db-wal")
        return full_at((log.stat().st_size if log.exists() else 0) + 3_000 * point)

    figures(points=5, acknowledged=answer_through_full_disks(workspace, dataset, 5, full))


@pytest.mark.slow
def test_a_disk_without_room(small_disk, figures) -> None:
    workspace = Workspace(Path(small_disk.folder) / "data")
    dataset = noise(workspace, 20)
    full = lambda point: small_disk.left(1_500 * point)  # noqa: E731 - points lie between pages and blocks
    figures(points=50, acknowledged=answer_through_full_disks(workspace, dataset, 50, full))
