"""What the components of our own draw on a page under test."""

import json
from typing import Any

from streamlit.testing.v1 import AppTest


def drawn(app: AppTest, component: str) -> list[dict[str, Any]]:
    """The data of every `component` on the page, in its order; `component` is the end of its name, as in "bars"."""
    protos = [one.proto for one in app.get("bidi_component")]
    return [json.loads(one.json or one.mixed.json) for one in protos if one.component_name == f"ferret_{component}"]
