"""Runs: the leaderboards, one run looked at closely, two runs against each other."""

import hashlib

import pandas as pd
import streamlit as st

from fer_core.emotions import NAMES
from fer_core.training.run import Run, list_runs
from pages import _charts, _curves, _runs, _shared
from pages._components.face_grid import face_grid
from pages._runs import Board, Shown

MOST_FACES = 48  # of a cell; the surest are shown
SHARES, COUNTS = "Row shares", "Counts"


def leaderboard(board: Board, wanted: list[str]) -> list[Run]:
    """The table of one protocol; returns the runs that are ticked, in the order of the table."""
    ids = [run.id for run in board.runs]
    st.caption(
        f"Trained on versions of **{board.dataset}**, ranked by {board.chooser}, which also chose each run's epoch. "
        f"{board.scorer} was scored once per run: compare there, do not choose there."
    )
    event = st.dataframe(
        _runs.board_table(board),
        column_config=_runs.board_columns(board),
        hide_index=True,
        on_select="rerun",
        selection_mode="multi-row",
        selection_default={"selection": {"rows": [ids.index(run) for run in wanted if run in ids]}},
        key=f"board_{hashlib.sha256(' '.join(ids).encode()).hexdigest()[:12]}",  # other runs, other places: begin anew
        alt=f"Leaderboard of {len(ids)} runs on {board.dataset}",
    )
    return [board.runs[row] for row in sorted(event["selection"]["rows"]) if row < len(ids)]


def choose_shown(run: Run, alone: bool) -> Shown:
    """On which images everything below is computed, and what the cells of a single matrix say."""
    names = {role: run.document["protocol"][role]["name"] for role in ("test", "val")}
    with st.container(horizontal=True, vertical_alignment="center"):
        role = st.segmented_control(
            "Scored on",
            list(names),
            format_func=lambda role: (
                names[role] if len(names[role]) < 16 else {"val": "Choosing", "test": "Scored"}[role]
            ),
            default="test",
            required=True,
            key="role",
            bind="query-params",
            label_visibility="collapsed",
        )
        clean = st.toggle(
            "Without copies",
            key="clean",
            bind="query-params",
            help="Leaves out images with an exact copy in Training or in the other test split, and repeated ones.",
        )
        unit = SHARES
        if alone:
            unit = st.segmented_control(
                "Cells", [SHARES, COUNTS], default=SHARES, required=True, key="unit", label_visibility="collapsed"
            )
    words = names[role] + (", without copies" if clean else "")
    return Shown(role, "clean" if clean else "whole", words, unit == SHARES)


def headline(run: Run, shown: Shown) -> None:
    """One run in four figures."""
    document, figures = run.document, _runs.evaluated(run, shown.role, shown.subset)
    ranges = figures["intervals"]
    with st.container(horizontal=True, vertical_alignment="center"):
        st.subheader(run.id, anchor=False)
        st.badge(run.version, icon=":material/dataset:", color="gray")
        st.badge(f"{document['network']} at {document['size']}", icon=":material/hub:", color="gray")
        st.badge(document["recipe"]["name"], icon=":material/tune:", color="gray")
        if document["synthetic"]:
            st.badge("synthetic faces", color="orange")
    tiles = st.columns(4)
    for tile, (key, title, form) in zip(
        tiles,
        [("accuracy", "Accuracy", ".1%"), ("macro_f1", "Macro-F1", ".3f"), ("ece", "Calibration error", ".3f")],
        strict=False,
    ):
        low, high = ranges[key]
        tile.metric(title, format(figures[key], form), border=True, height="stretch")
        tile.caption(f"{low:{form}} to {high:{form}}, 95 % interval")
    tiles[3].metric("Images", f"{figures['n']:,}", border=True, height="stretch")
    tiles[3].caption(f"of {shown.name}, scored against the given labels")
    st.caption(document["protocol"]["sentence"])


@st.fragment
def confusion(run: Run, shown: Shown) -> None:
    """The confusion matrix; a cell opens its faces."""
    left, right = st.columns([1, 1], gap="large")
    with left:
        st.subheader("Confusion matrix", anchor=False)
        figure = _runs.matrix_figure(run, shown.role, shown.subset, shown.ratios, _dark())
        event = _charts.show(
            figure,
            f"matrix_{run.id}_{shown.role}_{shown.subset}_{shown.ratios}",
            f"Confusion matrix of {run.id} on {shown.name}",
            height=440,
            on_select="rerun",
            selection_mode="points",
        )
    with right:
        cell = _runs.clicked_cell(event)
        if cell is None:
            classes(run, shown)
            return
        true, says = cell
        faces = _runs.cell_faces(run, shown, true, says)
        st.subheader(f"{NAMES[true].capitalize()} called {NAMES[says]}", anchor=False)
        several = f"The surest {MOST_FACES} of {len(faces):,}" if len(faces) > MOST_FACES else f"{len(faces):,}"
        st.caption(f"{several} images of {shown.name}. Click the cell again for the classes.")
        show_faces(
            run, faces.head(MOST_FACES), [f"{sure:.0%} sure" for sure in faces["confidence"][:MOST_FACES]], "cell"
        )


def classes(run: Run, shown: Shown) -> None:
    """Precision, recall and F1 per class, as bars and as figures."""
    table = _runs.class_table(run, shown)
    st.subheader("By class", anchor=False)
    measures = {"precision": "precision", "recall": "recall", "F1": "f1"}
    bars = _charts.class_bars({name: table[key].round(3).to_numpy() for name, key in measures.items()}, "")
    bars.update_layout(showlegend=False)
    _charts.show(
        bars,
        f"classes_{run.id}_{shown.role}_{shown.subset}",
        "Bars per class: " + "; ".join(f"{line['class']} F1 {line['f1']:.2f}" for _, line in table.iterrows()),
        height=240,
    )
    st.caption("From left to right: precision, recall, F1. Click a cell of the matrix to see its faces here.")
    st.dataframe(table, column_config=_runs.CLASS_COLUMNS, hide_index=True, key="class_table")


def show_faces(run: Run, table: pd.DataFrame, captions: list[str], key: str) -> None:
    """Faces of the run's data set, in the colours of their labels."""
    if table.empty:
        st.caption("None.")
        return
    images = _runs.dataset_of(run.dataset, run.document["dataset_hash"]).images
    face_grid(
        images[table["row"].to_numpy()],
        captions,
        key=f"faces_{key}",
        colours=_runs.colours(table["label"]),
        details=[
            f"Image {row}, labelled {NAMES[label]}" for row, label in zip(table["row"], table["label"], strict=True)
        ],
        selectable=False,
        size=72,
    )


def against(runs: dict[str, Run], shown: Shown) -> None:
    """Two or more runs, by letter: the tests in sentences, what differs, the curves over each other."""
    document = _runs.compared(list(runs.values()), shown.role, shown.subset)
    letters = {run.id: letter for letter, run in runs.items()}
    columns = st.columns(len(runs))
    for column, (letter, run), figures in zip(columns, runs.items(), document["runs"], strict=True):
        low, high = figures["intervals"]["accuracy"]
        column.metric(f"{letter}: {run.id}", f"{figures['accuracy']:.1%}", border=True, height="stretch")
        column.caption(
            f"{low:.1%} to {high:.1%}; macro-F1 {figures['macro_f1']:.3f}. {run.document['network']} at "
            f"{run.document['size']} on {run.version}, {run.document['recipe']['name']}."
        )
    for pair in document["pairs"]:
        a, b = letters[pair["a"]], letters[pair["b"]]
        st.markdown(f"**{pair['sentence']}**")
        st.caption(
            f"McNemar's test on {pair['n']:,} images: {pair['a_only']:,} are right by {a} alone, "
            f"{pair['b_only']:,} by {b} alone."
        )
    _curves.curve_charts({letter: _curves.curves_of(run) for letter, run in runs.items()}, "against")
    if document["differences"]:
        with st.expander(f"{len(document['differences'])} settings differ", icon=":material/tune:"):
            differs = pd.DataFrame(document["differences"], index=list(runs)).T.astype(str)
            st.dataframe(differs, key="differences", height="content", alt="What differs between the runs")


@st.fragment
def difference(a: Run, b: Run, shown: Shown) -> None:
    """The difference of two matrices, and the faces that changed sides."""
    left, right = st.columns([1, 1], gap="large")
    with left:
        st.subheader("What changed in the matrix", anchor=False)
        st.caption("Row shares of B minus those of A, in points. More on the diagonal is better.")
        event = _charts.show(
            _runs.difference_figure(a, b, shown.role, shown.subset, _dark()),
            f"difference_{a.id}_{b.id}_{shown.role}_{shown.subset}",
            f"Difference of the confusion matrices of {b.id} and {a.id}",
            height=440,
            on_select="rerun",
            selection_mode="points",
        )
    with right:
        cell = _runs.clicked_cell(event)
        if cell is None:
            changed_sides(a, b, shown)
            return
        true, says = cell
        faces = _runs.moved_faces(a, b, shown, true, says)
        st.subheader(f"{NAMES[true].capitalize()}, called {NAMES[says]} by one of the two", anchor=False)
        st.caption(f"{len(faces):,} images. Under each: what A says, then B. Click the cell again to close.")
        captions = [f"{NAMES[x]} → {NAMES[y]}" for x, y in zip(faces["says_a"], faces["says_b"], strict=True)]
        show_faces(a, faces.head(MOST_FACES), captions[:MOST_FACES], "moved")


def changed_sides(a: Run, b: Run, shown: Shown) -> None:
    """The faces on which exactly one of two runs is right."""
    sides = _runs.changed(a, b, shown.role, shown.subset)
    st.subheader("Faces that changed sides", anchor=False)
    right_by = st.segmented_control(
        "Right by",
        ["b", "a"],
        format_func=lambda side: f"Only {side.upper()} is right: {(sides['right'] == side).sum():,}",
        default="b",
        required=True,
        key="right_by",
        label_visibility="collapsed",
    )
    faces = sides[sides["right"] == right_by]
    captions = [f"{x} → {y}" for x, y in zip(faces["a_says"], faces["b_says"], strict=True)]
    st.caption("Under each: what A says, then B. The mark has the colour of the label.")
    show_faces(a, faces.head(MOST_FACES), captions[:MOST_FACES], "sides")


def _dark() -> bool:
    return st.context.theme.type == "dark"


def in_url() -> list[str]:
    """The runs that the address names."""
    return st.query_params.get_all("run")


every = list_runs(_shared.workspace())
done = [run for run in every if run.status == "done"]
if not done:
    st.markdown("**No finished run yet.** Train a network, and its figures appear here.")
    st.page_link("train.py", label="Train a network", icon=":material/model_training:")
    st.stop()

chosen_name = st.session_state.get("dataset")
boards = sorted(_runs.boards(done), key=lambda board: board.dataset != chosen_name)
asked = [run for run in in_url() if any(run == known.id for known in done)] or [boards[0].runs[0].id]
ticked = leaderboard(boards[0], asked)
if boards[1:]:
    with st.expander(f"{len(boards) - 1} more: other images, another table", icon=":material/table_rows:"):
        for board in boards[1:]:
            ticked += leaderboard(board, asked)
if len(every) > len(done):
    st.caption(f"Not finished, and not in the tables: {', '.join(run.id for run in every if run not in done)}.")

if [run.id for run in ticked] != in_url():
    st.query_params["run"] = [run.id for run in ticked]
if not ticked:
    st.caption("Tick a run to look at it, or two to compare them.")
    st.stop()

shown = choose_shown(ticked[0], alone=len(ticked) == 1)
if len(ticked) == 1:
    headline(ticked[0], shown)
    confusion(ticked[0], shown)
    st.subheader("How it was learned", anchor=False)
    _curves.curve_charts({ticked[0].id: _curves.curves_of(ticked[0])}, "one")
else:
    against(dict(zip("ABCDEF", ticked, strict=False)), shown)
    difference(ticked[0], ticked[1], shown)
