"""A component without a face: it tells the route `/identify` who reviews, since only an answer of the server can set a
cookie that no script reads."""

from pages._components import declare

_component = declare("identity", "identity.js")


def tell_server(key: str, news: dict[str, str]) -> None:
    """Have the browser keep a name, or nobody's. `news`: {name, stamp}; an empty name clears the cookie.

    Once that is done, `st.session_state[key]["told"]` is {stamp, kept}: whether the server took it.
    """
    _component(key=key, data=news, on_told_change=_heard)


def _heard() -> None:
    """The result is read by the run that it starts; the callback makes it a state of the component."""
