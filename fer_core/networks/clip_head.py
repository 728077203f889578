"""From the faces of a video to one answer: the covariance of the frames' features, as in section 2.2.2 of Lou and Li.

"In video expression recognition, the output of the fully connected layer is used as the image set feature": a clip of T
faces is T feature vectors; their covariance says how the features move together, whatever the order and number of
frames. Projected by a BiMap (the covariance of projected features is the projected covariance), flattened by LogEig,
classified by one linear layer.

Assumed: 16 dimensions after BiMap. A covariance forgets where the features lie, and with few frames that is most of
what they say, so by default their mean is kept as well: [[C + m m', m], [m', 1]], the matrix of a Gaussian (Lovric et
al., 2000). `mean=False` is the paper's covariance alone.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from fer_core.emotions import CLASSES
from fer_core.networks.spd import BiMap, LogEig, covariance, upper_triangle


class ClipHead(nn.Module):
    """Features of clips, float32 (B, T, D), to logits (B, 7).

    Clips of fewer frames than T are filled up; `real`, bool (B, T), says which frames count (None: all). Raises
    ValueError for a clip without a frame.
    """

    def __init__(self, features: int, reduced: int = 16, mean: bool = True) -> None:
        super().__init__()
        self.project = BiMap(features, min(reduced, features))
        self.flatten = LogEig()
        self.mean = mean
        side = min(reduced, features) + mean
        self.norm = nn.LayerNorm(side * (side + 1) // 2)
        self.fc = nn.Linear(side * (side + 1) // 2, CLASSES)
        nn.init.zeros_(self.fc.weight)  # begin undecided
        nn.init.zeros_(self.fc.bias)

    def forward(self, frames: Tensor, real: Tensor | None = None) -> Tensor:
        if frames.shape[1] == 0 or (real is not None and not bool(real.any(1).all())):
            raise ValueError("a clip needs at least one frame")
        if real is not None:
            frames = torch.where(real[..., None], frames, 0)  # what fills up may be anything
        weight = self.project.weight()
        points = frames.to(weight) @ weight  # float64 (B, T, reduced)
        matrix = covariance(points, real)
        if self.mean:
            count = points.shape[1] if real is None else real.sum(1, keepdim=True).to(points)
            centre = (points.sum(1) / count)[..., None]  # (B, reduced, 1)
            matrix = F.pad(matrix + centre @ centre.mT, (0, 1, 0, 1))
            corner = torch.cat([centre, torch.ones_like(centre[:, :1])], 1)  # (B, reduced + 1, 1)
            matrix = torch.cat([torch.cat([matrix[:, :-1, :-1], centre], 2), corner.mT], 1)
        vector = upper_triangle(self.flatten(matrix)).to(self.fc.weight)
        return self.fc(self.norm(vector))
