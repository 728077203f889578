"""A data set that a network learns within seconds, and recipes to match."""

from collections.abc import Iterator

import numpy as np
import pytest
import torch

from fer_core.dataset.store import PRIVATE_TEST, PUBLIC_TEST, TRAINING, Dataset, Images, create_dataset
from fer_core.networks.registry import Network, networks
from fer_core.networks.resnet import ResNet
from fer_core.training.recipe import Recipe
from fer_core.workspace import Workspace

TINY = Recipe(
    "tiny", epochs=3, batch=32, learning_rate=3e-3, size=16, shift=0.05, precision="float32", options={"dropout": 0.1}
)

# Several processes are to learn of it what one does: no batch norm, dropout or augmentation; classes weigh differently.
EXACT = Recipe(
    "exact",
    network="shallow",
    size=16,
    epochs=3,
    batch=48,
    flip=False,
    balance="weights",
    average=0.9,
    clip=1.0,
    precision="float32",
    options={"dense": 8, "dropout": 0.0, "dense_dropout": 0.0},
)


def patterns(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Noise with a bright bar whose height in the picture is the class: uint8 (N, 48, 48) and int8 (N,)."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 7, count).astype(np.int8)
    pixels = rng.integers(0, 90, (count, 48, 48), np.uint8)
    for row, label in enumerate(labels):
        top = 2 + 6 * int(label)
        pixels[row, top : top + 5, 8:40] += 140
    return pixels, labels


@pytest.fixture
def bars(workspace: Workspace) -> Dataset:
    """320 Training, 70 PublicTest, 70 PrivateTest; rows 390 to 393 are copies of Training rows 0 to 3."""
    pixels, labels = patterns(460, seed=0)
    pixels[390:394], labels[390:394] = pixels[:4], labels[:4]
    splits = np.repeat([TRAINING, PUBLIC_TEST, PRIVATE_TEST], [320, 70, 70]).astype(np.int8)
    return create_dataset(workspace, "bars", Images(pixels, labels, splits), origin={})


class Pretrained(ResNet):
    """A small network with batch norms whose body counts as trained elsewhere."""

    origin = "from elsewhere"

    def __init__(self, size: int) -> None:
        super().__init__(size, (8, 12), (1, 1))

    @property
    def trunk(self) -> torch.nn.Module:
        return self.body


@pytest.fixture
def pretrained(monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of a network with a trunk to freeze."""
    network = Network("pretrained", "with a trunk", "here", (16,), Pretrained)
    monkeypatch.setitem(networks(), network.name, network)
    return network.name


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Tests run side by side: two threads each would wait for one another."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def bar_images() -> tuple[np.ndarray, np.ndarray]:
    """400 images and labels outside any data set."""
    return patterns(400, seed=3)


@pytest.fixture
def tiny() -> Recipe:
    return TINY


@pytest.fixture(scope="session")
def many_bars() -> Images:
    """800 Training, 60 PublicTest, 60 PrivateTest: enough for a VoteTest."""
    pixels, labels = patterns(920, seed=5)
    splits = np.repeat([TRAINING, PUBLIC_TEST, PRIVATE_TEST], [800, 60, 60]).astype(np.int8)
    return Images(pixels, labels, splits)


@pytest.fixture(scope="session")
def brief() -> Recipe:
    """Two epochs in which a network learns the bars."""
    return TINY.changed(name="brief", epochs=2)
