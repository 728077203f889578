"""One image: large, why it is suspect in words, what networks say, what is like it, who said what."""

import numpy as np
import streamlit as st

from fer_core.audit.expected_votes import ANNOTATORS, ANSWERS
from fer_core.audit.results import Audit
from fer_core.audit.scores import nearest_images
from fer_core.dataset.store import SPLITS, image_id
from fer_core.emotions import COLOURS, EMOTIONS, NAMES
from fer_core.review.judgement.consensus import STATES
from pages._audit_views.context import Context, directions, label_of
from pages._components.bars import Bar, bars
from pages._components.face_grid import face_grid

NEIGHBOURS = 12


def show(context: Context, row: int) -> None:
    """Everything about one image."""
    suspect = context.suspect(row)
    given = str(suspect["label"])
    _picture(context, row, given)
    st.markdown(f"**{image_id(row)}** · {suspect['split']} · given **{given}**")
    if context.searched:
        st.caption(f"Rank {suspect['rank']:,} of {len(context.dataset):,}, suspicion {suspect['suspicion']:.2f}")
    found = context.findings_of(row)
    with st.container(gap="xsmall"):
        for evidence in found["evidence"]:
            st.markdown(f":material/flag: {evidence}")
    if found.empty:
        st.caption("Nothing was found against this image.")
    if context.searched:
        _opinions(context, row, given)
    partners = np.array([partner for partner in found["partner"].unique() if partner >= 0], np.int64)
    if len(partners):
        _strip(context, partners, "Copies it was compared with", f"partners_{row}")
    if context.searched:
        alike = nearest_images(directions(context.audit, context.key), row, context.dataset.groups, NEIGHBOURS)
        other = int((context.dataset.labels[alike] != context.dataset.labels[row]).sum())
        _strip(context, alike, f"Most alike to the network: {other} of {len(alike)} have another label", f"alike_{row}")
        if st.button("Show more like this one", icon=":material/join_inner:", key="like_button"):
            st.query_params["like"] = str(row)
            st.rerun()
    _said(context, row)


@st.fragment
def _picture(context: Context, row: int, given: str) -> None:
    """The face, and on demand where a network that did not train on it looked."""
    pixels = np.asarray(context.dataset.images[row])
    looked = "Face"
    if context.searched:
        seen = NAMES[int(context.audit.probabilities[row].argmax())]
        options = ["Face", f"Why {given}?"] + ([f"Why {seen}?"] if seen != given else [])
        looked = st.segmented_control(
            "Look at", options, default="Face", required=True, key=f"look_{row}", label_visibility="collapsed"
        )
    if looked == "Face":
        st.image(pixels, width=264, output_format="PNG", alt=f"Image {image_id(row)}")
        return
    name = str(looked).removeprefix("Why ").removesuffix("?")
    with st.spinner("Asking the network", show_time=False):
        st.image(
            _saliency(context.audit, context.key, row, pixels, NAMES.index(name)),
            width=264,
            output_format="PNG",
            alt=f"Image {image_id(row)} with the places that speak for {name}",
        )
    st.caption(f"Bright places speak for {name} in the eyes of a network that did not train on this image (Grad-CAM).")


@st.cache_data(max_entries=64, show_spinner=False)
def _saliency(_audit: Audit, key: str, row: int, _pixels: np.ndarray, index: int) -> np.ndarray:
    from fer_core.prediction.explanation import explain, overlay

    heat = explain(_network(_audit, key, _audit.judge_of(row)), _pixels, index)
    return overlay(_pixels, heat, 264)


@st.cache_resource(max_entries=8, show_spinner=False)
def _network(_audit: Audit, key: str, fold: int):
    from fer_core.networks.weights import load_model
    from fer_core.prediction.predictor import Predictor

    return Predictor(load_model(_audit.network_file(fold)), f"{_audit.id}, network {fold + 1}")


def _opinions(context: Context, row: int, given: str) -> None:
    """Out-of-fold probabilities beside what ten annotators are expected to say."""
    networks, votes = context.audit.probabilities[row], context.audit.votes[row]
    told = {"networks": networks}
    if context.audit.document["annotators_known"]:
        told["annotators, expected"] = votes[: len(NAMES)]
    lines = [
        Bar(
            emotion.name,
            tuple(float(values[emotion.index]) for values in told.values()),
            tuple(f"{values[emotion.index]:.0%}" for values in told.values()),
            emotion.colour,
            strong=emotion.name == given,
        )
        for emotion in EMOTIONS
    ]
    bars(lines, "probabilities", "What networks say out of fold", series=list(told), most=1.0)
    words = "By networks that did not train on this image."
    others = [
        f"{name} {share:.0%}"
        for name, share in zip(ANSWERS[len(NAMES) :], votes[len(NAMES) :], strict=True)
        if share >= 0.5 / ANNOTATORS
    ]
    if len(told) > 1 and others:
        words += f" Of ten annotators also: {', '.join(others)}."
    st.caption(words)


def _strip(context: Context, rows: np.ndarray, title: str, key: str) -> None:
    dataset = context.dataset
    st.caption(title)
    face_grid(
        dataset.images[rows],
        [label_of(dataset, row) for row in rows],
        key=key,
        colours=[COLOURS[label_of(dataset, row)] for row in rows],
        details=[f"{image_id(row)}, {SPLITS[dataset.splits[row]]}" for row in rows],
        label=title,
        selectable=False,
        size=48,
    )


def _said(context: Context, row: int) -> None:
    """Who said what about this picture, on any of its copies."""
    verdicts = context.verdicts()
    groups = context.dataset.groups
    said = verdicts[groups[verdicts["row"].to_numpy(np.int64)] == groups[row]]
    state = STATES[context.people().state[row]]
    if said.empty:
        st.caption("Nobody has said anything about it yet.")
        return
    st.caption(f"What people said: {state}")
    for _, verdict in said.iterrows():
        comment = f" ({verdict['comment']})" if verdict["comment"] else ""
        st.text(f"{verdict['annotator']}: {verdict['answer'].replace('_', ' ')}{comment}")
