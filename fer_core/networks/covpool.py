"""`covpool`, covariance pooling, after Lou and Li, "Facial expression recognition based on the FER2013 dataset", and
the method that it builds on: Acharya et al. (2018), "Covariance pooling for facial expression recognition".

The last max pooling of a convolutional network gives way to the covariance of the local features: which features occur
together matters, not where. Four stages of twice {3x3 convolution, batch norm, ReLU} (32, 64, 128, 256 channels) with
2x2 max pooling between them; a 1x1 convolution to 64 channels, since the last map of 48 x 48 has only 36 positions; at
the place of the last pooling, `pooling`:

    covariance   of the 36 vectors of 64, with 1e-4 of its trace on the diagonal; BiMap to 32 x 32, eigenvalues of at
                 least 1e-4 (ReEig), logarithm (LogEig), upper triangle: 528 features; `reduced = [48, 32]` would take
                 two BiMaps, with a ReEig between them
    max, mean    2x2 max or mean pooling, as before: 576 features

then `fc_layers` linear layers (1 to 3), the inner ones of 256 units. 1,329,479 parameters and 119 million multiply-adds
at 48 x 48 (the eigendecompositions not counted). The axes of the paper's Fig. 6 are `pooling`, `fc_layers` and the
recipe's epochs.

Assumed, since the paper names neither: the trunk, every width, dropout 0.3 before each linear layer, batch norm of the
pooled features (logarithms of variances are far from zero), He's initial weights. With `clip` the network carries a
`ClipHead` on the features of its frames; a training on single faces leaves it untrained.
"""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from fer_core.emotions import CLASSES
from fer_core.networks.clip_head import ClipHead
from fer_core.networks.initial import initialise
from fer_core.networks.registry import Network
from fer_core.networks.spd import BiMap, LogEig, ReEig, covariance, upper_triangle

WIDTHS = (32, 64, 128, 256)
POOLINGS = ("covariance", "max", "mean")


class CovPool(nn.Module):
    """float32 (N, 1, size, size) to logits (N, 7); `size` is at least 16."""

    def __init__(
        self,
        size: int = 48,
        pooling: str = "covariance",
        fc_layers: int = 2,
        channels: int = 64,
        reduced: Sequence[int] = (32,),
        hidden: int = 256,
        dropout: float = 0.3,
        clip: bool = False,
    ) -> None:
        super().__init__()
        if size < 16:
            raise ValueError("size must be at least 16")
        if pooling not in POOLINGS or not 1 <= fc_layers <= 3 or not reduced:
            raise ValueError(f"pooling is one of {', '.join(POOLINGS)}, fc_layers 1 to 3, reduced one size or more")
        layers: list[nn.Module] = []
        inputs = 1
        for stage, width in enumerate(WIDTHS):
            layers += [nn.MaxPool2d(2, ceil_mode=True)] if stage else []
            layers += [*_convolution(inputs, width), *_convolution(width, width)]
            inputs = width
        self.body = nn.Sequential(*layers)  # (N, 256, s/8, s/8)
        self.reduce = nn.Sequential(nn.Conv2d(inputs, channels, 1, bias=False), nn.BatchNorm2d(channels))
        self.pool = _Covariance(channels, reduced) if pooling == "covariance" else _Pool(pooling)
        side = -(-size // 16)
        width = reduced[-1] * (reduced[-1] + 1) // 2 if pooling == "covariance" else channels * side * side
        self.norm = nn.BatchNorm1d(width)
        dense: list[nn.Module] = []
        for _ in range(fc_layers - 1):
            dense += [nn.Dropout(dropout), nn.Linear(width, hidden), nn.ReLU()]
            width = hidden
        self.dense = nn.Sequential(*dense)
        self.clip = ClipHead(width) if clip else None
        self.dropout = nn.Dropout(dropout)
        self.fc = nn.Linear(width, CLASSES)
        initialise(self)
        if self.clip is not None:
            nn.init.zeros_(self.clip.fc.weight)  # undecided as well

    @property
    def cam_layer(self) -> nn.Module:
        return self.body

    def features(self, x: Tensor) -> Tensor:
        """What the last layer and the clip head see, (N, D)."""
        return self.dense(self.norm(self.pool(self.reduce(self.body(x)))))

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(self.dropout(self.features(x)))

    def clip_logits(self, frames: Tensor, real: Tensor | None = None) -> Tensor:
        """Logits of clips, (B, 7), from the features of their frames, (B, T, D); `real` as in `ClipHead`.

        Raises ValueError when the network was built without `clip`.
        """
        if self.clip is None:
            raise ValueError("this covpool has no clip head; build it with the option clip = true")
        logits: Tensor = self.clip(frames, real)
        return logits


class _Covariance(nn.Module):
    """Maps (N, C, h, w) to the flattened logarithm of their covariance, float32 (N, D (D + 1) / 2) for D the last size.

    A BiMap to each of the sizes, with ReEig between two; the last ReEig is a part of LogEig.
    """

    def __init__(self, channels: int, reduced: Sequence[int]) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for before, after in pairwise([channels, *reduced]):
            layers += [BiMap(before, after), ReEig()]
        self.chain = nn.Sequential(*layers[:-1], LogEig())

    def forward(self, maps: Tensor) -> Tensor:
        logarithms = self.chain(covariance(maps.flatten(2).mT))  # positions are the points
        return upper_triangle(logarithms).to(maps.device, torch.float32)


class _Pool(nn.Module):
    """The pooling that the covariance replaces: maps (N, C, h, w) to (N, C h/2 w/2)."""

    def __init__(self, kind: str) -> None:
        super().__init__()
        self.kind = kind

    def forward(self, maps: Tensor) -> Tensor:
        if self.kind == "max":
            return F.max_pool2d(maps, 2, ceil_mode=True).flatten(1)
        return F.avg_pool2d(maps, 2, ceil_mode=True, count_include_pad=False).flatten(1)


def _convolution(channels: int, width: int) -> tuple[nn.Module, ...]:
    return nn.Conv2d(channels, width, 3, padding=1, bias=False), nn.BatchNorm2d(width), nn.ReLU()


NETWORK = Network(
    name="covpool",
    summary="the covariance of the local features instead of the last pooling",
    source="Lou and Li; Acharya et al. (2018)",
    sizes=(48,),
    build=CovPool,
)
