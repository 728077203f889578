"""Audit: run it, then look at what it found, one view at a time; the view and its filters stand in the URL."""

import streamlit as st

from fer_core.audit.results import Audit, latest_audit, list_audits
from fer_core.commands.audit import audit_arguments
from fer_core.dataset.store import Dataset
from fer_core.jobs.runner import ensure_worker, submit
from fer_core.jobs.store import Job, list_jobs
from fer_core.review.events.log import VerdictLog
from pages import _jobs, _shared
from pages._audit_views import classes, duplicates, embedding, rankers, reasons, suspects
from pages._audit_views.context import Context, opened

VIEWS = {
    "Suspects": suspects.show,
    "Copies": duplicates.show,
    "Reasons": reasons.show,
    "Map": embedding.show,
    "Classes": classes.show,
    "Rankings": rankers.show,
}
STRENGTHS = {
    "fast": "Fast: four small networks each judge the images they have not seen. Minutes.",
    "strong": "Strong: more networks judge each picture, in five ways. About half an hour on two cores.",
}


def newest_job(dataset: Dataset) -> Job | None:
    """The newest audit job of the data set."""
    jobs = list_jobs(_shared.workspace(), limit=40)
    return next((job for job in jobs if job.arguments[:2] == ["audit", dataset.name]), None)


@st.fragment(run_every=1.0)
def progress(dataset: Dataset) -> None:
    """The newest audit job until it is done; then the page shows what it found."""
    ensure_worker(_shared.workspace())
    job = newest_job(dataset)
    if job is None or not job.active:
        st.rerun(scope="app")
    else:
        _jobs.job_row(job)
        st.caption("It goes on when you look at other pages or close the browser. What it finds shows here at the end.")


def offer(dataset: Dataset, label: str, strength: str, kind: str) -> None:
    """A button that starts an audit in the background."""
    if st.button(
        label,
        type="primary" if kind == "primary" else "secondary",
        icon=":material/troubleshoot:",
        key=f"run_{strength}_{kind}",
    ):
        submit(_shared.workspace(), audit_arguments(dataset.name, strength=strength), f"Audit of {dataset.name}")
        st.rerun()


def choose_audit(dataset: Dataset) -> Audit | None:
    """The audit that is shown, with what there is to say about it: the latest, or another one by its id in the URL."""
    audits = {audit.id: audit for audit in list_audits(dataset)}
    latest = latest_audit(dataset)
    if not audits:
        return None
    names = list(audits)
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        about = st.container(horizontal=True, vertical_alignment="center", width="content")
        chosen = names[0]
        if len(names) > 1:
            chosen = about.selectbox(
                "Audit",
                names,
                names.index(latest.id) if latest else 0,
                key="audit",
                bind="query-params",
                width=240,
                label_visibility="collapsed",
            )
        about.caption(words_about(audits[chosen]))
        with st.popover("Another audit", icon=":material/troubleshoot:"):
            for strength, words in STRENGTHS.items():
                st.caption(words)
                offer(dataset, f"Run {strength}", strength, "secondary")
    return audits[chosen]


def words_about(audit: Audit) -> str:
    """What it looked at, when, for how long, and how good its networks were."""
    document = audit.document
    words = f"{document['version']}, {document['finished'][:10]}, took {_shared.duration(document['seconds']['all'])}"
    if audit.model:
        words += f"; its networks agree with {document['out_of_fold_accuracy']:.0%} of the labels they have not seen"
    return words + "."


dataset = _shared.choose_dataset()
if dataset is None:
    st.stop()

job = newest_job(dataset)
latest = latest_audit(dataset)
if job is not None and job.active:
    progress(dataset)
elif latest is None or not latest.model:
    with st.container(border=True):
        st.markdown("**Which labels are wrong?** Four small networks each judge the images they have not seen.")
        st.caption(
            "Copies, leaks, quality and what is not a face come first, in half a minute. The networks then take some "
            "minutes in the background; you can close the browser meanwhile."
        )
        offer(dataset, "Run the audit", "fast", "primary")
        if job is not None and (job.resumable or job.error):
            _jobs.job_row(job)

audit = choose_audit(dataset)
if audit is None:
    st.stop()
audit = opened(f"{audit.path}:{audit.document['finished']}", audit)
view = st.segmented_control(
    "View", list(VIEWS), default="Suspects", required=True, key="view", bind="query-params",
    label_visibility="collapsed",
)  # fmt: skip
VIEWS[str(view)](Context(dataset, audit, VerdictLog(_shared.workspace().labels_db)))
