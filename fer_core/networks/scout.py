"""`scout`, ours: the audit's own network, made for the shortest training on a processor that still sees expressions.

A 2x2 block of pixels becomes four channels, so nothing is computed at the full 48 x 48; then 3x3 convolutions with
batch norm at 24, 12, 6 and 3 pixels (32, 64, 128, 256 channels), a residual pair at 12 and at 6, and mean and maximum
over the last map. 762,183 parameters, 30 million multiply-adds at 48 x 48: as many as `shallow` at that size, which
reaches less with them (LOG.md). The second norm of a residual pair starts at zero, so that the pair begins as nothing
(Goyal et al., 2017).
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from fer_core.emotions import CLASSES
from fer_core.networks.registry import Network

WIDTHS = (32, 64, 128, 256)


class Scout(nn.Module):
    """float32 (N, 1, size, size) to logits (N, outputs), the seven classes unless told otherwise.

    `size` must be even and at least 16.
    """

    def __init__(self, size: int = 48, width: float = 1.0, dropout: float = 0.2, outputs: int = CLASSES) -> None:
        super().__init__()
        if size % 2 or size < 16:
            raise ValueError("size must be even and at least 16")
        stem, low, middle, high = (max(8, round(channels * width)) for channels in WIDTHS)
        self.body = nn.Sequential(
            nn.PixelUnshuffle(2),  # (N, 4, s/2, s/2)
            *_block(4, stem),
            nn.MaxPool2d(2),  # (N, 32, s/4, s/4)
            *_block(stem, low),
            _Residual(low),
            nn.MaxPool2d(2),  # (N, 64, s/8, s/8)
            *_block(low, middle),
            _Residual(middle),
            nn.MaxPool2d(2),  # (N, 128, s/16, s/16)
            *_block(middle, high),
        )
        self.dropout = nn.Dropout(dropout)
        self.fc = nn.Linear(2 * high, outputs)
        nn.init.zeros_(self.fc.weight)  # begin undecided: the first loss is log 7

    @property
    def cam_layer(self) -> nn.Module:
        return self.body

    def forward(self, x: Tensor) -> Tensor:
        maps = self.body(x)
        pooled = torch.cat([maps.amax((2, 3)), maps.mean((2, 3))], 1)  # (N, 512)
        return self.fc(self.dropout(pooled))


def _block(channels: int, width: int) -> tuple[nn.Module, ...]:
    return nn.Conv2d(channels, width, 3, padding=1, bias=False), nn.BatchNorm2d(width), nn.ReLU()


class _Residual(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.norm1 = nn.BatchNorm2d(channels)
        self.second = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(channels)
        nn.init.zeros_(self.norm2.weight)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(x + self.norm2(self.second(F.relu(self.norm1(self.first(x))))))


NETWORK = Network(
    name="scout",
    summary="the audit's own: small, residual, quickest to learn on a processor",
    source="ours",
    sizes=(48,),
    build=Scout,
)
