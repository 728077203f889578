"""Consensus: what people say, one view at a time, which stands in the URL."""

import streamlit as st

from fer_core.review.events.exchange import log_lines
from fer_core.review.events.log import VerdictLog, counts
from pages import _shared
from pages._adjudication import adjudicate
from pages._agreement import people_panel
from pages._estimate import budget_panel, estimate_panel
from pages._said import Said, said_about
from pages._versions import versions_panel
from pages._votes import votes_panel


def versions(said: Said) -> None:
    """What can be cut from what was said, and what was cut."""
    versions_panel(said.dataset, said.log, said.audit)


def progress(said: Said) -> None:
    """How many labels are wrong, and what the next reviews would bring."""
    estimate_panel(said.dataset, said.log, said.audit)
    budget_panel(said.dataset, said.log, said.audit)


VIEWS = {
    "Decide": adjudicate,
    "Progress": progress,
    "People": people_panel,
    "Votes": votes_panel,
    "Versions": versions,
}

dataset = _shared.choose_dataset()
if dataset is None:
    st.stop()

said = said_about(dataset, VerdictLog(_shared.workspace().labels_db))
summary = counts(said.verdicts)
with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
    view = st.segmented_control(
        "View", list(VIEWS), default="Decide", required=True, key="show", bind="query-params",
        label_visibility="collapsed",
    )  # fmt: skip
    with st.container(horizontal=True, vertical_alignment="center", width="content"):
        if len(said.history):
            pace = f" · {summary['labels_per_hour']:,} an hour" if summary["labels_per_hour"] else ""
            people = len(summary["annotators"])  # type: ignore[arg-type]
            st.caption(f"{summary['answers']:,} answers by {people:,} {'person' if people == 1 else 'people'}{pace}")
            st.download_button(
                "Verdict log",
                lambda: log_lines(said.log, dataset),
                f"{dataset.name}-verdicts.jsonl",
                "application/x-ndjson",
                icon=":material/download:",
                help="Every event as JSON Lines, undone ones included; `review import` reads it back.",
                on_click="ignore",
            )
        else:
            st.page_link("review.py", label="Answer the first faces on the Review page", icon=":material/rate_review:")
VIEWS[str(view)](said)
