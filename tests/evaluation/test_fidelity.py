"""PSNR and SSIM against scikit-image's."""

import numpy as np
import torch
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from fer_core.evaluation.fidelity import psnr, ssim


def test_both_agree_with_scikit_image() -> None:
    rng = np.random.default_rng(0)
    original = rng.random((4, 48, 40)).cumsum(1).astype(np.float64)
    original = (original - original.min()) / np.ptp(original)
    restored = (original + rng.normal(0, [[[0.01]], [[0.05]], [[0.1]], [[0.3]]], original.shape)).clip(0, 1)
    ours = [
        measure(torch.from_numpy(restored).unsqueeze(1), torch.from_numpy(original).unsqueeze(1)).numpy()
        for measure in (psnr, ssim)
    ]
    pairs = list(zip(original, restored, strict=True))
    np.testing.assert_allclose(ours[0], [peak_signal_noise_ratio(o, r, data_range=1) for o, r in pairs], rtol=1e-5)
    theirs = [
        structural_similarity(o, r, data_range=1, gaussian_weights=True, sigma=1.5, use_sample_covariance=False)
        for o, r in pairs
    ]
    # scikit-image crops the same 5 pixels of border before it takes the mean.
    np.testing.assert_allclose(ours[1], theirs, rtol=1e-4)


def test_the_same_picture_is_perfect() -> None:
    picture = torch.rand(2, 1, 48, 48, generator=torch.Generator().manual_seed(0))
    assert (ssim(picture, picture) > 0.9999).all()
    assert (psnr(picture, picture) >= 99).all()
