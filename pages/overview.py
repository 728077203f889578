"""Overview: what is in the data set, what is wrong with it, how far the review is, and the next best step."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from fer_core.dataset.store import SPLITS, list_datasets
from fer_core.emotions import NAMES
from pages import _charts, _shared
from pages._components.bars import bars
from pages._components.loop import loop
from pages._components.matrix import matrix
from pages._imports import import_panel, imported_note
from pages._overview import balance, label_changes, next_step, situation, stations

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
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute", key="next"):
        st.markdown(f"**Next:** {step.why}", width="stretch")
        if st.button(step.button, type="primary", icon=":material/arrow_forward:", key="next_step"):
            st.switch_page(step.page)

counts = dataset.counts()
states = now.people.counts()
findings = now.audit.document["findings"] if now.audit else None
duplicates = now.audit.document["duplicates"] if now.audit else None


def tile(place: DeltaGenerator, name: str, value: int | str | None, words: str) -> None:
    """One figure in a frame, with a line that says what it is made of."""
    with place.container(border=True, gap="xsmall", height="stretch"):
        st.metric(name, "–" if value is None else value if isinstance(value, str) else f"{value:,}")
        st.caption(words)


tiles = st.columns(5)
tile(
    tiles[0],
    "Synthetic faces" if dataset.synthetic else "Images",
    len(dataset),
    " · ".join(f"{split} {counts[split].sum():,}" for split in SPLITS),
)
tile(
    tiles[1],
    "Labels that look wrong",
    findings["label"] if findings and now.searched else None,
    "Suspicions of an audit's networks, not an error rate." if now.searched else "No network has looked yet.",
)
tile(
    tiles[2],
    "Redundant exact copies",
    duplicates["redundant"] if duplicates else None,
    f"{duplicates['groups']:,} groups, {duplicates['conflicting_groups']:,} in conflict over their label."
    if duplicates
    else "Not audited yet.",
)
tile(
    tiles[3],
    "Reviewed by people",
    now.reviewed,
    " · ".join(f"{states[name]:,} {name}" for name in ("agreed", "disputed", "ambiguous", "unusable"))
    if now.reviewed
    else "Nobody has answered yet.",
)

rate = now.errors.rate if now.errors else None
after = now.errors.version if now.errors else None
tile(
    tiles[4],
    "Wrong labels, estimated",
    f"{rate.value:.0%}" if rate else None,
    f"{100 * rate.low:.0f} to {100 * rate.high:.0f} % of all, by random faces answered blind"
    + (f"; {after.rate.value:.0%} in version {after.name}." if after else ".")
    if rate
    else "Random faces, mixed into every review, will tell.",
)

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
