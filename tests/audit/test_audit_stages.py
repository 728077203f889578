"""An audit from start to end on the small demo: what it finds, what it leaves, how it goes on after a stop."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from fer_core.__main__ import main
from fer_core.audit.results import AuditSettings, latest_audit
from fer_core.audit.stages import run_audit
from fer_core.dataset.demo import load_truth
from fer_core.dataset.store import SPLITS, TRAINING, Dataset, Images, create_dataset
from fer_core.errors import Cancelled, InputRefused
from fer_core.workspace import Workspace

BRIEF = 'epochs = 2\nbatch = 64\noptimiser = "adamw"\nlearning_rate = 0.002\nschedule = "one-cycle"\n'


@pytest.fixture
def settings(tmp_path: Path) -> AuditSettings:
    (tmp_path / "brief.toml").write_text(BRIEF)
    return AuditSettings(folds=2, recipe=str(tmp_path / "brief.toml"))


def test_the_table_of_suspects_is_as_promised(demo: Dataset, settings, workspace, tmp_path, capsys) -> None:
    audit = run_audit(demo, settings)
    assert latest_audit(demo).id == audit.id
    np.testing.assert_allclose(audit.probabilities.sum(axis=1), 1, atol=1e-4)
    file = tmp_path / "suspects.csv"
    arguments = ["suspects", "demo", "--csv", str(file), "--json", "--workspace", str(workspace.root)]
    assert main(arguments) == 0
    assert json.loads(capsys.readouterr().out)["images"] == len(demo)
    table = pd.read_csv(file)
    columns = ["row", "content", "split", "label", "rank", "suspicion", "reasons", "suggestion"]
    assert table.columns.tolist() == columns
    assert sorted(table["row"]) == list(range(len(demo)))
    assert set(table["split"]) == set(SPLITS)
    by_row = table.set_index("row")
    assert (by_row.loc[range(len(demo)), "content"].to_numpy() == demo.table["content"].to_numpy()).all()


def test_the_same_settings_open_the_finished_audit_without_new_work(demo: Dataset, settings) -> None:
    first = run_audit(demo, settings)

    def nothing_to_do(stage: str, fraction: float) -> None:
        raise AssertionError(f"worked again: {stage}")

    assert run_audit(demo, settings, nothing_to_do).document == first.document


def test_a_stopped_audit_goes_on_at_its_fold_and_ends_the_same(demo: Dataset, settings, tmp_path) -> None:
    def stop_in_the_second(stage: str, fraction: float) -> None:
        if "network 2" in stage:
            raise Cancelled("enough")

    with pytest.raises(Cancelled):
        run_audit(demo, settings, stop_in_the_second)
    assert latest_audit(demo) is None
    kept = settings.folder(demo) / "fold-0.npy"
    before = kept.stat().st_mtime_ns

    stages: list[str] = []

    def watch(stage: str, fraction: float) -> None:
        stages.append(stage)
        if kept.exists():
            assert kept.stat().st_mtime_ns == before

    resumed = run_audit(demo, settings, watch)
    assert not any("network 1" in stage for stage in stages)
    assert not kept.exists()  # whole audits keep no crumbs

    (tmp_path / "same.toml").write_text(BRIEF)
    again = run_audit(demo, AuditSettings(folds=2, recipe=str(tmp_path / "same.toml")))
    np.testing.assert_allclose(resumed.probabilities, again.probabilities, atol=1e-5)


def test_model_free_reasons_need_no_network(demo: Dataset) -> None:
    audit = run_audit(demo, AuditSettings(labels=False))
    truth = load_truth(demo)
    assert audit.document["findings"]["label"] == 0
    assert audit.document["findings"]["exact-duplicate"] >= truth["kinds"].str.contains("exact_copy").sum()
    assert (audit.suspects["suggestion"] == "").all()


def small(workspace: Workspace, name: str, labels: list[int], split: int = TRAINING) -> Dataset:
    pixels = np.random.default_rng(0).integers(0, 256, (len(labels), 48, 48), dtype=np.uint8)
    splits = np.full(len(labels), split, np.int8)
    return create_dataset(workspace, name, Images(pixels, np.array(labels, np.int8), splits), origin={})


@pytest.mark.parametrize(("name", "labels"), [("one", [3]), ("two", [3, 4])])
def test_too_few_images_are_a_sentence(name, labels, workspace, settings) -> None:
    with pytest.raises(InputRefused, match="too few for 2 folds"):
        run_audit(small(workspace, name, labels), settings)


def test_one_class_alone_and_a_class_with_two_images_are_audited(workspace, settings) -> None:
    assert len(run_audit(small(workspace, "single", [3] * 30), settings).suspects) == 30
    assert len(run_audit(small(workspace, "rare", [3] * 30 + [1] * 2), settings).suspects) == 32


def test_an_unaudited_data_set_says_how_to_audit_it(demo: Dataset, workspace, capsys) -> None:
    assert main(["suspects", "demo", "--workspace", str(workspace.root)]) == 1
    assert "python -m fer_core audit demo" in capsys.readouterr().err
