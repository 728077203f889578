"""Loaded modules, put out of the garbage collector's sight.

Streamlit looks for garbage after every run of a script or fragment, among all objects that there are. Most of them,
half a million, belong to modules (pandas, plotly, SQLAlchemy) and stay for good: looking at them took 100 ms of
processor time where storing an answer takes 20, so that two dozen annotators filled a core. What is frozen is not
looked at; what comes later is, so nothing else changes.
"""

import gc
import sys
import time

import streamlit as st

EVERY = 600.0  # seconds after which a visit that begins has everything looked through, which takes some tenths of one

_seen = 0  # modules that were loaded when it was last done
_when = -EVERY  # on the monotonic clock


def settle() -> None:
    """Freeze what is there if modules were loaded since the last time. To be called at the end of a run.

    What visits use at that moment, photos among it, is frozen with the rest. So it is done anew when a visit begins,
    now and then: what ended ones have left is collected.
    """
    global _seen, _when
    begins = "settled" not in st.session_state
    st.session_state["settled"] = True
    if len(sys.modules) == _seen and not (begins and time.monotonic() - _when > EVERY):
        return
    _seen, _when = len(sys.modules), time.monotonic()
    gc.unfreeze()
    gc.collect()
    gc.freeze()
