"""The shallow CNN of Qalandarov and Kurbanov (2024), "improved FER-2013", its Table 1.

Three times 3x3 convolution, ReLU, 2x2 max pooling (32, 64, 128 channels), then 512 units and 7 logits. At the paper's
224 x 224 it has 51,476,999 parameters. The paper prints 51,795,456 for its first dense layer; 100,352 x 512 + 512 is
51,380,736, which is what is built here. Its table ends in a softmax and its loss is cross-entropy: logits come out
here, softmax is applied outside.

The input size is a parameter. At 48 the same three blocks end in 128 x 6 x 6 features (2,456,071 parameters, 24 million
multiply-adds instead of 528 million) and train about 30 times faster. Assumed, since the paper is silent: "same"
padding (its output shapes imply it), dropout 0.25 after the convolutions and 0.5 after the 512 units, He's (2015)
initial weights.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from fer_core.emotions import CLASSES
from fer_core.networks.registry import Network


class ShallowCNN(nn.Module):
    """float32 (N, 1, size, size) to logits (N, 7). `dense`: units of the hidden layer, 512 in the paper."""

    def __init__(self, size: int = 224, dropout: float = 0.25, dense_dropout: float = 0.5, dense: int = 512) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 32, 3, padding=1)
        self.conv2 = nn.Conv2d(32, 64, 3, padding=1)
        self.conv3 = nn.Conv2d(64, 128, 3, padding=1)
        side = -(-size // 8)  # three poolings, each rounding up
        self.dropout = nn.Dropout(dropout)
        self.fc1 = nn.Linear(128 * side * side, dense)
        self.dense_dropout = nn.Dropout(dense_dropout)
        self.fc2 = nn.Linear(dense, CLASSES)
        for parameter in self.parameters():
            if parameter.ndim > 1:
                nn.init.kaiming_normal_(parameter, nonlinearity="relu")
            else:
                nn.init.zeros_(parameter)
        nn.init.zeros_(self.fc2.weight)  # begin undecided: the first loss is log 7

    @property
    def cam_layer(self) -> nn.Module:
        """What the last block passes on, after ReLU and pooling (dropout does nothing in evaluation).

        The convolution itself also has negative values, which the next layer never sees: on them, Grad-CAM's map of a
        98 % smile comes out empty.
        """
        return self.dropout

    def forward(self, x: Tensor) -> Tensor:
        for convolution in (self.conv1, self.conv2, self.conv3):
            x = _pool(convolution(x))  # (N, 32, s/2, s/2), (N, 64, s/4, s/4), (N, 128, s/8, s/8)
        x = torch.flatten(self.dropout(x), 1)  # (N, 128 * side * side)
        x = F.relu(self.fc1(x))
        return self.fc2(self.dense_dropout(x))  # (N, 7)


def _pool(x: Tensor) -> Tensor:
    """ReLU and 2x2 max pooling. Both are monotonous, so pooling first gives the same on a quarter of the values.

    `ceil_mode` keeps the last row and column of an odd map; even maps (48, 224) are not touched by it.
    """
    return F.relu(F.max_pool2d(x, 2, ceil_mode=True))


NETWORK = Network(
    name="shallow",
    summary="three convolutions and two dense layers; the paper's 224 x 224 or, 30 times faster, 48 x 48",
    source="Qalandarov and Kurbanov (2024)",
    sizes=(48, 224),
    build=ShallowCNN,
)
