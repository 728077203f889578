"""Precision, recall and F1 of every class with their intervals, for one run or several."""

import pandas as pd
import streamlit as st

from fer_core.emotions import NAMES
from fer_core.runs.figures import CLASS_MEASURES, class_measure
from pages import _charts, _runs
from pages._runs import Looked


def show(looked: Looked) -> None:
    """The view."""
    documents = {letter: _runs.evaluated(run, looked.shown) for letter, run in looked.runs.items()}
    several = len(documents) > 1
    measures = list(CLASS_MEASURES)
    if several:
        measures = [
            str(
                st.segmented_control(
                    "Measure", measures, format_func=CLASS_MEASURES.get, default="f1", required=True,
                    key="class_measure", bind="query-params", label_visibility="collapsed",
                )
            )
        ]  # fmt: skip
    columns = st.columns(len(measures), gap="medium")
    for column, measure in zip(columns, measures, strict=True):
        with column:
            if not several:
                st.markdown(f"**{CLASS_MEASURES[measure]}**")
            said = "; ".join(
                f"{letter}: " + ", ".join(f"{name} {document['per_class'][name][measure]:.2f}" for name in NAMES)
                for letter, document in documents.items()
            )
            figure = class_measure(documents, measure)
            figure.update_yaxes(title=None)
            _charts.show(
                figure, f"class_{measure}", f"{CLASS_MEASURES[measure]} by class. {said}", 330 if several else 250
            )
    letters = f" From left to right: {', '.join(documents)}, later ones paler." if several else ""
    st.caption(f"Lines: 95 % intervals. Precision: of those called so, how many are. Recall: of those that are, how "
               f"many are called so.{letters}")  # fmt: skip
    table = _table(documents)
    st.dataframe(
        table,
        column_config=_columns(several),
        hide_index=True,
        height="content",
        key="class_table",
        alt="Precision, recall and F1 of every class with intervals",
    )


def _table(documents: dict) -> pd.DataFrame:
    lines = []
    for name in NAMES:
        for letter, document in documents.items():
            values, ranges = document["per_class"][name], document["intervals"]["per_class"][name]
            line = {"class": name, "run": letter}
            for measure in CLASS_MEASURES:
                low, high = ranges[measure]
                line |= {measure: values[measure], f"{measure}_range": f"{low:.2f} – {high:.2f}"}
            lines.append({**line, "n": values["n"]})
    table = pd.DataFrame(lines)
    return table if len(documents) > 1 else table.drop(columns="run")


def _columns(several: bool) -> dict:
    columns: dict = {"class": "Class", "n": st.column_config.NumberColumn("Images", format="localized")}
    if several:
        columns["run"] = "Run"
    for measure, title in CLASS_MEASURES.items():
        columns[measure] = st.column_config.NumberColumn(title, format="%.3f")
        columns[f"{measure}_range"] = st.column_config.TextColumn("95 %", help=f"Interval of the {title.lower()}")
    return columns
