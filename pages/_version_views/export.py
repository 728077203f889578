"""A version as a file: written by a background job into the workspace, so that no page holds 300 MB."""

from datetime import UTC, datetime
from pathlib import Path

import streamlit as st

from fer_core.dataset.exporting import SUFFIXES, exports_folder
from fer_core.jobs.runner import ensure_worker, submit
from fer_core.jobs.store import Job, list_jobs
from pages import _jobs, _shared

FORMS = {
    "csv": "fer2013.csv (emotion, pixels, Usage)",
    "parquet": "Parquet for Hugging Face",
    "zip": "class folders in a zip",
    "npz": "NumPy .npz",
    "votes": "people's votes in FER+'s form",
    "votes+imported": "people's votes and the imported ones",
}
HANDED_OUT = 128 << 20  # bytes; larger files stay on the disk, since a download passes through the server's memory


def export_panel(references: list[str], has_votes: bool) -> None:
    """Choose a version and a form; what was written before is listed with its size."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        reference = st.selectbox("Version", references, min(1, len(references) - 1), key="export_version")
        forms = [form for form in FORMS if has_votes or form != "votes+imported"]
        form = st.selectbox("Form", forms, format_func=FORMS.get, key="export_form")
        if st.button("Export", icon=":material/output:", key="export_start"):
            _start(reference, form)
            st.rerun()
    polling = any(job.active for job in _jobs_of_exports())
    st.fragment(_progress, run_every=1.0 if polling else None)(polling)
    _written(reference)


def target(reference: str, form: str) -> Path:
    """Where an export goes. `+` is in no name of a version, so no two of them meet."""
    folder = exports_folder(_shared.workspace())
    return folder / (f"{reference}{SUFFIXES[form]}" if form in SUFFIXES else f"{reference}+{form}.csv")


def _start(reference: str, form: str) -> None:
    line = ["export", reference, str(target(reference, form)), "--form", form.removesuffix("+imported")]
    if form.endswith("+imported"):
        line.append("--with-imported")
    submit(_shared.workspace(), line, f"Export {reference}: {FORMS[form]}")


def _jobs_of_exports() -> list[Job]:
    """The exports in the background, the newest first."""
    return [job for job in list_jobs(_shared.workspace()) if job.arguments[:1] == ["export"]]


def _progress(polling: bool) -> None:
    """Exports that run or wait, and the last one where it did not end well."""
    ensure_worker(_shared.workspace())
    jobs = _jobs_of_exports()
    if any(job.active for job in jobs) != polling:
        st.rerun(scope="app")
    for place, job in enumerate(jobs):
        if job.active or (place == 0 and job.resumable):
            _jobs.job_row(job)


def _written(reference: str) -> None:
    """The exports of a version that are there, with the way to them."""
    found = [(form, target(reference, form)) for form in FORMS]
    found = [(form, file) for form, file in found if file.exists()]
    for form, file in found:
        size, written = file.stat().st_size, datetime.fromtimestamp(file.stat().st_mtime, UTC)
        with st.container(border=True, horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            with st.container(gap=None, width="content"):
                st.markdown(f"**{FORMS[form]}**")
                st.caption(f"{_shared.literal(str(file))} · {_size(size)} · {written:%Y-%m-%d %H:%M} UTC")
            if size <= HANDED_OUT:
                st.download_button(
                    "Download",
                    file.read_bytes,
                    file.name,
                    "application/octet-stream",
                    icon=":material/download:",
                    key=f"export_get_{form}",
                    on_click="ignore",
                )
    if not found:
        st.caption("Written in the background into the workspace's folder *exports*. The command line does the same.")
    elif any(file.stat().st_size > HANDED_OUT for _, file in found):
        st.caption(f"Files above {_size(HANDED_OUT)} are not sent through the browser: take them from the folder.")


def _size(count: int) -> str:
    return f"{count / 1e6:,.1f} MB" if count >= 1e5 else f"{count / 1e3:,.1f} kB"
