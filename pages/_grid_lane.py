"""The grid lane: many faces of one class at once; the odd ones out are marked, one key confirms the rest."""

from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import asdict
from hashlib import sha256
from typing import Any

import numpy as np
import streamlit as st

from fer_core.audit.results import Audit
from fer_core.dataset.store import Dataset
from fer_core.emotions import NAMES
from fer_core.errors import StoreError
from fer_core.review.cards.grid import (
    AGAIN,
    CLEAR,
    COPIES,
    DOUBTFUL,
    GIVEN,
    GRID,
    NEAR,
    SIZES,
    SUGGESTED,
    Face,
    GridDeal,
    Order,
    Sheet,
    View,
    deal_sheets,
    last_confirmed,
    sheet_order,
)
from fer_core.review.events.log import VerdictLog
from fer_core.review.queues.leases import LeaseBook
from fer_core.review.queues.queue import order_seed
from pages import _shared
from pages._components import png_uri
from pages._components.review_grid import review_grid
from pages._outbox import store

_KINDS = {GIVEN: "Given label", SUGGESTED: "Seen by networks", COPIES: "Copies", NEAR: "Near copies"}
_ORDERS = {CLEAR: "Clear ones first", DOUBTFUL: "Doubtful ones first"}
_TITLES = {
    GIVEN: "All of these are labelled {class}. Mark the ones that are not.",
    SUGGESTED: "Networks see {class} here, the labels say otherwise. Mark the ones that are not.",
}
_AGAIN = {
    True: "Your last grid: most of it was confirmed as {class}. Mark the ones that are not.",
    False: "Your last grid. What does it show?",
}
_MARKS = (
    "Click or space marks a face, shift takes a range, a class key says what it shows. "
    "Marked without a class, it comes back in the Skipped queue of the cards."
)
_ONE_ANSWER = "One key answers for every copy, in all splits, and brings the next picture."
_EACH = "One key answers for all of them. Mark those that differ and press their class first."


@st.fragment
def grid_lane(
    dataset: Dataset,
    audit: Audit | None,
    annotator: str,
    round_: int = 1,
    *,
    keys: Mapping[str, str] | None = None,
    accuracies: Mapping[str, float] | None = None,
) -> None:
    """Draw the lane for this person.

    `keys`: command to key, where this person has chosen others; `accuracies`: by annotator, as `deal_sheets` takes
    them.
    """
    view = _choose_view(audit)
    key = f"grid-{sha256(f'{dataset.hash} {annotator} {round_}'.encode()).hexdigest()[:16]}"
    outbox = (st.session_state.get(key) or {}).get("outbox")
    dealt = f"{key}-view"  # the view that the grid in the browser was dealt last
    if outbox and st.session_state.get(dealt) != view.name:
        outbox = {**outbox, "fresh": True}
    st.session_state[dealt] = view.name
    order = _order(
        dataset, audit, view, order_seed(dataset, annotator, round_), dataset.hash, audit.id if audit else ""
    )
    log, leases = VerdictLog(_shared.workspace().labels_db), LeaseBook(_shared.workspace().leases_db)
    review_grid(key, exchange(dataset, log, order, annotator, round_, outbox, leases, accuracies), keys)


def exchange(
    dataset: Dataset,
    log: VerdictLog,
    order: Order,
    annotator: str,
    round_: int,
    outbox: dict[str, Any] | None,
    leases: LeaseBook | None = None,
    accuracies: Mapping[str, float] | None = None,
) -> dict[str, Any]:
    """Store what the grid sent and answer it: `ack`, and sheets (`deal`) where it is new or asks for more.

    A new one is also told which sheet was confirmed `last`, so that undo reaches behind a reload.

    `outbox`: the grid's state (instance, stamp, view, fresh, want, held, events), None before it has said anything.
    """
    ack = store(log, dataset, annotator, outbox) if outbox else None
    deal, last = None, None
    if outbox is None or outbox["fresh"] or outbox["want"]:
        held = outbox["held"] if outbox and not outbox["fresh"] else ()
        deal = _deal(dataset, log, order, annotator, round_, held, leases, accuracies)
    elif leases is not None:
        with suppress(StoreError):  # leases run out sooner or later, and nothing is lost
            leases.renew(dataset.hash, round_, annotator)
    if outbox is None:
        last = last_confirmed(dataset, log, annotator, round_)
    return {
        "event": {
            "dataset": dataset.name,
            "dataset_hash": dataset.hash,
            "annotator": annotator,
            "round": round_,
            "queue": GRID,
            "seen": "revealed",  # the class, or the labels of the copies, stand beside the faces
        },
        "deal": deal and {**asdict(deal), "sheets": [drawn(dataset, order.view, sheet) for sheet in deal.sheets]},
        "last": last and {**asdict(last), "sheet": drawn(dataset, order.view, last.sheet)},
        "ack": ack,
        "unit": "pictures",
        "end": _end(order.view),
    }


def _deal(
    dataset: Dataset,
    log: VerdictLog,
    order: Order,
    annotator: str,
    round_: int,
    held: Collection[int],
    leases: LeaseBook | None,
    accuracies: Mapping[str, float] | None,
) -> GridDeal:
    """The next sheets, without what others hold; what is dealt, and what the grid has already, is held from now on."""
    if leases is not None:
        with suppress(StoreError), leases.turn(dataset.hash, round_, annotator) as turn:
            others = turn.others.pictures.tolist()
            deal = deal_sheets(dataset, log, order, annotator, round_, held, others, accuracies)
            rows = [*held, *(face.row for sheet in deal.sheets for face in sheet.faces)]
            turn.hold(np.unique(dataset.groups[np.array(rows, np.int64)]))
            return deal
    # Where leases cannot be kept, two people may see one picture, and nothing is lost.
    return deal_sheets(dataset, log, order, annotator, round_, held, accuracies=accuracies)


def drawn(dataset: Dataset, view: View, sheet: Sheet) -> dict[str, Any]:
    """A sheet as the browser takes it. `keep`: the label that all copies of a set have, which one key keeps."""
    given = {face.given for face in sheet.faces}
    return {
        "kind": sheet.kind,
        "emotion": sheet.emotion,
        "title": title(sheet),
        "help": {COPIES: _ONE_ANSWER, NEAR: _EACH}.get(sheet.kind, _MARKS),
        "keep": given.pop() if sheet.kind in (COPIES, NEAR) and len(given) == 1 else "",
        "size": view.size if sheet.kind == view.kind and view.of_class else 0,
        "faces": [
            {
                "row": face.row,
                "picture": face.picture,
                "content": face.content,
                "image": png_uri(dataset.images[face.row]),
                "note": _note(sheet, face),
                "log": {"score": face.score, "model": face.model, "based_on": face.based_on},
            }
            for face in sheet.faces
        ],
    }


def title(sheet: Sheet) -> str:
    """What a sheet asks; `{class}` stands where the class goes in its colour."""
    if sheet.kind in _TITLES:
        return _TITLES[sheet.kind]
    counts = {name: sum(face.given == name for face in sheet.faces) for name in NAMES}
    given = [name for name in NAMES if counts[name]]
    labels = f"all labelled {given[0]}"
    if len(given) > 1:
        labels = "labelled " + " and ".join(f"{name} ({counts[name]}×)" for name in given)
    number = len(sheet.faces)
    if sheet.kind == AGAIN:
        return _AGAIN[bool(sheet.emotion)]
    if sheet.kind == COPIES:
        return f"The same picture {number} times, {labels}. What does it show?"
    if number == 1:
        return f"The last of several near copies, labelled {given[0]}. What does it show?"
    return f"{number} pictures that are nearly the same, {labels}. What do they show?"


def _note(sheet: Sheet, face: Face) -> str:
    if sheet.kind in (COPIES, NEAR):
        return f"{face.given}, {face.split}"
    return f"{face.copies} copies" if face.copies > 1 else ""


def _end(view: View) -> str:
    if view.kind == COPIES:
        return "Every group of copies is answered."
    if view.kind == NEAR:
        return "Every near copy is answered."
    said = "labelled" if view.kind == GIVEN else "seen as"
    return f"Every face {said} {view.emotion} is answered.\nTake another class above."


def _choose_view(audit: Audit | None) -> View:
    """The controls, in one line. What an audit has to find is offered only where there is one."""
    asked = audit is not None and bool(audit.model)
    kinds = [kind for kind in _KINDS if not (kind == SUGGESTED and not asked) and not (kind == NEAR and not audit)]
    with st.container(horizontal=True, vertical_alignment="center", key="grid_view"):
        kind = st.segmented_control(
            "Faces by", kinds, key="by", bind="query-params", required=True, default=GIVEN,
            format_func=_KINDS.__getitem__, label_visibility="collapsed",
        )  # fmt: skip
        if kind in (COPIES, NEAR):
            return View(kind)
        emotion = st.selectbox(
            "Class", NAMES, key="class", bind="query-params", format_func=str.capitalize,
            label_visibility="collapsed", width=140,
        )  # fmt: skip
        size = st.segmented_control(
            "How many", SIZES, key="faces", bind="query-params", required=True, default=48,
            label_visibility="collapsed",
        )  # fmt: skip
        order = CLEAR
        if asked:
            order = st.selectbox(
                "Order", list(_ORDERS), key="order", bind="query-params", format_func=_ORDERS.__getitem__,
                label_visibility="collapsed", width=200,
            )  # fmt: skip
        else:
            st.caption("No network was asked yet: the faces come in random order.")
    return View(kind, emotion, size, order)


@st.cache_resource(max_entries=32, show_spinner=False)
def _order(_dataset: Dataset, _audit: Audit | None, view: View, seed: int, dataset_hash: str, audit_id: str) -> Order:
    """Ordered once for each view, data set and audit; arrays are read only."""
    return sheet_order(_dataset, _audit, view, seed)
