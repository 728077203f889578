"""What ten annotators would say of a picture, as networks see it that learnt from the votes of others.

FER+ has ten votes for every image of FER2013; every second Training image's went into four small networks (`scout`,
half as wide), made by `benchmarks/train_crowd.py`. Each of them is blind to a quarter of all pictures, told by the
first digits of the sha256 of their pixels: it saw neither their votes nor their labels. A picture is judged by the one
network that is blind to it, so that no vote for a picture, and no label of a copy of it, speaks in its own case.
"""

from collections.abc import Sequence
from functools import cache

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from fer_core.audit.expected_votes import CROWD
from fer_core.dataset.votes import ANSWERS
from fer_core.networks.inputs import InputSpec
from fer_core.networks.packing import unpacked
from fer_core.networks.scout import Scout
from fer_core.networks.tensors import read_tensors
from fer_core.progress import Report, silent

PARTS = 4
WIDTH = 0.5
INPUT = InputSpec(48)
SLACK = 2  # pixels by which views are shifted
VIEWS = ((2, 2), (0, 0), (0, 4), (4, 0), (4, 4))  # where they begin in a picture with its border repeated: down, right
_BATCH = 256


def blind_part(contents: Sequence[str]) -> np.ndarray:
    """Which network is blind to each picture, int64 (N,) in [0, PARTS), by the sha256 of its pixels as hex."""
    return np.array([int(content[:4], 16) % PARTS for content in contents], np.int64)


def crowd_shares(
    images: np.ndarray, contents: Sequence[str], views: int = 1, device: str = "cpu", report: Report = silent
) -> np.ndarray:
    """Expected shares of ten annotators' votes for ANSWERS, float32 (N, 10), of uint8 (N, 48, 48).

    Each by the network that is blind to the picture, as the mean over the first `views` of VIEWS and their mirror
    images. The first is the picture as it is.
    """
    parts = blind_part(contents)
    shares = np.zeros((len(images), len(ANSWERS)), np.float32)
    done = 0
    with torch.inference_mode():
        for part in range(PARTS):
            network = crowd_network(part).to(device)
            rows = np.flatnonzero(parts == part)
            for start in range(0, len(rows), _BATCH):
                report("asking what annotators would say", (done + start) / len(images))
                chosen = rows[start : start + _BATCH]
                shares[chosen] = said(network, INPUT.tensor(images[chosen]).to(device), views).cpu().numpy()
            done += len(rows)
    return shares


@cache
def crowd_network(part: int) -> Scout:
    """The shipped network that is blind to this part, in eval mode."""
    tensors, _ = read_tensors(CROWD)
    network = Scout(INPUT.size, WIDTH, outputs=len(ANSWERS))
    own = f"{part}."
    network.load_state_dict(
        unpacked({name.removeprefix(own): tensor for name, tensor in tensors.items() if name.startswith(own)})
    )
    return network.to(memory_format=torch.channels_last).eval().requires_grad_(False)


def said(network: Scout, pixels: Tensor, views: int) -> Tensor:
    """Shares of ANSWERS in the mean over views and their mirror images, float32 (B, 10), of float32 (B, 1, 48, 48)."""
    wide = F.pad(pixels, (SLACK,) * 4, mode="replicate")
    seen = [wide[..., down : down + INPUT.size, right : right + INPUT.size] for down, right in VIEWS[:views]]
    both = [view.contiguous(memory_format=torch.channels_last) for one in seen for view in (one, one.flip(3))]
    return torch.stack([torch.softmax(network(view), 1) for view in both]).mean(0)
