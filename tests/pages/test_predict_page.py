"""The Predict page: a photo in, the same numbers as `predict --json` out, and nothing that breaks it."""

import json
import shutil
import struct
import subprocess
import sys
import zlib
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import torch
from drawn_components import drawn
from PIL import Image
from streamlit.testing.v1 import AppTest
from torch import nn

from fer_core.__main__ import main
from fer_core.dataset.store import PRIVATE_TEST, open_dataset
from fer_core.emotions import NAMES
from fer_core.evaluation.inference import predict_probabilities
from fer_core.files import write_json
from fer_core.imaging.sample import sample_photo
from fer_core.networks.inputs import InputSpec
from fer_core.networks.registry import build_network
from fer_core.networks.weights import ModelSpec, save_model
from fer_core.runs.run import open_run
from fer_core.workspace import Workspace

SHELL = Path(__file__).resolve().parents[2] / "pages" / "_shell.py"


@pytest.fixture(scope="module")
def asked(tmp_path_factory) -> Workspace:
    """A workspace with one finished run: a network with random weights, so that no number is trivial."""
    workspace = Workspace(tmp_path_factory.mktemp("predict") / "data")
    torch.manual_seed(5)
    module = build_network("shallow", 48).eval()
    for parameter in module.parameters():
        if parameter.ndim > 1:
            nn.init.kaiming_normal_(parameter)
    folder = workspace.run("trial")
    about = {"id": "trial", "status": "done", "started": "2026-01-01", "version": "demo", "synthetic": True}
    write_json(folder / "run.json", about)
    save_model(folder / "best.safetensors", module, ModelSpec("shallow", InputSpec()))
    return workspace


@pytest.fixture
def page(asked, monkeypatch) -> AppTest:
    """The page, open, with the run chosen."""
    monkeypatch.setenv("FERRET_WORKSPACE", str(asked.root))
    at = AppTest.from_file(str(SHELL), default_timeout=120).run().switch_page("predict.py").run()
    assert not at.exception
    return at.selectbox(key="model").set_value("trial").run()


def upload(page: AppTest, *files: tuple[str, bytes]) -> AppTest:
    at = page.file_uploader(key="predict_files").set_value([(*file, "image/png") for file in files]).run()
    assert not at.exception
    return at


def png(image: Image.Image, form: str = "PNG", **options) -> bytes:
    stored = BytesIO()
    image.save(stored, form, **options)
    return stored.getvalue()


def charts(page: AppTest) -> list[dict[str, float]]:
    """The probabilities as the bars show them, one chart each."""
    return [{line["name"]: line["values"][0] for line in chart["lines"]} for chart in drawn(page, "bars")]


def titles(page: AppTest) -> list[str]:
    return [text.value for text in page.markdown if text.value.startswith("**Face")]


def test_before_any_photo_it_says_what_it_can_and_cannot_do(page):
    captions = " ".join(caption.value for caption in page.caption)
    assert "never written to disk" in captions
    assert "An expression is not a feeling" in captions
    assert "hiring" in captions
    assert not charts(page)


def test_the_sample_photo_has_the_numbers_of_the_command(page, asked, tmp_path, monkeypatch, capsys):
    page.button(key="predict_try_sample").click().run()
    assert not page.exception
    monkeypatch.setattr("fer_core.__main__.FLOORS", ("prediction",))
    photo = tmp_path / "astronaut.png"
    photo.write_bytes(sample_photo())
    assert main(["predict", str(photo), "--run", "trial", "--json", "--workspace", str(asked.root)]) == 0
    (face,) = json.loads(capsys.readouterr().out)[0]["faces"]
    assert charts(page) == [pytest.approx(face["probabilities"], abs=2e-6)]
    (title,) = titles(page)
    assert face["label"] in title
    assert f"{face['confidence'] * 100:.0f}" in title


def test_four_faces_make_four_numbered_cards(page):
    photo = Image.open(BytesIO(sample_photo()))
    sheet = Image.new("RGB", (1024, 1024))
    for place in ((0, 0), (512, 0), (0, 512), (512, 512)):
        sheet.paste(photo, place)
    upload(page, ("four.png", png(sheet)))
    assert [title[:10] for title in titles(page)] == [f"**Face {n}**" for n in (1, 2, 3, 4)]
    assert len(charts(page)) == 4


def huge() -> bytes:
    header = struct.pack(">IIBBBBB", 13_000, 13_000, 1, 0, 0, 0, 0)
    chunk = struct.pack(">I", 13) + b"IHDR" + header + struct.pack(">I", zlib.crc32(b"IHDR" + header))
    return b"\x89PNG\r\n\x1a\n" + chunk + b"\0\0\0\0IEND" + struct.pack(">I", zlib.crc32(b"IEND"))


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("cut.png", sample_photo()[:30_000], "damaged"),
        pytest.param("text.png", b"not a picture at all", "not a picture", marks=pytest.mark.slow),
        pytest.param("huge.png", huge(), "13,000 x 13,000 pixels is too large", marks=pytest.mark.slow, id="huge"),
        pytest.param(
            *("moving.png", png(Image.radial_gradient("L"), "GIF"), "Use PNG, JPEG, WebP or BMP"),
            marks=pytest.mark.slow,
            id="moving",
        ),
    ],
)
def test_a_bad_file_gets_a_sentence_and_the_page_lives_on(page, name, content, sentence):
    upload(page, (name, content), ("good.png", sample_photo()))
    (error,) = page.error
    assert sentence in error.value
    assert name in error.value
    assert len(titles(page)) == 1
    upload(page, ("again.png", sample_photo()))
    assert not page.error
    assert len(titles(page)) == 1


@pytest.mark.parametrize(
    "mode", ["I;16", *(pytest.param(mode, marks=pytest.mark.slow) for mode in ("1", "LA", "P", "RGBA", "CMYK"))]
)
def test_every_kind_of_picture_is_shown(page, mode):
    grey = Image.radial_gradient("L")
    deep = Image.fromarray(np.asarray(grey).astype(np.uint16) * 257)
    picture = deep if mode == "I;16" else grey.convert("RGB").convert(mode)
    upload(page, ("kind.png", png(picture, "JPEG" if mode == "CMYK" else "PNG")))
    assert not page.error
    assert any("No face found" in text.value for text in page.markdown)


def test_where_no_face_is_found_the_whole_picture_is_offered(page):
    upload(page, ("hill.png", png(Image.linear_gradient("L"))))
    assert not charts(page)
    (offer,) = [button for button in page.button if button.label == "Use the whole picture"]
    offer.click().run()
    assert not page.exception
    assert len(charts(page)) == 1
    assert any("No face was found" in caption.value for caption in page.caption)


def pictures(page: AppTest) -> list[str]:
    """What every picture on the page is: its address in memory, which names its content."""
    return [url for picture in page.get("image") for url in picture.value]


def test_another_class_and_another_method_draw_another_map_of_the_same_crop(page):
    upload(page, ("photo.png", sample_photo()))
    photo, crop, first = pictures(page)
    (asked,) = [box for box in page.selectbox if box.label == "Where it looked for"]
    shown = {first}
    for name in ("angry", "happy", "sad", "surprise"):
        asked.set_value(NAMES.index(name)).run()
        assert pictures(page)[:2] == [photo, crop]
        shown.add(pictures(page)[2])
    assert len(shown) > 2  # a class that nothing speaks for leaves the crop as it is
    (method,) = [box for box in page.selectbox if box.label == "Method"]
    method.set_value("eigencam").run()
    assert pictures(page)[2] not in shown
    (asked,) = [box for box in page.selectbox if box.label == "Where it looked for"]
    assert asked.disabled  # its map is the same for every class


def test_averaging_with_the_mirror_image_changes_the_numbers(page):
    upload(page, ("photo.png", sample_photo()))
    (plain,) = charts(page)
    page.selectbox(key="predict_tta").set_value("flip").run()
    (averaged,) = charts(page)
    assert plain != averaged
    assert sum(averaged.values()) == pytest.approx(1, abs=1e-5)


def test_two_networks_answer_side_by_side_or_as_one(page):
    upload(page, ("photo.png", sample_photo()))
    (alone,) = charts(page)
    page.multiselect(key="predict_more").set_value(["resnet-s"]).run()
    one, other = charts(page)
    assert one == alone
    assert max(other, key=other.get) == "happy"
    assert any(text.value.startswith("**resnet-s**") for text in page.markdown)
    page.segmented_control(key="predict_way").set_value("Averaged as one").run()
    assert not page.exception
    (mean,) = charts(page)
    assert mean == pytest.approx({name: (one[name] + other[name]) / 2 for name in NAMES}, abs=1e-6)
    assert any("together was not counted" in caption.value for caption in page.caption)


def test_a_box_by_hand_is_where_the_sliders_say(page):
    upload(page, ("hill.png", png(Image.linear_gradient("L").resize((400, 200)))))
    sliders = {slider.label: slider for slider in page.slider}
    sliders["Left to right"].set_value(25).run()
    {slider.label: slider for slider in page.slider}["Size"].set_value(50).run()
    next(button for button in page.button if button.label == "Use this box").click().run()
    assert not page.exception
    (answer,) = page.session_state["predict_answers"].values()
    assert answer.documents[0]["boxes"] == "by hand"
    assert answer.documents[0]["faces"][0]["box"] == [50, 40, 100, 100]  # of 400 x 200: at 25 % and 45 %, half as high
    assert len(charts(page)) == 1


def opened(page: AppTest, key: str) -> AppTest:
    """The page with a fold open."""
    page.session_state[key] = True
    at = page.run()
    assert not at.exception
    return at


def test_the_steps_to_the_input_are_pictures_with_words(page):
    upload(page, ("photo.png", sample_photo()))
    before = len(pictures(page))
    (photo,) = page.session_state["predict_answers"]
    opened(page, f"steps_{photo[0]}_1")
    assert len(pictures(page)) == before + 3
    assert [text.value.split("**")[1] for text in page.caption if text.value.startswith("**")] == [
        *("Found", "Cropped", "Input")
    ]


def test_the_model_that_ships_says_what_its_calls_are_worth_and_shows_its_card(page):
    page.selectbox(key="model").set_value("resnet-s").run()
    upload(page, ("photo.png", sample_photo()))
    assert any(text.value.startswith("Of calls this sure, about") for text in page.caption)
    opened(page, "card_resnet-s")
    assert any("hiring" in text.value and "**Expressions are not feelings.**" in text.value for text in page.markdown)


def test_a_run_on_drawn_faces_says_what_it_is_worth_on_photographs(page):
    assert any("Trained on drawn faces alone: trial." in caption.value for caption in page.caption)
    page.selectbox(key="model").set_value("resnet-s").run()
    assert not any("drawn faces" in caption.value for caption in page.caption)


def test_a_run_that_is_not_scored_has_no_card_and_says_so(page):
    opened(page, "card_trial")
    assert any("The run trial is not finished" in caption.value for caption in page.caption)


def test_a_model_is_scored_on_an_imported_data_set_with_one_click(page, asked, demo_workspace):
    opened(page, "predict_scoring")
    assert any("No data set yet" in text.value for text in page.markdown)
    shutil.copytree(demo_workspace.dataset("demo"), asked.dataset("demo"))
    page.run()
    page.button(key="predict_score").click().run()
    assert not page.exception
    demo = open_dataset(asked, "demo")
    rows = demo.splits == PRIVATE_TEST
    called = open_run(asked, "trial").model()
    accuracy = (predict_probabilities(called, demo.images[rows]).argmax(1) == demo.labels[rows]).mean()
    (metric,) = [metric for metric in page.metric if metric.label == "Accuracy"]
    assert metric.value == f"{accuracy:.1%}"
    shutil.rmtree(asked.dataset("demo"))


def labelled_by_people() -> None:
    import numpy as np

    from pages._predict_views.labelled import _compared

    probabilities = np.full((3, 7), 0.05)
    probabilities[[0, 1, 2], [3, 3, 4]] = 0.7
    _compared([3, 4, None], probabilities)


def test_what_people_say_of_their_photos_is_counted():
    at = AppTest.from_function(labelled_by_people, default_timeout=60).run()
    assert not at.exception
    assert at.markdown[0].value.startswith("**It agrees with you on 1 of 2.**")
    cells = json.loads(at.get("plotly_chart")[0].proto.spec)["data"][0]["text"]
    assert {(i, j): cell for i, row in enumerate(cells) for j, cell in enumerate(row) if cell} == {
        (3, 3): "1",
        (4, 3): "1",
    }


def test_moving_pictures_have_their_places_on_the_same_page(page):
    for source, words in (("Live", "nothing is stored"), ("Video", "The video is deleted")):
        page.segmented_control(key="predict_source").set_value(source).run()
        assert not page.exception
        assert any(words in caption.value for caption in page.caption)
        assert page.selectbox(key="model").value == "trial"
        assert page.query_params["source"] == source
    page.segmented_control(key="predict_source").set_value("Photos").run()
    assert not page.exception
    assert "source" not in page.query_params


@pytest.mark.parametrize(("source", "opened"), [("Video", "Video"), ("elsewhere", "Photos")])
def test_the_address_says_where_faces_come_from(asked, monkeypatch, source, opened):
    monkeypatch.setenv("FERRET_WORKSPACE", str(asked.root))
    at = AppTest.from_file(str(SHELL), default_timeout=120).run().switch_page("predict.py")
    at.query_params["source"] = source
    at.run()
    assert not at.exception
    assert at.segmented_control(key="predict_source").value == opened


@pytest.mark.slow
def test_nothing_loads_torch_before_a_network_is_asked():
    code = "import sys; import pages._predict_views.photo, pages._predict_views.card, pages._predict_views.inputs; "
    code += "import pages._predict_views.labelled, pages._predict_views.scoring; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=SHELL.parents[1], check=False).returncode == 0


def test_taking_a_photo_away_takes_its_answer_away(page):
    upload(page, ("photo.png", sample_photo()))
    assert page.session_state["predict_answers"]
    page.file_uploader(key="predict_files").set_value([]).run()
    assert not charts(page)
    assert not page.error


def test_a_damaged_model_is_a_sentence(page, asked):
    file = asked.run("trial") / "best.safetensors"
    good = file.read_bytes()
    try:
        file.write_bytes(good[:-1] + bytes([good[-1] ^ 255]))
        upload(page, ("photo.png", sample_photo()))
        assert any("damaged" in error.value for error in page.error)
        assert not charts(page)
    finally:
        file.write_bytes(good)
