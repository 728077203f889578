"""Who is reviewing. `annotator` is the only source of the name under which answers are stored.

Where login is configured (docs/login.md) it is the person whom the identity provider has logged in, and nothing else:
no cookie, no link, no name typed before. Without it people name themselves; a signed cookie keeps the name over a
refresh and a restart of the server.
"""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from secrets import token_hex
from typing import Any, NoReturn

import streamlit as st
from streamlit.delta_generator import DeltaGenerator
from streamlit.errors import StreamlitAuthError

from fer_core.errors import InputRefused
from fer_core.identity import COOKIE, LONGEST_NAME, clean_name, login_expired, login_name, signing_key, verify
from fer_core.review.queues.leases import LeaseBook
from pages import _shared
from pages._components.identity import tell_server

NAME = "annotator_name"  # in the session: who has named themself; "" once somebody has left
SEATED = "annotator_seated"  # in the session: who is being dealt faces
NEWS = "annotator_news"  # in the session: {name, stamp} that the browser has yet to keep
COURIER = "identity-courier"
WIDTH = 860  # pixels
NAMED = (
    ("edit_note", "Beside every answer", "The log and its exports keep who said what."),
    ("cookie", "In this browser for 90 days", "Neither a refresh nor a restart of the server asks again."),
    ("lock_open", "This is no login", "Anybody who can open this page can type any name."),
)
LOGGED_IN = (
    ("edit_note", "Beside every answer", "Your verified e-mail address, else the account's number with its provider."),
    ("lock", "Yours alone", "Nobody can answer in your name without your account."),
)


def annotator() -> str:
    """Who is reviewing; asks and stops the page until somebody is."""
    claims = login()
    name = _named() if claims is None else _logged_in(claims)
    st.query_params.pop("annotator", None)  # links of old named a person; a name in a link proves nothing
    return name


def awaits_login() -> bool:
    """Whether login is configured and nobody has logged in here, or no longer: nothing of the data may be shown."""
    try:
        claims = login()
    except InputRefused:
        return True
    return claims is not None and (not claims.get("is_logged_in") or login_expired(claims, time.time()))


def admit() -> None:
    """Let this session see a page: where login is configured, asks for one and stops the page until there is."""
    claims = login()
    if claims is not None:
        _logged_in(claims)


def forget_annotator() -> None:
    """Somebody else reviews: logs out, or forgets the name here and in the browser's cookie. Their faces are free."""
    claims = login()
    if name := st.session_state.get(NAME) if claims is None else login_name(claims):
        LeaseBook(_shared.workspace().leases_db).release(name)
    if claims is not None:
        st.logout()
        return
    _take("")


def sit_down(name: str) -> None:
    """This session reviews: what is dealt to it is held for this person."""
    st.session_state[SEATED] = name


def stand_up() -> None:
    """This session has left the Review page: others may have the faces that it held."""
    if name := st.session_state.pop(SEATED, None):
        LeaseBook(_shared.workspace().leases_db).release(name)


def leave_button() -> None:
    """The button with which a person leaves."""
    if login() is None:
        st.button("Somebody else reviews", on_click=forget_annotator, icon=":material/switch_account:")
    else:
        st.button("Log out", on_click=forget_annotator, icon=":material/logout:")


def login() -> dict[str, Any] | None:
    """What the identity provider says of the person, `is_logged_in` included; None where no login is configured.

    Streamlit takes a secrets file that it cannot read for none at all. Login would then be off without anybody having
    switched it off, so such a file is refused. Raises InputRefused.
    """
    if "is_logged_in" in st.user:
        return st.user.to_dict()
    files = [Path(file) for file in st.get_option("secrets.files")]
    there = [file.name for file in files if file.is_file()]
    if there and not st.secrets.load_if_toml_exists():
        raise InputRefused(f"{there[0]} cannot be read, so nobody can be logged in. Repair or remove it.")
    return None


def browser_cookie() -> str:
    """The note that the browser brought when it opened this session, unverified; "" for none."""
    return str(st.context.cookies.get(COOKIE, ""))


def _logged_in(claims: Mapping[str, Any]) -> str:
    if not claims.get("is_logged_in"):
        _ask_to_log_in("Log in", "Every answer is stored under the account that you log in with.")
    if login_expired(claims, time.time()):
        _ask_to_log_in("Your login has ended", "Log in again. Answers that are not stored yet wait in this browser.")
    name = login_name(claims)
    if name is None:
        raise InputRefused("The login names nobody: it has neither a verified e-mail address nor a subject.")
    return name


def _named() -> str:
    if NAME not in st.session_state and (cookie := browser_cookie()):
        name = verify(cookie, signing_key(_shared.workspace().root), time.time())
        if name is not None:
            st.session_state[NAME] = name
    _keep_in_browser()
    return st.session_state.get(NAME) or _ask_for_name()


def _take(name: str) -> None:
    """The name for this session, and for the browser to keep. From now on the cookie that it brought is out of date."""
    st.session_state[NAME] = name
    st.session_state[NEWS] = {"name": name, "stamp": token_hex(8)}


@st.fragment
def _keep_in_browser() -> None:
    """A place that is there on every run and empty on most, so that what is drawn below it keeps its own place."""
    news = st.session_state.get(NEWS)
    if news is None:
        return
    told = (st.session_state.get(COURIER) or {}).get("told")
    if not told or told.get("stamp") != news["stamp"]:
        with st.container(key="identity"):
            tell_server(COURIER, news)
        return
    del st.session_state[NEWS]
    if not told.get("kept"):
        st.toast("This browser could not keep the change: a refresh may ask for the name again.")


def _ask_for_name() -> NoReturn:
    asked = st.query_params.get("annotator", "")[:LONGEST_NAME]
    with _card(NAMED), st.form("who", border=False):
        _heading("Who is reviewing?", "The same name each time keeps your answers together.")
        typed = st.text_input("Your name", asked, max_chars=LONGEST_NAME, placeholder="for example: Ada")
        problem = st.container()
        if st.form_submit_button("Start reviewing", type="primary", icon=":material/arrow_forward:"):
            try:
                _take(clean_name(typed))
                st.rerun()
            except InputRefused as refusal:
                problem.error(_shared.literal(str(refusal)), icon=":material/error:")
    st.stop()


def _ask_to_log_in(title: str, why: str) -> NoReturn:
    with _card(LOGGED_IN):
        _heading(title, why)
        problem = ""
        for place, provider in enumerate(_providers()):
            label = f"Log in with {provider.capitalize()}" if provider else "Log in"
            if st.button(label, type="secondary" if place else "primary", icon=":material/login:"):
                try:
                    st.login(provider)
                except StreamlitAuthError as error:  # not installed, or not configured in full
                    problem = str(error)
        if problem:
            st.error(_shared.literal(problem), icon=":material/error:")
    st.stop()


def _card(facts: Sequence[tuple[str, str, str]]) -> DeltaGenerator:
    """A card with what a name means on its right (below it on a phone); returns its left half, to be filled."""
    with st.container(border=True, width=WIDTH):
        left, right = st.columns([5, 4], gap="medium", vertical_alignment="center")
    with right:
        for icon, title, text in facts:
            with st.container(gap=None):
                st.markdown(f":primary[:material/{icon}:] **{title}**")
                st.caption(text)
    return left


def _heading(title: str, text: str) -> None:
    with st.container(gap=None):
        st.subheader(title, anchor=False)
        st.caption(text)


def _providers() -> list[str | None]:
    """The providers in the secrets, None for the one without a name."""
    section = st.secrets.get("auth", {}) if st.secrets.load_if_toml_exists() else {}
    named = [name for name, entry in section.items() if isinstance(entry, Mapping) and "client_id" in entry]
    return [None, *named] if "client_id" in section or not named else [*named]
