"""What every page stands in: navigation, the page's heading, the choice of data set, errors as sentences."""

import streamlit as st

from fer_core.errors import FerretError
from pages import _shared
from pages._identity import admit, awaits_login, stand_up
from pages._settled import settle

STATIONS = [
    (
        st.Page("overview.py", title="Overview", icon=":material/space_dashboard:", default=True),
        "What is in the data set, what is wrong with it, and what to do next.",
    ),
    (
        st.Page("audit.py", title="Audit", icon=":material/troubleshoot:"),
        "Duplicates, leaks, unusable images and labels that are probably wrong.",
    ),
    (
        st.Page("review.py", title="Review", icon=":material/rate_review:"),
        "One face, one key. What you say is kept for good.",
    ),
    (
        st.Page("consensus.py", title="Consensus", icon=":material/how_to_vote:"),
        "Where people disagree, and the versions cut from what they said.",
    ),
    (
        st.Page("train.py", title="Train", icon=":material/model_training:"),
        "Networks trained in the background; closing the browser changes nothing.",
    ),
    (
        st.Page("runs.py", title="Runs", icon=":material/leaderboard:"),
        "Finished runs, compared by eye and by test.",
    ),
    (
        st.Page("predict.py", title="Predict", icon=":material/center_focus_strong:"),
        "What the network sees in a photo, and why.",
    ),
]

st.set_page_config(page_title="FERret", page_icon="pages/static/favicon.svg", layout="wide")
st.logo("pages/static/logo.svg", size="medium")
page = st.navigation([page for page, _ in STATIONS], position="top")

with st.container(horizontal=True, vertical_alignment="bottom", horizontal_alignment="distribute"):
    with st.container(gap=None, width="content"):  # else a telephone squeezes it beside the choice of data set
        st.title(page.title, anchor=False)
        st.caption(next(caption for station, caption in STATIONS if station.title == page.title))
    if page.title != "Predict" and not awaits_login():
        _shared.dataset_selector()

try:
    admit()
    if page.title != "Review":
        stand_up()
    page.run()
    settle()
except FerretError as error:
    _shared.tell(error)
