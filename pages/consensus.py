"""Consensus: where people disagree and what was decided, and the versions cut from what they said."""

import streamlit as st

from fer_core.audit.results import latest_audit
from fer_core.review.consensus import consensus
from fer_core.review.exchange import log_lines
from fer_core.review.log import VerdictLog, counts
from pages import _shared
from pages._adjudication import adjudicate
from pages._versions import cut_panel, list_panel

MEANINGS = {
    "untouched": "Nobody has answered yet.",
    "agreed": "One class has more than half of the votes.",
    "disputed": "Votes, but no majority.",
    "ambiguous": "Most people are unsure: the face stays ambiguous.",
    "unusable": "Most see no face that can be read.",
}

dataset = _shared.choose_dataset()
if dataset is None:
    st.stop()

log = VerdictLog(_shared.workspace().labels_db)
history = log.history(dataset)
verdicts = log.verdicts(dataset)
people = consensus(dataset, verdicts)
states = people.counts()

with st.container(horizontal=True):
    for state, meaning in MEANINGS.items():
        st.metric(state.capitalize(), f"{states[state]:,}", border=True, help=meaning)

summary = counts(verdicts)
with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
    pace = f" · {summary['labels_per_hour']:,} labels an hour" if summary["labels_per_hour"] else ""
    st.caption(f"{summary['answers']:,} answers by {len(summary['annotators']):,} people{pace}")
    if len(history):
        st.download_button(
            "Download the verdict log",
            lambda: log_lines(log, dataset),
            f"{dataset.name}-verdicts.jsonl",
            "application/x-ndjson",
            icon=":material/download:",
            help="Every event as JSON Lines, undone ones included; `review import` reads it back.",
            on_click="ignore",
        )
    else:
        st.page_link("review.py", label="Answer the first faces on the Review page", icon=":material/rate_review:")

st.subheader("Decide", anchor=False)
adjudicate(dataset, log, people, verdicts, history)

st.subheader("Versions", anchor=False)
left, right = st.columns([2, 3], gap="large")
with left:
    cut_panel(dataset, log, latest_audit(dataset))
with right:
    list_panel(dataset)
