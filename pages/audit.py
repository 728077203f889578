"""Audit: run it, then look at what it found: suspects in a grid with filters, exact copies side by side, quality."""

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from fer_core.audit.quality import BLURRED_BELOW
from fer_core.audit.results import latest_audit
from fer_core.commands.audit import audit_arguments
from fer_core.dataset.store import SPLITS
from fer_core.emotions import COLOURS, NAMES
from fer_core.jobs.runner import ensure_worker, submit
from fer_core.jobs.store import list_jobs
from pages import _audit, _charts, _jobs, _shared
from pages._components.face_grid import face_grid

dataset = _shared.choose_dataset()
if dataset is None:
    st.stop()

workspace = _shared.workspace()
line = audit_arguments(dataset.name)
jobs = [job for job in list_jobs(workspace, limit=40) if job.arguments[:2] == line[:2]]
running = bool(jobs) and jobs[0].active
audit = latest_audit(dataset)
searched = audit is not None and audit.document["settings"]["labels"]


@st.fragment(run_every=1.0 if running else None)
def progress() -> None:
    """The newest audit job, until it is done; then the page shows what it found."""
    ensure_worker(workspace)
    newest = next(job for job in list_jobs(workspace, limit=40) if job.arguments[:2] == line[:2])
    if running and not newest.active:
        st.rerun(scope="app")
    _jobs.job_row(newest)


if running or (jobs and jobs[0].resumable and not searched):
    progress()
if not running and not searched:
    with st.container(border=True):
        st.markdown("**Which labels are wrong?** Four small networks each judge the images they have not seen.")
        st.caption(
            "Duplicates, leaks and quality come first, in seconds. The networks then take some minutes in the "
            "background; you can close the browser meanwhile."
        )
        if st.button("Run the audit", type="primary", icon=":material/troubleshoot:"):
            submit(workspace, line, f"Audit of {dataset.name}")
            st.rerun()
if audit is None:
    st.stop()

audit = _audit.opened(str(audit.path), audit.document["finished"], audit)
suspects_tab, duplicates_tab, quality_tab = st.tabs(["Suspects", "Exact copies", "Quality"])

with suspects_tab:
    if not searched:
        st.caption("This audit looked at pixels only; run the audit above to rank the labels as well.")
    wanted = _audit.filter_bar()
    places = _audit.filtered(audit, audit.id, wanted)
    pages = max(1, -(-len(places) // _audit.PER_PAGE))
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.caption(f"{len(places):,} of {len(dataset):,} images, most suspect first. Select one to see why.")
        number = st.number_input("Page", 1, pages, 1, key="page", bind="query-params", width=160)
    shown = audit.suspects.iloc[places[(number - 1) * _audit.PER_PAGE : number * _audit.PER_PAGE]]
    if shown.empty:
        st.markdown("Nothing passes these filters. Take one away.")
    else:
        grid, detail = st.columns([3, 1], gap="large")
        with grid:
            selected = face_grid(
                dataset.images[shown["row"].to_numpy()],
                [_audit.caption(suspect) for _, suspect in shown.iterrows()],
                key="suspect_grid",
                colours=[COLOURS[label] for label in shown["label"]],
                label="Suspects",
                multiple=False,
            )
        with detail:
            _audit.show_suspect(dataset, audit, int(shown["row"].iloc[selected[0] if selected else 0]))
            if st.button("Review the suspects", type="primary", icon=":material/rate_review:"):
                st.switch_page("review.py", query_params={"dataset": dataset.name})

with duplicates_tab:
    groups = _audit.duplicate_groups(dataset, dataset.hash)
    figures = audit.document["duplicates"]
    st.caption(
        f"{figures['groups']:,} groups hold {figures['images']:,} images, {figures['redundant']:,} of them redundant; "
        f"{figures['conflicting_groups']:,} groups carry more than one label. Conflicts first, then leaks."
    )
    number = st.number_input("Page", 1, max(1, -(-len(groups) // 40)), 1, key="groups_page", width=160)
    rows = [row for members in groups["rows"].iloc[(number - 1) * 40 : number * 40] for row in members]
    if rows:
        face_grid(
            dataset.images[np.array(rows)],
            [f"{NAMES[dataset.labels[row]]}, {SPLITS[dataset.splits[row]]}" for row in rows],
            key="duplicate_grid",
            colours=[COLOURS[NAMES[dataset.labels[row]]] for row in rows],
            label="Exact copies, group by group",
            selectable=False,
        )

with quality_tab:
    sharpness = audit.quality["sharpness"].to_numpy()
    counts, edges = np.histogram(sharpness, bins=60, range=(0, 1.2))
    limit = st.slider("Blurred below a sharpness of", 0.2, 0.8, BLURRED_BELOW, 0.01, key="sharpness")
    figure = go.Figure(go.Bar(x=(edges[:-1] + edges[1:]) / 2, y=counts, marker_color="#3579A6"))
    figure.add_vline(x=limit, line_dash="dash", line_color="#D55E00")
    figure.update_layout(bargap=0.05, xaxis_title="sharpness", yaxis_title="images")
    _charts.show(figure, "sharpness_histogram", "Histogram of the sharpness of all images", height=240)
    below = np.flatnonzero(sharpness < limit)
    st.caption(f"{len(below):,} images lie below. The least sharp first:")
    worst = below[np.argsort(sharpness[below])][:60]
    if len(worst):
        face_grid(
            dataset.images[worst],
            [f"{sharpness[row]:.2f}" for row in worst],
            key="quality_grid",
            label="Blurred images",
            selectable=False,
        )
