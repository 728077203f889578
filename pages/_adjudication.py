"""Faces that people see differently, with everything that was said side by side; a click on a class decides."""

from datetime import datetime
from typing import Any

import streamlit as st

from fer_core.dataset.store import SPLITS, Dataset
from fer_core.emotions import NAMES
from fer_core.review.events.log import VerdictLog
from fer_core.review.events.verdict import KEEP, NOT_A_FACE, UNSURE, UNUSABLE
from fer_core.review.judgement.adjudication import (
    CONFLICTS,
    DECIDED,
    DOCKETS,
    Case,
    cases,
    decided,
    decision,
    docket,
)
from pages import _shared
from pages._audit_views.picked import paged
from pages._identity import annotator
from pages._said import Said
from pages._tiles import tile, tiles

PER_PAGE = 6
FACE = 144  # pixels: three for each of the picture's, so that it stays sharp
CHOICES = {
    **{name: name.capitalize() for name in NAMES},
    UNSURE: "Stays ambiguous",
    NOT_A_FACE: "Not a face",
    UNUSABLE: "Unusable",
}
STATES = {
    "untouched": "Nobody has answered yet.",
    "agreed": "One class has more than half of the votes.",
    "disputed": "Votes, but no majority.",
    "ambiguous": "Most people are unsure, or somebody decided that the face stays ambiguous.",
    "unusable": "Most see no face that can be read.",
}
WAITING = {
    "conflicts": "given as different classes, although every pixel is the same",
    "disputed": "without a majority",
    "ambiguous": "about which most people are unsure",
    "unusable": "that most people call unusable or no face",
    "flagged": "that somebody flagged for a second look",
    DECIDED: "about which a decision stands",
}
ORDER = {DECIDED: "the newest decision first; another one replaces it"}
NOTHING = {
    "conflicts": "No exact copies with different labels wait: there are none, or people agree about them.",
    "disputed": "Nobody disagrees. A second person's answers show which faces are seen differently.",
    "ambiguous": "Nobody is unsure about a face.",
    "unusable": "Nobody has called a picture unusable.",
    "flagged": "No face is flagged. The key f on the Review page flags one.",
    DECIDED: "Nothing is decided yet. What you decide here can be changed here.",
}


def adjudicate(said: Said) -> None:
    """The states of all images; then one docket, a page of cases at a time."""
    _tiles(said)
    name = _choose_docket(said)
    if refusal := st.session_state.pop("decision_refused", None):
        st.warning(_shared.literal(refusal), icon=":material/sync_problem:")
    if name == DECIDED:
        rows = decided(said.dataset, said.people, said.history)
    else:
        rows = docket(said.dataset, said.people, said.history, name)
    if not len(rows):
        st.caption(NOTHING[name])
        return
    person = annotator()
    with st.container(horizontal=True, vertical_alignment="bottom", horizontal_alignment="distribute"):
        pictures = "1 picture" if len(rows) == 1 else f"{len(rows):,} pictures"
        st.caption(
            f"{pictures} {WAITING[name]}, {ORDER.get(name, 'the most split first')}. A decision counts for every exact "
            "copy. “Stays ambiguous” is one, too: the face keeps its votes as a soft label.",
            width=640,
        )
        here = paged(len(rows), f"{name}_page", PER_PAGE) if len(rows) > PER_PAGE else slice(0, PER_PAGE)
    shown = cases(said.dataset, said.history, said.verdicts, rows[here], said.votes, said.gold)
    for start in range(0, len(shown), 2):
        for column, case in zip(st.columns(2), shown[start : start + 2], strict=False):
            with column:
                draw(said.dataset, said.log, person, case)


def _tiles(said: Said) -> None:
    states = said.people.counts()
    with tiles():
        for state, meaning in STATES.items():
            tile(state.capitalize(), f"{states[state]:,}", help=meaning)
    if said.votes is not None:
        st.caption(f"Images, by what people and the imported votes on {len(said.votes.rows):,} of them say together.")


def _choose_docket(said: Said) -> str:
    """The docket that is shown: at first the first one on which something waits."""
    at_first = f"first_docket {said.dataset.name}"
    if at_first not in st.session_state:
        waiting = (name for name in DOCKETS if len(docket(said.dataset, said.people, said.history, name)))
        st.session_state[at_first] = next(waiting, CONFLICTS)
    return str(
        st.segmented_control(
            "What to decide",
            [*DOCKETS, DECIDED],
            default=st.session_state[at_first],
            required=True,
            format_func=str.capitalize,
            key="docket",
            bind="query-params",
            label_visibility="collapsed",
        )
    )


def draw(dataset: Dataset, log: VerdictLog, annotator: str, case: Case) -> None:
    """One case: the face, what was said, the choice."""
    with st.container(border=True, height="stretch"):
        with st.container(horizontal=True):
            scale = FACE // dataset.images.shape[1]
            face = dataset.images[case.row].repeat(scale, axis=0).repeat(scale, axis=1)
            st.image(face, width=FACE, output_format="PNG", alt=f"Face of row {case.row}")
            with st.container(gap="small", width="stretch"):
                st.markdown(given(dataset, case))
                if case.imported:
                    st.caption("Imported votes: " + " · ".join(f"{name} {n}" for name, n in case.imported.items()))
                with st.container(gap="xxsmall"):
                    for vote in case.votes.itertuples():
                        draw_vote(vote.annotator, words(vote.answer, vote.label, vote.seen), vote)
        st.pills(
            f"Decide row {case.row}",
            list(CHOICES),
            format_func=CHOICES.get,
            key=f"decide-{case.row}-{case.based_on}",
            on_change=decide,
            args=(dataset, log, annotator, case),
            label_visibility="collapsed",
        )


def draw_vote(who: str, said: str, vote: Any) -> None:
    """One line of the votes. Names and comments are plain text, which cannot become anything else."""
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center", gap="xxsmall"):
        st.text(f"{who}: {said}", width="content")
        st.caption(about(vote.time, vote.active_ms), width="content")
    if vote.comment:
        st.text(f"“{vote.comment}”")


def given(dataset: Dataset, case: Case) -> str:
    """Which images show the picture and what they were given as; what gold and an earlier decision say."""
    lines = [f"**{label.capitalize()}** · row {row:,}, {SPLITS[dataset.splits[row]]}" for row, label in case.copies]
    if case.gold:
        lines.append(f":material/verified: Gold: {case.gold}")
    if case.decision:
        lines.append(f":material/gavel: Decided before: {CHOICES.get(case.decision, case.decision).lower()}")
    return "Given as  \n" + "  \n".join(lines)


def words(answer: str, label: int, seen: str) -> str:
    """A vote in words."""
    said = f"{NAMES[label]}, as given" if answer == KEEP else "unsure" if answer == UNSURE else CHOICES[answer].lower()
    return f"{said} (after the reveal)" if seen == "revealed" else said


def about(time: str, active_ms: int) -> str:
    """When a vote was given and how long it took."""
    when = f"{datetime.fromisoformat(time):%d %b %Y, %H:%M}"
    return f"{when}, in {active_ms / 1000:.1f} s" if active_ms else when


def decide(dataset: Dataset, log: VerdictLog, annotator: str, case: Case) -> None:
    """Store the click as an event; somebody who was faster is named on the next run of the page."""
    answer = st.session_state[f"decide-{case.row}-{case.based_on}"]
    if answer:
        receipt = log.record(dataset, [decision(dataset, case.row, answer, annotator, case.based_on)])
        st.session_state["decision_refused"] = next(iter(receipt.refused.values()), None)
