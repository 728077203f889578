"""The switches of a policy: a named one to begin with, every part of it to be changed."""

from dataclasses import replace
from typing import Any

import numpy as np
import streamlit as st

from fer_core.audit.results import Audit
from fer_core.dataset.store import Dataset, list_datasets, open_dataset
from fer_core.dataset.votes import VoteTable
from fer_core.emotions import CLASSES, NAMES
from fer_core.review.judgement.opinions import METHODS
from fer_core.review.policy import AMBIGUOUS_CHOICES, BALANCES, PICTURE_FINDINGS, POLICIES, Policy, Supplement
from pages import _shared

GOES = {
    "drop_duplicates": ("Keep one of exact copies", "The first row of a group stays."),
    "drop_conflicts": ("Drop copies with conflicting labels", "All of them, until people agree on the face."),
    "drop_leaks": ("Drop what is also in a test split", "Training only; test rows never leave and never change."),
    "drop_unusable": ("Drop what people call unusable", "Not a face, or a face that nobody can read."),
}
LABELS = {
    "relabel": ("Use the label that people agree on", "The given label stays where nobody has answered."),
    "votes": (
        "Count the imported votes too",
        "FER+'s ten votes per image, for example, stand beside people's answers.",
    ),
    "soft": ("Soft labels", "Train on the shares of opinion; scoring stays with hard labels."),
}
METHOD_WORDS = {"majority": "majority", "dawid-skene": "Dawid-Skene", "crowdlab": "CROWDLAB"}
METHOD_HELP = (
    "Majority: more than half of the votes. Dawid-Skene: weighed by how reliable each person proves. "
    "CROWDLAB: the same with the audit's networks as one more voice."
)
AMBIGUOUS_WORDS = {"keep": "keep the given label", "soft": "soft label", "drop": "drop"}
BALANCE_WORDS = {
    "none": "as they are",
    "drop": "drop surplus",
    "weights": "weigh the loss",
    "augment": "show more often",
}
BALANCE_HELP = (
    "Within Training only. Drop surplus: images of large classes go, the least trusted by the audit first. Weigh the "
    "loss: small classes count more. Show more often: images of small classes come up several times an epoch, "
    "augmented anew each time."
)
WIDTH = 360  # of a column of switches; as many stand side by side as fit


def choose_policy(dataset: Dataset, audit: Audit | None, table: VoteTable | None) -> Policy:
    """A named policy and what is switched on or off in it."""
    names = list(POLICIES) if audit else ["relabel-only"]
    name = st.segmented_control("Policy", names, default=names[0], required=True, key="policy")
    base = POLICIES[name]
    with st.expander("What it does", icon=":material/tune:"), st.container(horizontal=True, gap="large"):
        with st.container(width=WIDTH):
            changes = _goes(name, base, audit)
        with st.container(width=WIDTH):
            changes |= _labels(name, base, table)
        with st.container(width=WIDTH):
            changes |= _balance(name, base)
            changes |= _supplements(name, dataset)
    return replace(base, **changes)


def _switches(name: str, base: Policy, parts: dict[str, tuple[str, str]], off: tuple[str, ...] = ()) -> dict[str, Any]:
    return {
        part: st.toggle(title, getattr(base, part), key=f"{name}-{part}", help=why, disabled=part in off)
        for part, (title, why) in parts.items()
    }


def _goes(name: str, base: Policy, audit: Audit | None) -> dict[str, Any]:
    st.markdown("**What leaves Training**")
    changes = _switches(name, base, GOES)
    found = st.pills(
        "Drop pictures that are",
        PICTURE_FINDINGS,
        selection_mode="multi",
        default=base.drop_findings,
        disabled=audit is None,
        key=f"{name}-findings",
    )
    return {**changes, "drop_findings": tuple(found)}


def _labels(name: str, base: Policy, table: VoteTable | None) -> dict[str, Any]:
    st.markdown("**Labels**")
    changes = _switches(name, base, LABELS, () if table is not None else ("votes",))
    changes["votes"] = bool(changes["votes"]) and table is not None
    changes["method"] = st.segmented_control(
        "How opinions become one",
        METHODS,
        default=base.method,
        required=True,
        format_func=METHOD_WORDS.get,
        key=f"{name}-method",
        help=METHOD_HELP,
    )
    changes["ambiguous"] = st.segmented_control(
        "Faces that people call ambiguous",
        AMBIGUOUS_CHOICES,
        default=base.ambiguous,
        required=True,
        format_func=AMBIGUOUS_WORDS.get,
        key=f"{name}-ambiguous",
    )
    votes = st.number_input("Votes that a new label needs", 1, 99, base.min_votes, key=f"{name}-votes-needed")
    return {**changes, "min_votes": int(votes)}


def _balance(name: str, base: Policy) -> dict[str, Any]:
    st.markdown("**Class balance**")
    balance = st.segmented_control(
        "Classes of Training",
        BALANCES,
        default=base.balance,
        required=True,
        format_func=BALANCE_WORDS.get,
        key=f"{name}-balance",
        help=BALANCE_HELP,
        label_visibility="collapsed",
    )
    changes = {"balance": balance}
    if balance == "drop":
        to = st.segmented_control(
            "Cut classes down to", ("smallest", "median", "number"), default="smallest", required=True, key=f"{name}-to"
        )
        if to == "number":
            to = str(int(st.number_input("Images per class", 1, 10**7, 3000, key=f"{name}-to-number")))
        changes["balance_to"] = to
    return changes


def _supplements(name: str, dataset: Dataset) -> dict[str, Any]:
    others = _others(str(_shared.workspace().root), tuple(_known(dataset)))
    if not others:
        return {}
    chosen = st.multiselect(
        "Add images to Training",
        list(others),
        format_func=others.get,
        placeholder="of a class of another data set",
        key=f"{name}-supplements",
        help="Exact copies of images that are here already, test images above all, are left out and counted.",
    )
    if not chosen:
        return {}
    only = st.toggle("From its Training split alone", key=f"{name}-supplements-training")
    splits = "training" if only else "all"
    pairs = [one.split(":") for one in chosen]
    return {"supplements": tuple(Supplement(other, emotion, splits) for other, emotion in pairs)}


def _known(dataset: Dataset) -> list[tuple[str, str]]:
    """The other data sets, by name and hash."""
    known = list_datasets(_shared.workspace())
    return [(info.name, info.hash) for info in known if info.hash != dataset.hash and info.name != dataset.name]


@st.cache_data(max_entries=8, show_spinner=False)
def _others(root: str, known: tuple[tuple[str, str], ...]) -> dict[str, str]:
    """What could be added: `DATASET:CLASS` to its words. `root` and the hashes are the cache's key."""
    found = {}
    for name, _ in known:
        other = open_dataset(_shared.workspace(), name)
        counts = np.bincount(other.labels, minlength=CLASSES)
        about = f"{name}, synthetic" if other.synthetic else name
        found |= {
            f"{name}:{emotion}": f"{emotion} of {about} ({counts[index]:,})"
            for index, emotion in enumerate(NAMES)
            if counts[index]
        }
    return found
