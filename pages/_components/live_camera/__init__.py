"""A live camera as a component: small frames go to the server, boxes and bars come back and are drawn over the video.

The browser asks for the camera when Start is pressed. Frames travel over the page's own connection as the component's
state `frame` = {instance, seq, image}: a JPEG of at most 320 pixels as base64, at most five a second, and never more
than one that is not answered. The page answers with `answer` = {instance, seq, width, height, faces, error}. The camera
stops with Stop, when the tab is hidden, and when the page is left; the frame in the state is then taken back.
"""

from typing import Any

import streamlit as st

from fer_core.emotions import EMOTIONS
from fer_core.prediction.live import MOST_SIDE
from pages._components import declare

_component = declare("live_camera", "camera.html", "camera.css", "../make.js", "camera.js")


def sent_frame(key: str) -> dict[str, Any]:
    """The frame that waits for an answer, as the browser sent it: not checked. Empty when there is none."""
    frame = (st.session_state.get(key) or {}).get("frame")
    return frame if isinstance(frame, dict) and frame.get("image") is not None else {}


def live_camera(key: str, answer: dict[str, Any] | None) -> None:
    """Draw the camera. `answer` is about the frame that `sent_frame` gave; None when there was none."""
    classes = [{"name": emotion.name, "colour": emotion.colour} for emotion in EMOTIONS]
    _component(key=key, data={"answer": answer, "classes": classes, "side": MOST_SIDE}, on_frame_change=_heard)


def _heard() -> None:
    """The frame is read by the run that it starts; the callback makes it a state of the component."""
