"""Predict: photos or videos in, and out come their faces, what networks see in them, and where they looked."""

import json

import streamlit as st

from fer_core.prediction.answer import as_csv
from fer_core.prediction.models import list_choices
from pages import _shared
from pages._predict import Answer, Photo, answer_all, stem
from pages._predict_views.card import show_cards
from pages._predict_views.inputs import CAMERA, FILES, LIVE, VIDEO, chosen_photos, chosen_question, chosen_source
from pages._predict_views.labelled import show_labelled
from pages._predict_views.photo import show_photo
from pages._predict_views.scoring import show_scoring


def downloads(photos: list[Photo], answers: dict[Photo, Answer]) -> None:
    """All answers, for programs and for spreadsheets."""
    documents = [document for answer in answers.values() for document in answer.documents]
    with st.container(horizontal=True):
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


choices = list_choices(_shared.workspace())
if not choices:
    st.markdown("**There is no model to ask yet.** None ships in `models/`, and no run is finished.")
    st.page_link("train.py", label="Train a network", icon=":material/model_training:")
    st.stop()

source = chosen_source()
still = source in (FILES, CAMERA)
photos = []
with st.container(border=True):
    if still:
        left, right = st.columns([3, 2], gap="large")
        with left:
            photos = chosen_photos(source)
        with right:
            question = chosen_question(choices, source)
    else:
        question = chosen_question(choices, source)

if source == LIVE:
    from pages import _predict_live

    _predict_live.show(question.choices)
elif source == VIDEO:
    from pages import _predict_video

    _predict_video.show(question.choices, question.tta)

if photos:
    with st.spinner("Looking for faces"):
        answers = answer_all(photos, question)
    for photo, answer in answers.items():
        show_photo(photo, answer, question)
    downloads(photos, answers)
    show_labelled(answers)

show_scoring(question)
show_cards(question.choices)
st.caption(
    "The network names the expression that people would write under such a picture, and is often wrong, more often "
    "for faces unlike those that it was trained on. An expression is not a feeling. Use it to study networks and "
    "labels; not to judge people, in hiring, in exams or attendance, for identity or for diagnosis."
)
