"""`vgg16`, torchvision's VGG16 (Simonyan and Zisserman, 2015) with seven logits, for transfer as in Nurmakhan et al.

Thirteen 3x3 convolutions in five stages, 2x2 max pooling, 4,096 units twice and 7 logits: 134,289,223 parameters at any
size; 824 million multiply-adds at 48 x 48, where the last map is a single pixel that torchvision repeats 7 x 7 times,
15,466 million at 224 x 224. `head = "pooled"` averages the last map instead and goes straight to the logits (14,718,279
parameters). `norm` is torchvision's variant with batch norm, `width` scales the channels.

`weights` says where the trunk begins:

    "none"       from scratch (the default)
    "imagenet"   torchvision's ImageNet weights: from its cache, else downloaded, and only then
    a path       a state dict of torchvision's VGG16 on this computer, .pth (read without executing anything in it) or
                 .safetensors; a last layer of other than seven classes is left out

`origin` says which it was, `trunk` is the pretrained part (None from scratch), to be frozen first and trained later.
The gray picture is repeated three times and normalised as ImageNet's colours were, also from scratch, so that a stored
model computes the same whatever it began with. Assumed: He's initial weights from scratch, the last layer zero.
"""

from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from fer_core.emotions import CLASSES
from fer_core.networks.initial import initialise
from fer_core.networks.inputs import TRAINING_MEAN, TRAINING_STD
from fer_core.networks.registry import Network

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)
LAST = "classifier.6."
DENSE = 4096
HEADS = ("dense", "pooled")


class VGG16(nn.Module):
    """float32 (N, 1, size, size), normalised by FER2013's mean, to logits (N, 7); `size` is at least 32."""

    scale: Tensor
    shift: Tensor

    def __init__(
        self,
        size: int = 48,
        weights: str = "none",
        head: str = "dense",
        width: float = 1.0,
        dropout: float = 0.5,
        norm: bool = False,
    ) -> None:
        super().__init__()
        from torchvision.models.vgg import cfgs, make_layers  # a second that the other networks need not wait

        if size < 32:
            raise ValueError("size must be at least 32")
        if head not in HEADS:
            raise ValueError(f"head is one of {', '.join(HEADS)}")
        if width != 1 and weights != "none":
            raise ValueError("weights trained elsewhere are those of width 1")
        # Weights that are missing should be found out before a hundred million random ones are drawn.
        state = None if weights == "none" else _imagenet(norm) if weights == "imagenet" else _read(Path(weights))
        layers = [layer if isinstance(layer, str) else max(8, round(layer * width)) for layer in cfgs["D"]]
        self.features = make_layers(layers, batch_norm=norm)
        self.channels = int(layers[-2])
        self.pooled = head == "pooled"
        self.classifier = _pooled(self.channels, dropout) if self.pooled else _dense(self.channels, dropout)
        initialise(self)
        self.register_buffer("scale", TRAINING_STD / torch.tensor(IMAGENET_STD)[:, None, None], persistent=False)
        shift = (TRAINING_MEAN - torch.tensor(IMAGENET_MEAN)) / torch.tensor(IMAGENET_STD)
        self.register_buffer("shift", shift[:, None, None], persistent=False)
        self.origin = "from scratch"
        if state is not None:
            self._begin_with(state, weights)
            self.origin = "from torchvision's ImageNet weights" if weights == "imagenet" else f"from {weights}"

    @property
    def cam_layer(self) -> nn.Module:
        """The last convolution after its ReLU: 3 x 3 of 48 x 48, where the pooling leaves one pixel."""
        return self.features[-2]

    @property
    def trunk(self) -> nn.Module | None:
        """The convolutions, when they were trained elsewhere."""
        return None if self.origin == "from scratch" else self.features

    def forward(self, x: Tensor) -> Tensor:
        maps = self.features(x * self.scale + self.shift)  # (N, 512, s/32, s/32)
        if self.pooled:
            return self.classifier(maps.mean((2, 3)))
        if maps.shape[-2:] == (1, 1):
            maps = maps.expand(-1, -1, 7, 7)  # what adaptive pooling does, also where a device cannot
        return self.classifier(F.adaptive_avg_pool2d(maps, 7).flatten(1))  # (N, 25088)

    def _begin_with(self, state: dict[str, Tensor], where: str) -> None:
        """Copy what belongs to this network; ValueError names what is missing or of another shape."""
        own = self.state_dict()
        last = LAST if not self.pooled else "classifier."
        wanted = {name: value for name, value in own.items() if not name.startswith(last)}
        wrong = [name for name, value in wanted.items() if name not in state or state[name].shape != value.shape]
        wrong = [name for name in wrong if not name.endswith("num_batches_tracked")]
        if wrong:
            kind = "with" if any(name.endswith("running_mean") for name in own) else "without"
            raise ValueError(f"{where} are no weights of VGG16 {kind} batch norm: {wrong[0]} is missing or differs")
        fits = {name: state[name] for name, value in own.items() if name in state and state[name].shape == value.shape}
        self.load_state_dict(fits, strict=False)


def _dense(channels: int, dropout: float) -> nn.Sequential:
    """torchvision's three layers, in its order, so that its state dict fits."""
    return nn.Sequential(
        nn.Linear(channels * 7 * 7, DENSE),
        nn.ReLU(),
        nn.Dropout(dropout),
        nn.Linear(DENSE, DENSE),
        nn.ReLU(),
        nn.Dropout(dropout),
        nn.Linear(DENSE, CLASSES),
    )


def _pooled(channels: int, dropout: float) -> nn.Sequential:
    return nn.Sequential(nn.Dropout(dropout), nn.Linear(channels, CLASSES))


def _imagenet(norm: bool) -> dict[str, Tensor]:
    from torchvision.models import VGG16_BN_Weights, VGG16_Weights

    weights = VGG16_BN_Weights.IMAGENET1K_V1 if norm else VGG16_Weights.IMAGENET1K_V1
    try:
        # The hash is checked when it is downloaded; what lies in the cache since may be anybody's.
        return dict(weights.get_state_dict(progress=False, check_hash=True, weights_only=True))
    except Exception as error:  # no connection, or a file in the cache that can break its reader in any way
        raise ValueError(
            f"torchvision's weights could not be had ({error}); give the path of a copy as weights, or none"
        ) from error


def _read(path: Path) -> dict[str, Tensor]:
    if not path.is_file():
        raise ValueError(f"there is no file {path}; weights are none, imagenet or a file")
    try:
        if path.suffix == ".safetensors":
            from safetensors.torch import load_file

            return load_file(path)
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # a stranger's file can break its readers in any way
        raise ValueError(f"{path} cannot be read as weights ({type(error).__name__})") from error
    if not isinstance(state, dict) or not all(isinstance(value, Tensor) for value in state.values()):
        raise ValueError(f"{path} holds no state dict")
    return state


NETWORK = Network(
    name="vgg16",
    summary="torchvision's VGG16, from ImageNet weights or from scratch",
    source="Simonyan and Zisserman (2015), proposed by Nurmakhan, Mukhametsharip and Khamitova",
    sizes=(48, 224),
    build=VGG16,
    initial=("weights",),
)
