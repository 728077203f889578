"""How good the rankings are, judged by what people have said; and how two audits differ."""

import numpy as np
import streamlit as st

from fer_core.audit.differences import compare_audits
from fer_core.audit.results import list_audits
from fer_core.audit.scores import SCORES
from fer_core.review.judgement.scoreboard import scoreboard
from pages._audit_views import picked
from pages._audit_views.context import Context

ABOUT = {
    **SCORES,
    "class alone": "how often the class of the image is wrong, and nothing else",
    "random order": "what chance gives",
}


def show(context: Context) -> None:
    """The view."""
    if not context.searched:
        st.caption("This audit looked at pixels only and ranks nothing.")
        return
    board = scoreboard(context.dataset, context.people(), context.audit.scores)
    st.subheader("Rankings, judged by people's answers", anchor=False)
    if board.warning:
        st.markdown(f":material/warning: {board.warning}")
    if board.wrong:
        table = board.table.assign(about=board.table["ranking"].map(ABOUT))
        st.dataframe(
            table,
            hide_index=True,
            column_config={
                "ranking": "Ranking",
                "precision": st.column_config.NumberColumn(f"Precision at {board.at}", format="percent"),
                "lift": st.column_config.NumberColumn(
                    "Lift", format="%.1f×", help="Precision over that of a random order."
                ),
                "AUPRC": st.column_config.NumberColumn("AUPRC", format="%.3f"),
                "AUROC": st.column_config.NumberColumn("AUROC", format="%.3f"),
                "within": st.column_config.NumberColumn(
                    "AUROC within classes",
                    format="%.3f",
                    help="Mean over the classes: knowing the class does not help here.",
                ),
                "about": "What it is",
            },
        )
        st.caption(
            f"{board.answered:,} images that people agree about, {board.wrong:,} of them with a wrong label. Most were "
            "answered because the suspicion put them first, which flatters no ranking above another but makes errors "
            "more frequent than they are; answers from the random queue do not have that flaw."
        )
    _others(context)


def _others(context: Context) -> None:
    others = {audit.id: audit for audit in list_audits(context.dataset) if audit.id != context.audit.id and audit.model}
    st.subheader("Beside another audit", anchor=False)
    if not others:
        st.caption(
            "There is no other audit of these labels yet. A strong one takes five times as long and ranks a bit better:"
        )
        st.code(f"python -m fer_core audit {context.dataset.name} --strength strong --background", language="bash")
        return
    chosen = st.selectbox("Compare with", list(others), key="other_audit", width=320)
    difference = compare_audits(context.audit, others[chosen])
    st.caption(difference.sentence())
    for rows, words, key in (
        (difference.vanished, f"Suspect here, not in {chosen}", "vanished"),
        (difference.appeared, f"Suspect in {chosen}, not here", "appeared"),
    ):
        st.caption(words)
        picked.faces(context, np.array(rows[:24], np.int64), f"{key}_grid", words, multiple=False)
