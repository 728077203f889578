"""`vggnet`, the network of Khaireddin and Chen (2021), which Nurmakhan et al. take as their baseline.

Four stages of twice {3x3 convolution, batch norm, ReLU} and 2x2 max pooling (64, 128, 256, 512 channels), then 4,096
units, 4,096 units and 7 logits with dropout. At the paper's 40 x 40 it has 29,890,759 parameters and 351 million
multiply-adds; at 48 x 48, 40,376,519 parameters. `width` (of the first stage, doubled by each next one), `depth`
(convolutions to a stage), `dense` and `dropout` are the axes of Nurmakhan et al.'s search.

As in the authors' code: dropout 0.2, and a pooling that drops the last row and column of an odd map (5 x 5 becomes
2 x 2 at 40 x 40; at 48 x 48 nothing is dropped). Assumed: He's initial weights. Their 40 x 40 are crops of 48 x 48,
ten of them averaged for a prediction: cropping is the recipe's, this network only takes its size.
"""

from torch import Tensor, nn

from fer_core.emotions import CLASSES
from fer_core.networks.initial import initialise
from fer_core.networks.registry import Network

STAGES = 4


class VGGNet(nn.Module):
    """float32 (N, 1, size, size) to logits (N, 7); `size` is at least 16."""

    def __init__(
        self, size: int = 40, width: int = 64, depth: int = 2, dense: int = 4096, dropout: float = 0.2
    ) -> None:
        super().__init__()
        if size < 16:
            raise ValueError("size must be at least 16")
        if depth < 1:
            raise ValueError("depth must be at least 1")
        self.stages = nn.ModuleList()
        self.pool = nn.MaxPool2d(2)
        channels = 1
        for stage in range(STAGES):
            layers: list[nn.Module] = []
            for _ in range(depth):
                layers += [nn.Conv2d(channels, width << stage, 3, padding=1), nn.BatchNorm2d(width << stage), nn.ReLU()]
                channels = width << stage
            self.stages.append(nn.Sequential(*layers))
        side = size >> STAGES  # four poolings, each rounding down
        self.dense = nn.Sequential(
            nn.Linear(channels * side * side, dense),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(dense, dense),
            nn.ReLU(),
            nn.Dropout(dropout),
        )
        self.fc = nn.Linear(dense, CLASSES)
        initialise(self)

    @property
    def cam_layer(self) -> nn.Module:
        """The last stage before its pooling: 5 x 5 of 40 x 40 instead of 2 x 2."""
        return self.stages[-1]

    def forward(self, x: Tensor) -> Tensor:
        for stage in self.stages:
            x = self.pool(stage(x))  # (N, 64, s/2, s/2) to (N, 512, s/16, s/16)
        return self.fc(self.dense(x.flatten(1)))  # (N, 2048) at 40, (N, 4096), (N, 7)


NETWORK = Network(
    name="vggnet",
    summary="eight convolutions with batch norm, two wide dense layers",
    source="Khaireddin and Chen (2021), the baseline of Nurmakhan, Mukhametsharip and Khamitova",
    sizes=(40, 48),
    build=VGGNet,
)
