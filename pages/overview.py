"""Overview: what is in the data set, what is wrong with it, how far the review is, and the next best step."""

import streamlit as st

from fer_core.dataset.store import SPLITS, list_datasets
from fer_core.emotions import NAMES
from pages import _charts, _shared
from pages._components.bars import bars
from pages._components.loop import loop
from pages._components.matrix import matrix
from pages._imports import import_panel, imported_note
from pages._overview import (
    TITLES,
    balance,
    estimate_words,
    label_changes,
    next_step,
    reviewed_words,
    situation,
    stations,
    take,
)
from pages._tiles import tile, tiles

LOOP = "The loop, station by station"

if not list_datasets(_shared.workspace()):
    with st.container(border=True):
        loop(stations(None, None, 0), "loop", LOOP)
        st.markdown(
            "**No data set yet.** The synthetic demo leads through the whole loop in minutes, and FER2013 goes the "
            "same way."
        )
    with st.container(width=860):
        import_panel(demo_first=True)
    st.stop()
dataset = _shared.choose_dataset()
if dataset is None:
    st.stop()
imported_note(dataset)

now = situation(dataset)
step = next_step(dataset, now)

with st.container(border=True):
    loop(stations(dataset, now, step.station), "loop", LOOP)
    if step.station == len(TITLES) and now.proof:
        st.markdown(f":material/balance: {_shared.literal(now.proof['sentence'])}")
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute", key="next"):
        st.markdown(f"**Next:** {step.why}", width="stretch")
        if st.button(step.button, type="primary", icon=":material/arrow_forward:", key="next_step"):
            take(step)

counts = dataset.counts()
findings = now.audit.document["findings"] if now.audit else None
duplicates = now.audit.document["duplicates"] if now.audit else None


with tiles():
    tile(
        "Synthetic faces" if dataset.synthetic else "Images",
        f"{len(dataset):,}",
        " · ".join(f"{split} {counts[split].sum():,}" for split in SPLITS),
    )
    tile(
        "Labels that look wrong",
        f"{findings['label']:,}" if findings and now.searched else "–",
        "Suspicions of an audit's networks, not an error rate." if now.searched else "No network has looked yet.",
    )
    tile(
        "Redundant exact copies",
        f"{duplicates['redundant']:,}" if duplicates else "–",
        f"{duplicates['groups']:,} groups, {duplicates['conflicting_groups']:,} in conflict over their label."
        if duplicates
        else "Not audited yet.",
    )
    tile("Reviewed by people", f"{now.reviewed:,}", reviewed_words(now))
    tile("Wrong labels, estimated", *estimate_words(now))

left, right = st.columns(2, gap="large")
with left:
    st.subheader("Class balance", anchor=False)
    lines, series = balance(dataset, now)
    bars(lines, "balance", "Images per class", series=series)
    st.subheader("Leaks between splits", anchor=False)
    if duplicates:
        _charts.leak_matrix(duplicates["leaks"])
    else:
        st.caption("An audit counts the images that stand in more than one split.")
with right:
    st.subheader("Findings by reason", anchor=False)
    if findings:
        _charts.findings_bars(findings)
    else:
        st.caption("Duplicates, leaks and unusable images are found in seconds; wrong labels in minutes.")
    st.subheader("What review has changed", anchor=False)
    if changes := label_changes(dataset, now):
        matrix(
            changes, NAMES, NAMES, "changes", "Reviewed images by given and agreed class",
            row_title="the given label", column_title="what people agree on",
        )  # fmt: skip
    else:
        st.caption("Nothing yet. Every answer given on the Review page shows here.")

with st.expander("Add a data set", icon=":material/add:"):
    import_panel()
