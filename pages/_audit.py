"""What the Audit page filters and shows: suspects by class, split and reason, one suspect in words."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from fer_core.audit.findings import REASONS
from fer_core.audit.results import Audit
from fer_core.dataset.store import SPLITS, Dataset, image_id
from fer_core.emotions import COLOURS, NAMES
from pages import _charts

PER_PAGE = 60


@dataclass(frozen=True)
class Filter:
    """What is on the screen; an empty tuple means all."""

    labels: tuple[str, ...]
    splits: tuple[str, ...]
    reasons: tuple[str, ...]


@st.cache_resource(max_entries=4, show_spinner=False)
def opened(path: str, finished: str, _audit: Audit) -> Audit:
    """An audit whose tables stay in memory; the key is its folder and when it was finished."""
    return _audit


def filter_bar() -> Filter:
    """The filters, kept in the URL."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        labels = st.multiselect("Given label", NAMES, key="label", bind="query-params", placeholder="all classes")
        splits = st.multiselect("Split", SPLITS, key="split", bind="query-params", placeholder="all splits")
        reasons = st.multiselect(
            "Reason",
            list(REASONS),
            key="reason",
            bind="query-params",
            placeholder="any",
            format_func=lambda reason: reason.replace("-", " "),
        )
    return Filter(tuple(labels), tuple(splits), tuple(reasons))


@st.cache_data(max_entries=32, show_spinner=False)
def filtered(_audit: Audit, audit_id: str, wanted: Filter) -> np.ndarray:
    """Positions in the suspects table that pass the filter, most suspect first."""
    suspects = _audit.suspects
    keep = np.ones(len(suspects), bool)
    if wanted.labels:
        keep &= suspects["label"].isin(wanted.labels).to_numpy()
    if wanted.splits:
        keep &= suspects["split"].isin(wanted.splits).to_numpy()
    if wanted.reasons:
        found = _audit.findings
        rows = found.loc[found["reason"].isin(wanted.reasons), "row"]
        keep &= suspects["row"].isin(rows).to_numpy()
    return np.flatnonzero(keep)


def caption(suspect: pd.Series) -> str:
    """What stands under a face: the given label and what the networks see instead."""
    return f"{suspect['label']} → {suspect['suggestion']}" if suspect["suggestion"] else str(suspect["label"])


def show_suspect(dataset: Dataset, audit: Audit, row: int) -> None:
    """One image: large, why it is suspect in words, what the networks say, its copies."""
    suspect = audit.suspects.set_index("row").loc[row]
    findings = audit.findings[audit.findings["row"] == row]
    st.image(dataset.images[row], width=240, output_format="PNG", alt=f"Image {image_id(row)}")
    st.markdown(f"**{image_id(row)}** · {suspect['split']} · given **{suspect['label']}**")
    if audit.model:
        st.caption(f"Rank {suspect['rank']:,} of {len(dataset):,}, suspicion {suspect['suspicion']:.2f}")
        _probabilities(audit.probabilities[row], str(suspect["label"]))
    for _, finding in findings.iterrows():
        st.markdown(f":material/flag: {finding['evidence']}")
    partners = [int(partner) for partner in findings["partner"].unique() if partner >= 0]
    if partners:
        st.caption("The copy it was compared with")
        st.image(
            [np.asarray(dataset.images[partner]) for partner in partners],
            caption=[f"{image_id(partner)}, {NAMES[dataset.labels[partner]]}" for partner in partners],
            width=96,
            output_format="PNG",
        )


def _probabilities(values: np.ndarray, given: str) -> None:
    figure = go.Figure(
        go.Bar(
            x=values,
            y=[f"{name} (given)" if name == given else name for name in NAMES],
            orientation="h",
            marker_color=[COLOURS[name] for name in NAMES],
            text=[f"{value:.0%}" for value in values],
            hoverinfo="skip",
            cliponaxis=False,
        )
    )
    figure.update_yaxes(autorange="reversed")
    figure.update_xaxes(visible=False, range=[0, 1.12])
    alt = ", ".join(f"{name} {value:.0%}" for name, value in zip(NAMES, values, strict=True))
    _charts.show(figure, "probabilities", f"Out-of-fold probabilities: {alt}", height=220)


@st.cache_data(max_entries=8, show_spinner=False)
def duplicate_groups(_dataset: Dataset, dataset_hash: str) -> pd.DataFrame:
    """Groups of exact copies, conflicts first: columns first (row), rows (list), labels (set size), splits."""
    frame = pd.DataFrame(
        {
            "group": _dataset.groups,
            "row": np.arange(len(_dataset)),
            "label": _dataset.labels,
            "split": _dataset.splits,
        }
    )
    frame = frame[frame.duplicated("group", keep=False)]
    table = frame.groupby("group").agg(rows=("row", list), labels=("label", "nunique"), splits=("split", "nunique"))
    return table.sort_values(["labels", "splits"], ascending=False).reset_index(names="first")
