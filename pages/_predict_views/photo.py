"""One photo with its faces boxed; a box set by hand where none was found, or not the right one."""

import numpy as np
import streamlit as st
from PIL import Image, ImageDraw

from fer_core.imaging.crop import to_rgb
from fer_core.imaging.faces import Box
from fer_core.prediction.seen import BY_HAND, WHOLE, Prediction
from pages import _shared
from pages._predict import Answer, Photo, Question, as_png, boxes
from pages._predict_views.face import show_face

FIRST_FACES = 8  # of one photo; a class photo has thirty, and a map for each takes time
PREVIEW = 560  # pixels
DIMMED = 0.35  # brightness of what lies outside the box

Place = tuple[float, float, float]
"""Where a square's middle is, as shares of the picture's width and height, and its side, of the shorter of the two."""
MIDDLE: Place = (0.5, 0.45, 0.45)


def show_photo(photo: Photo, answer: Answer, question: Question) -> None:
    """One photo with its boxes, and a card for each of its faces."""
    if answer.picture is None:
        st.error(_shared.literal(answer.refused), icon=":material/broken_image:")
        return
    first = answer.predictions[0]
    count = len(first.faces)
    if not count:
        _without_face(photo, f"{_shared.literal(photo.name)} · {first.width:,} × {first.height:,} · no face found")
        return
    found = "no face found" if first.origin == WHOLE else "1 face" if count == 1 else f"{count} faces"
    left, right = st.columns([2, 3], gap="medium")
    with left:
        alt = f"{photo.name}: {found}" + "".join(f"; face {n}, {face.label}" for n, face in enumerate(first.faces, 1))
        st.image(answer.picture, width="stretch", alt=alt)
        st.caption(f"{_shared.literal(photo.name)} · {first.width:,} × {first.height:,} · {found}")
        _take_home(photo, answer)
    with right:
        if first.origin == WHOLE:
            st.caption("No face was found; this is what the network makes of the whole picture.")
        if first.origin == BY_HAND:
            st.caption("The box was set by hand.")
        everyone = count <= FIRST_FACES or st.toggle(f"Show all {count} faces", key=f"predict_all_{photo.key}")
        for position in range(count if everyone else FIRST_FACES):
            show_face(photo, position, answer, question)


@st.fragment
def _without_face(photo: Photo, caption: str) -> None:
    """The photo, and the visitor's turn: where the face is, or that all of it is one."""
    left, right = st.columns([2, 3], gap="medium")
    with right, st.container(border=True):
        st.markdown("**No face found.** Upright, small, tight and leaning faces were looked for. Show where it is:")
        box = _sliders(photo)
        _decide(photo, box)
    with left:
        _show_framed(photo, box)
        st.caption(caption)


def _take_home(photo: Photo, answer: Answer) -> None:
    with st.container(horizontal=True):
        hand = st.popover(
            "Set the box by hand", icon=":material/crop_free:", on_change="rerun", key=f"predict_hand_{photo.key}"
        )
        if hand.open:
            with hand:
                _by_hand(photo, _place_of(answer.predictions[0]))
        st.download_button(
            "Picture",
            lambda: as_png(answer.picture),
            f"{photo.name.rsplit('.', 1)[0]}-faces.png",
            "image/png",
            key=f"predict_picture_{photo.key}",
            on_click="ignore",
            icon=":material/download:",
            help="The photo with its faces boxed and numbered",
        )


@st.fragment
def _by_hand(photo: Photo, start: Place) -> None:
    """Another box than the one that was found, beginning there."""
    box = _sliders(photo, start)
    _show_framed(photo, box)
    _decide(photo, box)


def _place_of(prediction: Prediction) -> Place:
    """Where the largest face is."""
    x, y, width, height = prediction.faces[0].box
    across, down = (x + width / 2) / prediction.width, (y + height / 2) / prediction.height
    return across, down, max(width, height) / min(prediction.width, prediction.height)


def _sliders(photo: Photo, start: Place = MIDDLE) -> Place:
    """A square to be placed over the face; sliders work by mouse, by thumb and by keyboard."""
    first = [min(100, max(0, round(100 * share))) for share in start]
    key = photo.key
    across = st.slider("Left to right", 0, 100, first[0], format="%d %%", key=f"across_{key}")
    down = st.slider("Top to bottom", 0, 100, first[1], format="%d %%", key=f"down_{key}")
    size = st.slider(
        "Size", 3, 100, max(3, first[2]), format="%d %%", key=f"size_{key}", help="Of the photo's shorter side"
    )
    return across / 100, down / 100, size / 100


def _show_framed(photo: Photo, place: Place) -> None:
    image = _preview(photo)
    st.image(_framed(image, _square(image.size, place)), width="stretch", alt="The photo, dimmed but for the box")


def _decide(photo: Photo, place: Place) -> None:
    st.caption("From the brow to the chin, about as wide as the face: as tight as FER2013's pictures.")
    with st.container(horizontal=True):
        if st.button("Use this box", type="primary", icon=":material/check:", key=f"predict_box_{photo.key}"):
            _say(photo, _square(photo.decoded().size, place))
        if st.button(
            "Use the whole picture", key=f"predict_whole_{photo.key}", help="For a picture that is one cropped face"
        ):
            _say(photo, "whole")
        if photo.key in boxes() and st.button("Search again", key=f"predict_search_{photo.key}"):
            _say(photo, None)


def _say(photo: Photo, what: Box | str | None) -> None:
    if what is None:
        boxes().pop(photo.key)
    else:
        boxes()[photo.key] = what
    st.rerun()


def _square(size: tuple[int, int], place: Place) -> Box:
    """A square around a point of the picture; it may reach beyond the edge."""
    (width, height), (across, down, share) = size, place
    side = max(1, round(share * min(size)))
    return round(across * width - side / 2), round(down * height - side / 2), side, side


def _preview(photo: Photo) -> Image.Image:
    """A small copy, kept in the session like the photo itself: a cache for everybody would outlive it."""
    key, image = st.session_state.get("predict_preview", ("", None))
    if key != photo.key:
        image = to_rgb(photo.decoded())
        image.thumbnail((PREVIEW, PREVIEW))
        st.session_state["predict_preview"] = photo.key, image
    return image


def _framed(image: Image.Image, box: Box) -> Image.Image:
    """The picture dimmed but for the box, which has a white edge."""
    x, y, width, height = box
    framed = Image.fromarray((np.asarray(image) * DIMMED).astype(np.uint8))
    area = (max(0, x), max(0, y), min(image.width, x + width), min(image.height, y + height))
    framed.paste(image.crop(area), area[:2])
    ImageDraw.Draw(framed).rectangle((x, y, x + width - 1, y + height - 1), outline="white", width=3)
    return framed
