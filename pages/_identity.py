"""Who is reviewing."""

from typing import NoReturn

import streamlit as st


def annotator() -> str:
    """Who is reviewing; asks for a name first and stops the page until there is one. Naming oneself is no login."""
    name: str = st.session_state.get("annotator_name") or st.query_params.get("annotator", "")
    if not name:
        _ask_for_name()
    st.session_state["annotator_name"] = name
    st.query_params["annotator"] = name  # so that a refresh keeps the person
    return name


def _ask_for_name() -> NoReturn:
    with st.form("who", width=460):
        typed = st.text_input("Your name", max_chars=40, placeholder="for example: Ada")
        st.caption("It is written beside every answer. This is no login: anybody can type any name.")
        if st.form_submit_button("Start reviewing", type="primary") and typed.strip():
            st.session_state["annotator_name"] = typed.strip()
            st.rerun()
    st.stop()


def forget_annotator() -> None:
    st.session_state.pop("annotator_name", None)
    st.query_params.pop("annotator", None)
