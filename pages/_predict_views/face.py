"""One face: the pixels that were seen, where the network looked, what it said, and the steps that led there."""

from typing import TYPE_CHECKING

import streamlit as st
from PIL import Image

from fer_core.emotions import EMOTIONS, NAMES
from fer_core.prediction.answer import in_words
from fer_core.prediction.methods import AVERAGES, METHODS
from fer_core.prediction.seen import Face
from pages._components.bars import Bar, bars
from pages._predict import Answer, Photo, Question, heat_map, open_model, sureness

if TYPE_CHECKING:
    from fer_core.prediction.predictor import Asked

STEP = 96  # pixels
NO_BREAK = "\u00a0"


@st.fragment
def show_face(photo: Photo, position: int, answer: Answer, question: Question) -> None:
    """The card of one face. Choosing a class or a method redraws this card only."""
    number, key = position + 1, f"{photo.key}_{position + 1}"
    asked = question.asked()
    faces = [prediction.faces[position] for prediction in answer.predictions]
    with st.container(border=True, key=f"face_{key}"):
        if len(asked) == 1:
            st.markdown(f"**Face {number}** · {_sentence(faces[0])}")
            _how_sure(faces[0], question, 0)
        else:
            st.markdown(f"**Face {number}** · {_agreement(faces)}")
        index, method = _what_to_explain(key, faces[0])
        if len(asked) == 1:
            pictures, numbers = st.columns([3, 2], gap="medium", vertical_alignment="center")
            with pictures:
                seen, looked = st.columns(2, wrap=False)
                with seen:
                    _seen(faces[0], number)
                with looked:
                    _looked(asked[0], faces[0], number, index, method)
            with numbers:
                _bars(faces[0], key, f"face {number}")
        else:
            _side_by_side(asked, faces, key, index, method, question)
        _how_it_got_there(photo, answer, position, key, question)


def _side_by_side(
    asked: "list[Asked]", faces: list[Face], key: str, index: int, method: str, question: Question
) -> None:
    """The same crop under the eyes of several networks: a column for each, two in a row."""
    number = key.rsplit("_", 1)[1]
    for start in range(0, len(asked), 2):
        for offset, column in enumerate(st.columns(2, gap="medium")):
            place = start + offset
            if place >= len(asked):
                break
            with column:
                st.markdown(f"**{asked[place].name}**  \n{_sentence(faces[place])}")
                _how_sure(faces[place], question, place)
                _looked(asked[place], faces[place], f"{number} by {asked[place].name}", index, method)
                _bars(faces[place], f"{key}_{place}", f"face {number} by {asked[place].name}")


def _sentence(face: Face) -> str:
    words = in_words(face.probabilities).replace(" %", f"{NO_BREAK}%")
    return words[0].upper() + words[1:]


def _agreement(faces: list[Face]) -> str:
    labels = [face.label for face in faces]
    if len(set(labels)) == 1:
        return f"All {len(labels)} networks say {labels[0]}" if len(labels) > 2 else f"Both networks say {labels[0]}"
    return "The networks differ: " + ", ".join(labels)


def _how_sure(face: Face, question: Question, place: int) -> None:
    """What the network's calls were worth on images with known labels when it was as sure as this."""
    if question.tta != "none":
        st.caption(f"How often calls are right that were averaged {AVERAGES[question.tta]} was not counted.")
    elif question.averaged and len(question.choices) > 1:
        st.caption("How often these networks are right together was not counted.")
    else:
        counted = sureness(question.choices[place])
        words = counted.sentence(face.confidence) if counted else "How often its calls are right was not counted."
        st.caption(words, help="Right: as the image's given label says, which is itself often doubtful.")


def _what_to_explain(key: str, face: Face) -> tuple[int, str]:
    """The class to ask about and the method to draw with."""
    asked, way = st.columns(2, wrap=False)
    index = asked.selectbox(
        "Where it looked for",
        range(len(NAMES)),
        index=face.index,
        format_func=NAMES.__getitem__,
        key=f"class_{key}_{face.index}",  # of another call it is another question
        disabled=not METHODS[st.session_state.get(f"method_{key}", "gradcam")].by_class,
    )
    method = way.selectbox(
        "Method",
        list(METHODS),
        format_func=lambda name: METHODS[name].title,
        key=f"method_{key}",
        help="  \n".join(f"**{method.title}**: {method.summary}" for method in METHODS.values()),
    )
    return index, method


def _seen(face: Face, number: int) -> None:
    st.image(
        Image.fromarray(face.crop).resize((480, 480), Image.Resampling.NEAREST),
        width="stretch",
        output_format="PNG",
        alt=f"Face {number} as the network saw it, 48 by 48 grey pixels",
    )
    st.caption("The 48 × 48 pixels it saw")


def _looked(asked: "Asked", face: Face, whose: int | str, index: int, method: str) -> None:
    from fer_core.prediction.explanation import overlay

    goal = f"for {NAMES[index]}" if METHODS[method].by_class else "whatever the class"
    with st.spinner("Looking where it looked"):
        heat = heat_map(asked, face, index, method)
    st.image(
        overlay(face.crop, heat),
        width="stretch",
        output_format="PNG",
        alt=f"{METHODS[method].title} on face {whose}, {goal}",
    )
    st.caption(f"Where it looked {goal}" if heat.any() else f"Nothing here speaks {goal}")


def _bars(face: Face, key: str, whose: str) -> None:
    """The seven probabilities in FER2013's order, each with its number; the winner stands out."""
    lines = [
        Bar(
            emotion.name,
            (float(probability),),
            (f"{probability:.0%}".replace("%", f"{NO_BREAK}%") if probability >= 0.01 else f"<1{NO_BREAK}%",),
            emotion.colour,
            strong=emotion.index == face.index,
        )
        for emotion, probability in zip(EMOTIONS, face.probabilities, strict=True)
    ]
    bars(lines, f"bars_{key}", f"Probabilities of {whose}", most=1.0)


def _how_it_got_there(photo: Photo, answer: Answer, position: int, key: str, question: Question) -> None:
    """From the photo to the network's input as a strip of pictures, made when somebody wants to see it."""
    fold = st.expander("From the photo to the network", on_change="rerun", key=f"steps_{key}")
    if not fold.open:
        return
    from fer_core.prediction.steps import steps

    with fold:
        image = photo.decoded()
        for choice in question.choices:
            if len(question.choices) > 1:
                st.markdown(f"**{choice.name}**")
            taken = steps(image, answer.predictions[0].faces[position], open_model(choice).model.spec.input)
            with st.container(horizontal=True):
                for step in taken:
                    with st.container(width=STEP, gap="xsmall"):
                        side = (2 * STEP, 2 * STEP)
                        shown = Image.fromarray(step.picture).resize(side, Image.Resampling.NEAREST)
                        st.image(shown, width=STEP, output_format="PNG", alt=f"{step.title}: {step.words}")
                        st.caption(f"**{step.title}**  \n{step.words}")
