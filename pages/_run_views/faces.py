"""Faces of a run's data set: a grid, one of them in detail, the way to Review."""

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from fer_core.audit.results import Audit, latest_audit
from fer_core.dataset.store import SPLITS, Dataset, image_id
from fer_core.emotions import COLOURS, NAMES
from fer_core.review.events.log import VerdictLog
from fer_core.review.judgement.consensus import AGREED, STATES, UNTOUCHED, Consensus
from fer_core.review.queues.selections import save_selection
from fer_core.runs.run import PROBABILITIES, Run
from pages import _charts, _runs, _shared
from pages._audit_views.context import by_row, opened
from pages._audit_views.picked import paged
from pages._components.face_grid import face_grid
from pages._runs import Looked
from pages._said import said_about

PER_PAGE = 48


def gallery(looked: Looked, table: pd.DataFrame, title: str, words: str, key: str) -> None:
    """A page of the table's faces and one of them in detail. `table`: row, label, caption; in the order to be shown."""
    if table.empty:
        st.markdown("**No face here.** Take a filter away or choose another cell.")
        return
    dataset = _runs.dataset_of(looked.first)
    rows, labels = table["row"].to_numpy(np.int64), table["label"].to_numpy(np.int64)
    part = slice(0, PER_PAGE)
    with st.container(horizontal=True, vertical_alignment="bottom", horizontal_alignment="distribute"):
        st.caption(words)
        if len(rows) > PER_PAGE:
            part = paged(len(rows), f"{key}_page", PER_PAGE)
    grid, beside = st.columns([3, 1.2], gap="large")
    with grid:
        chosen = face_grid(
            dataset.images[rows[part]],
            table["caption"].to_list()[part],
            key=f"{key}_grid",
            colours=[COLOURS[NAMES[label]] for label in labels[part]],
            details=[
                f"Image {image_id(row)}, labelled {NAMES[label]}"
                for row, label in zip(rows[part], labels[part], strict=True)
            ],
            label=title,
            size=96,
        )
        st.caption("Click to see why; shift takes a range, Control+A the page. The mark has the colour of the label.")
        picked = rows[part][chosen] if len(chosen) > 1 else rows
        _actions(looked, dataset, picked, table, title, key)
    with beside:
        place = chosen[-1] if chosen else 0
        detail(looked, int(rows[part][place]), int(labels[part][place]), key)


def _actions(looked: Looked, dataset: Dataset, rows: np.ndarray, table: pd.DataFrame, title: str, key: str) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button(f"Review these {len(rows):,}", type="primary", icon=":material/rate_review:", key=f"{key}_review"):
            selection = save_selection(dataset, rows, f"Runs: {title}")
            st.switch_page("review.py", query_params={"dataset": dataset.name, "queue": selection.name})
        chosen = table[table["row"].isin(rows)]
        st.download_button(
            "Download as CSV",
            lambda: chosen.assign(label=[NAMES[label] for label in chosen["label"]]).to_csv(index=False).encode(),
            f"{looked.first.id}-{key}.csv",
            "text/csv",
            icon=":material/download:",
            key=f"{key}_csv",
            on_click="ignore",
        )


def people(looked: Looked) -> Consensus:
    """What people say of every image, imported votes among them."""
    return said_about(_runs.dataset_of(looked.first), VerdictLog(_shared.workspace().labels_db)).people


def audit_of(looked: Looked) -> Audit | None:
    """The audit that looked at the labels of the data set, kept in memory; None without one."""
    audit = latest_audit(_runs.dataset_of(looked.first))
    if audit is None or not audit.model:
        return None
    return opened(f"{audit.path}:{audit.document['finished']}", audit)


def suspicion_of(audit: Audit) -> np.ndarray:
    """How likely the given label is wrong, by row, float (N,)."""
    return by_row(audit, f"{audit.path}:{audit.document['finished']}")["suspicion"].to_numpy()


def detail(looked: Looked, row: int, label: int, key: str) -> None:
    """One image: the face, what each run says, what people and the audit say."""
    dataset = _runs.dataset_of(looked.first)
    given = NAMES[label]
    lines = {letter: _line(run, looked, row) for letter, run in looked.runs.items()}
    lines = {letter: line for letter, line in lines.items() if line is not None}
    _picture(looked, dataset, row, lines, key)
    st.markdown(f"**{image_id(row)}** · {SPLITS[dataset.splits[row]]} · labelled **{given}**")
    for letter, line in lines.items():
        name = f"{letter} says" if len(lines) > 1 else "It says"
        says = int(line.argmax())
        beside = "as it is labelled" if says == label else f"and {given} with {line[label]:.0%}"
        st.markdown(f"{name} **{NAMES[says]}** ({line[says]:.0%}), {beside}.")
    _bars(lines, label, key)
    _others(looked, row)


def _line(run: Run, looked: Looked, row: int) -> np.ndarray | None:
    """The probabilities of one image, float (7,)."""
    table = _runs.predictions(run, looked.shown)
    found = table.loc[table["row"] == row, PROBABILITIES].to_numpy()
    return found[0] if len(found) else None


def _picture(looked: Looked, dataset: Dataset, row: int, lines: dict[str, np.ndarray], key: str) -> None:
    """The face, and on demand where a run's network looked."""
    pixels, options = np.asarray(dataset.images[row]), {"Face": ("", 0)}
    for letter, line in lines.items():
        says = int(line.argmax())
        options[f"{letter}: why {NAMES[says]}?" if len(lines) > 1 else f"Why {NAMES[says]}?"] = (letter, says)
    if len(lines) == 1:
        letter, line = next(iter(lines.items()))
        label = int(dataset.labels[row])
        options.setdefault(f"Why {NAMES[label]}?", (letter, label))
    looked_at = str(
        st.segmented_control(
            "Look at", list(options), default="Face", required=True, key=f"{key}_look_{row}",
            label_visibility="collapsed",
        )
    )  # fmt: skip
    letter, index = options.get(looked_at, ("", 0))
    if not letter:
        st.image(pixels, width=240, output_format="PNG", alt=f"Image {image_id(row)}")
        return
    run = looked.runs[letter]
    with st.spinner("Asking the network", show_time=False):
        picture = _saliency(run.id, str(run.path), run.best.stat().st_mtime_ns, row, pixels, index)
    st.image(
        picture, width=240, output_format="PNG",
        alt=f"Image {image_id(row)} with the places that speak for {NAMES[index]}",
    )  # fmt: skip
    st.caption(f"Bright places speak for {NAMES[index]} (Grad-CAM).")


@st.cache_data(max_entries=64, show_spinner=False)
def _saliency(run_id: str, folder: str, stamp: int, row: int, _pixels: np.ndarray, index: int) -> np.ndarray:
    from fer_core.prediction.explanation import explain, overlay

    return overlay(_pixels, explain(_predictor(run_id, folder, stamp), _pixels, index), 240)


@st.cache_resource(max_entries=6, show_spinner=False)
def _predictor(run_id: str, folder: str, stamp: int):
    from fer_core.prediction.predictor import Predictor
    from fer_core.runs.run import open_run

    return Predictor(open_run(_shared.workspace(), run_id).model(), run_id)


def _bars(lines: dict[str, np.ndarray], label: int, key: str) -> None:
    figure = go.Figure()
    for place, (letter, line) in enumerate(lines.items()):
        figure.add_bar(
            x=line,
            y=[f"<b>{name}</b>" if index == label else name for index, name in enumerate(NAMES)],
            orientation="h",
            marker_color=[COLOURS[name] for name in NAMES],
            marker_opacity=1 - 0.6 * place / max(len(lines) - 1, 1) if len(lines) > 1 else 1,
            text=[f"{letter} {value:.0%}" if len(lines) > 1 else f"{value:.0%}" for value in line],
            textfont_size=11,
            textposition="outside",
            hoverinfo="skip",
            cliponaxis=False,
        )
    figure.update_layout(barmode="group", bargap=0.25, bargroupgap=0.05, showlegend=False)
    figure.update_yaxes(autorange="reversed")
    figure.update_xaxes(visible=False, range=[0, 1.25])
    said = "; ".join(
        f"{letter}: " + ", ".join(f"{name} {value:.0%}" for name, value in zip(NAMES, line, strict=True))
        for letter, line in lines.items()
    )
    height = 190 if len(lines) < 3 else 80 + 90 * len(lines)
    _charts.show(figure, f"{key}_bars", f"Probabilities of the seven classes. {said}", height + 70 * (len(lines) == 2))


def _others(looked: Looked, row: int) -> None:
    """What people say, and what the audit suspects."""
    said, audit = people(looked), audit_of(looked)
    state = int(said.state[row])
    if state == UNTOUCHED:
        st.caption("People: nobody has looked at it yet.")
    else:
        votes = ", ".join(f"{count} {NAMES[index]}" for index, count in enumerate(said.votes[row]) if count)
        agreed = f" {NAMES[said.label[row]]}" if state == AGREED else ""
        st.caption(f"People: {STATES[state]}{agreed}{f' ({votes})' if votes else ''}.")
    if audit is not None:
        line = by_row(audit, f"{audit.path}:{audit.document['finished']}").loc[row]
        st.caption(f"Audit: suspicion {line['suspicion']:.2f}, rank {line['rank']:,} of {len(said.state):,}.")
