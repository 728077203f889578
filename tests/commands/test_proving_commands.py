"""`sweep`, `prove` and `models` as people call them: what is wrong with a call is said before anything is trained."""

import json

import pytest

from fer_core.__main__ import main
from fer_core.jobs.store import list_jobs
from fer_core.review.policy import Policy, cut_version
from fer_core.training.search.sweep import list_sweeps

TINY = """
size = 16
epochs = 1
batch = 64
precision = "float32"
[options]
dense = 8
"""


@pytest.fixture
def recipe(tmp_path):
    (tmp_path / "tiny.toml").write_text(TINY)
    return tmp_path / "tiny.toml"


def test_a_sweep_says_what_it_found(call, demo, recipe, tmp_path, workspace):
    (tmp_path / "space.toml").write_text("[recipe]\nbatch = [32, 64]\n")
    settings = ("--name", "b", "--space", tmp_path / "space.toml", "--recipe", recipe, "--trials", 1)
    code, out, _ = call("sweep", "demo", *settings, "--json")
    found = json.loads(out)
    assert code == 0 and [trial["state"] for trial in found["trials"]] == ["done"]
    assert found["best"]["recipe"]["batch"] == found["trials"][0]["settings"]["batch"]
    code, out, _ = call("sweep", "demo", *settings)
    assert code == 0 and "1 trials: 1 done, 0 pruned, 0 failed." in out and "PrivateTest was not looked at" in out


@pytest.mark.parametrize(
    ("line", "code", "words"),
    [
        (("sweep", "demo", "--name", "x", "--space", "wide"), 1, "no search space 'wide'"),
        (("sweep", "demo", "--name", "../x"), 2, "sweep"),
        (("sweep", "demo", "--name", "x", "--trials", "0"), 2, "--trials: 0 is too small: at least 1"),
        (("sweep", "demo", "--name", "x", "--seed", "5000000000"), 2, "--seed: 5,000,000,000 is too large"),
        (("prove", "demo", "demo"), 2, "hold the same images and labels"),
        (("prove", "demo", "demo", "--background"), 2, "hold the same images and labels"),
        (("train", "demo", "--seed", "-1"), 2, "--seed: -1 is too small"),
        (("train", "demo", "--threads", "0"), 2, "--threads: 0 is too small"),
        (("train", "demo", "--epochs", "0"), 2, "--epochs: 0 is too small"),
        (("audit", "demo", "--seed", "5000000000"), 2, "--seed: 5,000,000,000 is too large"),
        (("suspects", "demo", "--top", "-5"), 2, "--top: -5 is too small"),
        (("export", "demo", "/", "--form", "csv"), 1, "/ cannot be written: it is a folder"),
        (("upscaler", "train", "demo", "--out", "/"), 2, "is a folder; name a file"),
        (("prove", "demo", "demo@none"), 1, "none"),
        (("prove", "demo", "demo", "--seeds", "0"), 2, "--seeds: 0 is too small: at least 1"),
        (("models", "export", "none", "--onnx", "x.onnx"), 1, "There is no run 'none'"),
        (("models", "export"), 2, "Say `models export RUN --onnx FILE.onnx`."),
    ],
)
def test_a_call_that_cannot_work_is_a_sentence_and_leaves_nothing(call, demo, workspace, line, code, words):
    found, _, err = call(*line)
    assert (found, words in err) == (code, True), err
    assert list_sweeps(workspace) == []


def test_long_searches_and_proofs_go_to_the_background(call, demo, workspace, monkeypatch):
    monkeypatch.setattr("fer_core.jobs.runner.ensure_worker", lambda *_, **__: False)
    assert call("sweep", "demo", "--name", "x", "--trials", 3, "--background")[0] == 0
    cut_version(workspace, demo, "other", Policy(drop_findings=()))
    assert call("prove", "demo", "demo@other", "--seeds", 2, "--background")[0] == 0
    lines = [job.arguments for job in list_jobs(workspace)]
    assert lines[1][:2] == ["sweep", "demo"] and lines[1][lines[1].index("--trials") + 1] == "3"
    assert lines[0][:3] == ["prove", "demo", "demo@other"] and "--background" not in lines[0]


def test_the_models_that_can_be_asked_are_listed(call):
    code, out, _ = call("models", "--json")
    assert code == 0 and "resnet-s" in {model["name"] for model in json.loads(out)}


def test_a_workspace_that_is_a_file_is_refused(tmp_path, capsys):
    (tmp_path / "data").write_text("")
    assert main(["datasets", "--workspace", str(tmp_path / "data")]) == 2
    assert "is a file; name a folder" in capsys.readouterr().err
