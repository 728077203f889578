"""Figures of more than one prediction: test-time augmentation, ensembles, seeds."""

import argparse
import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from fer_core.commands import evaluation as evaluation_commands
from fer_core.commands import training as training_commands
from fer_core.commands.console import Commands, Console
from fer_core.dataset.store import Images, create_dataset, open_dataset
from fer_core.dataset.version import as_imported, store_version
from fer_core.dataset.votes import ANSWERS, VoteTable, store_votes
from fer_core.errors import InputRefused, UsageError
from fer_core.evaluation.inference import predict_probabilities
from fer_core.evaluation.testtime import predict_views
from fer_core.progress import silent
from fer_core.runs.results import ensemble_evaluation, evaluation, seed_comparison
from fer_core.runs.run import PROBABILITIES, ROLES, Run, open_run, probabilities
from fer_core.runs.session import train_version
from fer_core.runs.tables import mean_predictions, subset_predictions
from fer_core.training.recipe import Recipe
from fer_core.workspace import Workspace


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory, many_bars: Images, brief: Recipe) -> Workspace:
    """Runs a-0 and a-1 differ in their seed, b-0 and b-1 as well; b's recipe learns less. c-0: a part of Training."""
    workspace = Workspace(tmp_path_factory.mktemp("joined") / "data")
    dataset = create_dataset(workspace, "bars", many_bars, origin={})
    counts = np.zeros((920, len(ANSWERS)), np.int32)
    counts[np.arange(920), many_bars.labels] = 10
    store_votes(dataset, VoteTable(counts, "hand"))
    for name, recipe in (("a", brief), ("b", brief.changed(epochs=1, learning_rate=5e-5, average=0.5))):
        for seed in (0, 1):
            train_version(workspace, as_imported(dataset), recipe, seed=seed, thread_count=1, run_id=f"{name}-{seed}")
    manifest = as_imported(dataset).manifest
    manifest.loc[:399, "kept"] = False
    part = store_version(workspace, dataset, "part", manifest, {})
    train_version(workspace, part, brief.changed(epochs=1), thread_count=1, run_id="c-0")
    return workspace


def opened(workspace: Workspace, *names: str) -> list[Run]:
    return [open_run(workspace, name) for name in names]


def test_every_split_is_predicted_with_the_same_weights(shared: Workspace) -> None:
    """A moving average that only one split were scored with would show here."""
    dataset = open_dataset(shared, "bars")
    (run,) = opened(shared, "b-0")
    model = run.model()
    assert run.document["best"]["val_accuracy"] == run.document["result"]["val"]["whole"]["accuracy"]
    for role in ROLES:
        table = run.predictions(role)
        expected = predict_probabilities(model, dataset.images[table["row"]])
        np.testing.assert_allclose(probabilities(table), expected, atol=1e-6)


def test_augmentation_is_used_on_every_split_or_on_none(shared: Workspace) -> None:
    (run,) = opened(shared, "a-0")
    before = (run.path / "predictions.parquet").read_bytes()
    document = evaluation(shared, run, "val", tta="flip")
    kept = pd.read_parquet(run.path / "predictions-flip.parquet")
    assert kept["split"].value_counts().to_dict() == {"votetest": 88, "val": 60, "test": 60}
    dataset, model = open_dataset(shared, "bars"), run.model()
    for role in ROLES:
        table = subset_predictions(shared, run, role, tta="flip")
        expected = predict_views(model, dataset.images[table["row"]], "flip")
        np.testing.assert_allclose(probabilities(table), expected, atol=1e-6)
    assert list(document["gain"]["splits"]) == ["val", "test", "votetest"]
    assert (run.path / "predictions.parquet").read_bytes() == before


def test_what_augmentation_gains_is_tested_in_pairs_and_its_cost_is_said(shared: Workspace, monkeypatch) -> None:
    (run,) = opened(shared, "b-1")
    document = evaluation(shared, run, tta="crops")
    gain = document["gain"]
    plain, augmented = (subset_predictions(shared, run, tta=mode) for mode in ("none", "crops"))
    right = [probabilities(table).argmax(1) == table["label"] for table in (plain, augmented)]
    assert (gain["plain"], gain["augmented"]) == (right[0].mean(), right[1].mean())
    assert gain["b_only"] == (right[1] & ~right[0]).sum()
    assert gain["difference"] == pytest.approx(right[1].mean() - right[0].mean())
    assert gain["interval"][0] <= gain["difference"] <= gain["interval"][1]
    assert document["accuracy"] == gain["augmented"] and document["tta"] == "crops"
    assert gain["cost"]["views"] == 10
    assert gain["cost"]["times_longer"] == gain["cost"]["seconds_per_image"] / gain["cost"]["plain_seconds_per_image"]
    json.dumps(document)

    def never(*given: object, **more: object) -> None:
        raise AssertionError("predicted twice")

    monkeypatch.setattr("fer_core.runs.augmented.timed_views", never)
    assert evaluation(shared, run, tta="crops") == document
    assert evaluation(shared, run)["tta"] is False
    with pytest.raises(UsageError, match="no test-time augmentation 'magic'"):
        evaluation(shared, run, tta="magic")


def test_an_ensemble_is_the_mean_of_its_members(shared: Workspace) -> None:
    runs = opened(shared, "a-0", "b-0", "c-0")
    table = mean_predictions(shared, runs, "votetest")
    by_hand = sum(probabilities(run.predictions("votetest")).astype(float) for run in runs) / 3
    np.testing.assert_allclose(table[PROBABILITIES], by_hand, atol=1e-6)
    document = ensemble_evaluation(shared, runs, "votetest")
    assert document["members"] == ["a-0", "b-0", "c-0"] and document["run"] == "a-0 + b-0 + c-0"
    assert document["accuracy"] == np.mean(by_hand.argmax(1) == runs[0].predictions("votetest")["voted"])
    with_views = ensemble_evaluation(shared, runs[:2], tta="flip")
    assert with_views["gain"]["cost"]["views"] == 4
    assert with_views["gain"]["plain"] == ensemble_evaluation(shared, runs[:2])["accuracy"]


def test_an_ensemble_of_unlike_runs_is_refused(shared: Workspace) -> None:
    one, two = opened(shared, "a-0", "b-0")
    with pytest.raises(UsageError, match="name different runs"):
        ensemble_evaluation(shared, [one, one])
    other = replace(two, document={**two.document, "dataset": "other", "dataset_hash": "1"})
    with pytest.raises(InputRefused, match=r"different data sets \(bars, other\)"):
        ensemble_evaluation(shared, [one, other])
    leaky = replace(two, document={**two.document, "protocol": {**two.document["protocol"], "leaky": True}})
    with pytest.raises(InputRefused, match=r"under unlike protocols .*LEAKY"):
        ensemble_evaluation(shared, [one, leaky])


def test_groups_of_seeds_are_compared_over_images_and_seeds(shared: Workspace) -> None:
    a, b = opened(shared, "a-0", "a-1"), opened(shared, "b-0", "b-1")
    document = seed_comparison(shared, b, a)
    accuracies = [[run.document["result"]["test"]["whole"]["accuracy"] for run in group] for group in (b, a)]
    assert document["difference"] == pytest.approx(np.mean(accuracies[1]) - np.mean(accuracies[0]))
    assert (document["a_seeds"], document["b_seeds"], document["n"]) == (2, 2, 60)
    assert document["sentence"].startswith("a-0 is better than b-0 by ")
    with pytest.raises(UsageError, match="Both groups are the same runs"):
        seed_comparison(shared, a, a)


def test_seeds_that_were_scored_by_other_labels_are_not_compared(shared: Workspace) -> None:
    """As where a vote table was replaced between two trainings: the same images, one of them called something else."""
    a, b = opened(shared, "a-0", "b-0")
    file = b.path / "predictions.parquet"
    before = file.read_bytes()
    table = pd.read_parquet(file)
    table.loc[table.index[table["split"] == "test"][0], "label"] += 1
    table.to_parquet(file)
    try:
        with pytest.raises(InputRefused, match="different images or labels"):
            seed_comparison(shared, [a], [b])
    finally:
        file.write_bytes(before)


def test_the_commands_know_ensembles_views_votes_and_seeds(shared: Workspace, capsys: pytest.CaptureFixture) -> None:
    call = Terminal(shared)
    document = call("evaluate", "a-0", "b-0", "--tta", "flip", "--split", "votetest")
    assert (document["members"], document["labels"], document["tta"]) == (["a-0", "b-0"], "votes", "flip")
    said = capsys.readouterr().out
    assert "The mean of 2 runs: a-0, b-0." in said
    assert "vote labels, test-time augmentation: flip" in said
    assert "It takes 4 views, " in said and "on PrivateTest, given labels." in said
    with pytest.raises(UsageError, match="--split all belongs to --dataset"):
        call("evaluate", "a-0", "--split", "all")
    # A version changes Training only, so evaluating on one is evaluating on its data set.
    assert call("evaluate", "a-0", "--dataset", "bars@part") == call("evaluate", "a-0")
    assert call("evaluate", "a-0", "--labels", "votes")["split"] == "votetest"
    assert call("evaluate", "a-0", "--labels", "votes", "--split", "val")["split"] == "val"

    rows = call("runs", "--seeds")
    group = next(row for row in rows if "a-0" in row["runs"])
    assert sorted(group["runs"]) == ["a-0", "a-1"]
    values = [run.document["result"]["test"]["whole"]["accuracy"] for run in opened(shared, *group["runs"])]
    assert group["result"]["test"]["whole"]["accuracy"]["sd"] == pytest.approx(np.std(values, ddof=1))
    assert ["c-0"] in [row["runs"] for row in rows]

    capsys.readouterr()
    document = call("compare", "b-0", "a-1", "--seeds")
    assert (sorted(document["a"]), sorted(document["b"])) == (["b-0", "b-1"], ["a-0", "a-1"])
    assert document["sentence"] in capsys.readouterr().out
    with pytest.raises(UsageError, match="name one run of each"):
        call("compare", "a-0", "b-0", "c-0", "--seeds")


class Terminal:
    """The command modules behind one parser."""

    def __init__(self, workspace: Workspace) -> None:
        self.parser = argparse.ArgumentParser()
        self.commands = Commands(self.parser.add_subparsers(dest="command"))
        training_commands.register(self.commands)
        evaluation_commands.register(self.commands)
        self.workspace = workspace

    def __call__(self, *words: str):  # type: ignore[no-untyped-def]
        parsed = self.parser.parse_args(words)
        return self.commands.runs[parsed.command](parsed, Console(self.workspace, parsed.json, silent))
