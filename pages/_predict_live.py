"""The live camera of the Predict page: each frame that the browser sends is answered by one run of a fragment."""

from collections.abc import Sequence
from typing import Any

import streamlit as st

from fer_core.errors import FerretError
from fer_core.prediction.live import answer, read_frame
from fer_core.prediction.models import ModelChoice
from pages._components.live_camera import live_camera, sent_frame

KEY = "predict_live"


def show(choices: Sequence[ModelChoice]) -> None:
    """The camera, answered by these models; several answer as one. What becomes of the pictures is said first."""
    st.caption(
        "Small pictures, at most five a second, go from your browser to this server's memory and are forgotten with "
        "the next one; nothing is stored. The camera stops when you leave this page or hide the tab."
    )
    _camera(tuple(choices))


@st.fragment
def _camera(choices: tuple[ModelChoice, ...]) -> None:
    frame = sent_frame(KEY)
    live_camera(KEY, _answer(frame, choices) if frame else None)


def _answer(frame: dict[str, Any], choices: tuple[ModelChoice, ...]) -> dict[str, Any]:
    """What the component draws; where the frame or the model is no good, a sentence in place of faces."""
    told = {"instance": frame.get("instance"), "seq": frame.get("seq")}
    try:
        grey = read_frame(frame["image"])
        return told | {"width": grey.shape[1], "height": grey.shape[0], "faces": answer(grey, _asked(choices))}
    except FerretError as error:
        return told | {"error": str(error)}


def _asked(choices: tuple[ModelChoice, ...]) -> Any:
    from fer_core.prediction.predictor import together
    from pages._predict import open_model

    return together([open_model(choice) for choice in choices])
