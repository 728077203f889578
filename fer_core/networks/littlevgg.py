"""`littlevgg`, the "five-layer" CNN of Tekula, "Facial emotions recognition using deep learning models".

The gray picture three times over; four blocks of twice {3x3 convolution, activation, batch norm}, 2x2 max pooling and
dropout (32, 64, 128, 256 channels); then 64 units, 64 units and 7 logits. At the paper's 48 x 48 it has 1,326,567
parameters and 2,176 running means and variances of its norms, the two numbers that the paper prints (its Fig. 3); its
table breaks off after the third convolution, and the widths beyond were worked out from these numbers. 119 million
multiply-adds.

Assumed, since the paper is silent: ELU, He's initial weights, dropout 0.2 after the blocks and 0.5 after the dense
layers, torch's momentum and epsilon of the norms.
"""

from torch import Tensor, nn

from fer_core.emotions import CLASSES
from fer_core.networks.initial import initialise
from fer_core.networks.registry import Network

WIDTHS = (32, 64, 128, 256)
DENSE = 64


class LittleVGG(nn.Module):
    """float32 (N, 1, size, size) to logits (N, 7); `size` is at least 16."""

    def __init__(self, size: int = 48, dropout: float = 0.2, dense_dropout: float = 0.5) -> None:
        super().__init__()
        if size < 16:
            raise ValueError("size must be at least 16")
        self.blocks = nn.ModuleList()
        self.pool = nn.MaxPool2d(2, ceil_mode=True)  # keeps the last row and column of an odd map
        self.dropout = nn.Dropout(dropout)
        channels = 3
        for width in WIDTHS:
            self.blocks.append(nn.Sequential(*_convolution(channels, width), *_convolution(width, width)))
            channels = width
        side = -(-size // 16)  # four poolings, each rounding up
        self.dense = nn.Sequential(
            *_dense(channels * side * side, DENSE, dense_dropout),
            *_dense(DENSE, DENSE, dense_dropout),
        )
        self.fc = nn.Linear(DENSE, CLASSES)
        initialise(self)

    @property
    def cam_layer(self) -> nn.Module:
        """The last block before its pooling, which leaves only 3 x 3 of 48 x 48."""
        return self.blocks[-1]

    def forward(self, x: Tensor) -> Tensor:
        x = x.expand(-1, 3, -1, -1)  # (N, 3, s, s)
        for block in self.blocks:
            x = self.dropout(self.pool(block(x)))  # (N, 32, s/2, s/2) to (N, 256, s/16, s/16)
        return self.fc(self.dense(x.flatten(1)))  # (N, 2304), (N, 64), (N, 7)


def _convolution(channels: int, width: int) -> tuple[nn.Module, ...]:
    return nn.Conv2d(channels, width, 3, padding=1), nn.ELU(), nn.BatchNorm2d(width)


def _dense(inputs: int, width: int, dropout: float) -> tuple[nn.Module, ...]:
    return nn.Linear(inputs, width), nn.ELU(), nn.BatchNorm1d(width), nn.Dropout(dropout)


NETWORK = Network(
    name="littlevgg",
    summary="eight small convolutions with batch norm, two narrow dense layers",
    source="Tekula, Facial emotions recognition using deep learning models",
    sizes=(48,),
    build=LittleVGG,
)
