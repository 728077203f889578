"""The grid lane: many faces of one class at once; the odd ones out are marked, one key confirms the rest."""

import streamlit as st

from fer_core.audit.results import Audit
from fer_core.dataset.store import Dataset


def grid_lane(dataset: Dataset, audit: Audit | None, annotator: str) -> None:
    """Draw the lane for this person."""
    st.caption(f"{annotator}: {len(dataset):,} faces.")
