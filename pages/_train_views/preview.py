"""Nine faces of Training as the network will see them, beside the faces as they are."""

import cv2
import numpy as np
import streamlit as st

from fer_core.dataset.store import Dataset
from fer_core.emotions import NAMES
from fer_core.training.recipe import AUGMENT, Recipe
from pages._train_views.context import Material
from pages._train_views.form import Form

FACES = 9
ACROSS = 3
TILE = 144  # pixels of a face on a sheet; the browser scales it from there
GAP = 6
SEEN = (
    "size", "crop", "resize", "equalise", "flip", "shift", "rotation", "shear", "zoom", "brightness", "contrast",
    "erase", "mixup", "cutmix", "balance",
)  # fmt: skip  # settings that change what is seen


def preview(dataset: Dataset, material: Material, form: Form, recipe: Recipe, *, stacked: bool = False) -> None:
    """The two sheets side by side, or one over the other with what the network sees on top; another nine on demand."""
    rows = nine_rows(material, form.faces)
    images = np.ascontiguousarray(material.version.images[rows])
    key = repr([(name, getattr(recipe, name)) for name in SEEN])
    labels = material.version.labels[rows]
    again = repeated(material, recipe, rows, form.faces)
    stamp = f"{dataset.hash} {material.version.hash} {key}"
    seen = _seen(images, labels, again, recipe, form.faces, stamp)
    names = ", ".join(NAMES[label] for label in labels)
    places = [st.container(), st.container()] if stacked else st.columns(2, wrap=False)
    after, before = reversed(places) if not stacked else places
    mixed = ", mixed with each other" if recipe.mixup or recipe.cutmix else ""
    with after:
        st.caption(f"As the network sees them{mixed}")
        st.image(
            _sheet(seen),
            output_format="PNG",
            width="stretch",
            alt=f"The same nine at {recipe.size} x {recipe.size} pixels after augmentation, as the network sees them",
        )
    with before:
        st.caption("As they are")
        st.image(_sheet(images), output_format="PNG", width="stretch", alt=f"Nine faces of Training: {names}")
    st.button("Another nine", key="another", icon=":material/casino:", type="tertiary", on_click=_another, args=(form,))


def _another(form: Form) -> None:
    form.faces += 1


def nine_rows(material: Material, draw: int) -> np.ndarray:
    """Rows of nine Training images, int64 (9,) or fewer: another draw, other faces."""
    rows = material.protocol.train
    return np.random.default_rng(draw).choice(rows, min(FACES, len(rows)), replace=False)


def repeated(material: Material, recipe: Recipe, rows: np.ndarray, draw: int) -> np.ndarray:
    """Which of the rows come up as a repeat of a balanced epoch, bool (N,): as often as it does for their classes."""
    if recipe.balance != AUGMENT:
        return np.zeros(len(rows), bool)
    share = 1 - material.counts[material.version.labels[rows]] / material.counts.max()
    return np.random.default_rng(draw).random(len(rows)) < share


@st.cache_data(max_entries=64, show_spinner=False)
def _seen(
    _images: np.ndarray, _labels: np.ndarray, _again: np.ndarray, _recipe: Recipe, draw: int, stamp: str
) -> np.ndarray:
    return as_seen(_images, _labels, _again, _recipe, draw)


def as_seen(images: np.ndarray, labels: np.ndarray, again: np.ndarray, recipe: Recipe, seed: int) -> np.ndarray:
    """Faces, uint8 (N, H, W), as a training by this recipe feeds them, in grey: uint8 (N, size, size).

    labels: int (N,); again: which are shown for the second time in an epoch, bool (N,).
    """
    import torch

    from fer_core.training.augmentation import augment, corners, turned_over
    from fer_core.training.mixing import mix
    from fer_core.training.state import input_of

    generator, spec = torch.Generator().manual_seed(seed), input_of(recipe)
    places = corners(len(images), images.shape[1] - recipe.crop, generator) if recipe.crop else None
    pixels = spec.tensor(images, places)
    if again.any():
        pixels = turned_over(pixels, torch.from_numpy(again), generator)
    pixels = augment(pixels, recipe, generator)
    pixels, _, _ = mix(pixels, torch.from_numpy(labels.astype(np.int64)), None, recipe, generator)
    grey = pixels.mul(spec.std).add_(spec.mean).clamp_(0, 1).mul_(255).round_()
    return grey.squeeze(1).byte().numpy()


def _sheet(tiles: np.ndarray) -> np.ndarray:
    """Faces on one picture, three to a row: uint8 (N, S, S) to uint8 (H, W, 4), clear between them.

    Pixels stay visible where they are enlarged, since the network sees no more than them.
    """
    step = TILE + GAP
    down = -(-len(tiles) // ACROSS)
    sheet = np.zeros((down * step - GAP, ACROSS * step - GAP, 4), np.uint8)
    way = cv2.INTER_NEAREST if tiles.shape[1] <= TILE else cv2.INTER_AREA
    for number, tile in enumerate(tiles):
        top, left = (place * step for place in divmod(number, ACROSS))
        sheet[top : top + TILE, left : left + TILE, :3] = cv2.resize(tile, (TILE, TILE), interpolation=way)[..., None]
        sheet[top : top + TILE, left : left + TILE, 3] = 255
    return sheet
