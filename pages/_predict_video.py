"""The video part of the Predict page: a process looks at the video meanwhile, then its timeline is shown.

The upload is handed to a process of its own and leaves the session at once. What was found lives in this session.
"""

import tempfile
from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from fer_core.dataset.demo.film import draw_film
from fer_core.imaging.film import FILM_SUFFIXES
from fer_core.prediction.background import DONE, FAILED, RUNNING, Watching
from fer_core.prediction.models import ModelChoice
from fer_core.prediction.timeline import Timeline
from fer_core.prediction.watching import Watch
from pages import _shared
from pages._video_views.result import show_timeline

RATES = {1: "1 frame a second", 2: "2 frames a second", 5: "5 frames a second", 10: "10 frames a second"}
WATCHING, TIMELINE, TURN, FAILURE = "video_watching", "video_timeline", "video_turn", "video_failure"


def show(choices: Sequence[ModelChoice], tta: str = "none") -> None:
    """A video in, and its timeline out. Several models answer as one; `tta` as in `Asked.probabilities`."""
    watching: Watching | None = st.session_state.get(WATCHING)
    timeline: Timeline | None = st.session_state.get(TIMELINE)
    if watching is not None:
        _progress(watching)
    else:
        _choose(tuple(choices), tta, timeline is None)
    if timeline is not None:
        show_timeline(timeline)
    st.caption(
        "A timeline tells what a network makes of faces, and it is often wrong. It cannot tell what people feel or "
        "whether they pay attention: an expression is not a feeling, and a face turned away is not a mind turned "
        "away. Nobody is recognised: “person 2” is a face that was followed while it was in sight, and whoever comes "
        "back counts as somebody new. So it is of no use for attendance, and nobody should be graded by it."
    )


def _choose(choices: tuple[ModelChoice, ...], tta: str, first: bool) -> None:
    with st.container(border=True):
        left, right = st.columns([3, 2], gap="large")
        with left:
            # Another key is another widget: the one before goes, and its file with it.
            upload = st.file_uploader(
                "Video",
                [suffix.removeprefix(".") for suffix in FILM_SUFFIXES],
                key=f"video_file_{st.session_state.get(TURN, 0)}",
                label_visibility="collapsed",
            )
            st.caption("The video is deleted as soon as it was looked at. What was found stays in this session.")
        with right:
            rate = st.selectbox("Look at", list(RATES), index=2, format_func=RATES.__getitem__, key="video_rate")
            small = st.toggle(
                "A whole class: look for small faces",
                key="video_small",
                help="Looks for faces from 32 pixels on in every frame at 1280 pixels. Takes about twice as long.",
            )
        how = Watch(rate=float(rate), small=small, tta=tta)
        with st.container(horizontal=True, vertical_alignment="center"):
            follow = st.button(
                "Follow the faces",
                type="primary" if upload else "secondary",
                icon=":material/play_arrow:",
                key="video_start",
                disabled=upload is None,
            )
            if follow and upload is not None:
                _begin(upload.getbuffer(), upload.name, choices, how)
            if st.button(
                "Try a drawn clip",
                type="primary" if first and not upload else "secondary",
                icon=":material/movie:",
                key="video_sample",
                disabled=upload is not None,
            ):
                with st.spinner("Drawing a clip"):
                    content = _drawn_clip()
                _begin(content, "drawn-clip.mp4", choices, how)
        if failure := st.session_state.get(FAILURE):
            st.error(_shared.literal(failure), icon=":material/broken_image:")


def _begin(content: bytes | memoryview, name: str, choices: tuple[ModelChoice, ...], how: Watch) -> None:
    st.session_state[WATCHING] = Watching.start(content, name, choices, how)
    st.session_state.pop(TIMELINE, None)
    st.session_state.pop(FAILURE, None)
    st.session_state[TURN] = st.session_state.get(TURN, 0) + 1
    st.rerun()


@st.fragment(run_every=0.7)
def _progress(watching: Watching) -> None:
    news = watching.news()
    if news.state == RUNNING:
        with st.container(border=True):
            with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
                st.markdown(f"**{_plain(watching.name)}**")
                stop = st.button("Stop", icon=":material/stop:", key="video_stop")
            st.progress(news.fraction, news.stage.capitalize())
            st.caption("You may use other pages meanwhile; the result waits here.")
        if not stop:
            return
        watching.stop()
        st.toast("Stopped; the video is deleted.")
    elif news.state == DONE:
        st.session_state[TIMELINE] = watching.result()
        st.session_state.pop("video_moment", None)
        watching.stop()
    elif news.state == FAILED:
        st.session_state[FAILURE] = news.stage
        watching.stop()
    st.session_state.pop(WATCHING, None)
    st.rerun(scope="app")


def _plain(text: str) -> str:
    """A file's name as text: nothing in it is Markdown."""
    return "".join(f"\\{letter}" if letter in r"\`*_{}[]()#+-.!~$:<>|" else letter for letter in text)


@st.cache_data(max_entries=1, show_spinner=False)
def _drawn_clip() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "drawn.mp4"
        draw_film(path, seconds=20)
        return path.read_bytes()
