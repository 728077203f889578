"""The launcher: `streamlit run app.py`.

The pages live in `pages/` and are declared in `pages/_shell.py`. Starting through `st.App` keeps Streamlit's legacy
multipage mode away, which would otherwise open a page named in a cold link without its navigation.
"""

import sys
from pathlib import Path

import streamlit as st

ROOT = Path(__file__).resolve().parent
if str(ROOT) not in sys.path:  # `streamlit run` puts the script's folder there, an ASGI server may not
    sys.path.insert(0, str(ROOT))

app = st.App("pages/_shell.py")
