"""The model card: what a network learned from, how good it is, where it is weak, what it must not be used for."""

import re

import streamlit as st

from fer_core.errors import NotFound
from fer_core.prediction.cards import card_of
from fer_core.prediction.models import ModelChoice
from pages import _shared


@st.fragment
def show_cards(choices: tuple[ModelChoice, ...]) -> None:
    """A fold for each network that is asked."""
    for choice in choices:
        fold = st.expander(f"Model card of {choice.name}", on_change="rerun", key=f"card_{choice.name}")
        if fold.open:
            with fold:
                _show_card(choice)


def _show_card(choice: ModelChoice) -> None:
    try:
        card = card_of(_shared.workspace(), choice)
    except NotFound as error:
        st.caption(_shared.literal(str(error)))
        return
    title, body = card.split("\n", 1)
    st.markdown(f"**{title.lstrip('# ')}**")
    st.markdown(re.sub(r"^#+ ", "###### ", body, flags=re.MULTILINE))  # a card in a fold shouts no headings
    st.download_button(
        "Card",
        card,
        f"{choice.name}.md",
        "text/markdown",
        key=f"card_file_{choice.name}",
        on_click="ignore",
        icon=":material/download:",
    )
