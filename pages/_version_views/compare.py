"""Two versions against each other: how many images differ in which way, and their faces."""

from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from fer_core.dataset.store import Dataset, image_id
from fer_core.dataset.version import DatasetVersion, open_version
from fer_core.emotions import COLOURS, NAMES
from fer_core.review.policy.difference import MEANINGS, Difference, difference
from fer_core.review.queues.selections import save_selection
from pages import _shared
from pages._components.face_grid import face_grid

PER_PAGE = 48
_NO_CLASS = "#8A8F98"


def compare_panel(dataset: Dataset, hashes: dict[str, str]) -> None:
    """`hashes`: every version of the data set, as imported first, to its hash."""
    references = list(hashes)
    with st.container(horizontal=True):
        a = st.selectbox("From version", references, 0, key="diff_a")
        b = st.selectbox("To version", references, 1, key="diff_b")
    found = _difference(str(_shared.workspace().root), a, hashes[a], b, hashes[b])
    counts = {kind: count for kind, count in found.counts().items() if count}
    if not counts:
        st.caption("The two hold the same images with the same labels.")
        return
    kind = st.pills(
        "What differs",
        list(counts),
        default=next(iter(counts)),
        required=True,
        format_func=lambda name: f"{name} {counts[name]:,}",
        key=f"diff_kind_{a}_{b}",
        label_visibility="collapsed",
    )
    per_class = found.by_class()[kind]
    words = " · ".join(f"{name} {count:,}" for name, count in per_class.items() if count)
    st.caption(f"{_meaning(kind, a, b)}: {words}")
    _faces(dataset, found, kind)


def _meaning(kind: str, a: str, b: str) -> str:
    """What a kind of difference is, with the versions by name."""
    words = MEANINGS[kind].split()
    named = [{"A": a, "A's": f"{a}'s", "B": b, "B's": f"{b}'s"}.get(word, word) for word in words]
    return " ".join([named[0].capitalize() if words[0].islower() else named[0], *named[1:]])


def _faces(dataset: Dataset, found: Difference, kind: str) -> None:
    table = found.table[found.table["kind"] == kind].reset_index(drop=True)
    source = found.source(kind)
    last = -(-len(table) // PER_PAGE)
    with st.container(horizontal=True, vertical_alignment="bottom", horizontal_alignment="distribute"):
        page = int(
            st.number_input("Page", 1, last, key=f"diff_page_{kind}_{len(table)}", width=130, help=f"of {last:,}")
        )
        _actions(dataset, found, kind, table)
    part = table.iloc[(page - 1) * PER_PAGE : page * PER_PAGE]
    rows = part["row"].to_numpy(np.int64)
    labels = [int(label) for label in np.where(part["b"] >= 0, part["b"], part["a"])]
    face_grid(
        np.asarray(source.images[rows]),
        [_caption(one, source) for one in part.itertuples()],
        key=f"diff_faces_{kind}",
        colours=[COLOURS[NAMES[label]] if label >= 0 else _NO_CLASS for label in labels],
        details=[f"{image_id(one.row)}: {one.why or MEANINGS[kind]}" for one in part.itertuples()],
        label=f"Images that are {kind}",
        selectable=False,
        size=72,
    )


def _caption(one: Any, source: DatasetVersion) -> str:
    """The class, or the change of it; for a soft label its largest shares."""
    names = [*NAMES, ""]
    if one.kind == "relabelled":
        return f"{names[one.a]} → {names[one.b]}"
    if one.kind == "softened" and source.targets is not None:
        shares = source.targets[one.row]
        top = np.argsort(-shares, kind="stable")[:2]
        return ", ".join(f"{NAMES[place]} {shares[place]:.0%}" for place in top if shares[place] > 0)
    return names[one.b] or names[one.a]


def _actions(dataset: Dataset, found: Difference, kind: str, table: pd.DataFrame) -> None:
    with st.container(horizontal=True, width="content"):
        if kind not in ("added", "removed") and st.button(
            f"Review these {len(table):,}", icon=":material/rate_review:", key=f"diff_review_{kind}"
        ):
            selection = save_selection(dataset, table["row"].to_numpy(), f"{kind.capitalize()}: {found.a} to {found.b}")
            st.switch_page("review.py", query_params={"queue": selection.name})
        st.download_button(
            "Download all as CSV",
            lambda: found.named().to_csv(index=False).encode(),
            f"{found.a}-to-{found.b}.csv",
            "text/csv",
            icon=":material/download:",
            key="diff_csv",
            on_click="ignore",
        )


@st.cache_resource(max_entries=8, show_spinner=False)
def _difference(root: str, a: str, a_hash: str, b: str, b_hash: str) -> Difference:
    """Opened and compared once; the root and the hashes are part of the key, not of the work."""
    return difference(*(open_version(_shared.workspace(), reference) for reference in (a, b)))
