"""`predict` as a person or a script calls it."""

import json
import struct
import zlib
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from fer_core.__main__ import main
from fer_core.emotions import NAMES
from fer_core.files import write_json
from fer_core.imaging.sample import sample_photo
from fer_core.networks.weights import save_model
from fer_core.prediction.explanation import explain, overlay


@pytest.fixture
def predict(workspace, shallow, monkeypatch, capsys):
    """Runs `predict` with a run's weights: the exit code, standard output and standard error."""
    monkeypatch.setattr("fer_core.__main__.FLOORS", ("prediction",))  # the other floors' commands take no part
    folder = workspace.run("r1")
    write_json(folder / "run.json", {"id": "r1", "status": "done", "started": "2026-01-01", "version": "demo"})
    save_model(folder / "best.safetensors", shallow.model.module, shallow.model.spec)

    def call(*arguments):
        code = main(["predict", *map(str, arguments), "--run", "r1", "--workspace", str(workspace.root)])
        out, err = capsys.readouterr()
        return code, out, err

    return call


@pytest.fixture
def photo(tmp_path):
    path = tmp_path / "astronaut.png"
    path.write_bytes(sample_photo())
    return path


def test_json_is_one_document_with_the_predictors_own_numbers(predict, photo, shallow, astronaut):
    code, out, err = predict(photo, "--json")
    assert code == 0
    (answer,) = json.loads(out)
    (face,) = shallow.predict(astronaut).faces
    assert answer == {
        "file": str(photo),
        "width": 512,
        "height": 512,
        "faces": [
            {
                "box": list(face.box),
                "probabilities": {
                    n: pytest.approx(p, abs=2e-6) for n, p in zip(NAMES, face.probabilities, strict=True)
                },
                "label": face.label,
                "confidence": pytest.approx(face.confidence, abs=2e-6),
            }
        ],
        "model": "r1",
    }
    assert "looking at astronaut.png" in err


def test_without_json_it_speaks(predict, photo):
    code, out, _ = predict(photo)
    assert code == 0
    assert "512 x 512, 1 face" in out
    assert "perhaps" in out or "undecided" in out


def png_header(width, height):
    """A PNG that claims to be huge and weighs next to nothing."""
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(b"\0" * 1000)), (b"IEND", b"")]
    body = b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + body


def as_bytes(form):
    stored = BytesIO()
    Image.radial_gradient("L").save(stored, form)
    return stored.getvalue()


BAD = {
    "cut.png": (sample_photo()[:40_000], "damaged"),
    "cut.jpg": (as_bytes("JPEG")[:900], "damaged"),
    "text.png": (b"Dear network, I feel fine.", "not a picture"),
    "huge.png": (png_header(13_000, 13_000), "13,000 x 13,000 pixels is too large"),
    "moving.gif": (as_bytes("GIF"), "Use PNG, JPEG, WebP or BMP"),
    "empty.bmp": (b"", "not a picture"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_file_that_cannot_be_read_gets_a_sentence_and_the_others_an_answer(predict, photo, tmp_path, name):
    content, sentence = BAD[name]
    (tmp_path / name).write_bytes(content)
    code, out, _ = predict(tmp_path / name, photo, "--json")
    assert code == 1
    refused, answered = json.loads(out)
    assert set(refused) == {"file", "error"}
    assert sentence in refused["error"]
    assert name in refused["error"]
    assert len(answered["faces"]) == 1


def test_a_path_that_cannot_even_be_looked_at_is_answered_like_a_broken_one(predict, photo):
    code, out, _ = predict("a" * 300 + ".png", photo, "--json")
    answers = json.loads(out)
    assert code == 1 and "cannot be read" in answers[0]["error"] and answers[1]["faces"]


def test_a_missing_file_and_an_empty_folder_are_answered_like_broken_ones(predict, photo, tmp_path):
    (tmp_path / "empty").mkdir()
    code, out, _ = predict(tmp_path / "nowhere.png", tmp_path / "empty", photo, "--json")
    assert code == 1
    missing, folder, answered = json.loads(out)
    assert "No such file" in missing["error"]
    assert "a folder without pictures" in folder["error"]
    assert len(answered["faces"]) == 1


@pytest.fixture
def album(tmp_path, photo):
    """Two smiles, one of them said to be sad, and a hill; a text beside them."""
    for place in ("album/happy/a.png", "album/Sadness/b.png"):
        (tmp_path / place).parent.mkdir(parents=True)
        (tmp_path / place).write_bytes(photo.read_bytes())
    Image.linear_gradient("L").save(tmp_path / "album" / "happy" / "hill.png")
    (tmp_path / "album" / "notes.txt").write_text("no picture")
    return tmp_path / "album"


def test_a_folder_stands_for_its_pictures_and_a_pattern_for_what_it_matches(predict, album):
    _, out, _ = predict(album, "--json")
    assert [answer["file"] for answer in json.loads(out)] == [
        str(album / name) for name in ("Sadness/b.png", "happy/a.png", "happy/hill.png")
    ]
    _, out, _ = predict(album / "*" / "?.png", "--json")
    assert [answer["file"] for answer in json.loads(out)] == [
        str(album / name) for name in ("Sadness/b.png", "happy/a.png")
    ]
    code, out, _ = predict(album / "*.gif", "--json")
    assert (code, "No such file" in json.loads(out)[0]["error"]) == (1, True)


def test_labelled_folders_are_counted_in_a_confusion_matrix(predict, album, shallow, astronaut):
    code, out, _ = predict(album, "--json", "--labelled")
    document = json.loads(out)
    assert code == 0
    assert [answer["given"] for answer in document["files"]] == ["sad", "happy", "happy"]
    said = shallow.predict(astronaut).faces[0].index
    expected = np.zeros((7, 7), int)
    expected[NAMES.index("sad"), said] += 1
    expected[NAMES.index("happy"), said] += 1
    assert document["evaluation"]["confusion"] == expected.tolist()
    assert (document["evaluation"]["without_face"], document["evaluation"]["without_label"]) == (1, 0)
    _, out, _ = predict(album, "--labelled")
    assert "Of 2 labelled faces" in out
    code, _, err = predict(album / "happy" / "hill.png", "--labelled")
    assert code == 1
    assert "no photo with both a face and a label" in err


def test_several_runs_answer_as_one(predict, photo, workspace, shallow):
    twin = workspace.run("r2")
    write_json(twin / "run.json", {"id": "r2", "status": "done", "started": "2026-01-02", "version": "demo"})
    save_model(twin / "best.safetensors", shallow.model.module, shallow.model.spec)
    _, out, _ = predict(photo, "--json", "--run", "r2")  # the fixture names the first
    (answer,) = json.loads(out)
    assert answer["model"] == "r2 + r1"


def test_yunet_without_its_weights_says_where_to_put_them(predict, photo):
    code, _, err = predict(photo, "--faces", "yunet")
    assert code == 1
    assert "put face_detection_yunet_2023mar.onnx" in err


def test_no_face_is_an_empty_list_and_whole_takes_the_picture_itself(predict, tmp_path):
    path = tmp_path / "hill.png"
    Image.linear_gradient("L").resize((300, 200)).save(path)
    code, out, _ = predict(path, "--json")
    assert (code, json.loads(out)[0]["faces"]) == (0, [])
    _, out, _ = predict(path, "--json", "--whole")
    assert json.loads(out)[0]["faces"][0]["box"] == [0, 0, 300, 200]


def test_tta_changes_the_numbers(predict, photo):
    _, plain, _ = predict(photo, "--json")
    _, averaged, _ = predict(photo, "--json", "--tta")
    assert json.loads(averaged)[0]["tta"] == "flip"
    _, crops, _ = predict(photo, "--json", "--tta", "crops")
    assert json.loads(crops)[0]["faces"][0]["probabilities"] != json.loads(averaged)[0]["faces"][0]["probabilities"]
    assert json.loads(plain)[0]["faces"][0]["box"] == json.loads(averaged)[0]["faces"][0]["box"]
    assert json.loads(plain)[0]["faces"][0]["probabilities"] != json.loads(averaged)[0]["faces"][0]["probabilities"]


def test_explain_writes_the_map_of_the_crop_that_was_seen(predict, photo, tmp_path, shallow, astronaut):
    code, out, _ = predict(photo, "--json", "--explain", "gradcam", "--out", tmp_path / "maps")
    assert code == 0
    (face,) = json.loads(out)[0]["faces"]
    (file,) = (tmp_path / "maps").iterdir()
    assert face["overlay"] == str(file)
    (seen,) = shallow.predict(astronaut).faces
    expected = overlay(seen.crop, explain(shallow, seen.crop, seen.index, "gradcam")).astype(int)
    assert np.abs(np.asarray(Image.open(file)).astype(int) - expected).max() <= 2


def test_photos_of_one_name_do_not_overwrite_each_others_maps(predict, photo, tmp_path):
    (tmp_path / "other").mkdir()
    twin = tmp_path / "other" / "astronaut.jpg"
    Image.open(photo).convert("RGB").save(twin)
    predict(photo, twin, "--explain", "layercam", "--out", tmp_path / "maps")
    assert len(list((tmp_path / "maps").iterdir())) == 2


def test_explain_without_a_place_is_wrong_use(predict, photo, tmp_path):
    code, _, err = predict(photo, "--explain", "gradcam")
    assert code == 2
    assert "--out" in err
    assert predict(photo, "--out", tmp_path / "maps")[0] == 2


def test_an_output_folder_that_is_a_file_is_one_clear_line(predict, photo, tmp_path):
    (tmp_path / "maps").write_text("in the way")
    code, _, err = predict(photo, "--explain", "gradcam", "--out", tmp_path / "maps")
    assert code == 1
    assert "cannot be written" in err
    assert "Traceback" not in err


def test_a_run_that_is_not_there_is_one_clear_line(predict, photo):
    code, _, err = predict(photo, "--model", "resnet-s")  # the fixture names a run as well
    assert code == 2
    assert "not both" in err
