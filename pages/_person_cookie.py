"""The route `/identify`, which keeps the name that somebody typed in a cookie of their browser.

Scripts cannot read the cookie (HttpOnly), and no other site's page makes a browser send it (SameSite=Strict; direct
links still work, because the page's own connection to the server carries it). Streamlit protects no route of ours, so
this one looks at the headers that a browser, and no script in it, writes.
"""

import json
import time
from typing import Any
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from fer_core.errors import InputRefused, StoreError
from fer_core.identity import COOKIE, LIFETIME, clean_name, sign, signing_key
from pages import _shared

LARGEST_BODY = 1024  # bytes; 40 characters take at most 480 as JSON escapes


async def identify(request: Request) -> Response:
    """POST {"name": ...} sets the cookie, DELETE clears it; both answer 204.

    403: a page of another origin asks. 413, 415, 400: not a short JSON document with a name. 422: not a name.
    503: the workspace keeps no key. The text of each says why.
    """
    if not _same_origin(request):
        return _refused(403, "Only a page of this app may say who you are.")
    answer = Response(status_code=204, headers={"Cache-Control": "no-store"})
    # The scheme that the browser sees: behind a proxy that ends TLS the request itself arrives as plain http.
    attributes: dict[str, Any] = {
        "path": "/",
        "httponly": True,
        "samesite": "strict",
        "secure": "https" in (request.url.scheme, urlsplit(request.headers["origin"]).scheme),
    }
    if request.method == "DELETE":
        answer.delete_cookie(COOKIE, **attributes)
        return answer
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        return _refused(415, "Send the name as application/json.")
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST_BODY:
            return _refused(413, "This is too long to be a name.")
    try:
        name = json.loads(body)["name"]
        if not isinstance(name, str):
            raise TypeError
    except (ValueError, TypeError, KeyError, RecursionError):
        return _refused(400, 'Send {"name": "..."}.')
    try:
        note = sign(clean_name(name), signing_key(_shared.workspace().root), time.time())
    except InputRefused as refusal:
        return _refused(422, str(refusal))
    except StoreError as failure:
        return _refused(503, str(failure))
    answer.set_cookie(COOKIE, note, max_age=LIFETIME, **attributes)
    return answer


def _same_origin(request: Request) -> bool:
    """Whether the page that asks came from the host that it asks. Browsers send `Origin` with every POST and DELETE."""
    origin = urlsplit(request.headers.get("origin", ""))
    if request.headers.get("sec-fetch-site", "same-origin") != "same-origin":
        return False
    return origin.scheme in ("http", "https") and origin.netloc == request.headers.get("host")


def _refused(status: int, why: str) -> Response:
    return PlainTextResponse(why, status, headers={"Cache-Control": "no-store"})
