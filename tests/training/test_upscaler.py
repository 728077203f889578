"""Training the upscaler: it learns, it repeats, and it is judged on faces that it has not seen."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from fer_core.__main__ import main
from fer_core.dataset.store import PUBLIC_TEST, TRAINING, Dataset, Images, create_dataset
from fer_core.networks.espcn import load_espcn
from fer_core.training.upscaler import UpscalerSettings, fidelity, train_upscaler, upscaler_rows
from fer_core.workspace import Workspace


def test_no_picture_is_learnt_from_and_judged_on(workspace: Workspace) -> None:
    drawn = np.random.default_rng(0).integers(0, 256, (4, 48, 48), np.uint8)
    images = Images(drawn[[0, 0, 1, 1, 2, 2, 3]], np.zeros(7, np.int8), np.array([0, 0, 0, 1, 1, 1, 2], np.int8))
    learn, judge = upscaler_rows(create_dataset(workspace, "copies", images, origin={}))
    assert learn.tolist() == [0, 2]  # one of each picture
    assert judge.tolist() == [4]  # 3 is in Training too, 5 is a copy of 4


def test_training_beats_where_it_began_and_repeats_by_seed(demo: Dataset) -> None:
    learn, judge = upscaler_rows(demo)
    assert set(demo.splits[learn]) == {TRAINING}
    assert set(demo.splits[judge]) == {PUBLIC_TEST}
    short = UpscalerSettings(epochs=1, batch=16)
    networks = [train_upscaler(demo.images, learn, UpscalerSettings(epochs=e, batch=16), report=quiet) for e in (1, 4)]
    figures = [fidelity(network, demo.images, judge) for network in networks]
    assert figures[1].psnr > figures[0].psnr + 1
    again = train_upscaler(demo.images, learn, short)
    assert all(torch.equal(a, b) for a, b in zip(again.parameters(), networks[0].parameters(), strict=True))


def quiet(stage: str, fraction: float) -> None:
    assert stage
    assert 0 <= fraction <= 1


def test_the_command_writes_weights_that_load(
    demo: Dataset, workspace: Workspace, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "own.safetensors"
    arguments = ["upscaler", "train", demo.name, "--epochs", "1", "--out", str(file), "--json"]
    assert main([*arguments, "--workspace", str(workspace.root)]) == 0
    document = json.loads(capsys.readouterr().out)
    _, judge = upscaler_rows(demo)
    measured = fidelity(load_espcn(file), demo.images, judge)
    assert document["psnr"] == pytest.approx(measured.psnr, abs=1e-3)
    assert document["faces"] == len(judge)
    assert main([*arguments[:3], "--out", str(tmp_path), "--workspace", str(workspace.root)]) == 2
