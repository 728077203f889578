"""Loaded modules, put out of the garbage collector's sight.

Streamlit looks for garbage after every run of a script or fragment, among all objects that there are. Most of them,
half a million, belong to modules (pandas, plotly, SQLAlchemy) and stay for good: looking at them took 100 ms of
processor time where storing an answer takes 20, so that two dozen annotators filled a core. What is frozen is not
looked at; what comes later is, so nothing else changes.
"""

import gc
import sys

import streamlit as st

_seen = 0  # modules that were loaded when it was last done


def settle() -> None:
    """Freeze what is there if modules were loaded since the last time. To be called at the end of a run.

    What visits use at that moment, photos among it, is frozen with the rest. So it is done anew when a visit begins:
    what ended ones have left is collected then.
    """
    global _seen
    if len(sys.modules) != _seen or "settled" not in st.session_state:
        st.session_state["settled"] = True
        _seen = len(sys.modules)
        gc.unfreeze()
        gc.collect()
        gc.freeze()
