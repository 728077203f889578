"""Headline figures in frames of equal width: five beside each other on a desk, two on a telephone."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator


def tiles() -> DeltaGenerator:
    """The row that `tile` is called in. With a smaller gap a telephone has three of them in a row, and cuts them."""
    return st.container(horizontal=True, gap="medium")


def tile(title: str, value: str, words: str = "", help: str | None = None) -> None:
    """One figure, and below it what it is made of. A metric of its own would be as wide as its title asks for."""
    with st.container(border=True, gap="xsmall", height="stretch"):
        st.metric(title, value, help=help)
        if words:
            st.caption(words)
