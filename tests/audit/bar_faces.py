"""Pictures that a small network learns within seconds, with copies and wrong labels where they are wanted."""

from pathlib import Path

import numpy as np

from fer_core.audit.results import AuditSettings
from fer_core.dataset.store import PRIVATE_TEST, PUBLIC_TEST, TRAINING, Dataset, Images, create_dataset
from fer_core.workspace import Workspace

RECIPE = """
epochs = 5
batch = 32
learning_rate = 0.003
precision = "float32"
shift = 0.05
"""


def bars(workspace: Workspace, count: int = 340, seed: int = 0, name: str = "bars") -> tuple[Dataset, np.ndarray]:
    """Noise with a bright bar whose height in the picture is the class; one label in twelve is another.

    The last 40 are PublicTest, the 40 before them PrivateTest. Rows 10 to 19 are copies of rows 0 to 9; the last row
    and the first of PrivateTest are copies of row 0. Returned with it: which labels are wrong, bool (N,).
    """
    rng = np.random.default_rng(seed)
    classes = rng.integers(0, 7, count)
    pixels = rng.integers(0, 90, (count, 48, 48), np.uint8)
    for row, label in enumerate(classes):
        top = 2 + 6 * int(label)
        pixels[row, top : top + 5, 8:40] += 140
    splits = np.repeat([TRAINING, PRIVATE_TEST, PUBLIC_TEST], [count - 80, 40, 40]).astype(np.int8)
    wrong = rng.random(count) < 1 / 12
    wrong[:20] = False
    labels = np.where(wrong, (classes + rng.integers(1, 7, count)) % 7, classes).astype(np.int8)
    copies = np.array([*range(10, 20), count - 80, count - 1])
    originals = np.array([*range(10), 0, 0])
    pixels[copies], labels[copies], wrong[copies] = pixels[originals], labels[originals], False
    return create_dataset(workspace, name, Images(pixels, labels, splits), origin={}), wrong


def brief(folder: Path, **changes: object) -> AuditSettings:
    """Settings of an audit that takes a second, with the recipe in `folder`."""
    recipe = folder / "brief.toml"
    if not recipe.exists():
        recipe.write_text(RECIPE)
    return AuditSettings(folds=3, network="shallow", size=16, recipe=str(recipe)).changed(**changes)
