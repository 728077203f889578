"""What the Predict page computes: models opened once, photos answered once per session, maps drawn once.

Photos and answers live in the session's memory. Nothing here writes to the disk, and nothing loads torch before a
network is asked.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import ReferenceType, ref

import numpy as np
import streamlit as st
from PIL import Image

from fer_core.errors import ImageRefused, NotFound
from fer_core.files import decode_image
from fer_core.imaging.faces import Box
from fer_core.imaging.sample import SAMPLE_NAME, sample_photo
from fer_core.prediction.answer import document, refusal
from fer_core.prediction.cards import sureness_of
from fer_core.prediction.models import ModelChoice
from fer_core.prediction.picture import draw_boxes
from fer_core.prediction.seen import Face, Prediction, look
from fer_core.prediction.sureness import Sureness
from pages import _shared

if TYPE_CHECKING:
    from fer_core.prediction.predictor import Asked, Predictor

KEPT_MAPS = 500  # 9 KB each; the oldest go first


def _file_of(choice: ModelChoice) -> tuple[str, int]:
    """Names the file of a network as it is now."""
    try:
        return str(choice.path), choice.path.stat().st_mtime_ns
    except OSError as error:
        raise NotFound(f"{choice.name} is no longer there; choose another network.") from error


_BY_PATH = {ModelChoice: _file_of}


@dataclass(frozen=True)
class Photo:
    """A picture from the visitor, not looked at yet."""

    name: str
    content: bytes

    @cached_property
    def key(self) -> str:
        """Names the content, in widget keys and in the session's memory."""
        return hashlib.sha256(self.name.encode() + b"\0" + self.content).hexdigest()[:16]

    def decoded(self) -> Image.Image:
        """Its pixels, upright; ImageRefused with a sentence."""
        return decode_image(self.content, self.name)


@dataclass(frozen=True)
class Question:
    """Who is asked about the photos, and how."""

    choices: tuple[ModelChoice, ...]
    averaged: bool  # several networks as one; else each for itself
    tta: str
    detector: str

    @property
    def single(self) -> ModelChoice | None:
        """The one network whose figures hold for the answers; None for an ensemble and with averaged views."""
        return None if (self.averaged and len(self.choices) > 1) or self.tta != "none" else self.choices[0]

    def asked(self) -> "list[Asked]":
        """Who answers: one for each answer to be shown."""
        predictors = [open_model(choice) for choice in self.choices]
        return [_together(predictors)] if self.averaged else list(predictors)


@dataclass(frozen=True)
class Answer:
    """What came of a photo: what each of those asked said, with the boxed picture; or a refusal."""

    documents: list[dict[str, Any]]  # as `predict --json` prints them
    predictions: tuple[Prediction, ...] = ()  # in the order of those asked; the faces are the same in all
    picture: Image.Image | None = None

    @property
    def refused(self) -> str:
        return str(self.documents[0].get("error", ""))


def open_model(choice: ModelChoice) -> "Predictor":
    """The model, loaded once for everybody; a file that has changed is loaded again."""
    return _open_model(choice)


@st.cache_resource(max_entries=6, show_spinner="Loading the network", hash_funcs=_BY_PATH)
def _open_model(choice: ModelChoice) -> "Predictor":
    return choice.open()


def _together(predictors: "list[Predictor]") -> "Asked":
    from fer_core.prediction.predictor import together

    return together(predictors)


@st.cache_resource(max_entries=32, show_spinner=False, hash_funcs=_BY_PATH)
def sureness(choice: ModelChoice) -> Sureness | None:
    """How often the model is right when it is as sure as this; None where nobody has counted."""
    return sureness_of(_shared.workspace(), choice)


def sample() -> Photo:
    """The photo that comes with scikit-image."""
    return Photo(SAMPLE_NAME, sample_photo())


def boxes() -> dict[str, Box | str]:
    """What the visitor said about photos, by their key: a box by hand, or "whole"."""
    known: dict[str, Box | str] = st.session_state.setdefault("predict_boxes", {})
    return known


def answer_all(photos: Iterable[Photo], question: Question) -> dict[Photo, Answer]:
    """The answer to every photo; those that this session has had with the same settings are not computed again."""
    known: dict = st.session_state.get("predict_answers", {})
    kept, answers = {}, {}
    photos = list(photos)
    bar = st.progress(0.0) if len(photos) > 2 else None
    asked = question.asked()
    for position, photo in enumerate(photos):
        if bar:
            bar.progress(position / len(photos), text=f"Looking at {photo.name}")
        settings = (photo.key, question, *(_members(one) for one in asked), boxes().get(photo.key))
        answer = known.get(settings) or _answer(photo, question, asked)
        answers[photo] = kept[settings] = answer
    if bar:
        bar.empty()
    st.session_state["predict_answers"] = kept  # what is no longer shown is forgotten
    return answers


def _answer(photo: Photo, question: Question, asked: "list[Asked]") -> Answer:
    try:
        image = photo.decoded()
    except ImageRefused as error:
        return Answer([refusal(photo.name, error)])
    said = boxes().get(photo.key)
    sight = look(image, question.detector, said == "whole", None if isinstance(said, str) else said)
    predictions = tuple(one.judge(sight, question.tta) for one in asked)
    documents = [
        document(photo.name, prediction, one.name, question.tta)
        for one, prediction in zip(asked, predictions, strict=True)
    ]
    return Answer(documents, predictions, draw_boxes(image, predictions[0].faces))


def heat_map(asked: "Asked", face: Face, index: int, method: str) -> np.ndarray:
    """Where the network looked for one class, float32 (48, 48); computed once per session."""
    from fer_core.prediction.explanation import explain

    known: dict = st.session_state.setdefault("predict_maps", {})
    # Members, not the ensemble: that is made anew with every run of the page.
    key = (_members(asked), face.crop.tobytes(), index, method)
    if key not in known:
        known[key] = explain(asked, face.crop, index, method)
        while len(known) > KEPT_MAPS:
            known.pop(next(iter(known)))
    return known[key]


def _members(asked: "Asked") -> tuple[ReferenceType, ...]:
    """Names networks in the session's memory without keeping them in the server's."""
    return tuple(ref(member) for member in asked.members)


def as_png(picture: Image.Image) -> bytes:
    """A picture to take home."""
    stored = BytesIO()
    picture.save(stored, "PNG")
    return stored.getvalue()


def stem(photos: list[Photo]) -> str:
    """What the downloads are called: after the photo, or plainly when there are several."""
    return f"{Path(photos[0].name).stem}-faces" if len(photos) == 1 else "faces"
