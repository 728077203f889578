"""Train: choose what to train on and how, and watch the trainings that run in the background."""

import time
from collections.abc import Iterable

import streamlit as st

from fer_core.jobs.runner import ensure_worker, submit
from fer_core.jobs.store import QUEUED, Job, list_jobs
from fer_core.training.run import Run
from pages import _curves, _jobs, _shared, _train

FINISHED = 4  # finished jobs that are shown
LONG_WAIT = 30  # seconds after which a queue that does not move is worth a word

dataset = _shared.choose_dataset()
if dataset is None:
    st.stop()
workspace = _shared.workspace()


@st.fragment
def choose() -> None:
    """The form. Every choice has a default that is fine to begin with."""
    offered, recipes, versions = _train.choices(), _train.recipes(), _train.versions(dataset)
    version = st.selectbox(
        "Train on",
        list(versions),
        format_func=lambda name: versions[name][0],
        key="version",
        help="The data set as imported, or a version that was cut from what people said. Only Training differs.",
    )
    images = versions[version][1]
    st.caption(f"{images:,} images train. PublicTest chooses the epoch, PrivateTest is scored once, at the end.")
    left, right = st.columns([2, 1])
    names = list(offered.networks)
    usual = next(iter(recipes.values())).network
    network = left.selectbox("Network", names, names.index(usual), key="network", help="What learns.")
    summary, sizes = offered.networks[network]
    size = right.selectbox("Size", sizes, key="size", help="Side of the pictures in pixels. 48 is the faces' own size.")
    st.caption(f"{summary[:1].upper()}{summary[1:]}.")
    recipe = st.selectbox(
        "Recipe", list(recipes), key="recipe", help="How it learns: optimiser, learning rate, augmentation."
    )
    st.caption(" ".join(recipes[recipe].note.split()))
    left, middle, right = st.columns(3)
    epochs = left.number_input(
        "Epochs",
        1,
        1000,
        recipes[recipe].epochs,
        key=f"epochs_{recipe}",
        help="How often every image is seen. More take longer and may fit the training images too closely.",
    )
    seed = middle.number_input(
        "Seed",
        0,
        10**6,
        0,
        key="seed",
        help="Where chance begins. Two runs that differ only in it show how much is luck.",
    )
    threads = right.number_input(
        "Threads",
        1,
        offered.cores,
        offered.threads,
        key="threads",
        help="Processor cores to use. One is left free by default, so that this page stays quick.",
    )
    seconds = _train.estimate(network, size, images, epochs)
    if st.button("Start training", type="primary", icon=":material/play_arrow:", key="start", width="stretch"):
        start(version, network, size, recipe, epochs, seed, threads)
        st.rerun(scope="app")
    if seconds is None:
        st.caption("How long it takes shows as soon as it runs: nothing like it was trained here before.")
    else:
        st.caption(f"About {_shared.duration(seconds)}, at the pace of the last such training here.")


def start(version: str, network: str, size: int, recipe: str, epochs: int, seed: int, threads: int) -> None:
    """Queue the training."""
    from fer_core.training.session import new_run_id

    chosen = _train.recipes()[recipe].changed(network=network, size=size, epochs=epochs)
    settings = {"network": network, "size": size, "epochs": epochs, "seed": seed, "threads": threads}
    line = _train.train_arguments(version, new_run_id(chosen), recipe, **settings)
    job = submit(workspace, line, f"{network} at {size} on {version}, {epochs} epochs")
    ahead = sum(other.active for other in list_jobs(workspace)) - 1
    st.toast(f"Job {job.id}: {'starting' if not ahead else f'queued, {ahead} before it'}.", icon=":material/check:")


def watch(polling: bool) -> None:
    """Everything in the background: the training that runs, those that wait, the last ones that ended."""
    ensure_worker(workspace)
    jobs = list_jobs(workspace)
    active = sorted((job for job in jobs if job.active), key=lambda job: (job.state == QUEUED, job.turn))
    if bool(active) != polling:
        st.rerun(scope="app")
    ended = [job for job in jobs if not job.active][:FINISHED]
    if not jobs:
        st.markdown("**Nothing is training.** The defaults on the left are fine: press *Start training*.")
        st.caption("It runs as a process of its own. You can close the browser, or stop the app, and come back later.")
    if active and active[0].state == QUEUED:
        still_since = st.session_state.setdefault("queue_still_since", time.time())
        if time.time() - still_since > LONG_WAIT:
            log = workspace.root / "jobs" / "worker.log"
            st.caption(f"Nothing has begun to run for {LONG_WAIT} s. What keeps it stands in {log}.")
    else:
        st.session_state.pop("queue_still_since", None)
    for job in active:
        _jobs.job_row(job)
        run = _train.run_of(job)
        if run is not None and job.state == "running":
            live(run)
    if ended:
        st.subheader("Finished" if not active else "Finished before", anchor=False)
        finished(ended)


def live(run: Run) -> None:
    """A training as it runs: how fast, how far, and its curves."""
    curves, now = _curves.curves_of(run), _curves.latest_event(run)
    best = run.document["best"]
    tiles = st.columns(4)
    tiles[0].metric("Images per second", f"{now['images_per_s']:,.0f}" if now else "–", border=True)
    tiles[1].metric("Epoch", f"{now['epoch']} of {run.document['recipe']['epochs']}" if now else "–", border=True)
    tiles[2].metric(
        f"Best on {curves.chooser}" if len(curves.chooser) < 12 else "Best held out",
        f"{best['val_accuracy']:.1%}" if best else "–",
        border=True,
    )
    tiles[3].metric("Its macro-F1", f"{best['val_macro_f1']:.3f}" if best else "–", border=True)
    if curves.training.empty:
        st.caption("The curves begin after the first batches.")
    else:
        _curves.curve_charts({run.id: curves}, f"live_{run.id}")


def finished(jobs: Iterable[Job]) -> None:
    """Jobs that ended, the newest first: results with the way to them, and what can be resumed."""
    for job in jobs:
        run = _train.run_of(job)
        if run is None or run.status != "done":
            _jobs.job_row(job)
            continue
        chooser, figures = run.document["protocol"]["val"]["name"], run.document["result"]["val"]["whole"]
        with st.container(border=True, horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            with st.container(gap=None, width="content"):
                st.markdown(f"**{job.title}**")
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


form, background = st.columns([1, 2], gap="large")
with form, st.container(border=True):
    st.subheader("New training", anchor=False)
    choose()
with background:
    polling = any(job.active for job in list_jobs(workspace))
    st.fragment(watch, run_every=1.0 if polling else None)(polling)
