"""Versions: a policy with its switches, what it would change, the cut itself; what was cut, compared and exported."""

from hashlib import sha256

import pandas as pd
import streamlit as st

from fer_core.audit.results import Audit
from fer_core.dataset.store import Dataset
from fer_core.dataset.version import list_versions
from fer_core.dataset.votes import VoteTable, open_votes
from fer_core.errors import FerretError, UsageError
from fer_core.review.events.log import VerdictLog
from fer_core.review.policy import Policy, cut_version, plan_cut
from fer_core.review.policy.effect import Effect, effect
from pages import _shared
from pages._version_views.compare import compare_panel
from pages._version_views.effect import draw_effect
from pages._version_views.export import export_panel
from pages._version_views.policy import choose_policy

COUNTS = {"Dropped": "dropped", "Relabelled": "relabelled", "Soft": "softened", "Added": "supplements"}
VIEWS = ("compare", "export")


@st.fragment
def cut_panel(dataset: Dataset, log: VerdictLog, audit: Audit | None) -> None:
    """Choose a policy, see what it changes, freeze it under a name."""
    with st.container(border=True):
        table = open_votes(dataset)
        policy = choose_policy(dataset, audit, table)
        # Others may answer while somebody looks: what is cut is what was on the screen when the button was pressed.
        pressed = st.session_state.get("cut_now") and "cut_shown" in st.session_state
        watermark = st.session_state["cut_shown"] if pressed else log.watermark()
        st.session_state["cut_shown"] = watermark
        try:
            summary = _effect(
                dataset, log, audit, policy, repr(policy), watermark, audit.id if audit else "", _stamp(table)
            )
        except FerretError as error:
            st.caption(_shared.literal(str(error)))
            return
        draw_effect(summary)
        with (
            st.form("cut", border=False, clear_on_submit=True),
            st.container(horizontal=True, vertical_alignment="bottom"),
        ):
            name = st.text_input(
                "Name of the version", max_chars=64, placeholder="for example: clean-1", key="version_name", width=320
            )
            cut = st.form_submit_button(
                "Cut this version", type="primary", icon=":material/content_cut:", key="cut_now"
            )
        if cut:
            try:
                version = cut_version(_shared.workspace(), dataset, name.strip(), policy, watermark, audit)
            except UsageError as error:
                st.warning(_shared.literal(str(error)), icon=":material/edit:")
                return
            st.toast(f"{version} is cut: {version.hash[:12]}", icon=":material/check:")
            st.rerun()


@st.cache_resource(
    max_entries=16, show_spinner="Working out what would change", hash_funcs={Dataset: lambda dataset: dataset.hash}
)
def _effect(
    dataset: Dataset,
    _log: VerdictLog,
    _audit: Audit | None,
    _policy: Policy,
    policy: str,
    watermark: int,
    audit: str,
    votes: str,
) -> Effect:
    """Worked out once per policy, state of the log, audit and vote table."""
    return effect(plan_cut(dataset, _log, _audit, _policy, watermark, _shared.workspace()).version)


def _stamp(table: VoteTable | None) -> str:
    return "" if table is None else f"{table.source} {sha256(table.counts.tobytes()).hexdigest()[:16]}"


def versions_panel(dataset: Dataset, log: VerdictLog, audit: Audit | None) -> None:
    """What was cut, compared or exported, and what can be cut; the cut comes first where there is nothing yet."""
    versions = list_versions(dataset)
    hashes = {dataset.name: dataset.hash} | {f"{dataset.name}@{one['name']}": one["hash"] for one in versions}
    _list(dataset, versions)
    if versions:
        _looks(dataset, hashes)
    st.subheader("Cut a version", anchor=False)
    cut_panel(dataset, log, audit)
    if not versions:
        st.subheader("Export the data set", anchor=False)
        export_panel(list(hashes), open_votes(dataset) is not None)


def _list(dataset: Dataset, versions: list[dict]) -> None:
    """The versions of the data set, the newest first."""
    if not versions:
        st.caption(
            "No version yet. A version is a named, hashed cut of the data set that never changes, so that a training "
            "run can always say what it was trained on."
        )
        return
    columns = {
        "Version": [f"{dataset.name}@{version['name']}" for version in versions],
        "Training images": [version["kept"]["Training"] for version in versions],
        **{title: [version.get(key, 0) for version in versions] for title, key in COUNTS.items()},
        "Balance": [version["policy"].get("balance", "none") for version in versions],
        "Verdicts up to": [version["policy"].get("watermark") for version in versions],
        "Cut": pd.to_datetime([version["cut"] for version in versions]),
        "Hash": [version["hash"][:12] for version in versions],
    }
    numbers = ("Training images", *COUNTS, "Verdicts up to")
    st.dataframe(
        pd.DataFrame(columns),
        hide_index=True,
        column_config={
            **{name: st.column_config.NumberColumn(format="localized") for name in numbers},
            "Cut": st.column_config.DatetimeColumn(format="YYYY-MM-DD HH:mm"),
        },
    )
    st.caption(f"Written {columns['Version'][0]} wherever a version is asked for: `train`, `export`, the Train page.")


@st.fragment
def _looks(dataset: Dataset, hashes: dict[str, str]) -> None:
    """Compare or export."""
    view = st.segmented_control(
        "What to do with versions",
        VIEWS,
        default=VIEWS[0],
        required=True,
        format_func=str.capitalize,
        key="version_view",
        label_visibility="collapsed",
    )
    if view == "compare":
        compare_panel(dataset, hashes)
    else:
        export_panel(list(hashes), open_votes(dataset) is not None)
