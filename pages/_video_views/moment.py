"""One moment of a video: its picture with the faces boxed, and each face as the network saw it."""

from io import BytesIO

import numpy as np
import streamlit as st
from PIL import Image, ImageDraw, ImageFont

from fer_core.emotions import EMOTIONS, NAMES
from fer_core.prediction.answer import in_words
from fer_core.prediction.timeline import Timeline, clock
from pages._components.face_grid import face_grid


def show_moment(timeline: Timeline, seconds: float) -> None:
    """The frame with a picture that is nearest to `seconds`."""
    place = int(np.abs(timeline.seconds[timeline.pictured] - seconds).argmin())
    frame = int(timeline.pictured[place])
    faces = np.flatnonzero((timeline.frames == frame) & (timeline.persons >= 0))
    faces = faces[np.argsort(timeline.persons[faces])]
    when = clock(timeline.seconds[frame])
    left, right = st.columns([3, 2], gap="medium")
    with left:
        st.image(
            _boxed(timeline, place, faces),
            width="stretch",
            alt=f"The video at {when} with {len(faces)} faces boxed",
        )
        st.caption(f"{when} · the numbers are those of the persons")
    with right:
        if not len(faces):
            st.markdown(f"**Nobody in sight at {when}.**")
            return
        crops = np.searchsorted(timeline.cropped, faces)
        answers = timeline.probabilities[faces]
        face_grid(
            timeline.crops[crops],
            [
                f"{person + 1} · {NAMES[index]} {share:.0%}"
                for person, index, share in zip(timeline.persons[faces], answers.argmax(1), answers.max(1), strict=True)
            ],
            key="video_faces",
            colours=[EMOTIONS[index].colour for index in answers.argmax(1)],
            details=[in_words(answer) for answer in answers],
            label=f"Faces at {when}, as the network saw them",
            selectable=False,
            size=144 if len(faces) <= 4 else 96,
        )


def _boxed(timeline: Timeline, place: int, faces: np.ndarray) -> Image.Image:
    """The picture; each face has a box in its class's colour and its person's number."""
    picture = Image.open(BytesIO(timeline.pictures[place])).convert("RGB")
    scale = picture.width / timeline.width
    draw, font = ImageDraw.Draw(picture), ImageFont.load_default(15)
    for face in faces:
        left, top, wide, high = (timeline.boxes[face] * scale).round().tolist()
        colour = EMOTIONS[int(timeline.probabilities[face].argmax())].colour
        # Black outside, colour inside: one of the two stands out on any picture.
        draw.rectangle((left - 1, top - 1, left + wide + 1, top + high + 1), outline="black", width=4)
        draw.rectangle((left, top, left + wide, top + high), outline=colour, width=2)
        number = f" {timeline.persons[face] + 1} "
        right = left + draw.textlength(number, font=font)
        draw.rectangle((left, max(0, top - 20), right, max(20, top)), fill="black")
        draw.text((left, max(0, top - 20)), number, fill="white", font=font)
    return picture
