"""Train: choose what to train on and how, and watch the trainings that run in the background."""

import streamlit as st

from fer_core.jobs.runner import ensure_worker
from fer_core.jobs.store import list_jobs
from pages import _shared
from pages._train_views import background, pace, sweeps
from pages._train_views.card import card
from pages._train_views.form import opened_form, problem
from pages._train_views.panel import panel

dataset = _shared.choose_dataset()
if dataset is None:
    st.stop()


@st.fragment
def choose() -> None:
    """The card, and beside it the settings with what they do. Every choice has a default that is fine to begin with."""
    form = opened_form(dataset)
    if form.said:
        st.toast(_shared.literal(form.said), icon=":material/error:")
        form.said = ""
    left, right = st.columns([2, 3], gap="large")
    with left:
        estimate = card(dataset, form)
        if not jobs:
            st.markdown("**Nothing is training.** The defaults are fine to begin with: press *Start training*.")
            st.caption("It runs as a process of its own: close the browser, or stop the app, and come back later.")
    with right:
        panel(dataset, form)
    if not problem(dataset, form):
        with estimate:  # last, because counting multiply-adds takes seconds the first time
            pace.panel(form.material(dataset), form.current, form.threads)


ensure_worker(_shared.workspace())
jobs = list_jobs(_shared.workspace())
background.running(jobs)
new, over = st.container(), st.container()
with over:  # known at once, while the networks are still looked up
    sweeps.show(dataset)
    background.ended(jobs)
with new:
    choose()
