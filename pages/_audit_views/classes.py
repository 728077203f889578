"""Classes: how healthy the labels of each are, and which pairs are taken for each other."""

import pandas as pd
import streamlit as st

from fer_core.emotions import NAMES
from pages._audit_views import picked
from pages._audit_views.context import Context
from pages._components.matrix import Cell, matrix

KINDS = {"guideline": "guideline problem", "slips": "slips", "": ""}


def show(context: Context) -> None:
    """The view."""
    if not context.searched:
        st.caption("Only networks can say which classes are taken for each other; this audit looked at pixels only.")
        return
    pairs = context.audit.class_pairs
    left, right = st.columns([1.1, 1], gap="large")
    with left:
        st.subheader("Labelled as one, seen as another", anchor=False)
        matrix(
            _cells(pairs), NAMES, NAMES, "joint",
            "Images labelled as one class that most annotators are expected to see as another",
            row_title="the given label", column_title="what most annotators are expected to say",
        )  # fmt: skip
    with right:
        st.subheader("Health of each class", anchor=False)
        health = pd.DataFrame(context.audit.document["classes"])
        st.dataframe(
            health,
            hide_index=True,
            column_config={
                "class": "Class",
                "images": st.column_config.NumberColumn("Images", format="localized"),
                "agreement": st.column_config.ProgressColumn(
                    "Networks agree",
                    format="percent",
                    min_value=0,
                    max_value=1,
                    help="Their first choice is the label.",
                ),
                "confidence": st.column_config.NumberColumn(
                    "Confidence", format="percent", help="Mean out-of-fold probability of the given label."
                ),
                "suspects": st.column_config.NumberColumn("Suspicious", format="localized"),
            },
        )
        st.caption("None of it is an error rate: it moves with the networks. People's answers give that.")
    _guidelines(pairs)
    _examples(context, pairs)


def _cells(pairs: pd.DataFrame) -> list[list[Cell]]:
    """How many images of each class (rows) are seen as another, coloured by their share of the class."""
    known = {(pair.given, pair.seen_as): pair for pair in pairs.itertuples()}
    most = max(float(pairs["share"].max()), 1e-9) if len(pairs) else 1.0

    def cell(given: str, seen: str) -> Cell:
        pair = known.get((given, seen))
        if pair is None:
            return Cell("")
        words = f"{pair.images:,} images labelled {given}, seen as {seen}: {pair.share:.0%} of the class"
        return Cell(f"{pair.images:,}", pair.share / most, words)

    return [[cell(given, seen) for seen in NAMES] for given in NAMES]


def _guidelines(pairs: pd.DataFrame) -> None:
    problems = pairs[pairs["kind"] == "guideline"]
    if problems.empty:
        st.caption("No pair looks like a guideline problem: wrong labels are slips, to be corrected one by one.")
        return
    names = "; ".join(
        f"**{row.given}** seen as **{row.seen_as}** ({row.share:.0%} of the class)" for row in problems.itertuples()
    )
    st.markdown(
        f":material/rule: Guideline problems rather than slips: {names}. So many are no accident: the "
        "labellers drew the line elsewhere. Write down where it is before correcting single images."
    )


def _examples(context: Context, pairs: pd.DataFrame) -> None:
    listed = pairs[pairs["images"] > 0]
    if listed.empty:
        return
    titles = {
        f"{row.given}-{row.seen_as}": f"{row.given} → {row.seen_as}: {row.images:,} images"
        + (f", {KINDS[row.kind]}" if row.kind else "")
        for row in listed.itertuples()
    }
    with st.container(horizontal=True, vertical_alignment="bottom", horizontal_alignment="distribute"):
        chosen = st.selectbox(
            "Examples of", list(titles), key="pair", bind="query-params", format_func=titles.get, width=420
        )
        above = st.container(width="content")
    given, other = str(chosen).split("-")
    suspects = context.audit.suspects
    rows = suspects.loc[(suspects["label"] == given) & (suspects["suggestion"] == other), "row"].to_numpy()
    with above:
        part = picked.paged(len(rows), "pair_page", 36)
    picked.faces(context, rows[part], "pair_grid", f"Labelled {given}, seen as {other}")
    picked.actions(context, rows, f"Audit: {given} seen as {other}", "pair")
