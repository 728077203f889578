"""Training of the upscaler: faces made four times smaller, and the network that learns to undo it.

As in the shallow-CNN paper's Equation 1: the mean squared error between the original picture and what the network makes
of its subsampled copy. Judged on faces that were held out, beside bicubic interpolation.
"""

from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from fer_core.dataset.store import PUBLIC_TEST, TRAINING, Dataset
from fer_core.errors import UsageError
from fer_core.evaluation.fidelity import psnr, ssim
from fer_core.networks.espcn import ESPCN, FACTOR
from fer_core.progress import Report, silent
from fer_core.training.randomness import mixed, seeded


@dataclass(frozen=True)
class UpscalerSettings:
    """How the upscaler is trained: Adam, one cosine from the peak to zero."""

    epochs: int = 60
    batch: int = 64
    learning_rate: float = 2e-3
    seed: int = 0


@dataclass(frozen=True)
class Fidelity:
    """How near enlarged faces come to the originals: means over `faces` held-out faces."""

    faces: int
    psnr: float  # decibels
    ssim: float
    bicubic_psnr: float
    bicubic_ssim: float

    @property
    def sentence(self) -> str:
        return (
            f"On {self.faces:,} held-out faces: PSNR {self.psnr:.2f} dB (bicubic {self.bicubic_psnr:.2f}), "
            f"SSIM {self.ssim:.4f} (bicubic {self.bicubic_ssim:.4f})."
        )


def upscaler_rows(dataset: Dataset) -> tuple[np.ndarray, np.ndarray]:
    """Rows to learn from and rows to judge on (int64): Training, and PublicTest; one per picture, none in both."""
    first = dataset.groups == np.arange(len(dataset))
    learn = np.flatnonzero(first & (dataset.splits == TRAINING))
    judge = np.flatnonzero(first & (dataset.splits == PUBLIC_TEST))
    return learn, judge[~np.isin(dataset.groups[judge], dataset.groups[dataset.splits == TRAINING])]


def train_upscaler(
    images: np.ndarray, rows: np.ndarray, settings: UpscalerSettings, *, device: str = "cpu", report: Report = silent
) -> ESPCN:
    """A network trained on these rows of `images`, uint8 (N, 48, 48). The same seed gives the same network."""
    if not len(rows):
        raise UsageError("There are no Training faces to learn enlarging from.")
    with seeded(settings.seed):
        network = ESPCN().to(device)
        optimiser = torch.optim.Adam(network.parameters(), settings.learning_rate)
        faces = torch.from_numpy(images[rows]).unsqueeze(1).to(device)
        per_epoch = -(-len(faces) // settings.batch)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, settings.epochs * per_epoch)
        for epoch in range(settings.epochs):
            generator = torch.Generator().manual_seed(mixed(settings.seed, epoch))
            order = torch.randperm(len(faces), generator=generator)
            for number, batch in enumerate(order.split(settings.batch)):
                originals = _augmented(faces[batch.to(device)], generator)
                loss = F.mse_loss(network(shrunk(originals)), originals)
                optimiser.zero_grad(set_to_none=True)
                loss.backward()
                optimiser.step()
                schedule.step()
                if number % 50 == 0:
                    report(
                        f"training, epoch {epoch + 1} of {settings.epochs}",
                        (epoch + number / per_epoch) / settings.epochs,
                    )
    return network.eval()


def shrunk(originals: Tensor) -> Tensor:
    """Pictures in [0, 1], float32 (N, 1, H, W), at a quarter of the side (bicubic, with antialiasing)."""
    return F.interpolate(
        originals, scale_factor=1 / FACTOR, mode="bicubic", antialias=True, align_corners=False
    ).clamp_(0, 1)


@torch.no_grad()
def fidelity(network: ESPCN, images: np.ndarray, rows: np.ndarray, batch: int = 512) -> Fidelity:
    """Judge a network on rows of `images`, uint8 (N, 48, 48), that it did not learn from."""
    if not len(rows):
        raise UsageError("There are no held-out faces to judge the upscaler on (PublicTest is empty).")
    device = next(network.parameters()).device
    interpolated = partial(F.interpolate, scale_factor=FACTOR, mode="bicubic", align_corners=False)
    ours, bicubic = [], []
    for start in range(0, len(rows), batch):
        originals = _scaled(torch.from_numpy(images[rows[start : start + batch]]).unsqueeze(1).to(device))
        small = shrunk(originals)
        ours.append(_judged(network(small).clamp_(0, 1), originals))
        bicubic.append(_judged(interpolated(small).clamp_(0, 1), originals))
    return Fidelity(len(rows), *torch.cat(ours).mean(0).tolist(), *torch.cat(bicubic).mean(0).tolist())


def _judged(restored: Tensor, originals: Tensor) -> Tensor:
    """PSNR and SSIM of each picture, float32 (N, 2)."""
    return torch.stack([psnr(restored, originals), ssim(restored, originals)], 1).cpu()


def _scaled(faces: Tensor) -> Tensor:
    return faces.float().div_(255)


def _augmented(faces: Tensor, generator: torch.Generator) -> Tensor:
    """Half of the faces mirrored, scaled to [0, 1]; upside down would be no face."""
    mirror = torch.rand(len(faces), generator=generator) < 0.5
    return _scaled(torch.where(mirror.to(faces.device)[:, None, None, None], faces.flip(3), faces))
