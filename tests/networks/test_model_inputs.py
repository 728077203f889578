"""Pixels become what a network sees in one place, once."""

import numpy as np
import pytest
import torch

from fer_core.networks.inputs import InputSpec


def test_pixels_are_scaled_once_and_normalised() -> None:
    images = np.array([0, 255], np.uint8)[:, None, None] * np.ones((1, 48, 48), np.uint8)
    seen = InputSpec().tensor(images)
    assert seen.shape == (2, 1, 48, 48)
    assert seen.dtype == torch.float32
    torch.testing.assert_close(seen[0], torch.full((1, 48, 48), (0 - 0.5077) / 0.2550))
    torch.testing.assert_close(seen[1], torch.full((1, 48, 48), (1 - 0.5077) / 0.2550))


def test_pixels_that_were_scaled_already_are_refused() -> None:
    with pytest.raises(ValueError, match="uint8"):
        InputSpec().tensor(np.zeros((1, 48, 48), np.float32))
    with pytest.raises(ValueError, match="uint8"):
        InputSpec().tensor(torch.zeros(1, 48, 48))


def test_an_array_and_a_tensor_give_the_same_and_stay_as_they_were() -> None:
    images = np.random.default_rng(0).integers(0, 256, (5, 48, 48), np.uint8)
    before = images.copy()
    torch.testing.assert_close(InputSpec().tensor(images), InputSpec().tensor(torch.from_numpy(images)))
    assert (images == before).all()


def test_read_only_images_are_taken_without_a_warning(tmp_path) -> None:
    np.save(tmp_path / "images.npy", np.full((2, 48, 48), 7, np.uint8))
    mapped = np.load(tmp_path / "images.npy", mmap_mode="r")
    assert InputSpec().tensor(mapped).shape == (2, 1, 48, 48)


@pytest.mark.parametrize("resize", ["bicubic", "bilinear", "nearest"])
@pytest.mark.parametrize("size", [24, 224])
def test_resizing_keeps_the_range_and_the_orientation(resize: str, size: int) -> None:
    image = np.zeros((1, 48, 48), np.uint8)
    image[:, :24] = 255  # the upper half is white
    seen = InputSpec(size, mean=0.0, std=1.0, resize=resize).tensor(image)
    assert seen.shape == (1, 1, size, size)
    assert seen.min() >= 0
    assert seen.max() <= 1
    torch.testing.assert_close(seen[0, 0, 0], torch.ones(size), atol=0.02, rtol=0)
    torch.testing.assert_close(seen[0, 0, -1], torch.zeros(size), atol=0.02, rtol=0)


@pytest.mark.parametrize("wrong", [{"size": 4}, {"std": 0.0}, {"resize": "magic"}])
def test_a_spec_that_makes_no_sense_is_refused(wrong: dict) -> None:
    with pytest.raises(ValueError, match=r"size|std"):
        InputSpec(**wrong)
