"""On which images, and against which labels, everything below the leaderboard is computed."""

import streamlit as st

from fer_core.runs.run import VOTES, Run
from pages import _runs
from pages._runs import Shown

_SHORT = {"val": "Chosen on", "test": "Scored", "votetest": "VoteTest"}


def choose(runs: list[Run]) -> Shown:
    """The controls; what all of the runs have is offered."""
    roles = _runs.roles_of(runs[0])
    for run in runs[1:]:
        roles = {role: name for role, name in roles.items() if role in _runs.roles_of(run)}
    role = st.segmented_control(
        "Scored on",
        list(roles),
        format_func=lambda role: roles[role] if len(roles[role]) < 16 else _SHORT[role],
        default="test",
        required=True,
        key="role",
        bind="query-params",
        label_visibility="collapsed",
    )
    role = str(role) if role in roles else "test"
    offered = [
        labels for labels in _runs.labels_of(runs[0], role) if all(labels in _runs.labels_of(r, role) for r in runs)
    ]
    labels = offered[0]
    if len(offered) > 1:
        labels = st.segmented_control(
            "Against",
            offered,
            format_func=lambda labels: "Vote labels" if labels == VOTES else "Given labels",
            default=offered[0],
            required=True,
            key=f"labels_{role}",
            label_visibility="collapsed",
        )
    clean = role != "votetest" and st.toggle(
        "Without copies",
        key="clean",
        bind="query-params",
        help="Leaves out images with an exact copy in Training or in the other test split, and repeated ones.",
    )
    name = roles[role] + (", without copies" if clean else "")
    return Shown(role, "clean" if clean else "whole", str(labels), name)
