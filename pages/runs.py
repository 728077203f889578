"""Runs: the leaderboard of one protocol; below it one run looked at closely, or up to six against each other."""

import streamlit as st

from fer_core.runs.leaderboard import boards
from fer_core.runs.run import list_runs
from pages import _shared
from pages._run_views import (
    board,
    by_class,
    calibration,
    card,
    learning,
    matrices,
    mistakes,
    proofs,
    shown,
    sides,
    summary,
    verdict,
)
from pages._runs import Looked

ONE = {
    "Confusion": matrices.show,
    "Classes": by_class.show,
    "Calibration": calibration.show,
    "Curves": learning.show,
    "Mistakes": mistakes.show,
    "Model card": card.show,
}
SEVERAL = {
    "Test": verdict.show,
    "Confusion": matrices.show,
    "Classes": by_class.show,
    "Calibration": calibration.show,
    "Curves": learning.show,
    "Changed sides": sides.show,
}

every = list_runs(_shared.workspace())
done = [run for run in every if run.status == "done"]
board.undo_line()
if not done:
    with st.container(border=True):
        st.markdown("**No finished run yet.** Train a network, and its figures appear here.")
        st.caption(
            "Runs of the same protocol are ranked; two of them are held against each other by curves, confusion "
            "matrices and a paired test in words."
        )
        if st.button("Train a network", type="primary", icon=":material/model_training:", key="to_train"):
            st.switch_page("train.py")
    board.unfinished(every)
    st.stop()

asked = st.query_params.get_all("run")
chosen = board.choose_board(boards(done), asked)
found = board.show(chosen, asked)
board.unfinished([run for run in every if run not in done])
ids = [run.id for _, run in found.values()]
if ids != asked:
    st.query_params["run"] = ids

runs = {letter: run for letter, (_, run) in found.items()}
entries = {letter: entry for letter, (entry, _) in found.items()}
one = len(runs) == 1
if one:
    summary.heading(next(iter(runs.values())))
with st.container(horizontal=True, vertical_alignment="center"):
    looked = Looked(chosen, entries, runs, shown.choose(list(runs.values())))
    st.space("stretch")
    card.report_button(looked)
(summary.tiles if one else verdict.tiles)(looked)
views = ONE if one else SEVERAL
view = st.segmented_control(
    "View", list(views), default=next(iter(views)), required=True, key="view" if one else "compare",
    bind="query-params", label_visibility="collapsed",
)  # fmt: skip
views.get(str(view), next(iter(views.values())))(looked)
if view != "Model card":  # it begins with it
    summary.protocol(looked)
proofs.show(next(iter(runs.values())).dataset)
