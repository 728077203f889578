"""Bringing a data set in from the browser: by path on this machine, or by upload."""

import shutil
import tempfile
from pathlib import Path

import streamlit as st

from fer_core.dataset.demo import create_demo
from fer_core.dataset.importing import import_dataset
from fer_core.errors import FerretError
from pages import _shared

_TYPES = ["csv", "zip", "tar", "gz", "tgz", "npz"]


def import_panel() -> None:
    """A form for FER2013 in its usual forms, and the demo."""
    by_path, by_upload, demo = st.tabs(["A file or folder on this machine", "Upload", "Synthetic demo"])
    with by_path, st.form("import-path", border=False):
        path = st.text_input("Path", placeholder="/home/me/fer2013.csv", key="import_path")
        name, mode = _name_and_mode("path")
        if st.form_submit_button("Import", type="primary", icon=":material/download:") and path and name:
            _run(Path(path).expanduser(), name, mode)
    with by_upload, st.form("import-upload", border=False):
        upload = st.file_uploader("fer2013.csv, or class folders as zip or tar", type=_TYPES, key="import_upload")
        name, mode = _name_and_mode("upload")
        if st.form_submit_button("Import", type="primary", icon=":material/upload:") and upload and name:
            with tempfile.TemporaryDirectory(prefix="ferret-upload-") as folder:
                # Only the ending of a stranger's file name is used.
                copy = Path(folder) / ("upload" + "".join(Path(upload.name).suffixes[-2:]))
                with copy.open("wb") as handle:
                    shutil.copyfileobj(upload, handle)
                _run(copy, name, mode)
    with demo:
        st.write("3,500 drawn faces with planted faults, to see the whole loop work in minutes. No photographs.")
        if st.button("Make the demo", icon=":material/draw:"):
            _show_progress(lambda report: create_demo(_shared.workspace(), "demo", report=report).name)


def _name_and_mode(key: str) -> tuple[str, str]:
    left, right = st.columns(2)
    name = left.text_input("Name in FERret", value="fer2013", key=f"import_name_{key}")
    mode = right.segmented_control(
        "Bad rows",
        ["strict", "lenient"],
        default="strict",
        key=f"import_mode_{key}",
        help="strict: any bad row refuses the source. lenient: keep every good row and list the others.",
    )
    return name.strip(), mode or "strict"


def _run(source: Path, name: str, mode: str) -> None:
    def work(report) -> str:  # type: ignore[no-untyped-def]
        imported = import_dataset(_shared.workspace(), source, name, mode=mode, report=report)
        if imported.rejected:
            st.session_state["import_rejected"] = [str(row) for row in imported.rejected]
        return imported.dataset.name

    _show_progress(work)


def _show_progress(work) -> None:  # type: ignore[no-untyped-def]
    """Run `work(report)` under a bar; then show the data set that it names."""
    bar = st.progress(0.0, "Starting ...")
    try:
        name = work(lambda stage, fraction: bar.progress(min(fraction, 1.0), f"{stage.capitalize()} ..."))
    except FerretError as error:
        bar.empty()
        st.error(str(error), icon=":material/error:")
        return
    st.session_state["dataset_wanted"] = name
    st.rerun()
