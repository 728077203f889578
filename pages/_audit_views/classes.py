"""Classes: how healthy the labels of each are, and which pairs are taken for each other."""

import numpy as np
import pandas as pd
import streamlit as st

from fer_core.emotions import NAMES
from pages import _charts
from pages._audit_views import picked
from pages._audit_views.context import Context

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
        shares = pairs.pivot(index="given", columns="seen_as", values="share").reindex(index=NAMES, columns=NAMES)
        counts = pairs.pivot(index="given", columns="seen_as", values="images").reindex(index=NAMES, columns=NAMES)
        text = counts.map(lambda count: "" if np.isnan(count) else f"{count:,.0f}")
        figure = _charts.matrix(shares, text, "labelled %{y}, seen as %{x}: %{z:.0%} of the class")
        alt = ", ".join(f"{row.given} seen as {row.seen_as} {row.images}" for row in pairs.head(8).itertuples())
        _charts.show(
            figure,
            "joint",
            f"Images labelled as one class that most annotators are expected to see as another: {alt}",
            height=360,
        )
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
    chosen = st.selectbox(
        "Examples of", list(titles), key="pair", bind="query-params", format_func=titles.get, width=420
    )
    given, other = str(chosen).split("-")
    suspects = context.audit.suspects
    rows = suspects.loc[(suspects["label"] == given) & (suspects["suggestion"] == other), "row"].to_numpy()
    part = picked.paged(len(rows), "pair_page", 36)
    picked.faces(context, rows[part], "pair_grid", f"Labelled {given}, seen as {other}")
    picked.actions(context, rows, f"Audit: {given} seen as {other}", "pair")
