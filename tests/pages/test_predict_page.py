"""The Predict page: a photo in, the same numbers as `predict --json` out, and nothing that breaks it."""

import json
import struct
import zlib
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from streamlit.testing.v1 import AppTest
from torch import nn

from fer_core.__main__ import main
from fer_core.emotions import NAMES
from fer_core.files import write_json
from fer_core.imaging.sample import sample_photo
from fer_core.networks.inputs import InputSpec
from fer_core.networks.registry import build_network
from fer_core.networks.weights import ModelSpec, save_model
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
    write_json(folder / "run.json", {"id": "trial", "status": "done", "started": "2026-01-01", "version": "demo"})
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
    """The probabilities that are drawn, face by face."""
    bars = [json.loads(chart.proto.spec)["data"][0] for chart in page.get("plotly_chart")]
    return [dict(zip(bar["y"], bar["x"], strict=True)) for bar in bars]


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
        ("text.png", b"not a picture at all", "not a picture"),
        ("huge.png", huge(), "13,000 x 13,000 pixels is too large"),
        ("moving.png", png(Image.radial_gradient("L"), "GIF"), "Use PNG, JPEG, WebP or BMP"),
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


@pytest.mark.parametrize("mode", ["1", "LA", "P", "RGBA", "I;16", "CMYK"])
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
    for name in NAMES:
        asked.set_value(NAMES.index(name)).run()
        assert pictures(page)[:2] == [photo, crop]
        shown.add(pictures(page)[2])
    assert len(shown) > 3  # a class that nothing speaks for leaves the crop as it is
    (method,) = [box for box in page.selectbox if box.label == "Method"]
    method.set_value("eigencam").run()
    assert pictures(page)[2] not in shown
    (asked,) = [box for box in page.selectbox if box.label == "Where it looked for"]
    assert asked.disabled  # its map is the same for every class


def test_averaging_with_the_mirror_image_changes_the_numbers(page):
    upload(page, ("photo.png", sample_photo()))
    (plain,) = charts(page)
    page.toggle(key="predict_tta").set_value(True).run()
    (averaged,) = charts(page)
    assert plain != averaged
    assert sum(averaged.values()) == pytest.approx(1, abs=1e-5)


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
