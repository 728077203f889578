"""An audit from start to end: what it finds, what it leaves on disk, how it goes on after a stop."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from bar_faces import RECIPE, bars, brief
from sklearn.metrics import roc_auc_score

from fer_core.audit.expected_votes import ANSWERS
from fer_core.audit.findings import REASONS
from fer_core.audit.quality import MEASURES
from fer_core.audit.results import AuditSettings, latest_audit, list_audits, need_audit, preset
from fer_core.audit.scores import SCORES
from fer_core.audit.stages import run_audit
from fer_core.dataset.demo import create_demo, load_truth
from fer_core.dataset.store import SPLITS, TRAINING, Dataset, Images, create_dataset
from fer_core.dataset.version import as_imported, store_version
from fer_core.emotions import NAMES
from fer_core.errors import Cancelled, InputRefused, NotFound, StoreError
from fer_core.files import read_json, write_json
from fer_core.workspace import REPOSITORY, Workspace

MODEL_FREE = AuditSettings(labels=False)


def test_one_process_makes_an_audit(demo: Dataset) -> None:
    def meanwhile(stage: str, fraction: float) -> None:
        if stage == "ranking":
            with pytest.raises(StoreError, match="being made by another process"):
                run_audit(as_imported(demo), MODEL_FREE)

    assert len(run_audit(as_imported(demo), MODEL_FREE, meanwhile).findings)


COLUMNS = ["row", "content", "split", "label", "rank", "suspicion", "reasons", "suggestion"]


def test_an_audit_holds_what_it_promises_for_every_image(workspace: Workspace, tmp_path: Path) -> None:
    dataset, _ = bars(workspace)
    told: list[float] = []
    audit = run_audit(as_imported(dataset), brief(tmp_path), lambda _, fraction: told.append(fraction), cores=1)
    count = len(dataset)

    suspects = audit.suspects
    assert suspects.columns.tolist() == COLUMNS
    assert sorted(suspects["row"]) == list(range(count))
    assert suspects["rank"].tolist() == list(range(1, count + 1))
    assert suspects["suspicion"].is_monotonic_decreasing
    assert suspects["suspicion"].between(0, 1).all()
    by_row = suspects.set_index("row").sort_index()
    assert by_row["content"].tolist() == dataset.table["content"].tolist()
    assert by_row["split"].tolist() == [SPLITS[split] for split in dataset.splits]
    assert by_row["label"].tolist() == [NAMES[label] for label in dataset.labels]

    assert audit.scores.columns.tolist() == [*MEASURES, "odd_pixels", "not_a_face", *SCORES]
    for name in ("odd_pixels", "not_a_face", *SCORES):
        assert audit.scores[name].between(0, 1).all(), name
    np.testing.assert_array_equal(audit.scores["suspicion"], by_row["suspicion"])
    for shares, columns in ((audit.probabilities, 7), (audit.in_training, 7), (audit.votes, len(ANSWERS))):
        assert shares.shape == (count, columns)
        np.testing.assert_allclose(shares.sum(axis=1), 1, atol=1e-4)
    assert audit.features.shape[0] == audit.map.shape[0] == count
    assert np.abs(audit.map).max() == pytest.approx(1, abs=1e-5)
    assert audit.network_file(audit.judge_of(0)).exists()
    assert len(audit.class_pairs) == 7 * 6

    document = audit.document
    assert document["findings"].keys() == REASONS.keys()
    for reason, images in document["findings"].items():
        assert images == (audit.findings["reason"] == reason).sum()
        assert images == by_row["reasons"].str.split(";").map(lambda reasons, own=reason: reasons.count(own)).sum()
    assert document["findings"]["exact-duplicate"] == 22
    assert document["findings"]["split-leak"] > 0
    assert document["duplicates"]["redundant"] == 12
    assert document["out_of_fold_accuracy"] > 0.8
    assert told == sorted(told)
    assert told[-1] == 1
    assert not list(audit.path.glob("fold-*")) and not (audit.path / "cascade.parquet").exists()
    assert latest_audit(dataset).id == audit.id
    assert audit.model == "fast-shallow16"


@pytest.mark.parametrize("seed", range(3))
def test_planted_wrong_labels_stand_first(seed: int, workspace: Workspace, tmp_path: Path) -> None:
    dataset, wrong = bars(workspace, seed=seed)
    audit = run_audit(as_imported(dataset), brief(tmp_path, seed=seed), cores=1)
    for ranking in SCORES:
        if ranking != "neighbours":  # of a network this small
            assert roc_auc_score(wrong, audit.scores[ranking]) > 0.9, ranking
    suggested = audit.suspects.set_index("row")["suggestion"].sort_index().to_numpy()[wrong]
    assert (suggested != "").mean() > 0.7


@pytest.mark.slow
def test_wrong_labels_of_the_demo_are_suspect_even_after_a_short_training(workspace, tmp_path: Path) -> None:
    """The audit's own network at half its size, on a thousand faces, for six epochs of small batches."""
    demo = create_demo(workspace, "thousand", images=1000)
    recipe = RECIPE.replace("epochs = 5", "epochs = 6").replace("batch = 32", "batch = 16")
    (tmp_path / "short.toml").write_text(recipe)
    settings = brief(tmp_path, folds=2, network="scout", size=24, recipe=str(tmp_path / "short.toml"))
    audit = run_audit(as_imported(demo), settings, cores=1)
    truth = load_truth(demo)["true_label"].to_numpy()
    wrong = (truth >= 0) & (truth != demo.labels)
    assert audit.document["out_of_fold_accuracy"] > 0.4
    assert not audit.document["annotators_known"]
    assert roc_auc_score(wrong, audit.scores["suspicion"]) > 0.7
    no_face = truth < 0
    assert audit.votes[no_face, -1].mean() > 5 * audit.votes[~no_face, -1].mean()


def test_the_same_settings_open_the_finished_audit_without_new_work(workspace: Workspace, tmp_path: Path) -> None:
    version = as_imported(bars(workspace, count=150)[0])
    first = run_audit(version, brief(tmp_path), cores=1)

    def nothing_to_do(stage: str, fraction: float) -> None:
        raise AssertionError(f"worked again: {stage}")

    assert run_audit(version, brief(tmp_path), nothing_to_do).document == first.document
    assert [audit.id for audit in list_audits(version.dataset)] == [first.id]


def test_whatever_is_decided_names_the_audit(workspace: Workspace, tmp_path: Path) -> None:
    dataset, _ = bars(workspace, count=150)
    version = as_imported(dataset)
    recipe = tmp_path / "brief.toml"
    usual = brief(tmp_path)
    changes = [{"folds": 5}, {"repeats": 2}, {"seed": 1}, {"network": "scout"}, {"size": 24}, {"strength": "strong"}]
    others = [usual.changed(**change).audit_id(version) for change in changes]
    before = usual.audit_id(version)
    assert brief(tmp_path).audit_id(version) == before
    recipe.write_text(RECIPE + "rotation = 3.0\n")
    others.append(usual.audit_id(version))
    recipe.write_text(RECIPE)
    assert usual.audit_id(version) == before
    manifest = version.manifest.copy()
    manifest.loc[0, "kept"] = False
    cut = store_version(workspace, dataset, "cut", manifest, {})
    others += [usual.audit_id(cut), MODEL_FREE.audit_id(version), MODEL_FREE.audit_id(cut)]
    assert len({before, *others}) == 1 + len(others)
    # What only networks need does not make another audit of one without networks.
    assert MODEL_FREE.changed(folds=7, seed=3).audit_id(version) == MODEL_FREE.audit_id(version)


def test_a_stopped_audit_goes_on_and_ends_the_same(workspace: Workspace, tmp_path: Path) -> None:
    version = as_imported(bars(workspace, count=200)[0])
    settings = brief(tmp_path)

    def stop_in_the_second(stage: str, fraction: float) -> None:
        if "1 of 3 done" in stage:
            raise Cancelled("enough")

    with pytest.raises(Cancelled):
        run_audit(version, settings, stop_in_the_second, cores=1)
    assert latest_audit(version.dataset) is None
    folder = settings.folder(version)
    kept = [folder / name for name in ("fold-0-0.npz", "cascade.parquet", "near_pairs.parquet")]
    before = [file.stat().st_mtime_ns for file in kept]

    def watch(stage: str, fraction: float) -> None:
        if fraction < 0.99:
            assert [file.stat().st_mtime_ns for file in kept] == before

    resumed = run_audit(version, settings, watch, cores=1)
    (tmp_path / "same.toml").write_text(RECIPE)
    again = run_audit(version, settings.changed(recipe=str(tmp_path / "same.toml")), cores=1)
    assert again.id != resumed.id
    np.testing.assert_array_equal(resumed.probabilities, again.probabilities)
    assert resumed.suspects.equals(again.suspects)


def test_a_version_is_audited_with_its_own_labels_and_found_by_its_id(workspace: Workspace, tmp_path: Path) -> None:
    dataset, wrong = bars(workspace)
    truth = np.flatnonzero(wrong & (dataset.splits == TRAINING))
    manifest = as_imported(dataset).manifest.copy()
    usual = run_audit(as_imported(dataset), MODEL_FREE)
    manifest.loc[truth, "kept"] = False
    manifest.loc[30, "label"] = (manifest.loc[30, "label"] + 1) % 7
    version = store_version(workspace, dataset, "cut", manifest, {})
    audit = run_audit(version, brief(tmp_path), cores=1)
    assert audit.id.startswith("cut-")
    assert audit.document["version"] == "bars@cut"
    by_row = audit.suspects.set_index("row")
    assert len(by_row) == len(dataset)
    assert by_row.loc[30, "label"] == NAMES[manifest.loc[30, "label"]]
    assert by_row.loc[30, "rank"] <= len(truth) + 12  # a new wrong label among those that are left out, but judged
    assert latest_audit(dataset).id == usual.id
    assert need_audit(as_imported(dataset), audit.id).id == audit.id


def test_model_free_reasons_need_no_network_and_no_torch(demo: Dataset, workspace: Workspace) -> None:
    code = (
        "import sys; from fer_core.__main__ import main; "
        "code = main(sys.argv[1:]); assert 'torch' not in sys.modules; sys.exit(code)"
    )
    arguments = ["audit", "demo", "--reasons", "model-free", "--json", "--workspace", str(workspace.root)]
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, cwd=REPOSITORY)
    assert done.returncode == 0, done.stderr
    audit = latest_audit(demo)
    assert json.loads(done.stdout)["audit"] == audit.id
    truth = load_truth(demo)
    found = audit.document["findings"]
    assert found["label"] == 0
    assert found["exact-duplicate"] == 2 * truth["kinds"].str.contains("exact_").sum()
    assert found["near-duplicate"] > 0 and found["not-a-face"] > 0
    assert (audit.suspects["suggestion"] == "").all()
    assert audit.model == ""
    assert not list(audit.path.glob("network-*"))


def test_an_audit_by_an_older_program_is_left_alone_and_not_listed(demo: Dataset) -> None:
    audit = run_audit(as_imported(demo), MODEL_FREE)
    older = demo.path / "audits" / "fast-shallow-01234567"
    document = read_json(audit.path / "audit.json")
    del document["findings"]["near-duplicate"]
    write_json(older / "audit.json", document)
    assert [listed.id for listed in list_audits(demo)] == [audit.id]
    with pytest.raises(NotFound, match=r"no audit 'fast-shallow-01234567' \(there: modelfree-"):
        need_audit(as_imported(demo), older.name)
    assert (older / "audit.json").exists()


def test_an_audit_with_networks_goes_before_a_newer_one_without(workspace: Workspace, tmp_path: Path) -> None:
    version = as_imported(bars(workspace, count=150)[0])
    with_networks = run_audit(version, brief(tmp_path), cores=1)
    without = run_audit(version, MODEL_FREE)
    document = {**without.document, "finished": "2999-01-01T00:00:00+00:00"}
    write_json(without.path / "audit.json", document)
    assert [audit.id for audit in list_audits(version.dataset)] == [without.id, with_networks.id]
    assert latest_audit(version.dataset).id == with_networks.id


def small(workspace: Workspace, name: str, labels: list[int], grey: int | None = None) -> Dataset:
    """Noise, or images of one grey value, in Training alone."""
    pixels = np.random.default_rng(0).integers(0, 256, (len(labels), 48, 48), dtype=np.uint8)
    if grey is not None:
        pixels[:] = grey
    splits = np.full(len(labels), TRAINING, np.int8)
    return create_dataset(workspace, name, Images(pixels, np.array(labels, np.int8), splits), origin={})


@pytest.mark.parametrize(("name", "labels", "grey"), [("one", [3], None), ("two", [3, 4], None), ("grey", [3] * 9, 90)])
def test_too_few_images_are_a_sentence_and_have_model_free_audits(name, labels, grey, workspace, tmp_path) -> None:
    version = as_imported(small(workspace, name, labels, grey))
    with pytest.raises(InputRefused, match=r"different Training images are too few for 3 folds.*--reasons model-free"):
        run_audit(version, brief(tmp_path), cores=1)
    audit = run_audit(version, MODEL_FREE)
    assert len(audit.suspects) == len(labels)
    assert audit.document["findings"]["flat"] == (0 if grey is None else len(labels))


@pytest.mark.parametrize("labels", [[3] * 30, [3] * 30 + [1] * 2], ids=["one class", "a class with two images"])
def test_few_classes_and_no_test_split_are_audited(labels: list[int], workspace: Workspace, tmp_path: Path) -> None:
    audit = run_audit(as_imported(small(workspace, "few", labels)), brief(tmp_path), cores=1)
    assert len(audit.suspects) == len(labels)
    assert np.isfinite(audit.votes).all() and np.isfinite(audit.map).all()
    text = (audit.path / "audit.json").read_text()
    classes = json.loads(text, parse_constant=pytest.fail)["classes"]  # NaN is no JSON
    assert {line["class"]: line["images"] for line in classes}["fear"] == 0


def test_images_that_hardly_differ_are_audited(workspace: Workspace, tmp_path: Path) -> None:
    """Grey images with one lighter pixel each: no features to speak of, every one of them flat."""
    pixels = np.full((24, 48, 48), 90, np.uint8)
    pixels[np.arange(24), np.arange(24), 0] = 91
    images = Images(pixels, (np.arange(24) % 7).astype(np.int8), np.zeros(24, np.int8))
    dataset = create_dataset(workspace, "alike", images, origin={})
    audit = run_audit(as_imported(dataset), brief(tmp_path), cores=1)
    assert audit.document["findings"]["flat"] == 24
    assert np.isfinite(audit.scores[list(SCORES)].to_numpy()).all()


@pytest.mark.parametrize("strength", ["fast", "strong"])
def test_a_strength_is_a_set_of_settings_that_can_be_changed(strength: str) -> None:
    settings = preset(strength)
    assert settings.strength == strength
    assert settings.resolved_recipe().network == settings.network == "scout"
    changed = settings.changed(folds=9, seed=None)
    assert (changed.folds, changed.seed) == (9, settings.seed)
