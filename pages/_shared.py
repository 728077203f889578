"""What several pages need: the workspace, the chosen data set, cached openers."""

import os
import re
from pathlib import Path

import streamlit as st

from fer_core.dataset.store import Dataset, list_datasets, open_dataset
from fer_core.errors import FerretError
from fer_core.workspace import Workspace


def workspace() -> Workspace:
    """The workspace that this app serves: the environment's FERRET_WORKSPACE, or `data`."""
    return Workspace(Path(os.environ.get("FERRET_WORKSPACE", "data")).resolve())


def tell(error: Exception) -> bool:
    """Say what went wrong as a sentence where people can do something about it; whether that was so.

    The shell does it for pages. Errors in fragments and callbacks never reach the shell: Streamlit asks this (app.py).
    """
    if not isinstance(error, FerretError):
        return False
    st.error(literal(str(error)), icon=":material/error:")
    return True


def dataset_selector() -> None:
    """The choice of data set, drawn by the shell on every page so that it outlives a change of page.

    It is bound to `?dataset=` in the URL; pages read it with `choose_dataset`.
    """
    names = [info.name for info in list_datasets(workspace())]
    wanted = st.session_state.pop("dataset_wanted", None)
    if wanted in names:  # one that was just imported; a widget's value can only be set before it is drawn
        st.session_state["dataset"] = wanted
    if names:
        with st.container(horizontal=True, vertical_alignment="center", width="content"):
            st.caption("Data set", width="content")
            st.selectbox("Data set", names, key="dataset", bind="query-params", width=200, label_visibility="collapsed")


def choose_dataset() -> Dataset | None:
    """The data set that is chosen, opened; where there is none yet, draws what to do about it and returns None."""
    known = {info.name: info for info in list_datasets(workspace())}
    if not known:
        st.markdown("**No data set yet.** Import FER2013 on the Overview page, or make the synthetic demo there.")
        st.page_link("overview.py", label="To the Overview page", icon=":material/space_dashboard:")
        return None
    name = st.session_state.get("dataset")
    info = known.get(name) or next(iter(known.values()))
    return _open(str(workspace().root), info.name, info.hash)


@st.cache_resource(max_entries=4, show_spinner=False)
def _open(root: str, name: str, content_hash: str) -> Dataset:
    """Opened once for everybody; its arrays are read-only. The hash is part of the key, not of the work."""
    return open_dataset(Workspace(Path(root)), name)


def duration(seconds: float) -> str:
    """A length of time as people say it."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def literal(text: str) -> str:
    """Text as Markdown that shows it as it is: names and notes are people's, and must not fetch a picture."""
    return re.sub(r"([\\`*_\[\]<>#!$~|]|:(?=\S))", r"\\\1", text)
