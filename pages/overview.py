"""Overview: what is in the data set, what is wrong with it, how far the review is, and the next best step."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from fer_core.dataset.store import SPLITS
from pages import _charts, _shared
from pages._imports import import_panel, imported_note
from pages._overview import balance, label_changes, next_step, situation

dataset = _shared.choose_dataset()
if dataset is None:
    import_panel()
    st.stop()

imported_note(dataset)

now = situation(dataset)
step = next_step(dataset, now)

with st.container(border=True, horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
    st.markdown(f"**Next:** {step.why}")
    if st.button(step.button, type="primary", icon=":material/arrow_forward:", key="next_step"):
        st.switch_page(step.page)

counts = dataset.counts()
states = now.people.counts()
findings = now.audit.document["findings"] if now.audit else None
duplicates = now.audit.document["duplicates"] if now.audit else None


def tile(place: DeltaGenerator, name: str, value: int | str | None, words: str) -> None:
    """One figure in a frame, with a line that says what it is made of."""
    with place.container(border=True, height="stretch"):
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
    " · ".join(f"{states[name]:,} {name}" for name in ("agreed", "disputed", "ambiguous", "unusable")),
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
    columns = balance(dataset, now)
    _charts.show(
        _charts.class_bars(columns, "images"),
        "balance",
        "Bar chart of images per class: "
        + ", ".join(f"{name} {count:,}" for name, count in counts.sum(axis=1).items()),
    )
with right:
    st.subheader("Findings by reason", anchor=False)
    if findings:
        _charts.findings_bars(findings)
    else:
        st.caption("Duplicates, leaks and unusable images are found in seconds; wrong labels in minutes.")

left, right = st.columns(2, gap="large")
with left:
    st.subheader("Leaks between splits", anchor=False)
    if duplicates:
        _charts.leak_matrix(duplicates["leaks"])
        st.caption("Images of the row's split with an exact copy in the column's split.")
    else:
        st.caption("An audit counts the images that stand in more than one split.")
with right:
    st.subheader("What review has changed", anchor=False)
    changes = label_changes(dataset, now)
    if changes.to_numpy().any():
        text = changes.map(lambda value: f"{value:,}" if value else "")
        _charts.show(
            _charts.matrix(changes, text, "%{text} images given %{y}, seen as %{x}"),
            "changes",
            "Matrix of reviewed images: given class by agreed class",
            height=300,
        )
        st.caption("Given label (rows) and what people agree on (columns).")
    else:
        st.caption("Nothing yet. Every answer given on the Review page shows here.")

with st.expander("Add a data set", icon=":material/add:"):
    import_panel()
