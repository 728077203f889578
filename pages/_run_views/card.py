"""About a run: its model card; and everything about one run or several as one HTML file."""

import streamlit as st

from fer_core.runs.card import model_card
from fer_core.runs.run import Run
from pages import _runs, _shared
from pages._runs import Looked


def show(looked: Looked) -> None:
    """The view of one run: its card, and every setting of the recipe."""
    text = _card(looked.first)
    left, right = st.columns([2, 1], gap="large")
    with left:
        st.markdown(text.partition("\n")[2])
    with right:
        st.download_button(
            "Download the card", text.encode(), f"{looked.first.id}.md", "text/markdown",
            icon=":material/download:", key="card_file", on_click="ignore",
        )  # fmt: skip
        st.markdown("**Recipe**")
        recipe = {key: str(value) for key, value in looked.first.document["recipe"].items() if key != "note"}
        st.dataframe(
            [{"setting": key.replace("_", " "), "value": value} for key, value in recipe.items()],
            column_config={"setting": "Setting", "value": "Value"}, hide_index=True, height=560, key="recipe",
            alt="Every setting of the recipe",
        )  # fmt: skip
        if looked.first.document["recipe"].get("note"):
            st.caption(_shared.literal(" ".join(looked.first.document["recipe"]["note"].split())))


@_runs.cached
def _card(run: Run) -> str:
    return model_card(run)


def report_button(looked: Looked) -> None:
    """Everything as one file to send to a colleague; made when it is asked for."""
    with st.popover("Report", icon=":material/description:"):
        st.markdown("**One file for a colleague**")
        st.caption("Figures, tests and charts in one HTML file that needs no network. About 5 MB.")
        with_faces = st.toggle("With faces", key="report_faces")
        if with_faces:
            st.caption(
                ":material/warning: FER2013's images are not to be passed on: their licence is unclear. The report "
                "says so too."
            )
        names = "-".join(run.id for run in looked.runs.values())[:100]
        st.download_button(
            "Download the report",
            lambda: _report(looked, with_faces),
            f"ferret-{names}.html",
            "text/html",
            icon=":material/download:",
            key="report_file",
            on_click="ignore",
        )


def _report(looked: Looked, with_faces: bool) -> bytes:
    from fer_core.runs.report import Asked, html_report

    asked = Asked(looked.shown.role, looked.shown.subset, looked.shown.labels, with_faces)
    images = _runs.dataset_of(looked.first).images if with_faces else None
    return html_report(_shared.workspace(), list(looked.runs.values()), asked, images).encode()
