"""`networks`, `train`, `runs`, `evaluate`, `compare` as people and scripts call them."""

import argparse
import json
from pathlib import Path

import pytest

from fer_core.commands import evaluation, training
from fer_core.commands.console import Commands, Console
from fer_core.dataset.store import Dataset
from fer_core.errors import NotFound
from fer_core.progress import silent
from fer_core.workspace import Workspace


class Terminal:
    """The two command modules behind one parser."""

    def __init__(self, workspace: Workspace) -> None:
        self.parser = argparse.ArgumentParser()
        self.commands = Commands(self.parser.add_subparsers(dest="command"))
        training.register(self.commands)
        evaluation.register(self.commands)
        self.workspace = workspace

    def __call__(self, *words: str):
        parsed = self.parser.parse_args(words)
        console = Console(self.workspace, parsed.json, silent)
        return self.commands.runs[parsed.command](parsed, console)


@pytest.fixture
def call(workspace: Workspace) -> Terminal:
    return Terminal(workspace)


@pytest.fixture
def recipe(tmp_path: Path) -> str:
    path = tmp_path / "mine.toml"
    path.write_text('epochs = 4\nbatch = 32\nlearning_rate = 0.003\nsize = 16\nprecision = "float32"\n')
    return str(path)


def test_networks_are_listed_with_their_parameters_and_recipes(call: Terminal, capsys) -> None:
    document = call("networks")
    shallow = next(network for network in document["networks"] if network["name"] == "shallow")
    assert shallow["parameters"] == {48: 2_456_071, 224: 51_476_999}
    assert {"quick", "paper-shallow"} <= {recipe["name"] for recipe in document["recipes"]}
    said = capsys.readouterr().out
    assert "51,476,999 parameters at 224 x 224" in said
    assert "recipe paper-shallow (30 epochs)" in said


def test_train_then_runs_evaluate_and_compare(call: Terminal, bars: Dataset, recipe: str, capsys) -> None:
    one = call("train", "bars", "--recipe", recipe, "--epochs", "1", "--threads", "1", "--run", "one")
    two = call("train", "bars", "--recipe", recipe, "--threads", "1", "--seed", "3", "--run", "two")
    assert (one["run"], one["status"], two["status"]) == ("one", "done", "done")
    said = capsys.readouterr().out
    assert "PublicTest (70) chose the epoch; PrivateTest (70) was scored once" in said
    assert "on its clean subset (66 images)" in said

    listed = call("runs")
    assert {run["id"] for run in listed} == {"one", "two"}
    assert all(run["status"] == "done" and run["result"]["test"]["clean"]["n"] == 66 for run in listed)
    json.dumps(listed)

    document = call("evaluate", "two", "--split", "val")
    assert (document["split"], document["n"]) == ("val", 70)
    with pytest.raises(NotFound, match="no version 'nope'"):
        call("evaluate", "two", "--dataset", "bars@nope")
    document = call("compare", "one", "two", "--subset", "clean")
    assert document["pairs"][0]["n"] == 66
    said = capsys.readouterr().out
    assert document["pairs"][0]["sentence"] in said
    assert "differs: seed: 0 / 3" in said


def test_no_runs_yet_says_how_to_make_one(call: Terminal, capsys) -> None:
    assert call("runs") == []
    assert "python -m fer_core train DATASET" in capsys.readouterr().out


def test_in_the_background_the_same_call_is_queued_under_one_run_id(
    call: Terminal, bars: Dataset, recipe: str, monkeypatch
) -> None:
    queued = []

    class Job:
        id = "job-1"

    def submit(workspace: Workspace, arguments: list[str], title: str) -> Job:
        queued.append(arguments)
        return Job()

    monkeypatch.setattr("fer_core.jobs.runner.submit", submit)
    document = call("train", "bars", "--recipe", recipe, "--epochs", "1", "--seed", "2", "--background")
    assert document["job"] == "job-1"
    assert not call.workspace.run(document["run"]).exists()
    (arguments,) = queued
    assert "--background" not in arguments
    trained = call(*arguments)
    assert trained["run"] == document["run"]
    assert trained["status"] == "done"


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["nowhere"], "no data set 'nowhere'"),
        (["bars", "--recipe", "slow"], "no recipe 'slow'"),
        (["bars", "--network", "deeper"], "no network 'deeper'"),
        (["bars@cut"], "no version 'cut'"),
    ],
)
def test_a_wrong_name_is_told_at_once_also_in_the_background(
    call: Terminal, bars: Dataset, words: list[str], sentence: str
) -> None:
    with pytest.raises(NotFound, match=sentence):
        call("train", *words, "--background")
    assert not call.workspace.jobs_db.exists()
