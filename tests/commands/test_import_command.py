"""`import` of what needs faces to be found, and the commands that its help and the demo promise."""

import json
import re
import shlex

import numpy as np
import pytest
from drawn_films import drawn_face, scene, write_film

from fer_core.__main__ import main
from fer_core.dataset.store import open_dataset
from fer_core.dataset.version import open_version
from fer_core.emotions import NAMES


@pytest.fixture
def clip(tmp_path):
    frames = [np.roll(scene([drawn_face("happy")]), 4 * number, axis=1) for number in range(6)]
    return write_film(tmp_path / "clip.mp4", frames)


def test_a_clip_becomes_a_data_set_whose_labels_are_said_to_be_guesses(call, clip, workspace):
    code, out, _ = call("import", clip, "--name", "own", "--every", "2", "--json")
    document = json.loads(out)
    assert code == 0 and document["images"] == 3 and document["labels"] == "guessed by resnet-s"
    listed = json.loads(call("datasets", "--json")[1])
    assert [info["labels"] for info in listed] == ["guessed by resnet-s"]
    assert "labels guessed by resnet-s" in call("datasets")[1]
    assert "review them" in call("import", clip, "--name", "again")[1]


def test_a_label_that_is_said_is_given_not_guessed(call, clip, workspace):
    code, out, _ = call("import", clip, "--name", "own", "--label", "happy", "--no-equalise", "--json")
    assert code == 0 and json.loads(out)["labels"] == ""
    assert set(open_dataset(workspace, "own").labels) == {NAMES.index("happy")}


def test_what_is_left_out_is_printed_and_in_the_json(call, clip, tmp_path):
    films = tmp_path / "films"
    for name in ("happy", "contempt"):
        (films / name).mkdir(parents=True)
        (films / name / "a.mp4").write_bytes(clip.read_bytes())
    code, out, _ = call("import", films, "--name", "own")
    assert code == 0 and "Left out: 1 x class contempt, which FER2013 does not have." in out
    document = json.loads(call("import", films, "--name", "two", "--json")[1])
    assert document["left_out"][0]["where"] == "contempt/a.mp4" and document["rejected"] == []


def test_wrong_use_and_bad_files_have_their_exit_codes(call, clip, tmp_path):
    assert call("import", clip, "--name", "x", "--label", "contempt")[0] == 2
    assert call("import", clip, "--name", "x", "--peak", "2")[0] == 2
    (tmp_path / "bad.mp4").write_text("no video")
    code, _, err = call("import", tmp_path / "bad.mp4", "--name", "x")
    assert code == 1 and "use MP4, MOV, AVI, MKV or WebM" in err


def test_the_help_names_every_form(capsys):
    with pytest.raises(SystemExit):
        main(["import", "--help"])
    said = capsys.readouterr().out
    for form in ("fer2013.csv", "icml_face_data.csv", ".npz", "zip or tar", "Hugging Face", "clip.mp4", "CK+", "SFEW"):
        assert form in said


def test_the_supplement_that_the_help_shows_works_on_the_demo(call, capsys, demo, workspace):
    """The commands are taken from the help, word for word."""
    with pytest.raises(SystemExit):
        main(["version", "--help"])
    shown = re.findall(r"^  python -m fer_core (.+)$", capsys.readouterr().out, re.MULTILINE)
    assert [line.split()[0] for line in shown] == ["demo", "version"]
    for line in shown:
        code, _, err = call(*shlex.split(line), *(["--images", "140"] if line.startswith("demo") else []))
        assert code == 0, err
    version, extra = open_version(workspace, "demo@more"), open_dataset(workspace, "extra")
    disgust = NAMES.index("disgust")
    assert 0 < version.added <= (extra.labels == disgust).sum()
    assert set(version.labels[len(demo) :]) == {disgust}
