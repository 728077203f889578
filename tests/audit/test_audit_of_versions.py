"""An audit of a version judges the data set's own images by the version's labels; supplements are nobody's suspects."""

import numpy as np
import pandas as pd
import pytest

from fer_core.audit.labels import judge_labels
from fer_core.audit.results import AuditSettings
from fer_core.audit.stages import run_audit
from fer_core.dataset.store import TRAINING, Dataset, content_hashes
from fer_core.dataset.supplements import Supplements
from fer_core.dataset.version import DatasetVersion, as_imported, store_version
from fer_core.workspace import Workspace


@pytest.fixture
def supplemented(demo: Dataset, workspace: Workspace) -> DatasetVersion:
    pixels = np.random.default_rng(2).integers(0, 256, (30, 48, 48), np.uint8)
    table = pd.DataFrame({"content": content_hashes(pixels), "label": np.int8(1), "dataset": "x", "row": np.arange(30)})
    return store_version(workspace, demo, "more", as_imported(demo).manifest, {}, Supplements(pixels, table))


def test_every_own_image_is_ranked_and_no_other(supplemented: DatasetVersion) -> None:
    audit = run_audit(supplemented, AuditSettings(labels=False), cores=1)
    assert sorted(audit.suspects["row"]) == list(range(len(supplemented.dataset)))
    assert audit.findings["row"].max() < len(supplemented.dataset)


def test_fold_networks_train_on_own_images(supplemented: DatasetVersion, monkeypatch: pytest.MonkeyPatch) -> None:
    from fer_core.audit import labels

    asked: list[np.ndarray] = []

    def note(tasks, *rest: object) -> None:
        asked.extend(task.args[2] for task in tasks)
        raise KeyboardInterrupt

    monkeypatch.setattr(labels, "run_tasks", note)
    with pytest.raises(KeyboardInterrupt):
        judge_labels(supplemented, AuditSettings(folds=2), cores=1)
    own = np.flatnonzero(supplemented.dataset.splits == TRAINING)
    assert np.unique(np.concatenate(asked)).tolist() == own.tolist()
