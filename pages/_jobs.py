"""A background job on a page: where it is, how long it will take, and the button that stops it."""

import time

import streamlit as st

from fer_core.jobs.runner import cancel, resume
from fer_core.jobs.store import Job
from pages import _shared


def job_row(job: Job) -> None:
    """One job in a bordered row. Draw it inside a fragment that runs again while the job is active."""
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            st.markdown(f"**{_shared.literal(job.title)}** · {_state(job)}")
            if (
                job.active
                and not job.cancel_requested
                and st.button("Stop", key=f"cancel_{job.id}", icon=":material/stop:")
            ):
                cancel(_shared.workspace(), job.id)
                st.toast(f"{_shared.literal(job.title)}: asked to stop.")
                st.rerun(scope="app")
            if job.resumable and st.button("Resume", key=f"resume_{job.id}", icon=":material/play_arrow:"):
                resume(_shared.workspace(), job.id)
                st.rerun(scope="app")
        if job.state == "running":
            st.progress(job.fraction, f"{job.stage.capitalize() or 'Starting'}{_left(job)}")
        elif job.error:
            st.caption(_shared.literal(job.error))


def _state(job: Job) -> str:
    if job.cancel_requested and job.active:
        return "stopping"
    if job.state == "done" and job.finished and job.started:
        return f"done in {_shared.duration(job.finished - job.started)}"
    return job.state


def _left(job: Job) -> str:
    if job.eta is None or job.heartbeat is None:
        return ""
    return f" · about {_shared.duration(max(job.eta - (time.time() - job.heartbeat), 0))} left"
