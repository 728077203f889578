"""The launcher: `streamlit run app.py`.

The pages live in `pages/` and are declared in `pages/_shell.py`. Starting through `st.App` keeps Streamlit's legacy
multipage mode away, which would otherwise open a page named in a cold link without its navigation.
"""

import sys
from pathlib import Path

import streamlit as st
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import RedirectResponse
from starlette.routing import Route

ROOT = Path(__file__).resolve().parent
if str(ROOT) not in sys.path:  # `streamlit run` puts the script's folder there, an ASGI server may not
    sys.path.insert(0, str(ROOT))

from pages import _shared  # noqa: E402 - found by the path above
from pages._address import refuse_strangers  # noqa: E402
from pages._headers import SecurityHeaders  # noqa: E402
from pages._person_cookie import identify  # noqa: E402

refuse_strangers()


def overview(request: Request) -> RedirectResponse:
    """The default page answers at the root alone; its own name leads there."""
    return RedirectResponse(f"/?{request.url.query}" if request.url.query else "/")


app = st.App(
    "pages/_shell.py",
    routes=[Route("/overview", overview), Route("/identify", identify, methods=["POST", "DELETE"])],
    middleware=[Middleware(SecurityHeaders)],
    on_script_error=_shared.tell,
)
