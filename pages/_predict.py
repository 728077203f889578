"""What the Predict page computes: models opened once, photos answered once per session, maps drawn once.

Photos and answers live in the session's memory. Nothing here writes to the disk.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import plotly.graph_objects as go
import streamlit as st
from PIL import Image

from fer_core.emotions import EMOTIONS
from fer_core.errors import ImageRefused
from fer_core.files import decode_image
from fer_core.imaging.sample import SAMPLE_NAME, sample_photo
from fer_core.prediction.answer import document, refusal
from fer_core.prediction.explanation import explain
from fer_core.prediction.models import ModelChoice
from fer_core.prediction.picture import draw_boxes
from fer_core.prediction.predictor import Face, Prediction, Predictor

KEPT_MAPS = 500  # 9 KB each; the oldest go first


@dataclass(frozen=True)
class Photo:
    """A picture from the visitor, not looked at yet."""

    name: str
    content: bytes

    @cached_property
    def key(self) -> str:
        """Names the content, in widget keys and in the session's memory."""
        return hashlib.sha256(self.name.encode() + b"\0" + self.content).hexdigest()[:16]


@dataclass(frozen=True)
class Answer:
    """What came of a photo: a prediction with its boxed picture, or a refusal."""

    document: dict  # as `predict --json` prints it
    prediction: Prediction | None = None
    picture: Image.Image | None = None


def open_model(choice: ModelChoice) -> Predictor:
    """The model, loaded once for everybody; a file that has changed is loaded again."""
    return _open_model(choice, choice.path.stat().st_mtime_ns)


@st.cache_resource(max_entries=3, show_spinner="Loading the network", hash_funcs={ModelChoice: lambda c: str(c.path)})
def _open_model(choice: ModelChoice, changed: int) -> Predictor:
    return choice.open()


def sample() -> Photo:
    """The photo that comes with scikit-image."""
    return Photo(SAMPLE_NAME, sample_photo())


def answer_all(photos: Iterable[Photo], predictor: Predictor, tta: bool, whole: set[str]) -> dict[Photo, Answer]:
    """The answer to every photo; those that this session has had with the same settings are not computed again."""
    known: dict = st.session_state.get("predict_answers", {})
    kept, answers = {}, {}
    photos = list(photos)
    bar = st.progress(0.0) if len(photos) > 2 else None
    for position, photo in enumerate(photos):
        if bar:
            bar.progress(position / len(photos), text=f"Looking at {photo.name}")
        settings = (photo.key, predictor, tta, photo.key in whole)
        answer = known.get(settings) or _answer(photo, predictor, tta, photo.key in whole)
        answers[photo] = kept[settings] = answer
    if bar:
        bar.empty()
    st.session_state["predict_answers"] = kept  # what is no longer shown is forgotten
    return answers


def _answer(photo: Photo, predictor: Predictor, tta: bool, whole: bool) -> Answer:
    try:
        image = decode_image(photo.content, photo.name)
    except ImageRefused as error:
        return Answer(refusal(photo.name, error))
    prediction = predictor.predict(image, tta, whole)
    picture = draw_boxes(image, prediction.faces)
    return Answer(document(photo.name, prediction, predictor.name), prediction, picture)


def heat_map(predictor: Predictor, face: Face, index: int, method: str) -> np.ndarray:
    """Where the network looked for one class, float32 (48, 48); computed once per session."""
    known: dict = st.session_state.setdefault("predict_maps", {})
    key = (predictor, face.crop.tobytes(), index, method)
    if key not in known:
        known[key] = explain(predictor, face.crop, index, method)
        while len(known) > KEPT_MAPS:
            known.pop(next(iter(known)))
    return known[key]


def enlarged(crop: np.ndarray, side: int = 480) -> Image.Image:
    """The crop with its 48 x 48 pixels visible as squares."""
    return Image.fromarray(crop).resize((side, side), Image.Resampling.NEAREST)


def bars(face: Face) -> go.Figure:
    """The seven probabilities in FER2013's order, each with its number."""
    shown = [f"{p * 100:.0f} %" if p >= 0.01 else "<1 %" for p in face.probabilities]
    figure = go.Figure(
        go.Bar(
            x=face.probabilities.tolist(),
            y=[emotion.name for emotion in EMOTIONS],
            text=shown,
            textposition="outside",
            orientation="h",
            marker_color=[emotion.colour for emotion in EMOTIONS],
            hovertemplate="%{y}: %{x:.2%}<extra></extra>",
            cliponaxis=False,
        )
    )
    figure.update_xaxes(visible=False, range=[0, 1.2], fixedrange=True)
    figure.update_yaxes(autorange="reversed", fixedrange=True, ticklabelstandoff=6)
    figure.update_layout(bargap=0.3)
    return figure


def stem(photos: list[Photo]) -> str:
    """What the downloads are called: after the photo, or plainly when there are several."""
    return f"{Path(photos[0].name).stem}-faces" if len(photos) == 1 else "faces"
