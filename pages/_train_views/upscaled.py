"""One face at the network's size by bicubic interpolation and by the upscaler, and how near each comes to a face."""

import cv2
import numpy as np
import streamlit as st

from fer_core.imaging.resizing import BICUBIC, ESPCN
from fer_core.training.recipe import Recipe
from pages._train_views.context import Material
from pages._train_views.form import Form
from pages._train_views.preview import nine_rows

SHOWN = 288  # pixels; the browser scales from there


def side_by_side(material: Material, form: Form, recipe: Recipe) -> None:
    """As in the shallow-CNN paper's figure of the two; nothing where the recipe does not enlarge with ESPCN."""
    if recipe.resize != ESPCN:
        return
    side = recipe.crop or material.version.images.shape[1]
    if recipe.size <= side:
        st.caption(f"ESPCN only enlarges: {side} pixels come to {recipe.size} without it.")
        return
    face = np.array(material.version.images[nine_rows(material, form.faces)[0]])
    st.markdown("**Bicubic and ESPCN on one face**")
    pictures, scores = compared(face, recipe.size)
    for column, (name, picture) in zip(st.columns(2, wrap=False), pictures.items(), strict=True):
        with column:
            shown = cv2.resize(picture, (SHOWN, SHOWN), interpolation=cv2.INTER_AREA)
            st.image(shown, output_format="PNG", width="stretch", alt=f"The face at {recipe.size} pixels by {name}")
            decibels, likeness = scores[name]
            st.caption(f"{name}: PSNR {decibels:.1f} dB, SSIM {likeness:.3f}")
    st.caption(
        f"Pictures: from {side} to {recipe.size} pixels. Figures: the face made four times smaller, enlarged again and "
        "held against itself; higher is nearer."
    )


def compared(face: np.ndarray, size: int) -> tuple[dict[str, np.ndarray], dict[str, tuple[float, float]]]:
    """A face, uint8 (48, 48), at `size` both ways, uint8 (size, size); and PSNR and SSIM of its quarter enlarged."""
    import torch
    from torch.nn import functional as F

    from fer_core.evaluation.fidelity import psnr, ssim
    from fer_core.networks.espcn import FACTOR, enlarge
    from fer_core.networks.inputs import InputSpec
    from fer_core.training.upscaler import shrunk

    original = torch.from_numpy(face)[None, None].float().div_(255)
    small = shrunk(original)
    bicubic = F.interpolate(small, scale_factor=FACTOR, mode="bicubic", align_corners=False).clamp_(0, 1)
    pictures, scores = {}, {}
    for name, resize, again in (("Bicubic", BICUBIC, bicubic), ("ESPCN", ESPCN, enlarge(small))):
        spec = InputSpec(size, resize=resize)
        seen = spec.tensor(face[None])[0, 0].mul(spec.std).add_(spec.mean)
        pictures[name] = seen.clamp_(0, 1).mul_(255).round_().byte().numpy()
        scores[name] = float(psnr(again, original)), float(ssim(again, original))
    return pictures, scores
