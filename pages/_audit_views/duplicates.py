"""Groups of copies side by side, conflicts first; one click says what they all show."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import streamlit as st

from fer_core.dataset.store import SPLITS, image_id
from fer_core.emotions import COLOURS, NAMES
from fer_core.errors import InputRefused
from fer_core.review.events.verdict import NOT_A_FACE, UNUSABLE
from fer_core.review.judgement.adjudication import decision
from fer_core.review.judgement.consensus import STATES, UNTOUCHED
from pages import _charts
from pages._audit_views import picked
from pages._audit_views.context import Context, label_of
from pages._components.face_grid import face_grid
from pages._identity import annotator

PER_PAGE = 8
SHOWN = 14  # faces of one group; the largest has dozens of the same icon
KINDS = {
    "conflicts": "Labels in conflict",
    "leaks": "Across splits",
    "exact": "All exact copies",
    "near": "Near duplicates",
}
ANSWERS = (*NAMES, NOT_A_FACE, UNUSABLE)


@dataclass(frozen=True)
class Group:
    """Images of the same thing."""

    rows: tuple[int, ...]
    words: str


def show(context: Context) -> None:
    """The view."""
    figures = context.audit.document["duplicates"]
    left, right = st.columns([2, 1], gap="large")
    with left:
        st.markdown(
            f"**{figures['groups']:,} groups** hold {figures['images']:,} exact copies, {figures['redundant']:,} of "
            f"them redundant; **{figures['conflicting_groups']:,} groups** carry more than one label. "
            f"{len(context.audit.near_pairs):,} pairs are nearly the same: cropped, exposed or mirrored another way."
        )
        kind = st.segmented_control(
            "Which", list(KINDS), default="conflicts", required=True, format_func=KINDS.get, key="copies",
            bind="query-params", label_visibility="collapsed",
        )  # fmt: skip
    with right:
        _charts.leak_matrix(figures["leaks"])
    groups = _near(context.audit.near_pairs, context.dataset.hash, context) if kind == "near" else _exact(context, kind)
    if not groups:
        st.caption("There are none.")
        return
    state = context.people().state
    order = sorted(range(len(groups)), key=lambda place: state[groups[place].rows[0]] != UNTOUCHED)
    with st.container(horizontal=True, vertical_alignment="bottom", horizontal_alignment="distribute"):
        open_ones = sum(state[group.rows[0]] == UNTOUCHED for group in groups)
        st.caption(f"{len(groups):,} groups, {open_ones:,} not decided yet; those come first.")
        part = picked.paged(len(groups), "group_page", PER_PAGE)
    name = annotator()  # a decision is written under a name
    here = [groups[place] for place in order[part]]
    newest = context.log.newest(context.dataset, sorted({row for group in here for row in _pictures(context, group)}))
    for group in here:
        _group(context, group, name, newest)


def _pictures(context: Context, group: Group) -> list[int]:
    """One row for each picture of the group; exact copies share theirs."""
    return sorted({int(context.dataset.groups[row]) for row in group.rows})


def _group(context: Context, group: Group, name: str, newest: dict[int, str]) -> None:
    """`newest`: picture to the id of the newest event about it; a decision is a new event, and new pills."""
    dataset, people = context.dataset, context.people()
    key = f"group_{group.rows[0]}_{group.rows[-1]}"
    with st.container(border=True):
        state = people.state[group.rows[0]]
        decided = "" if state == UNTOUCHED else f" · :material/check: {_outcome(context, group.rows[0])}"
        st.markdown(f"{group.words}{decided}")
        shown = np.array(group.rows[:SHOWN])
        face_grid(
            dataset.images[shown],
            [f"{label_of(dataset, row)}, {SPLITS[dataset.splits[row]]}" for row in shown],
            key=key,
            colours=[COLOURS[label_of(dataset, row)] for row in shown],
            details=[image_id(int(row)) for row in shown],
            label=group.words,
            selectable=False,
        )
        if len(group.rows) > SHOWN:
            st.caption(f"and {len(group.rows) - SHOWN:,} more of the same")
        seen = "_".join(newest.get(row, "")[:8] for row in _pictures(context, group))
        answer = st.pills(
            "They all show", ANSWERS, key=f"{key}_{seen}_answer", format_func=lambda one: one.replace("_", " "),
            label_visibility="collapsed",
        )  # fmt: skip
        if answer:
            _decide(context, group, str(answer), name)


def _decide(context: Context, group: Group, answer: str, name: str) -> None:
    """One event per picture of the group; copies share theirs."""
    dataset, log = context.dataset, context.log
    rows = _pictures(context, group)
    newest = log.newest(dataset, rows)
    receipt = log.record(
        dataset, [decision(dataset, row, answer, name, newest.get(row, "")) for row in rows], whole=True
    )
    if receipt.refused:
        raise InputRefused(next(iter(receipt.refused.values())))
    st.toast(f"{len(group.rows)} images: {answer.replace('_', ' ')}. Another class here changes it.")
    st.rerun()


def _outcome(context: Context, row: int) -> str:
    people = context.people()
    label = people.label[row]
    return NAMES[label] if label >= 0 else STATES[people.state[row]]


def _exact(context: Context, kind: str) -> list[Group]:
    table = _groups(context, context.dataset.hash)
    if kind == "conflicts":
        table = table[table["labels"] > 1]
    elif kind == "leaks":
        table = table[table["splits"] > 1]
    return [
        Group(
            tuple(rows),
            f"**{len(rows)} copies**"
            + (f", {labels} labels" if labels > 1 else "")
            + (", across splits" if splits > 1 else ""),
        )
        for rows, labels, splits in zip(table["rows"], table["labels"], table["splits"], strict=True)
    ]


@st.cache_resource(max_entries=4, show_spinner=False)
def _groups(_context: Context, dataset_hash: str) -> pd.DataFrame:
    """Groups of exact copies, conflicts first: rows (list), labels (how many), splits (how many)."""
    dataset = _context.dataset
    frame = pd.DataFrame(
        {"group": dataset.groups, "row": np.arange(len(dataset)), "label": dataset.labels, "split": dataset.splits}
    )
    frame = frame[frame.duplicated("group", keep=False)]
    table = frame.groupby("group").agg(rows=("row", list), labels=("label", "nunique"), splits=("split", "nunique"))
    return table.sort_values(["labels", "splits", "group"], ascending=[False, False, True])


@st.cache_resource(max_entries=4, show_spinner=False)
def _near(_pairs: pd.DataFrame, dataset_hash: str, _context: Context) -> list[Group]:
    """Pairs of near duplicates: differing labels first, then across splits, then the most alike."""
    dataset = _context.dataset
    rows, partners = _pairs["row"].to_numpy(), _pairs["partner"].to_numpy()
    differ = dataset.labels[rows] != dataset.labels[partners]
    across = dataset.splits[rows] != dataset.splits[partners]
    order = np.lexsort((-_pairs["correlation"].to_numpy(), ~across, ~differ))
    return [
        Group(
            (int(rows[place]), int(partners[place])),
            f"**Correlation {_pairs['correlation'].iloc[place]:.3f}**"
            + (", mirrored" if _pairs["mirrored"].iloc[place] else "")
            + (", 2 labels" if differ[place] else "")
            + (", across splits" if across[place] else ""),
        )
        for place in order
    ]
