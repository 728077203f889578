"""Whether one version trains better than another: the test it stands on, and the whole of it on the demo."""

import shutil

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import f1_score

from fer_core.dataset.version import open_version, store_version
from fer_core.errors import UsageError
from fer_core.evaluation.paired_f1 import compare_macro_f1
from fer_core.files import write_json
from fer_core.runs.proof import list_proofs, open_proof, proof, prove
from fer_core.runs.run import PROBABILITIES, list_runs
from fer_core.runs.session import train_version
from fer_core.training.recipe import Recipe

TINY = Recipe("tiny", network="shallow", size=24, epochs=1, batch=64, precision="float32", options={"dense": 16})


def called(labels, share, rng, runs):
    """What `runs` runs say that are right about a share of the images and wrong at random elsewhere."""
    guesses = (labels + rng.integers(1, 7, (runs, len(labels)))) % 7
    return np.where(rng.random((runs, len(labels))) < share, labels, guesses)


def test_the_difference_is_that_of_scikit_learn_and_its_interval_holds_it():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 7, 600)
    a, b = called(labels, 0.5, rng, 3), called(labels, 0.6, rng, 2)
    found = compare_macro_f1(a, b, labels)
    expected = np.mean([f1_score(labels, run, average="macro") for run in b]) - np.mean(
        [f1_score(labels, run, average="macro") for run in a]
    )
    assert found.difference == pytest.approx(expected)
    assert found.interval[0] < expected < found.interval[1]
    assert (found.n, found.a_seeds, found.b_seeds) == (600, 3, 2)


def test_the_interval_is_wide_enough_for_new_images_and_seeds():
    """Oracle: the spread of the difference over fresh draws of everything. Too wide it may be, but not by far."""
    rng = np.random.default_rng(1)
    differences = []
    for _ in range(120):
        labels = rng.integers(0, 7, 200)
        groups = [called(labels, rng.normal(0.6, 0.03), rng, 1) for _ in range(6)]
        f1 = [f1_score(labels, group[0], average="macro") for group in groups]
        differences.append(np.mean(f1[3:]) - np.mean(f1[:3]))
    widths = []
    for _ in range(10):
        labels = rng.integers(0, 7, 200)
        a, b = (np.concatenate([called(labels, rng.normal(0.6, 0.03), rng, 1) for _ in range(3)]) for _ in "ab")
        low, high = compare_macro_f1(a, b, labels, resamples=250).interval
        widths.append(high - low)
    assert 0.9 < np.mean(widths) / (2 * 1.96 * np.std(differences)) < 1.8


def test_equal_groups_have_no_clear_difference_and_nobody_in_common_is_said():
    labels = np.arange(70) % 7
    same = np.stack([labels, labels])
    found = compare_macro_f1(same, same, labels)
    assert found.difference == 0
    assert found.interval == (0, 0)
    assert "No clear difference between a and b" in found.sentence("a", "b", "x")
    assert compare_macro_f1(same[:, :0], same[:, :0], labels[:0]).interval == (-1, 1)


def test_two_versions_are_trained_alike_once_and_the_proof_is_kept(workspace, demo):
    whole, other = open_version(workspace, "demo"), relabelled(workspace, demo)
    found = prove(workspace, whole, other, TINY, seeds=1, thread_count=1)
    runs = list_runs(workspace)
    assert sorted(run.version for run in runs) == ["demo", "demo@other"]
    assert {(run.document["seed"], str(run.document["recipe"])) for run in runs} == {(0, str(TINY.document()))}
    (test,) = found["tests"]  # without votes there is no VoteTest
    assert (test["on"], test["n"]) == ("PrivateTest without copies, given labels", 38)
    own = {run.version: run.document["result"]["test"]["clean"] for run in runs}
    assert test["figures"]["accuracy"]["a"] == [own["demo"]["accuracy"]]
    assert test["figures"]["macro-F1"]["b"] == [pytest.approx(own["demo@other"]["macro_f1"])]

    assert prove(workspace, whole, other, TINY, seeds=1, thread_count=1) == found
    assert len(list_runs(workspace)) == 2  # nothing is trained twice
    assert list_proofs(workspace, "demo") == [found] == [open_proof(workspace, found["id"])]

    # Planted: one run knows every label, the other none.
    knows, errs = runs
    for run, shift in ((knows, 0), (errs, 1)):
        table = pd.read_parquet(run.path / "predictions.parquet")
        table[PROBABILITIES] = np.eye(7, dtype=np.float32)[(table["label"] + shift) % 7]
        table.to_parquet(run.path / "predictions.parquet")
    words = f"Training on {knows.version} instead of {errs.version} helped. Macro-F1 on PrivateTest without copies"
    assert proof(workspace, [errs] * 2, [knows] * 2)["sentence"].startswith(words)
    assert "+100.0 points" in proof(workspace, [errs] * 2, [knows] * 2)["sentence"]
    assert " did harm. " in proof(workspace, [knows] * 2, [errs] * 2)["sentence"]
    assert " is not clear. " in proof(workspace, [knows], [knows])["sentence"]
    # One seed of each may be luck.
    assert " did better this once. " in proof(workspace, [errs], [knows])["sentence"]
    assert " did worse this once. " in proof(workspace, [knows], [errs])["sentence"]
    assert "one seed, which does not show how far seeds differ" in proof(workspace, [errs], [knows])["sentence"]


def test_a_finished_run_is_used_before_a_newer_one_that_was_broken_off(workspace, demo):
    whole, other = open_version(workspace, "demo"), relabelled(workspace, demo)
    done = train_version(workspace, whole, TINY, seed=0, thread_count=1, run_id="whole")
    begun = workspace.run("begun")
    shutil.copytree(done.path, begun)
    newer = done.document | {"id": "begun", "status": "cancelled", "started": "2999-01-01T00:00:00+00:00"}
    write_json(begun / "run.json", newer)
    assert prove(workspace, whole, other, TINY, seeds=1, thread_count=1)["runs"]["a"] == ["whole"]


def relabelled(workspace, demo):
    """A version of the demo whose Training labels are all shifted by one class."""
    manifest = open_version(workspace, "demo").manifest.copy()
    manifest["label"] = np.where(demo.splits == 0, (demo.labels + 1) % 7, demo.labels).astype(np.int8)
    return store_version(workspace, demo, "other", manifest, {})


def test_a_version_is_not_compared_with_itself_or_with_another_data_set(workspace, demo):
    whole = open_version(workspace, "demo")
    with pytest.raises(UsageError, match="hold the same images and labels"):
        prove(workspace, whole, whole, TINY)
