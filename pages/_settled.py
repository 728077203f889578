"""Loaded modules, put out of the garbage collector's sight.

Streamlit looks for garbage after every run of a script or fragment, among all objects that there are. Most of them,
half a million, belong to modules (pandas, plotly, SQLAlchemy) and stay for good: looking at them took 100 ms of
processor time where storing an answer takes 20, so that two dozen annotators filled a core. What is frozen is not
looked at; what comes later is, so nothing else changes.
"""

import gc
import sys

_seen = 0  # modules that were loaded when it was last done


def settle() -> None:
    """Freeze what is there if modules were loaded since the last time. To be called at the end of a run.

    Cyclic garbage of other runs that happens to be there is collected first; what another run uses at this moment may
    stay, which is little, as modules are loaded a few times in the life of a server.
    """
    global _seen
    if len(sys.modules) != _seen:
        _seen = len(sys.modules)
        gc.collect()
        gc.freeze()
