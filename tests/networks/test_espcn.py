"""The upscaler: its shape is the paper's, and the weights that ship enlarge faces they have never seen."""

import numpy as np
import torch
from torch.nn import functional as F

from fer_core.dataset.store import Dataset
from fer_core.evaluation.fidelity import psnr
from fer_core.networks.espcn import ESPCN, enlarge, enlarge_faces, load_espcn
from fer_core.networks.inputs import InputSpec
from fer_core.networks.registry import networks, parameter_count
from fer_core.training.upscaler import fidelity, shrunk


def test_it_has_the_parameters_of_the_papers_equation() -> None:
    network = ESPCN()
    assert [parameter_count(layer) for layer in (network.conv1, network.conv2, network.conv3)] == [1664, 18464, 4624]
    assert network(torch.zeros(2, 1, 12, 15)).shape == (2, 1, 48, 60)
    assert "espcn" not in networks()  # it classifies nothing


def test_the_weights_that_ship_beat_bicubic_on_drawn_faces(demo: Dataset) -> None:
    rows = np.arange(0, len(demo), 5)
    figures = fidelity(load_espcn(), demo.images, rows)
    assert figures.faces == len(rows)
    assert figures.psnr > figures.bicubic_psnr
    assert figures.ssim > figures.bicubic_ssim


def test_the_figures_of_bicubic_are_those_of_bicubic(demo: Dataset) -> None:
    rows = np.arange(20)
    originals = torch.from_numpy(np.array(demo.images[rows])).unsqueeze(1).float() / 255
    enlarged = F.interpolate(shrunk(originals), scale_factor=4, mode="bicubic", align_corners=False).clamp(0, 1)
    assert abs(fidelity(load_espcn(), demo.images, rows).bicubic_psnr - psnr(enlarged, originals).mean().item()) < 1e-4


def test_a_grey_picture_stays_grey() -> None:
    for value in (0.1, 0.5, 0.9):
        assert (enlarge(torch.full((1, 1, 48, 48), value)) - value).abs().max() < 0.03


def test_faces_come_back_four_times_as_large_and_the_same_way_up(demo: Dataset) -> None:
    faces = demo.images[:3]
    large = enlarge_faces(faces)
    assert large.shape == (3, 192, 192)
    assert large.dtype == np.uint8
    small_again = large.reshape(3, 48, 4, 48, 4).mean((2, 4))
    assert np.abs(small_again - faces).mean() < 4


def test_an_input_by_espcn_differs_from_bicubic_but_shows_the_same_face(demo: Dataset) -> None:
    faces = demo.images[:4]
    ours = InputSpec(224, mean=0.0, std=1.0, resize="espcn").tensor(faces)
    bicubic = InputSpec(224, mean=0.0, std=1.0).tensor(faces)
    assert ours.shape == (4, 1, 224, 224)
    assert 0.001 < (ours - bicubic).abs().mean() < 0.05
    # A picture that is not enlarged has nothing to gain: both are the same.
    assert torch.equal(InputSpec(48, resize="espcn").tensor(faces), InputSpec(48).tensor(faces))
