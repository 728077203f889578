"""Faces that people see differently, with their votes side by side; a click on a class decides."""

import pandas as pd
import streamlit as st

from fer_core.dataset.store import SPLITS, Dataset
from fer_core.emotions import NAMES
from fer_core.review.adjudication import DOCKETS, Case, cases, decision, docket
from fer_core.review.consensus import Consensus
from fer_core.review.log import VerdictLog
from fer_core.review.verdict import NOT_A_FACE, UNSURE, UNUSABLE
from pages._identity import annotator

PER_PAGE = 6
CHOICES = {
    **{name: name.capitalize() for name in NAMES},
    UNSURE: "Stays ambiguous",
    NOT_A_FACE: "Not a face",
    UNUSABLE: "Unusable",
}
NOTHING = {
    "disputed": "Nobody disagrees. A second person's answers show which faces are seen differently.",
    "ambiguous": "Nobody is unsure about a face.",
    "unusable": "Nobody has called a picture unusable.",
    "flagged": "No face is flagged. The key f on the Review page flags one.",
}


def adjudicate(
    dataset: Dataset, log: VerdictLog, people: Consensus, verdicts: pd.DataFrame, history: pd.DataFrame
) -> None:
    """One docket, a page of cases at a time."""
    name = st.segmented_control(
        "What to decide",
        DOCKETS,
        default=DOCKETS[0],
        required=True,
        format_func=str.capitalize,
        key="docket",
        bind="query-params",
        label_visibility="collapsed",
    )
    if refusal := st.session_state.pop("decision_refused", None):
        st.warning(refusal, icon=":material/sync_problem:")
    rows = docket(dataset, people, history, name)
    if not len(rows):
        st.caption(NOTHING[name])
        return
    person = annotator()
    pictures = "1 picture waits" if len(rows) == 1 else f"{len(rows):,} pictures wait"
    st.caption(f"{pictures} for a decision. Exact copies are one picture: they share their votes and the decision.")
    shown = cases(dataset, log, verdicts, rows[:PER_PAGE])
    for start in range(0, len(shown), 2):
        for column, case in zip(st.columns(2), shown[start : start + 2], strict=False):
            with column:
                draw(dataset, log, person, case)


def draw(dataset: Dataset, log: VerdictLog, annotator: str, case: Case) -> None:
    """One case: the face, the votes, the choice."""
    with st.container(border=True, height="stretch"):
        face, said = st.columns([1, 2], vertical_alignment="center")
        face.image(dataset.images[case.row], width="stretch", output_format="PNG", alt=f"Face of row {case.row}")
        given, split = NAMES[dataset.labels[case.row]], SPLITS[dataset.splits[case.row]]
        said.caption(f"Row {case.row:,} of {split}, given as **{given}**" + case_decided(case))
        for vote in case.votes.itertuples():
            said.text(f"{vote.annotator}: {words(vote.answer, vote.seen, vote.comment)}")
        st.pills(
            f"Decide row {case.row}",
            list(CHOICES),
            format_func=CHOICES.get,
            key=f"decide-{case.row}-{case.based_on}",
            on_change=decide,
            args=(dataset, log, annotator, case),
            label_visibility="collapsed",
        )


def case_decided(case: Case) -> str:
    return f", decided as **{CHOICES.get(case.decision, case.decision)}**" if case.decision else ""


def words(answer: str, seen: str, comment: str) -> str:
    """A vote in words: the answer, and what one should know about it."""
    said = {"keep": "keep the given label", UNSURE: "unsure"}.get(answer) or CHOICES[answer].lower()
    notes = ["after the reveal"] if seen == "revealed" else []
    if comment:
        notes.append(f"“{comment}”")
    return f"{said} ({', '.join(notes)})" if notes else said


def decide(dataset: Dataset, log: VerdictLog, annotator: str, case: Case) -> None:
    """Store the click as an event; somebody who was faster is named on the next run of the page."""
    answer = st.session_state[f"decide-{case.row}-{case.based_on}"]
    if answer:
        receipt = log.record(dataset, [decision(dataset, case.row, answer, annotator, case.based_on)])
        st.session_state["decision_refused"] = next(iter(receipt.refused.values()), None)
