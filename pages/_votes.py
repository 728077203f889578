"""Votes: imported counts without names, such as FER+'s ten per image; what they say, and where they are split."""

import re
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import streamlit as st

from fer_core.dataset.store import Dataset
from fer_core.dataset.votes import ANSWERS, VoteTable, read_votes, store_votes
from fer_core.emotions import EMOTIONS, NAMES
from fer_core.errors import FerretError
from fer_core.review.judgement.vote_summary import VoteSummary, most_split, summarise_votes
from pages import _shared
from pages._audit_views.picked import paged
from pages._components.bars import Bar, bars
from pages._components.face_grid import face_grid
from pages._said import Said
from pages._tiles import tile, tiles

FACES = 48


def votes_panel(said: Said) -> None:
    """The view."""
    if said.votes is None:
        st.markdown("**No votes yet.** A vote table says how often each answer was given to an image, without names.")
        st.caption(
            "FER+ has ten votes for each image of FER2013. They join the consensus, become soft labels, and where they "
            "are nearly unanimous they are the gold by which people are measured."
        )
        _import_form(said.dataset, "")
        return
    summary, rows = _figures(said.dataset, said.votes, said.key)
    with tiles():
        tile("Images with votes", f"{summary.images:,}")
        tile("Votes", f"{summary.votes:,}")
        tile(
            "Krippendorff's alpha", _number(summary.alpha),
            help="Agreement beyond chance over all answers: 1 is perfect, 0 is chance.",
        )  # fmt: skip
        tile("Unanimous", _share(summary.unanimous), help="All votes of an image are the same.")
        tile("Without a majority", _share(summary.split), help="No answer has more than half.")
    left, right = st.columns([3, 2], gap="large", vertical_alignment="center")
    with left:
        classes = summary.classes
        lines = [
            Bar(
                emotion.name,
                (float(np.nan_to_num(line.top_is_given)),),
                (_share(line.top_is_given),),
                emotion.colour,
                help=f"{line.images:,} images with votes",
            )
            for emotion, line in zip(EMOTIONS, classes.itertuples(index=False), strict=True)
        ]
        bars(lines, "votes_by_class", "Share of the labels that most votes support, by class", most=1.0)
    with right:
        st.markdown(f"The votes support **{_share(summary.top_is_given)}** of the given labels.")
        st.caption(
            "There the given label alone has the most votes. What is low in the chart is seen differently by most "
            "people, whether the label is wrong or the line between two classes lies elsewhere."
        )
        with st.popover("Replace the votes", icon=":material/upload_file:"):
            _import_form(said.dataset, said.votes.source)
    st.subheader("Most ambiguous", anchor=False)
    _ambiguous(said.dataset, said.votes, rows)


@st.cache_resource(max_entries=2, show_spinner=False)
def _figures(_dataset: Dataset, _votes: VoteTable, key: str) -> tuple[VoteSummary, np.ndarray]:
    """The votes in figures; and the pictures, the most ambiguous first."""
    return summarise_votes(_dataset, _votes), most_split(_dataset, _votes)


def _ambiguous(dataset: Dataset, votes: VoteTable, ordered: np.ndarray) -> None:
    rows = ordered[paged(len(ordered), "ambiguous_page", FACES)]
    counts = votes.counts[rows]
    captions = []
    for row in counts:
        top = [place for place in np.argsort(-row, kind="stable") if row[place]]
        captions.append(" · ".join(f"{ANSWERS[place]} {row[place]}" for place in top[:2]))
    details = [
        f"row {row:,}, given as {NAMES[dataset.labels[row]]}: "
        + ", ".join(f"{ANSWERS[place]} {said[place]}" for place in np.argsort(-said, kind="stable") if said[place])
        for row, said in zip(rows, counts, strict=True)
    ]
    face_grid(
        dataset.images[rows], captions, key="ambiguous_grid", details=details, selectable=False,
        label="Faces on which the imported votes are most split",
    )  # fmt: skip
    st.caption(
        "Their two most frequent answers; all of them while the pointer rests on a face. Best kept as soft labels."
    )


def _import_form(dataset: Dataset, present: str) -> None:
    """A form that takes a vote table in. `present`: the source of the votes that are there, "" if none are."""
    with st.form("import-votes", border=False):
        upload = st.file_uploader(
            "Vote table (CSV)", type=["csv"], key="votes_upload", max_upload_size=64,
            help="FER+'s form, one line per image in the order of fer2013.csv, or with a column `row`.",
        )  # fmt: skip
        if present:
            st.caption(f"They take the place of those from {present}.")
        sent = st.form_submit_button("Take these votes", type="primary", icon=":material/upload:")
    if not sent or upload is None:
        return
    # A stranger's file name becomes text only, and no more of it than is harmless there.
    name = re.sub(r"[^\w.() -]", "_", upload.name)[:80]
    with tempfile.TemporaryDirectory(prefix="ferret-votes-") as folder:
        copy = Path(folder) / "votes.csv"
        copy.write_bytes(upload.getvalue())
        try:
            store_votes(dataset, replace(read_votes(dataset, copy), source=name), replace=bool(present))
        except FerretError as error:
            st.error(_shared.literal(str(error).replace(str(copy), name)), icon=":material/error:")
            return
    st.rerun()


def _share(value: float) -> str:
    return "–" if np.isnan(value) else f"{value:.0%}"


def _number(value: float) -> str:
    return "–" if np.isnan(value) else f"{value:.3f}"
