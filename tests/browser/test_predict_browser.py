"""A visitor's first minute in a real browser: upload a photo, read the answer, take it home."""

import json
from pathlib import Path

import pytest
import torch
from playwright.sync_api import Page, expect
from serving import PATIENCE, Server, ready
from torch import nn

from fer_core.__main__ import main
from fer_core.files import write_json
from fer_core.imaging.sample import sample_photo
from fer_core.networks.inputs import InputSpec
from fer_core.networks.registry import build_network
from fer_core.networks.weights import ModelSpec, save_model

pytestmark = pytest.mark.browser
expect.set_options(timeout=PATIENCE * 1000)


@pytest.fixture(scope="module")
def trial(server: Server) -> str:
    """A finished run to ask: a network with random weights, whose numbers cannot be guessed."""
    torch.manual_seed(5)
    module = build_network("shallow", 48).eval()
    for parameter in module.parameters():
        if parameter.ndim > 1:
            nn.init.kaiming_normal_(parameter)
    folder = server.workspace.run("trial")
    write_json(folder / "run.json", {"id": "trial", "status": "done", "started": "2026-01-01", "version": "demo"})
    save_model(folder / "best.safetensors", module, ModelSpec("shallow", InputSpec()))
    return "trial"


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "astronaut.png"
    path.write_bytes(sample_photo())
    return path


def files_of(server: Server) -> set[Path]:
    return {path for path in server.workspace.root.rglob("*") if path.is_file()}


def test_an_uploaded_photo_is_answered_like_the_command_answers_it(
    server: Server, app_url: str, browser_page: Page, trial: str, photo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    browser_page.goto(f"{app_url}/predict?model={trial}")  # a cold deep link
    ready(browser_page)
    before = files_of(server)
    browser_page.set_input_files("input[type=file]", photo)
    expect(browser_page.get_by_text("Face 1", exact=False).first).to_be_visible()
    expect(browser_page.get_by_alt_text("astronaut.png: 1 face")).to_be_visible()
    expect(browser_page.get_by_alt_text("as the network saw it")).to_be_visible()
    expect(browser_page.get_by_alt_text("Grad-CAM on face 1")).to_be_visible()

    with browser_page.expect_download() as download:
        browser_page.locator(".st-key-predict_json button").click()
    assert download.value.suggested_filename == "astronaut-faces.json"
    (shown,) = json.loads(Path(download.value.path()).read_text())
    assert main(["predict", str(photo), "--run", trial, "--json", "--workspace", str(server.workspace.root)]) == 0
    (told,) = json.loads(capsys.readouterr().out)
    assert shown["file"] == "astronaut.png"
    assert {key: shown[key] for key in ("width", "height", "model")} == {
        key: told[key] for key in ("width", "height", "model")
    }
    (seen,), (said,) = shown["faces"], told["faces"]
    assert (seen["box"], seen["label"]) == (said["box"], said["label"])
    assert seen["probabilities"] == pytest.approx(said["probabilities"], abs=2e-6)
    assert files_of(server) == before  # the photo was not kept


def test_the_map_follows_the_class_that_is_asked_about(app_url: str, browser_page: Page, trial: str) -> None:
    browser_page.goto(f"{app_url}/predict?model={trial}")
    ready(browser_page)
    browser_page.locator(".st-key-predict_try_sample button").click()
    method = browser_page.locator("[class*='st-key-method_']")
    expect(method).to_be_visible()
    method.locator("input").click()
    browser_page.get_by_role("option", name="Layer-CAM").click()
    expect(browser_page.get_by_alt_text("Layer-CAM on face 1")).to_be_visible()
    browser_page.locator("[class*='st-key-class_'] input").click()
    browser_page.get_by_role("option", name="surprise").click()
    expect(browser_page.get_by_alt_text("Layer-CAM on face 1, for surprise")).to_be_visible()


def test_the_model_that_ships_sees_the_smile(app_url: str, browser_page: Page, photo: Path) -> None:
    browser_page.goto(f"{app_url}/predict")
    ready(browser_page)
    browser_page.set_input_files("input[type=file]", photo)
    expect(browser_page.get_by_text("probably happy")).to_be_visible()
    expect(browser_page.get_by_alt_text("Grad-CAM on face 1, for happy")).to_be_visible()


def test_a_file_that_is_no_picture_gets_a_sentence(app_url: str, browser_page: Page, tmp_path: Path) -> None:
    fake = tmp_path / "letter.png"
    fake.write_text("Dear network,")
    browser_page.goto(f"{app_url}/predict")
    ready(browser_page)
    browser_page.set_input_files("input[type=file]", fake)
    expect(browser_page.get_by_text("letter.png: not a picture that can be read")).to_be_visible()
    browser_page.get_by_role("button", name="Remove letter.png").click()
    expect(browser_page.get_by_text("letter.png")).to_have_count(0)
    browser_page.locator(".st-key-predict_try_sample button").click()
    expect(browser_page.get_by_text("Face 1", exact=False).first).to_be_visible()
