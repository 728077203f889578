"""What the page is given: photos from files, the camera or the sample; which networks are asked, and how."""

from collections.abc import Sequence

import streamlit as st

from fer_core.imaging.search import HAAR, YUNET
from fer_core.imaging.yunet import yunet_file
from fer_core.prediction.methods import AVERAGES
from fer_core.prediction.models import RUN, ModelChoice
from fer_core.runs.run import open_run
from pages import _shared
from pages._predict import Photo, Question, sample

FORMATS = ["png", "jpg", "jpeg", "webp", "bmp"]
FILES, CAMERA, LIVE, VIDEO = "Photos", "Camera", "Live", "Video"
SOURCES = {
    FILES: ":material/photo_library:",
    CAMERA: ":material/photo_camera:",
    LIVE: ":material/videocam:",
    VIDEO: ":material/movie:",
}
MOST_NETWORKS = 4
APART, AS_ONE = "Side by side", "Averaged as one"


def use_sample(wanted: bool) -> None:
    """Remember whether the sample photo is shown; a photo of the visitor's own takes its place."""
    st.session_state["predict_sample"] = wanted


def chosen_source() -> str:
    """Where faces come from, one of SOURCES. Others than files stand in the URL, which opens on them."""
    asked = st.query_params.get("source", FILES)
    st.session_state.setdefault("predict_source", asked if asked in SOURCES else FILES)
    source = str(
        st.segmented_control(  # not bound to the URL, where its label would stand with the icon
            "Where faces come from",
            list(SOURCES),
            required=True,
            format_func=lambda source: f"{SOURCES[source]} {source}",
            key="predict_source",
            label_visibility="collapsed",
        )
    )
    if source == FILES:
        st.query_params.pop("source", None)
    else:
        st.query_params["source"] = source
    return source


def chosen_photos(source: str) -> list[Photo]:
    """The visitor's photos, from files or the camera, or the sample."""
    photos = _from_camera() if source == CAMERA else _from_files()
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            "Try the sample photo",
            type="secondary" if photos or source == CAMERA or st.session_state.get("predict_sample") else "primary",
            icon=":material/person:",
            key="predict_try_sample",
            on_click=use_sample,
            args=(True,),
            disabled=bool(photos),
            help="Take your photos away to see it." if photos else None,
        )
        st.caption("Photos stay in this session's memory and are never written to disk.", width="content")
    return photos or ([sample()] if st.session_state.get("predict_sample") else [])


def _from_camera() -> list[Photo]:
    shot = st.camera_input("Take a photo", key="predict_camera", on_change=use_sample, args=(False,))
    return [Photo("camera.jpg", shot.getvalue())] if shot else []


def _from_files() -> list[Photo]:
    files = st.file_uploader(
        "Photos",
        FORMATS,
        accept_multiple_files=True,
        max_upload_size=64,
        key="predict_files",
        on_change=use_sample,
        args=(False,),
        label_visibility="collapsed",
    )
    return [Photo(file.name, file.getvalue()) for file in files]


def chosen_question(choices: list[ModelChoice], source: str) -> Question:
    """Which networks, together or each for itself, with which averaging and which face detector.

    Moving pictures are answered by several networks as one, found by the Haar cascade; live ones are not averaged.
    """
    still = source in (FILES, CAMERA)
    by_name = {choice.name: choice for choice in choices}
    first, second, *third = st.columns(2 if still else 3)
    with first:
        name = st.selectbox("Network", list(by_name), key="model", bind="query-params")
        origin = by_name[name].origin
        st.caption(_shared.literal(f"{origin[:1].upper()}{origin[1:]}."))
    with second:
        tta = st.selectbox(
            "Each face",
            list(AVERAGES),
            format_func=lambda mode: AVERAGES[mode] if mode == "none" else f"averaged {AVERAGES[mode]}",
            key="predict_tta",
            disabled=source == LIVE,
            help="Test-time augmentation: the mean of what the network says of several views of the same face.",
        )
    with third[0] if third else st.container():
        more, averaged = _more([other for other in by_name if other != name], still)
        chosen = (by_name[name], *(by_name[other] for other in more))
        _say_if_drawn(chosen)
    return Question(chosen, averaged, tta, _detector() if still else HAAR)


def _say_if_drawn(chosen: Sequence[ModelChoice]) -> None:
    """A newcomer's first run has seen the demo alone, and its answers about photographs look like any others."""
    drawn = [
        one.name
        for one in chosen
        if one.kind == RUN and open_run(_shared.workspace(), one.name).document.get("synthetic")
    ]
    if drawn:
        st.caption(f":material/draw: Trained on drawn faces alone: {', '.join(drawn)}. On photographs that is a guess.")


def _more(others: list[str], still: bool) -> tuple[list[str], bool]:
    """Further networks, and whether all of them answer as one."""
    if not others:
        return [], False
    more = st.multiselect(
        "More networks",
        others,
        max_selections=MOST_NETWORKS - 1,
        placeholder="None: compare with others, or average them" if still else "None: average with others",
        key="predict_more",
    )
    if not more or not still:
        return more, not still
    way = st.segmented_control(
        "Several networks",
        [APART, AS_ONE],
        default=APART,
        required=True,
        key="predict_way",
        label_visibility="collapsed",
    )
    return more, way == AS_ONE


def _detector() -> str:
    """Where YuNet's weights are there, a choice; else the Haar cascade without a word."""
    if yunet_file() is None:
        return HAAR
    return st.segmented_control(
        "Faces are found by",
        [HAAR, YUNET],
        default=HAAR,
        required=True,
        format_func={HAAR: "Haar cascade", YUNET: "YuNet"}.__getitem__,
        key="predict_detector",
    )
