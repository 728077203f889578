"""`resnet`, ours: the large network to train from scratch, where there is a GPU.

A residual network of 18 layers (He et al., 2016) for small pictures: a 3x3 stem that keeps the resolution, four stages
of two residual pairs (64, 128, 256, 512 channels, the later three halving the map), each pair with squeeze-and-excite
(Hu et al., 2018; an eighth of the channels in the middle, but at least 8), a last norm that starts at zero, so that the
pair begins as nothing (Goyal et al., 2017), and stochastic depth (Huang et al., 2016) that grows with the layer up to
`drop_path`. Where a stage changes the shape, its shortcut is 2x2 averaging and a 1x1 convolution (He et al., 2019), so
that no pixel is dropped. The last maps are averaged: any size goes, also a crop of the size it was trained at.
11,347,511 parameters, 1,247 million multiply-adds at 48 x 48.
"""

from collections.abc import Sequence

from torch import Tensor, nn
from torch.nn import functional as F

from fer_core.emotions import CLASSES
from fer_core.networks.initial import initialise
from fer_core.networks.registry import Network


class ResNet(nn.Module):
    """float32 (N, 1, size, size) to logits (N, 7); `size` is at least 16 and need not be that of the pictures."""

    def __init__(
        self,
        size: int = 48,
        widths: Sequence[int] = (64, 128, 256, 512),
        pairs: Sequence[int] = (2, 2, 2, 2),
        drop_path: float = 0.1,
        dropout: float = 0.2,
    ) -> None:
        super().__init__()
        if size < 16:
            raise ValueError("size must be at least 16")
        if len(widths) != len(pairs) or min(*widths, *pairs) < 1 or not 0 <= drop_path < 1:
            raise ValueError("a stage has a width and a number of pairs, both positive; drop_path lies in [0, 1)")
        layers: list[nn.Module] = [_convolution(1, widths[0]), nn.BatchNorm2d(widths[0]), nn.ReLU()]
        channels, built, total = widths[0], 0, sum(pairs)
        for stage, (width, count) in enumerate(zip(widths, pairs, strict=True)):
            for pair in range(count):
                built += 1
                halve = stage > 0 and pair == 0
                layers.append(_Pair(channels, width, halve, drop_path * built / total))
                channels = width
        self.body = nn.Sequential(*layers)
        self.dropout = nn.Dropout(dropout)
        self.fc = nn.Linear(channels, CLASSES)
        initialise(self)

    @property
    def cam_layer(self) -> nn.Module:
        return self.body

    def forward(self, x: Tensor) -> Tensor:
        maps = self.body(x)  # (N, 512, s/8, s/8)
        return self.fc(self.dropout(maps.mean((2, 3))))  # (N, 512), (N, 7)


class _Pair(nn.Module):
    """Two convolutions and their shortcut."""

    def __init__(self, channels: int, width: int, halve: bool, drop: float) -> None:
        super().__init__()
        self.first = _convolution(channels, width, 2 if halve else 1)
        self.norm1 = nn.BatchNorm2d(width)
        self.second = _convolution(width, width)
        self.norm2 = nn.BatchNorm2d(width)
        nn.init.zeros_(self.norm2.weight)
        middle = max(8, width // 8)
        self.squeeze, self.excite = nn.Linear(width, middle), nn.Linear(middle, width)
        self.drop = drop
        self.shortcut: nn.Module = nn.Identity()
        if halve or channels != width:
            pool = nn.AvgPool2d(2, ceil_mode=True, count_include_pad=False) if halve else nn.Identity()
            self.shortcut = nn.Sequential(pool, nn.Conv2d(channels, width, 1, bias=False), nn.BatchNorm2d(width))

    def forward(self, x: Tensor) -> Tensor:
        y = F.relu(self.norm1(self.first(x)))
        y = self.norm2(self.second(y))
        gate = self.excite(F.relu(self.squeeze(y.mean((2, 3))))).sigmoid()[..., None, None]  # (N, C, 1, 1)
        if self.training and self.drop:  # whole pairs of some faces, the others scaled up for it
            kept = (gate.new_empty(len(gate), 1, 1, 1).uniform_() >= self.drop).to(gate.dtype)
            gate = gate * kept / (1 - self.drop)
        return F.relu(self.shortcut(x) + y * gate)


def _convolution(channels: int, width: int, stride: int = 1) -> nn.Conv2d:
    return nn.Conv2d(channels, width, 3, stride, padding=1, bias=False)


NETWORK = Network(
    name="resnet",
    summary="18 residual layers with squeeze-and-excite; large, made for a GPU",
    source="ours",
    sizes=(48, 44),
    build=ResNet,
)
