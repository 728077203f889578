"""`video` as a person or a script calls it."""

import csv
import json

import pytest

from fer_core.__main__ import main
from fer_core.dataset.demo.film import draw_film


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    path = tmp_path_factory.mktemp("film") / "drawn.mp4"
    draw_film(path, seconds=4, people=2, width=640, height=360, rate=10)
    return path


@pytest.fixture
def video(workspace, monkeypatch, capsys):
    """Runs `video` with the model that ships: the exit code, standard output and standard error."""
    monkeypatch.setattr("fer_core.__main__.FLOORS", ("video",))  # the other floors' commands take no part

    def call(*arguments):
        code = main(["video", *map(str, arguments), "--workspace", str(workspace.root)])
        return (code, *capsys.readouterr())

    return call


def test_json_is_one_document_and_the_csv_holds_the_same_faces(video, film, tmp_path):
    code, out, err = video(film, "--rate", "2", "--json", "--csv", tmp_path / "faces.csv")
    assert code == 0
    told = json.loads(out)
    assert (told["frames"], told["rate"], told["model"]) == (8, 2.0, "resnet-s")
    assert len(told["persons"]) == 2
    assert told["persons"][0]["states"][0]["label"] == "happy"  # what was drawn for the first four seconds
    assert told["persons"][1]["states"][0]["label"] == "surprise"
    assert [point["faces"] for point in told["class"]["timeline"]] == [2] * 8
    with (tmp_path / "faces.csv").open() as handle:
        rows = list(csv.DictReader(handle))
    assert len(rows) == told["faces"] == 16
    assert [row["smoothed"] for row in rows if row["person"] == "1"][:7] == ["happy"] * 7
    assert "following faces" in err


def test_without_json_it_speaks(video, film):
    code, out, _ = video(film, "--rate", "1")
    assert code == 0
    assert "0:04, 4 frames looked at, 2 persons" in out
    assert "0:00 to 0:0" in out


def test_wrong_use_and_bad_files_are_one_clear_line(video, film, tmp_path):
    code, _, err = video(tmp_path / "nowhere.mp4")
    assert (code, "there is no such file" in err) == (1, True)
    assert video(film, "--rate", "0")[0] == 2
    assert video(film, "--smooth", "-1")[0] == 2
    code, _, err = video(film, "--rate", "1", "--csv", tmp_path)
    assert code == 1
    assert "cannot be written" in err
