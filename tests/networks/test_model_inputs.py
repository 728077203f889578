"""Pixels become what a network sees in one place, once."""

import cv2
import numpy as np
import pytest
import torch

from fer_core.networks.inputs import InputSpec, cropped, equalised


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


@pytest.mark.parametrize("resize", ["bicubic", "bilinear", "nearest", "espcn"])
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


@pytest.mark.parametrize("wrong", [{"size": 4}, {"std": 0.0}, {"resize": "magic"}, {"crop": 4}])
def test_a_spec_that_makes_no_sense_is_refused(wrong: dict) -> None:
    with pytest.raises(ValueError, match=r"size|std|crop"):
        InputSpec(**wrong)


def test_equalising_gives_what_opencv_gives() -> None:
    rng = np.random.default_rng(0)
    images = np.stack(
        [
            rng.integers(0, 256, (48, 48)),
            rng.integers(100, 130, (48, 48)),
            rng.normal(80, 10, (48, 48)).clip(0, 255),
            np.full((48, 48), 77),
            np.where(np.arange(48 * 48).reshape(48, 48) < 5, 255, 0),
        ]
    ).astype(np.uint8)
    ours = equalised(torch.from_numpy(images)).numpy()
    theirs = np.stack([cv2.equalizeHist(image) for image in images])
    assert np.abs(ours.astype(int) - theirs).max() <= 1  # OpenCV scales in float32
    assert (ours[3] == 77).all()


def test_an_equalised_input_differs_and_the_plain_one_does_not_change() -> None:
    image = np.random.default_rng(1).integers(90, 110, (1, 48, 48), np.uint8)
    assert InputSpec(equalise=True).tensor(image).std() > 3 * InputSpec().tensor(image).std()


def test_crops_come_from_the_middle_or_from_where_they_are_told() -> None:
    image = torch.arange(48 * 48).reshape(1, 48, 48).remainder(251).to(torch.uint8)
    assert torch.equal(cropped(image, 40), image[:, 4:44, 4:44])
    two = cropped(image.repeat(2, 1, 1), 40, torch.tensor([[0, 8], [8, 0]]))
    assert torch.equal(two[0], image[0, :40, 8:])
    assert torch.equal(two[1], image[0, 8:, :40])
    assert InputSpec(40, crop=40).tensor(image.numpy()).shape == (1, 1, 40, 40)
    with pytest.raises(ValueError, match="does not fit"):
        cropped(image, 60)
