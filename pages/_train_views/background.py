"""The trainings in the background: the one that runs, those that wait, the last ones that ended."""

import time

import streamlit as st

from fer_core.errors import NotFound
from fer_core.jobs import runner
from fer_core.jobs.store import QUEUED, Job, list_jobs
from fer_core.runs.run import Run, open_run
from pages import _curves, _jobs, _shared
from pages._tiles import tile, tiles

FINISHED = 6  # finished jobs that are shown
LONG_WAIT = 30  # seconds after which a queue that does not move is worth a word


def running(jobs: list[Job]) -> None:
    """What runs and what waits, drawn again every second; nothing where nothing is active."""
    active = [job.id for job in jobs if job.active]
    if not active:
        return
    st.subheader("In the background", anchor=False)
    st.fragment(_watch, run_every=1.0)(active)
    st.space("small")


def _watch(known: list[str]) -> None:
    workspace = _shared.workspace()
    runner.ensure_worker(workspace)
    jobs = list_jobs(workspace)
    active = sorted((job for job in jobs if job.active), key=lambda job: (job.state == QUEUED, job.turn))
    if {job.id for job in active} != set(known):
        st.rerun(scope="app")
    if active and active[0].state == QUEUED:
        still_since = st.session_state.setdefault("queue_still_since", time.time())
        if time.time() - still_since > LONG_WAIT:
            log = workspace.root / "jobs" / "worker.log"
            st.caption(f"Nothing has begun to run for {LONG_WAIT} s. What keeps it stands in {log}.")
    else:
        st.session_state.pop("queue_still_since", None)
    for job in active:
        _jobs.job_row(job)
        run = run_of(job)
        if run is not None and job.state == "running":
            _live(run)


def _live(run: Run) -> None:
    """A training as it runs: how fast, how far, and its curves."""
    curves, now = _curves.curves_of(run), _curves.latest_event(run)
    best = run.document["best"]
    title = f"Best on {curves.chooser}" if len(curves.chooser) < 12 else "Best held out"
    with tiles():
        tile("Images per second", f"{now['images_per_s']:,.0f}" if now else "–")
        tile("Epoch", f"{now['epoch']} of {run.document['recipe']['epochs']}" if now else "–")
        tile(title, f"{best['val_accuracy']:.1%}" if best else "–")
        tile("Its macro-F1", f"{best['val_macro_f1']:.3f}" if best else "–")
    if curves.training.empty:
        st.caption("The curves begin after the first batches.")
    else:
        _curves.curve_charts({run.id: curves}, f"live_{run.id}")


def ended(jobs: list[Job]) -> None:
    """Jobs that ended, the newest first: results with the way to them, and what can be resumed."""
    over = [job for job in jobs if not job.active][:FINISHED]
    if not over:
        return
    st.subheader("Finished", anchor=False)
    for job in over:
        run = run_of(job)
        if run is None or run.status != "done":
            _jobs.job_row(job)
        else:
            _result(job, run)


def _result(job: Job, run: Run) -> None:
    chooser, figures = run.document["protocol"]["val"]["name"], run.document["result"]["val"]["whole"]
    with st.container(border=True, horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        with st.container(gap=None, width="content"):
            st.markdown(f"**{_shared.literal(job.title)}**")
            st.caption(
                f"{chooser} {figures['accuracy']:.1%}, macro-F1 {figures['macro_f1']:.3f}, "
                f"in {_shared.duration(run.document['wall_s'])}"
            )
        st.page_link(
            "runs.py",
            label="See the run",
            icon=":material/leaderboard:",
            query_params={"dataset": run.dataset, "run": run.id},
        )


def run_of(job: Job) -> Run | None:
    """The run that a training job writes; None for other jobs, and before it has begun to write."""
    if job.arguments[:1] != ["train"] or "--run" not in job.arguments[:-1]:
        return None
    try:
        return open_run(_shared.workspace(), job.arguments[job.arguments.index("--run") + 1])
    except NotFound:
        return None
