"""The leaderboard: runs of one protocol, filtered by the address, seeds as one line; deleting and bringing back."""

from collections.abc import Callable

import streamlit as st

from fer_core.evaluation.metrics import wilson
from fer_core.runs.figures import LETTERS, run_colour
from fer_core.runs.leaderboard import Board, Entry, figure
from fer_core.runs.notes import Notes, read_notes
from fer_core.runs.run import Run
from fer_core.runs.trash import KEPT_DAYS, delete_run, empty_trash, list_trash, restore_run
from pages import _shared
from pages._components.leaderboard import Cell, Column, Row, leaderboard
from pages._shared import duration

SHOWN_FIRST = ["test", "macro_f1", "val", "version", "recipe", "time", "tags", "date"]
FILTERS = {
    "network": ("Network", lambda run: str(run.document["network"])),
    "version": ("Trained on", lambda run: run.version),
    "recipe": ("Recipe", lambda run: str(run.document["recipe"]["name"])),
}


def choose_board(boards: list[Board], asked: list[str]) -> Board:
    """Which protocol is shown: that of the runs in the address, the one that was chosen, or one of the data set."""
    home, before = st.session_state.get("dataset"), st.session_state.get("protocol_home")
    st.session_state["protocol_home"] = home
    ranked = {board.key: board for board in sorted(boards, key=lambda board: board.dataset != home)}
    named = next((board for run in asked for board in boards if any(run == known.id for known in board.runs)), None)
    wanted = ranked.get(str(st.session_state.get("protocol")), next(iter(ranked.values())))
    if before not in (None, home):  # another data set was just chosen
        wanted = next(iter(ranked.values()))
    elif named is not None:
        wanted = named
    if len(ranked) == 1:
        return wanted
    titles = {board.key: f"{board.title} · {_runs_in_words(len(board.runs))}" for board in ranked.values()}
    st.session_state["protocol"] = wanted.key  # a widget's value can only be set before it is drawn
    key = st.selectbox(
        "Protocol",
        list(ranked),
        format_func=lambda key: titles.get(key, key),
        key="protocol",
        help="Which images chose the epoch and which were scored. Runs under unlike protocols are never ranked "
        "together.",
        width=460,
        on_change=lambda: st.query_params.pop("run", None),  # its best run opens
    )
    return ranked[str(key)]


def _runs_in_words(count: int) -> str:
    return "1 run" if count == 1 else f"{count:,} runs"


def show(board: Board, asked: list[str]) -> dict[str, tuple[Entry, Run]]:
    """The table; returns the lines that are shown, by letter, each with the run that stands for it."""
    notes = {run.id: read_notes(run.path) for run in board.runs}
    kept, columns, together = _tools(board, notes)
    every = board.entries(together)
    shown = _chosen(every, asked)
    lines = [entry for entry in every if any(run.id in kept for run in entry.runs)]
    chosen_runs = {id(entry): run for entry, run in shown.values()}
    marks = [(run.id, letter, run_colour(place)) for place, (letter, (_, run)) in enumerate(shown.items())]
    tagged = any(notes[run.id].tags for entry in lines for run in entry.runs)
    if lines:
        leaderboard(
            [column for column in _columns(board) if column.key in columns and (column.key != "tags" or tagged)],
            [_row(entry, chosen_runs.get(id(entry), entry.middle), notes) for entry in lines],
            marks,
            key=f"board_{board.key}",
            label=f"Leaderboard of {len(lines)} lines on {board.title}",
        )
    else:
        st.markdown("**No run passes these filters.** Take one away.")
    several = sum(len(entry.runs) > 1 for entry in lines)
    st.caption(
        f"{_runs_in_words(len(kept))}{f' in {len(lines)} lines' if several else ''}, by the accuracy on "
        f"{board.chooser}, which also chose each run's epoch. {board.scorer} was scored once per run: compare there, "
        "do not choose there. A click opens a run, the boxes compare up to six."
    )
    if board.leaky:
        st.markdown(
            ":orange-badge[LEAKY] Copies of the scored images were trained on. These figures show how such a leak "
            "looks and say nothing about new faces."
        )
    return shown


def _chosen(entries: list[Entry], asked: list[str]) -> dict[str, tuple[Entry, Run]]:
    """The lines whose runs the address names, by letter; without any, the best line."""
    found: dict[str, tuple[Entry, Run]] = {}
    for run_id in asked:
        for entry in entries:
            run = next((run for run in entry.runs if run.id == run_id), None)
            if run is not None and len(found) < len(LETTERS) and all(entry is not known for known, _ in found.values()):
                found[LETTERS[len(found)]] = (entry, run)
    return found or {LETTERS[0]: (entries[0], entries[0].middle)}


def _tools(board: Board, notes: dict[str, Notes]) -> tuple[set[str], list[str], bool]:
    """Filters, columns, seeds: the ids of the runs that pass, the columns to show, whether seeds are one line."""
    with st.container(horizontal=True, vertical_alignment="bottom", key="board_tools"):
        kept = list(board.runs)
        tests: list[Callable[[Run], bool]] = []
        words = st.text_input("Find", key="find", bind="query-params", placeholder="Name, note", width=170)
        if words:
            tests.append(lambda run: words.lower() in f"{run.id} {notes[run.id].note}".lower())
        for key, (title, value) in FILTERS.items():
            options = sorted({value(run) for run in board.runs})
            if len(options) > 1:
                wanted = st.multiselect(title, options, key=key, bind="query-params", placeholder="all", width=170)
                if wanted:
                    tests.append(lambda run, value=value, wanted=tuple(wanted): value(run) in wanted)
        tags = sorted({tag for note in notes.values() for tag in note.tags})
        if tags:
            wanted_tags = set(st.multiselect("Tag", tags, key="tag", bind="query-params", placeholder="any", width=150))
            if wanted_tags:
                tests.append(lambda run: bool(wanted_tags & set(notes[run.id].tags)))
        with st.popover("Columns", icon=":material/view_column:"):
            columns = st.pills(
                "Columns",
                [column.key for column in _columns(board)],
                format_func={column.key: column.title for column in _columns(board)}.get,
                selection_mode="multi",
                default=SHOWN_FIRST,
                key="columns",
                bind="query-params",
                label_visibility="collapsed",
                width=320,
            )
        together = st.toggle(
            "Seeds as one", value=True, key="together", bind="query-params",
            help="Runs that differ in nothing but the seed are one line: mean and standard deviation.",
        )  # fmt: skip
        _trash()
    return {run.id for run in kept if all(test(run) for test in tests)}, list(columns), bool(together)


def _trash() -> None:
    """Deleted runs, and the way back."""
    deleted = list_trash(_shared.workspace())
    if not deleted:
        return
    with st.popover(f"Deleted ({len(deleted)})", icon=":material/delete:"):
        st.caption(f"Kept for {KEPT_DAYS} days, then gone for good.")
        for place, run in enumerate(deleted[:20]):
            with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
                st.text(run.id)
                if st.button("Bring back", key=f"back_{place}", icon=":material/undo:"):
                    bring_back(run.id)
        if st.button("Empty for good", key="empty_trash", icon=":material/delete_forever:"):
            empty_trash(_shared.workspace())
            st.rerun()


def bring_back(run_id: str) -> None:
    """Undo a deletion and open the run."""
    restore_run(_shared.workspace(), run_id)
    st.session_state.pop("just_deleted", None)
    st.query_params["run"] = [run_id]
    st.rerun()


def undo_line() -> None:
    """What was just deleted, with a button that brings it back."""
    run_id = st.session_state.get("just_deleted")
    if run_id not in [deleted.id for deleted in list_trash(_shared.workspace())]:  # gone for good, or back already
        st.session_state.pop("just_deleted", None)
        return
    with st.container(border=True, horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.markdown(f":material/delete: **{run_id}** is deleted.")
        if st.button("Undo", key="undo_delete", icon=":material/undo:"):
            bring_back(run_id)


def delete(run: Run) -> None:
    """Move a run to the trash and say so above the leaderboard."""
    delete_run(_shared.workspace(), run.id)
    st.session_state["just_deleted"] = run.id
    st.query_params.pop("run", None)


def _columns(board: Board) -> list[Column]:
    scorer = board.scorer if len(board.scorer) < 16 else "Scored"
    chooser = board.chooser if len(board.chooser) < 16 else "Choosing"
    found = [
        Column("test", scorer, "number", f"Accuracy on {board.scorer}; the line is its 95 % interval"),
        Column("macro_f1", "Macro-F1", "number", f"Mean F1 of the classes on {board.scorer}"),
        Column("clean", "Without copies", "number", f"Accuracy on {board.scorer} without images that have copies"),
        Column("ece", "Calibration error", "number", f"Of the confidence, on {board.scorer}"),
        Column("val", chooser, "number", f"Accuracy on {board.chooser}, which chose the epoch"),
        Column("version", "Trained on"),
        Column("network", "Network"),
        Column("recipe", "Recipe"),
        Column("epochs", "Epochs", "number"),
        Column("parameters", "Parameters", "number"),
        Column("time", "Time", "number", "Of the training"),
        Column("tags", "Tags", "tags"),
        Column("date", "Date"),
    ]
    if board.votes:
        found.insert(1, Column("votetest", "VoteTest", "number", "Accuracy on VoteTest, by people's votes"))
    return found


def _row(entry: Entry, run: Run, notes: dict[str, Notes]) -> Row:
    """A line of the table; figures of several seeds are means."""
    document = run.document
    seeds = len(entry.runs)
    words = f"{seeds} seeds, shown: {document['seed']}" if seeds > 1 else f"seed {document['seed']}"
    tags = tuple(dict.fromkeys(tag for one in entry.runs for tag in notes[one.id].tags))
    cells = {
        "test": _share(entry, "test", "accuracy"),
        "macro_f1": _number(entry, "test", "macro_f1"),
        "clean": _share(entry, "test", "accuracy", "clean"),
        "ece": _number(entry, "test", "ece"),
        "val": _share(entry, "val", "accuracy"),
        "version": Cell(run.version, run.version),
        "network": Cell(f"{document['network']} at {document['size']}", document["network"]),
        "recipe": Cell(document["recipe"]["name"], document["recipe"]["name"]),
        "epochs": Cell(f"{document['recipe']['epochs']}", document["recipe"]["epochs"]),
        "parameters": Cell(_millions(document["parameters"]), document["parameters"]),
        "time": Cell(duration(document["wall_s"]), document["wall_s"]),
        "tags": Cell("", " ".join(tags), tags=tags),
        "date": Cell(document["started"][:10], document["started"]),
    }
    if all("votetest" in one.document["result"] for one in entry.runs):
        cells["votetest"] = _share(entry, "votetest", "accuracy")
    badges = ("LEAKY",) if run.leaky else ()
    badges += ("synthetic",) if document["synthetic"] else ()
    sub = f"{document['network']} at {document['size']}, {words}"
    return Row(run.id, run.id, sub, cells, badges)


def _share(entry: Entry, role: str, key: str, subset: str = "whole") -> Cell:
    """An accuracy with Wilson's interval for the number of images, and the deviation over several seeds."""
    mean, spread = entry.mean(role, key, subset), entry.spread(role, key, subset)
    n = int(figure(entry.middle, role, "n", subset))
    low, high = wilson(round(mean * n), n)
    return Cell(f"{mean:.1%}", mean, "" if spread is None else f"± {100 * spread:.1f}", low, high)


def _number(entry: Entry, role: str, key: str) -> Cell:
    mean, spread = entry.mean(role, key), entry.spread(role, key)
    return Cell(f"{mean:.3f}", mean, "" if spread is None else f"± {spread:.3f}")


def _millions(count: int) -> str:
    return f"{count / 1e6:.1f} M" if count >= 1e6 else f"{count / 1e3:.0f} k"


def unfinished(runs: list[Run]) -> None:
    """Runs that stand in no table, and why."""
    if runs:
        names = ", ".join(f"{run.id} ({run.status})" for run in runs[:6])
        more = f" and {len(runs) - 6} more" if len(runs) > 6 else ""
        st.caption(f"Not finished, and in no table: {names}{more}.")
