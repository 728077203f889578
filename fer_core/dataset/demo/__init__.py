"""The demo: drawn faces with known faults, for a newcomer's first minutes and for tests that need the truth.

plan         which image is what, decided first
expressions  what a face does in each of the seven
people       who it is
canvas       anti-aliased shapes in face coordinates
features, head, photo   one face, from the eyes to the finished picture
nonfaces, faults        what should not be in the data set, and is
film         a drawn film whose people and expressions are known
"""

from dataclasses import dataclass

import cv2
import numpy as np
import pandas as pd

from fer_core.dataset.demo.faults import KINDS, black_and_white, blur, near_copy
from fer_core.dataset.demo.nonfaces import draw_flat, draw_nonface
from fer_core.dataset.demo.photo import draw_photo
from fer_core.dataset.demo.plan import NOT_A_FACE, SMALLEST, draw_plan
from fer_core.dataset.store import SIDE, Dataset, Images, create_dataset
from fer_core.errors import NotFound, UsageError
from fer_core.files import atomic_path
from fer_core.progress import Report, part, silent
from fer_core.workspace import Workspace

__all__ = ["KINDS", "NOT_A_FACE", "TRUTH", "DemoSet", "create_demo", "draw_demo", "load_truth"]

TRUTH = {
    "row": "the image's row",
    "true_label": "the class that was drawn, 0 to 6, or -1 when it is not a face (int8)",
    "kinds": "planted faults, keys of faults.KINDS joined by ';'; empty for a sound image",
    "partner": "the row that a copy was made from, -1 for all others (int64); the partner itself carries no kind",
}


@dataclass(frozen=True)
class DemoSet:
    """A generated data set, not stored yet, and what was planted in it."""

    images: Images
    truth: pd.DataFrame  # TRUTH, one row per image


def draw_demo(seed: int = 0, images: int = 3500, report: Report = silent) -> DemoSet:
    """Draw the demo: the same bytes for the same seed and number of images.

    Raises UsageError when fewer images are asked for than the faults need.
    """
    if images < SMALLEST or seed < 0:
        raise UsageError(f"The demo takes at least {SMALLEST} images and a seed of 0 or more.")
    plan = draw_plan(images, np.random.default_rng(seed))
    pixels = np.zeros((images, SIDE, SIDE), np.uint8)
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)  # pictures this small only lose by more
    try:
        copies = (plan["partner"] >= 0).to_numpy()
        for done, row in enumerate(np.argsort(copies, kind="stable").tolist()):  # copies last: partners exist by then
            if done % 50 == 0:
                report("drawing faces", done / images)
            rng = np.random.default_rng([seed, row])
            pixels[row] = _draw(plan["true_label"][row], plan["kinds"][row], pixels[plan["partner"][row]], rng)
    finally:
        cv2.setNumThreads(threads)
    report("drawing faces", 1.0)
    truth = pd.DataFrame(
        {
            "row": np.arange(images),
            "true_label": plan["true_label"].astype(np.int8),
            "kinds": plan["kinds"],
            "partner": plan["partner"],
        }
    )
    return DemoSet(Images(pixels, plan["label"].to_numpy(np.int8), plan["split"].to_numpy(np.int8)), truth)


def _draw(true_label: int, kinds: str, partner: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """One image of the plan, uint8 (48, 48); `partner` matters to copies only."""
    planted = kinds.split(";")
    if "exact_copy" in planted:
        return partner
    if "near_copy" in planted:
        return near_copy(partner, rng)
    if "flat" in planted:
        return draw_flat(rng)
    if true_label == NOT_A_FACE:
        return draw_nonface(rng)
    photo = draw_photo(true_label, rng)
    if "blurred" in planted:
        return blur(photo, rng)
    return black_and_white(photo) if "black_and_white" in planted else photo


def create_demo(
    workspace: Workspace, name: str = "demo", seed: int = 0, images: int = 3500, report: Report = silent
) -> Dataset:
    """Draw the demo and store it as a data set that says that it is synthetic, with the truth beside it."""
    if workspace.dataset(name).exists():  # before the drawing, not after
        raise UsageError(f"There is a data set {name!r} already; data sets never change. Choose another --name.")
    demo = draw_demo(seed, images, part(report, 0.0, 0.95))
    report("storing", 0.95)
    origin: dict[str, object] = {"format": "demo", "seed": seed, "images": images}
    dataset = create_dataset(workspace, name, demo.images, origin=origin, synthetic=True)
    with atomic_path(dataset.path / "truth.parquet") as temporary:
        demo.truth.to_parquet(temporary)
    report("storing", 1.0)
    return dataset


def load_truth(dataset: Dataset) -> pd.DataFrame:
    """What was planted in a stored demo (columns: TRUTH). Raises NotFound for a data set that was not drawn here."""
    path = dataset.path / "truth.parquet"
    if not path.exists():
        raise NotFound(f"The true labels of {dataset.name!r} are not known: only a generated demo has them ({path}).")
    return pd.read_parquet(path)
