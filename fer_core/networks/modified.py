"""`modified`, the modified CNN of Yousaf et al. (2024), "Modified convolutional neural networks for facial emotion
classification".

Four times convolution, ReLU, 2x2 max pooling and dropout, then two fully connected layers: the paper's modification is
the pooling and the dropout after *every* convolution. 4,206,343 parameters and 215 million multiply-adds at the paper's
48 x 48.

Assumed, since the paper is silent: 3x3 kernels with "same" padding, widths 64-128-512-512, 256 dense units, dropout
0.25 after the convolutions and 0.5 before the logits, He's initial weights. The paper has no batch norm, and neither
has this network unless `norm` asks for it: then it comes between a convolution and its ReLU (2,432 parameters more).
"""

from torch import Tensor, nn

from fer_core.emotions import CLASSES
from fer_core.networks.initial import initialise
from fer_core.networks.registry import Network

WIDTHS = (64, 128, 512, 512)
DENSE = 256


class ModifiedCNN(nn.Module):
    """float32 (N, 1, size, size) to logits (N, 7); `size` is at least 16."""

    def __init__(self, size: int = 48, dropout: float = 0.25, dense_dropout: float = 0.5, norm: bool = False) -> None:
        super().__init__()
        if size < 16:
            raise ValueError("size must be at least 16")
        self.blocks = nn.ModuleList()
        self.pool = nn.MaxPool2d(2, ceil_mode=True)  # keeps the last row and column of an odd map
        self.dropout = nn.Dropout(dropout)
        channels = 1
        for width in WIDTHS:
            layers: list[nn.Module] = [nn.Conv2d(channels, width, 3, padding=1)]
            if norm:
                layers.append(nn.BatchNorm2d(width))
            self.blocks.append(nn.Sequential(*layers, nn.ReLU()))
            channels = width
        side = -(-size // 16)  # four poolings, each rounding up
        self.fc1 = nn.Linear(channels * side * side, DENSE)
        self.relu = nn.ReLU()
        self.dense_dropout = nn.Dropout(dense_dropout)
        self.fc2 = nn.Linear(DENSE, CLASSES)
        initialise(self)

    @property
    def cam_layer(self) -> nn.Module:
        """The last convolution after its ReLU; its pooling leaves only 3 x 3 of 48 x 48."""
        return self.blocks[-1]

    def forward(self, x: Tensor) -> Tensor:
        for block in self.blocks:
            x = self.dropout(self.pool(block(x)))  # (N, 64, s/2, s/2) to (N, 512, s/16, s/16)
        x = self.relu(self.fc1(x.flatten(1)))  # (N, 256)
        return self.fc2(self.dense_dropout(x))  # (N, 7)


NETWORK = Network(
    name="modified",
    summary="four convolutions, each with pooling and dropout, and two dense layers",
    source="Yousaf et al. (2024)",
    sizes=(48,),
    build=ModifiedCNN,
)
