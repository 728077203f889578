"""Predict: a photo in, and out come its faces, what a network sees in them, and where it looked."""

import json

import streamlit as st

from fer_core.emotions import NAMES
from fer_core.prediction.answer import as_csv, in_words
from fer_core.prediction.explanation import overlay
from fer_core.prediction.methods import METHODS
from fer_core.prediction.models import list_choices
from fer_core.prediction.predictor import Face, Predictor
from pages import _charts, _shared
from pages._predict import Answer, Photo, answer_all, bars, enlarged, heat_map, open_model, sample, stem

FIRST_FACES = 8  # of one photo; a class photo has thirty, and a map for each takes time
FORMATS = ["png", "jpg", "jpeg", "webp", "bmp"]


def use_sample(wanted: bool) -> None:
    """Remember whether the sample photo is shown; a photo of the visitor's own takes its place."""
    st.session_state["predict_sample"] = wanted


def use_whole(photo: Photo) -> None:
    """Remember that the visitor wants this photo, which has no face, taken as one."""
    st.session_state.setdefault("predict_whole", set()).add(photo.key)


def chosen_photos() -> list[Photo]:
    """The visitor's photos, from a file or the camera, or the sample."""
    source = st.segmented_control(
        "Where the photo comes from",
        ["From a file", "From the camera"],
        default="From a file",
        required=True,
        key="predict_source",
        label_visibility="collapsed",
    )
    if source == "From the camera":
        shot = st.camera_input("Take a photo", key="predict_camera", on_change=use_sample, args=(False,))
        photos = [Photo("camera.jpg", shot.getvalue())] if shot else []
    else:
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
        photos = [Photo(file.name, file.getvalue()) for file in files]
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            "Try the sample photo",
            type="secondary" if photos or st.session_state.get("predict_sample") else "primary",
            icon=":material/person:",
            key="predict_try_sample",
            on_click=use_sample,
            args=(True,),
            disabled=bool(photos),
        )
        st.caption("Photos stay in this session's memory and are never written to disk.")
    return photos or ([sample()] if st.session_state.get("predict_sample") else [])


def show_photo(photo: Photo, answer: Answer, predictor: Predictor) -> None:
    """One photo with its boxes, and a card for each of its faces."""
    if answer.prediction is None or answer.picture is None:
        st.error(answer.document["error"], icon=":material/broken_image:")
        return
    faces = answer.prediction.faces
    whole = photo.key in st.session_state.get("predict_whole", set())
    found = "no face found" if whole or not faces else "1 face" if len(faces) == 1 else f"{len(faces)} faces"
    left, right = st.columns([2, 3], gap="medium")
    with left:
        alt = f"{photo.name}: {found}" + "".join(f"; face {n}, {face.label}" for n, face in enumerate(faces, 1))
        st.image(answer.picture, width="stretch", alt=alt)
        st.caption(f"{photo.name} · {answer.prediction.width:,} × {answer.prediction.height:,} · {found}")
    with right:
        if not faces:
            offer_whole(photo)
            return
        if whole:
            st.caption("No face was found; this is what the network makes of the whole picture.")
        everyone = len(faces) <= FIRST_FACES or st.toggle(
            f"Show all {len(faces)} faces", key=f"predict_all_{photo.key}"
        )
        for number, face in enumerate(faces if everyone else faces[:FIRST_FACES], 1):
            face_card(f"{photo.key}_{number}", number, face, predictor)


def offer_whole(photo: Photo) -> None:
    """Say that there is no face, and let the visitor decide what to do about it."""
    with st.container(border=True):
        st.markdown("**No face found.** The detector sees upright faces from the front, from about 24 pixels on.")
        st.button(
            "Use the whole picture",
            type="primary",
            key=f"predict_whole_{photo.key}",
            on_click=use_whole,
            args=(photo,),
        )
        st.caption("For pictures that are one cropped face already, such as FER2013's.")


@st.fragment
def face_card(key: str, number: int, face: Face, predictor: Predictor) -> None:
    """What the network saw, where it looked, and what it said. Choosing a class redraws this card only."""
    with st.container(border=True, key=f"face_{key}"):
        words = in_words(face.probabilities).replace(" %", "\u00a0%")
        st.markdown(f"**Face {number}** · {words[0].upper()}{words[1:]}")
        pictures, numbers = st.columns([3, 2], gap="medium", vertical_alignment="center")
        with pictures:
            asked, method = st.columns(2, wrap=False)
            index = asked.selectbox(
                "Where it looked for",
                range(len(NAMES)),
                index=face.index,
                format_func=NAMES.__getitem__,
                key=f"class_{key}",
                disabled=not METHODS[st.session_state.get(f"method_{key}", "gradcam")].by_class,
            )
            name = method.selectbox(
                "Method",
                list(METHODS),
                format_func=lambda name: METHODS[name].title,
                key=f"method_{key}",
                help="  \n".join(f"**{method.title}**: {method.summary}" for method in METHODS.values()),
            )
            seen, looked = st.columns(2, wrap=False)
            seen.image(
                enlarged(face.crop),
                width="stretch",
                output_format="PNG",
                alt=f"Face {number} as the network saw it, 48 by 48 grey pixels",
            )
            seen.caption("The 48 × 48 pixels it saw")
            goal = f"for {NAMES[index]}" if METHODS[name].by_class else "whatever the class"
            with looked, st.spinner("Looking where it looked"):
                heat = heat_map(predictor, face, index, name)
            looked.image(
                overlay(face.crop, heat),
                width="stretch",
                output_format="PNG",
                alt=f"{METHODS[name].title} on face {number}, {goal}",
            )
            looked.caption(f"Where it looked {goal}" if heat.any() else f"Nothing here speaks {goal}")
        with numbers:
            said = ", ".join(f"{label} {p:.0%}" for label, p in zip(NAMES, face.probabilities, strict=True))
            _charts.show(bars(face), f"bars_{key}", f"Bar chart of face {number}: {said}", height=270)


choices = list_choices(_shared.workspace())
if not choices:
    st.markdown("**There is no model to ask yet.** None ships in `models/`, and no run is finished.")
    st.page_link("train.py", label="Train a network", icon=":material/model_training:")
    st.stop()

with st.container(border=True):
    left, right = st.columns([3, 2], gap="large")
    with left:
        photos = chosen_photos()
    with right:
        by_name = {choice.name: choice for choice in choices}
        name = st.selectbox("Network", list(by_name), key="model", bind="query-params")
        st.caption(f"{by_name[name].origin.capitalize()}.")
        tta = st.toggle(
            "Average with the mirror image",
            key="predict_tta",
            help="Test-time augmentation: the mean of each face's probabilities and its mirror image's.",
        )

if photos:
    predictor = open_model(by_name[name])
    with st.spinner("Looking for faces"):
        answers = answer_all(photos, predictor, tta, st.session_state.get("predict_whole", set()))
    for photo, answer in answers.items():
        show_photo(photo, answer, predictor)
    documents = [answer.document for answer in answers.values()]
    with st.container(horizontal=True, vertical_alignment="center"):
        for kind, content, mime in (
            ("JSON", json.dumps(documents, ensure_ascii=False, indent=1), "application/json"),
            ("CSV", as_csv(documents), "text/csv"),
        ):
            st.download_button(
                f"Download {kind}",
                content,
                f"{stem(photos)}.{kind.lower()}",
                mime,
                key=f"predict_{kind.lower()}",
                on_click="ignore",
                icon=":material/download:",
            )

st.caption(
    "The network names the expression that people would write under such a picture, and is often wrong, more often "
    "for faces unlike those that it was trained on. An expression is not a feeling. Use it to study networks and "
    "labels; not to judge people, in hiring, in exams, for identity or for diagnosis."
)
