"""Bringing a data set in from the browser: by path on this machine, or by upload. Tables, pictures and videos."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pandas as pd
import streamlit as st

from fer_core.dataset.demo import create_demo
from fer_core.dataset.importing import Imported
from fer_core.dataset.members import ARCHIVES
from fer_core.dataset.reading import counted
from fer_core.dataset.store import Dataset, dataset_info, list_datasets
from fer_core.emotions import NAMES
from fer_core.errors import FerretError
from fer_core.files import kept_briefly
from fer_core.imaging.film import FILM_SUFFIXES
from fer_core.imaging.importing import Wishes, import_any
from fer_core.progress import Report
from pages import _shared

_TABLES = (".csv", ".npz", ".parquet")
_ENDINGS = (*_TABLES, *ARCHIVES, *FILM_SUFFIXES)
_TYPES = sorted({ending.rsplit(".", 1)[1] for ending in _ENDINGS})
_FORMS = (
    "FER2013 as a table (.csv, .npz, .parquet), class folders of pictures (Kaggle, SFEW, CK+48; also in a zip or tar), "
    "CK+ as it is distributed, or a video (MP4, MOV, AVI, MKV, WebM) or folder of videos."
)
_BY_FORM = "as usual"
_EQUALISE = {_BY_FORM: None, "yes": True, "no": False}


def import_panel(*, demo_first: bool = False) -> None:
    """A form for every import, and the demo: for a newcomer it comes first."""
    titles = ["A file or folder on this machine", "Upload", "Synthetic demo"]
    order = [titles[-1], *titles[:-1]] if demo_first else titles
    places = dict(zip(order, st.tabs(order), strict=True))
    by_path, by_upload, demo = (places[title] for title in titles)
    with by_path, st.form("import-path", border=False):
        path = st.text_input("Path", placeholder="/home/me/fer2013.csv", key="import_path", help=_FORMS)
        from_path = _asked("path", ":material/download:")
    with by_upload, st.form("import-upload", border=False):
        upload = st.file_uploader("A table, a zip or tar, or a video", type=_TYPES, key="import_upload", help=_FORMS)
        from_upload = _asked("upload", ":material/upload:")
    with demo:
        st.write("3,500 drawn faces with planted faults, to see the whole loop work in minutes. No photographs.")
        kind: Literal["primary", "secondary"] = "primary" if demo_first else "secondary"
        draw = st.button("Make the demo", icon=":material/draw:", type=kind)
    if from_path and path:
        _run(Path(path).expanduser(), None, from_path)
    elif from_upload and upload:
        with kept_briefly("upload") as folder:
            # Nothing of a stranger's file name but a known ending becomes part of a path.
            ending = max((end for end in _ENDINGS if upload.name.lower().endswith(end)), key=len, default="")
            copy = folder / f"upload{ending}"
            with copy.open("wb") as handle:
                shutil.copyfileobj(upload, handle)
            _run(copy, upload.name, from_upload)
    elif from_path or from_upload:
        st.error("Say which file or folder is to be imported.", icon=":material/error:")
    elif draw:
        _show_progress("demo", lambda report: create_demo(_shared.workspace(), "demo", report=report).name)


@dataclass(frozen=True)
class _Asked:
    """What a submitted form asks for, besides its source."""

    name: str
    mode: str
    wishes: Wishes


def imported_note(dataset: Dataset) -> None:
    """What the last import said, once, and where the labels come from when nobody gave them."""
    if labels := dataset_info(dataset).labels:
        st.caption(f"Labels {_shared.literal(labels)}, not given by people: review them before they are trained on.")
    if left_out := st.session_state.pop("import_left_out", None):
        total = sum(left_out.values())
        with st.expander(f"{total:,} pictures, frames or files were left out or taken with a remark", expanded=True):
            st.dataframe(pd.DataFrame(left_out.items(), columns=["why", "how many"]), hide_index=True)
    if rejected := st.session_state.pop("import_rejected", None):
        with st.expander(f"{len(rejected):,} rows were not taken", icon=":material/warning:"):
            st.dataframe(pd.DataFrame({"row": rejected}), hide_index=True)


def _asked(key: str, icon: str) -> _Asked | None:
    """The rest of a form; None until it is submitted."""
    left, right = st.columns(2)
    name = left.text_input("Name in FERret", value="fer2013", key=f"import_name_{key}")
    mode = right.segmented_control(
        "Bad rows",
        ["strict", "lenient"],
        default="strict",
        key=f"import_mode_{key}",
        help="strict: any bad row refuses the source. lenient: keep every good row and list the others.",
    )
    wishes = _wishes(key)
    if not st.form_submit_button("Import", type="primary", icon=icon, key=f"import_start_{key}"):
        return None
    return _Asked(name.strip(), mode or "strict", wishes)


def _wishes(key: str) -> Wishes:
    """What can be asked of pictures and videos; what is not touched is left to the form of the source."""
    with st.expander("Faces in pictures and videos", icon=":material/movie:"):
        st.caption(
            "Of a video, one frame in so many is looked at; the face in it is found, cropped, its grey values spread "
            "evenly, and scaled to 48x48. In pictures of more than 100 pixels on both sides the face is found and "
            "cropped; smaller ones are taken as they are. Classes that FER2013 does not have, and pictures without a "
            "face, are left out and counted."
        )
        left, right = st.columns(2)
        label = left.selectbox(
            "They show",
            NAMES,
            index=None,
            placeholder="what their folder says",
            key=f"import_label_{key}",
            help="The class of videos, or pictures, that lie in no class folder. Videos that nobody labels get a "
            "model's guesses, to be reviewed; the data set says so wherever it shows.",
        )
        every = right.number_input(
            "Videos: one frame in", 1, 10_000, None, placeholder="10", key=f"import_every_{key}", help="10 by default."
        )
        faces = left.segmented_control(
            "Pictures: look for the face",
            ["auto", "always", "never"],
            default="auto",
            key=f"import_faces_{key}",
            help="auto: in pictures of more than 100 pixels on both sides. never: each picture is a face already.",
        )
        equalise = right.segmented_control(
            "Spread the grey values evenly",
            list(_EQUALISE),
            default=_BY_FORM,
            key=f"import_equalise_{key}",
            help="Histogram equalisation. As usual: faces from videos yes, pictures no.",
        )
        all_faces = left.toggle("Videos: every face of a frame, not the largest alone", key=f"import_all_{key}")
        people = right.toggle("CK+: keep a fifth of the people for the test", key=f"import_people_{key}")
    return Wishes(
        every=None if every is None else int(every),
        label=label,
        all_faces=all_faces or None,
        faces=None if faces == "auto" else faces,
        equalise=_EQUALISE[equalise or _BY_FORM],
        split_subjects=people or None,
    )


def _run(source: Path, called: str | None, asked: _Asked) -> None:
    """Import and show what came of it; `called`: the name of an upload, which stands for its copy in all messages."""

    def work(report: Report) -> str:
        from fer_core.prediction.guessing import find_guesser

        workspace = _shared.workspace()
        imported = import_any(
            workspace,
            source,
            asked.name,
            mode=asked.mode,
            wishes=asked.wishes,
            find_guesser=lambda: find_guesser(workspace),
            called=called,
            report=report,
        )
        _keep(imported)
        return imported.dataset.name

    _show_progress(
        asked.name, work, lambda message: message if called is None else message.replace(str(source), called)
    )


def _keep(imported: Imported) -> None:
    """For `imported_note`, on the run that follows."""
    if imported.rejected:
        st.session_state["import_rejected"] = [str(row) for row in imported.rejected]
    if imported.left_out or imported.remarks:
        st.session_state["import_left_out"] = counted(imported.left_out) | counted(imported.remarks)


def _stopped(name: str) -> None:
    """Say what a click on Stop has come to: the last moments of storing cannot be stopped."""
    there = any(info.name == name for info in list_datasets(_shared.workspace()))
    st.toast(f"{name} was stored before it could be stopped." if there else "Stopped; nothing was stored.")


def _show_progress(wanted: str, work: Callable[[Report], str], worded: Callable[[str], str] = str) -> None:
    """Run `work(report)`, which stores `wanted`, under a bar; then show it. `worded` has the last word on messages."""
    place = st.empty()
    with place.container():
        bar = st.progress(0.0, "Starting ...")
        # A click begins a new run of the page, which ends this one at its next report.
        st.button("Stop", icon=":material/stop:", key="import_stop", on_click=_stopped, args=(wanted,))
    try:
        name = work(
            lambda stage, fraction: bar.progress(min(fraction, 1.0), f"{_shared.literal(stage.capitalize())} ...")
        )
    except FerretError as error:
        place.empty()
        st.error(_shared.literal(worded(str(error))), icon=":material/error:")
        return
    st.session_state["dataset_wanted"] = name
    st.rerun()
