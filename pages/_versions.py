"""Versions: a policy with its switches, what it would change, the cut itself, and the list of what was cut."""

from dataclasses import replace

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from fer_core.audit.results import Audit
from fer_core.dataset.store import Dataset
from fer_core.dataset.version import list_versions
from fer_core.emotions import EMOTIONS, NAMES
from fer_core.errors import UsageError
from fer_core.review.effect import Effect, effect
from fer_core.review.log import VerdictLog
from fer_core.review.policy import PICTURE_FINDINGS, POLICIES, Policy, cut_version, plan_cut
from pages import _charts, _shared

SWITCHES = {
    "drop_duplicates": ("Keep one of exact copies", "The first row of a group stays."),
    "drop_conflicts": (
        "Drop copies with conflicting labels",
        "All of them, until people agree on the face.",
    ),
    "drop_leaks": ("Drop what is also in a test split", "Training only; test rows never leave and never change."),
    "drop_unusable": ("Drop what people call unusable", "Not a face, or a face that nobody can read."),
    "relabel": ("Use the label that people agree on", "The given label stays where nobody has answered."),
}
NUMBERS = ("Training images", "Dropped", "Relabelled", "Verdicts up to")


def cut_panel(dataset: Dataset, log: VerdictLog, audit: Audit | None) -> None:
    """Choose a policy, see what it changes, freeze it under a name."""
    with st.container(border=True):
        policy = choose_policy(audit)
        try:
            cut = plan_cut(dataset, log, audit, policy)
        except UsageError as error:
            st.caption(str(error))
            return
        draw_effect(effect(dataset, cut.manifest))
        with st.form("cut", border=False, clear_on_submit=True):
            name = st.text_input(
                "Name of the version", max_chars=64, placeholder="for example: clean-1", key="version_name"
            )
            if st.form_submit_button("Cut this version", type="primary", icon=":material/content_cut:"):
                try:
                    version = cut_version(_shared.workspace(), dataset, name.strip(), policy)
                    st.toast(f"{version} is cut: {version.hash[:12]}", icon=":material/check:")
                except UsageError as error:
                    st.warning(str(error), icon=":material/edit:")


def choose_policy(audit: Audit | None) -> Policy:
    """A named policy and what is switched on or off in it."""
    names = list(POLICIES) if audit else ["relabel-only"]
    name = st.segmented_control("Policy", names, default=names[0], required=True, key="policy")
    base = POLICIES[name]
    with st.expander("What it does", icon=":material/tune:"):
        switched = {
            part: st.toggle(title, getattr(base, part), key=f"{name}-{part}", help=why)
            for part, (title, why) in SWITCHES.items()
        }
        found = st.pills(
            "Drop pictures that are",
            PICTURE_FINDINGS,
            selection_mode="multi",
            default=base.drop_findings,
            disabled=audit is None,
            key=f"{name}-findings",
        )
        votes = st.number_input("Votes that a new label needs", 1, 9, base.min_votes, key=f"{name}-votes")
    return replace(base, **switched, drop_findings=tuple(found), min_votes=int(votes))


def draw_effect(summary: Effect) -> None:
    """What the policy would change, before it is cut."""
    dropped, relabelled = sum(summary.dropped.values()), int(summary.relabelled.to_numpy().sum())
    tiles = st.columns(3)
    tiles[0].metric("Training keeps", f"{summary.kept['Training']:,}")
    tiles[1].metric("Dropped", f"{dropped:,}")
    tiles[2].metric("Relabelled", f"{relabelled:,}")
    if summary.dropped:
        st.caption(" · ".join(f"{reason} {count:,}" for reason, count in summary.dropped.items()))
    flows = summary.relabelled.stack().sort_values(ascending=False)
    if relabelled:
        top = [f"{given} → {new} {count:,}" for (given, new), count in flows[flows > 0].head(6).items()]
        st.caption(" · ".join(top))
    balance = summary.balance
    figure = go.Figure()
    for column, opacity in (("before", 0.35), ("after", 1.0)):
        figure.add_bar(
            x=list(NAMES),
            y=balance[column],
            name=column,
            marker={"color": [emotion.colour for emotion in EMOTIONS], "opacity": opacity},
            showlegend=False,
            hovertemplate="%{x} " + column + ": %{y:,}<extra></extra>",
        )
    figure.update_layout(barmode="group", bargap=0.3, bargroupgap=0.05)
    alt = ", ".join(f"{name} {before:,} to {after:,}" for name, before, after in balance.itertuples())
    _charts.show(figure, "cut_balance", f"Training images per class before and after: {alt}", height=180)
    st.caption("Training images per class, before (pale) and after.")


def list_panel(dataset: Dataset) -> None:
    """The versions of the data set, the newest first."""
    versions = list_versions(dataset)
    if not versions:
        st.caption(
            "No version yet. A version is a named, hashed cut of the data set that never changes, so that a training "
            "run can always say what it was trained on."
        )
        return
    table = pd.DataFrame(
        {
            "Version": [f"{dataset.name}@{version['name']}" for version in versions],
            "Training images": [version["kept"]["Training"] for version in versions],
            "Dropped": [version["dropped"] for version in versions],
            "Relabelled": [version["relabelled"] for version in versions],
            "Verdicts up to": [version["policy"]["watermark"] for version in versions],
            "Cut": pd.to_datetime([version["cut"] for version in versions]),
            "Hash": [version["hash"][:12] for version in versions],
        }
    )
    st.dataframe(
        table,
        hide_index=True,
        column_config={
            **{name: st.column_config.NumberColumn(format="localized") for name in NUMBERS},
            "Cut": st.column_config.DatetimeColumn(format="YYYY-MM-DD HH:mm"),
        },
    )
    st.caption(f"Written {table['Version'][0]} wherever a version is asked for: `train`, `export`, the Train page.")
