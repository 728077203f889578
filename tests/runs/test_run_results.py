"""What `evaluate` and `compare` say about finished runs."""

import json

import numpy as np
import pandas as pd
import pytest

from fer_core.dataset.store import Dataset, Images, create_dataset
from fer_core.dataset.version import as_imported
from fer_core.emotions import NAMES
from fer_core.errors import InputRefused, UsageError
from fer_core.runs.elsewhere import on_dataset
from fer_core.runs.results import changed_sides, comparison, confusion_difference, evaluation
from fer_core.runs.run import Run
from fer_core.runs.session import train_version
from fer_core.training.recipe import Recipe
from fer_core.workspace import Workspace


@pytest.fixture
def runs(workspace: Workspace, bars: Dataset, tiny: Recipe) -> list[Run]:
    version = as_imported(bars)
    weak = train_version(workspace, version, tiny.changed(epochs=1, learning_rate=2e-4), run_id="weak", thread_count=1)
    return [weak, train_version(workspace, version, tiny, run_id="strong", thread_count=1)]


def test_evaluate_has_the_shape_that_others_read(workspace: Workspace, runs: list[Run]) -> None:
    document = evaluation(workspace, runs[1])
    assert list(document) == [
        "run",
        "dataset",
        "split",
        "subset",
        "labels",
        "n",
        "accuracy",
        "top2",
        "macro_f1",
        "ece",
        "loss",
        "per_class",
        "confusion",
        "tta",
        "intervals",
    ]
    json.dumps(document)
    assert (document["split"], document["subset"], document["labels"], document["n"]) == ("test", "whole", "given", 70)
    assert list(document["per_class"]) == list(NAMES)
    assert document["accuracy"] == pytest.approx(np.trace(document["confusion"]) / 70)
    assert evaluation(workspace, runs[1], "test", "clean")["n"] == 66
    assert evaluation(workspace, runs[1], "val")["accuracy"] == runs[1].document["best"]["val_accuracy"]


def test_evaluating_on_another_data_set_leaves_out_what_was_trained_on(
    workspace: Workspace, bars: Dataset, runs: list[Run]
) -> None:
    same = on_dataset(workspace, runs[1], "bars")
    assert same["confusion"] == evaluation(workspace, runs[1])["confusion"]
    only_test = Images(np.array(bars.images[388:400]), bars.labels[388:400], bars.splits[388:400] * 0 + 2)
    create_dataset(workspace, "some", only_test, origin={})
    assert on_dataset(workspace, runs[1], "some")["n"] == 12
    assert on_dataset(workspace, runs[1], "some", subset="clean")["n"] == 8
    with pytest.raises(InputRefused, match="some has no PublicTest images"):
        on_dataset(workspace, runs[1], "some", "val")


def test_compare_tests_every_pair_and_says_what_differs(workspace: Workspace, runs: list[Run]) -> None:
    document = comparison(workspace, runs)
    assert [figures["run"] for figures in document["runs"]] == ["weak", "strong"]
    (pair,) = document["pairs"]
    assert (pair["a"], pair["b"], pair["n"]) == ("weak", "strong", 70)
    assert pair["b_only"] - pair["a_only"] == pair["b_correct"] - pair["a_correct"]
    assert pair["sentence"].startswith("strong is better than weak by ")
    assert "on PrivateTest, given labels." in pair["sentence"]
    assert document["differences"] == {"recipe.epochs": [1, 3], "recipe.learning_rate": [2e-4, 3e-3]}
    assert "PrivateTest (clean)" in comparison(workspace, runs, subset="clean")["pairs"][0]["sentence"]
    json.dumps(document)


def test_the_faces_that_changed_sides_are_the_discordant_ones(workspace: Workspace, runs: list[Run]) -> None:
    pair = comparison(workspace, runs)["pairs"][0]
    changed = changed_sides(workspace, *runs)
    assert (changed["right"] == "a").sum() == pair["a_only"]
    assert (changed["right"] == "b").sum() == pair["b_only"]
    for line in changed.itertuples():
        assert (line.a_says == NAMES[line.label]) == (line.right == "a")


def test_the_difference_of_two_matrices_is_in_row_ratios(workspace: Workspace, runs: list[Run]) -> None:
    a, b = (evaluation(workspace, run) for run in runs)
    difference = confusion_difference(a, b)
    np.testing.assert_allclose(difference.sum(1), 0, atol=1e-12)
    recalls = [b["per_class"][name]["recall"] - a["per_class"][name]["recall"] for name in NAMES]
    np.testing.assert_allclose(np.diagonal(difference), recalls)


def test_runs_that_cannot_be_compared_are_refused(
    workspace: Workspace, bars: Dataset, tiny: Recipe, runs: list[Run]
) -> None:
    with pytest.raises(UsageError, match="at least two different runs"):
        comparison(workspace, [runs[0], runs[0]])
    other = create_dataset(
        workspace, "other", Images(np.array(bars.images), (bars.labels + 1) % 7, bars.splits), origin={}
    )
    elsewhere = train_version(workspace, as_imported(other), tiny.changed(epochs=1), run_id="elsewhere")
    with pytest.raises(InputRefused, match="different data sets"):
        comparison(workspace, [runs[0], elsewhere])
    with pytest.raises(UsageError, match="choose val, test or votetest"):
        evaluation(workspace, runs[0], "train")


def test_a_run_from_before_clean_images_were_marked_is_read_the_same(workspace: Workspace, runs: list[Run]) -> None:
    run = runs[1]
    now = [evaluation(workspace, run, role, "clean") for role in ("val", "test")]
    file = run.path / "predictions.parquet"
    pd.read_parquet(file).drop(columns="clean").to_parquet(file)
    document = {**run.document, "protocol": {**run.document["protocol"]}}
    for key in ("key", "leaky"):
        del document["protocol"][key]
    old = Run(run.path, document)
    assert [evaluation(workspace, old, role, "clean") for role in ("val", "test")] == now
    assert (old.protocol_key, old.leaky) == (run.protocol_key, False)
    assert comparison(workspace, [runs[0], old], subset="clean")["pairs"][0]["n"] == 66
