"""Where the server may listen: on this machine alone, unless people log in or somebody has said that they need not."""

import os
from ipaddress import ip_address

import streamlit as st

WITHOUT_LOGIN = "FERRET_WITHOUT_LOGIN"  # environment variable; `ferret app --without-login` sets it


def refuse_strangers() -> None:
    """End the program, with a sentence, before it would let other machines in without a login."""
    address = st.get_option("server.address") or "0.0.0.0"  # noqa: S104 - what Streamlit takes for none
    if _is_local(address) or os.environ.get(WITHOUT_LOGIN) == "1" or _login_is_configured():
        return
    raise SystemExit(
        f"ferret: {address} can be reached from other machines, and no login is configured: whoever opens the app "
        "could see every face and answer under any name. Configure a login (docs/login.md), listen on 127.0.0.1, or "
        "say that this is what you want with `ferret app --without-login`."
    )


def _is_local(address: str) -> bool:
    """Whether only this machine reaches an address; a name other than localhost may be anything."""
    if address == "localhost" or address.startswith("unix:"):
        return True
    try:
        return ip_address(address.strip("[]")).is_loopback
    except ValueError:
        return False


def _login_is_configured() -> bool:
    return st.secrets.load_if_toml_exists() and "auth" in st.secrets
