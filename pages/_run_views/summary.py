"""One run in four figures; what it is; its tags and its note."""

import streamlit as st

from fer_core.evaluation.seeds import spread
from fer_core.runs.notes import LONGEST_NOTE, MOST_TAGS, Notes, read_notes, save_notes
from fer_core.runs.run import Run, protocol_sentences
from pages import _runs, _tiles
from pages._run_views import board
from pages._runs import Looked

FIGURES = (("accuracy", "Accuracy", ".1%"), ("macro_f1", "Macro-F1", ".3f"), ("ece", "Calibration error", ".3f"))


def heading(run: Run) -> None:
    """Who it is, and what can be done with it."""
    document, notes = run.document, read_notes(run.path)
    with st.container(horizontal=True, vertical_alignment="center", key="shown_run"):
        st.subheader(run.id, anchor=False, width="content")
        if run.leaky:
            st.badge("LEAKY", icon=":material/warning:", color="orange")
        if document["synthetic"]:
            st.badge("synthetic faces", color="orange")
        st.badge(run.version, icon=":material/dataset:", color="gray")
        st.badge(f"{document['network']} at {document['size']}", icon=":material/hub:", color="gray")
        st.badge(document["recipe"]["name"], icon=":material/tune:", color="gray")
        for tag in notes.tags:
            st.badge(tag.replace("[", "(").replace("]", ")"), icon=":material/sell:", color="blue")
        st.space("stretch")
        _edit(run, notes)
        with st.popover("Delete", icon=":material/delete:", type="tertiary"):
            st.caption(f"{run.id} goes to the deleted runs and can be brought back from there.")
            st.button("Delete this run", key="delete", icon=":material/delete:", on_click=board.delete, args=(run,))
    if notes.note:
        st.text(notes.note)


def _edit(run: Run, notes: Notes) -> None:
    """Tags and a note, stored beside the run."""
    with (
        st.popover("Notes", icon=":material/edit_note:", type="tertiary"),
        st.form(f"notes_{run.id}", border=False, enter_to_submit=False),
    ):
        tags = st.multiselect(
            "Tags", list(notes.tags), list(notes.tags), accept_new_options=True, max_selections=MOST_TAGS,
            placeholder="Type a tag, Enter", key=f"tags_{run.id}",
        )  # fmt: skip
        words = st.text_area("Note", notes.note, max_chars=LONGEST_NOTE, key=f"note_{run.id}", width=360)
        if st.form_submit_button("Save", icon=":material/check:"):
            save_notes(run.path, Notes(tuple(str(tag) for tag in tags), words))
            st.rerun()


def tiles(looked: Looked) -> None:
    """The headline figures with their intervals, and over seeds where there are several."""
    shown, figures = looked.shown, _runs.evaluated(looked.first, looked.shown)
    entry = next(iter(looked.entries.values()))
    with _tiles.tiles():
        for key, title, form in FIGURES:
            low, high = figures["intervals"][key]
            words = f"{low:{form}} to {high:{form}} at 95 %"
            if len(entry.runs) > 1:
                over = spread([float(_runs.evaluated(run, shown)[key]) for run in entry.runs])
                words += f"  \n{len(entry.runs)} seeds: {over['mean']:{form}} ± {over['sd']:{form}}"
            _tiles.tile(title, format(figures[key], form), words)
        if "top2" in figures:
            low, high = figures["intervals"]["top2"]
            words = f"{low:.1%} to {high:.1%} at 95 %  \n{figures['n']:,} images, {shown.on}"
            _tiles.tile("Among the two likeliest", f"{figures['top2']:.1%}", words)
        else:
            _tiles.tile("Images", f"{figures['n']:,}", f"of {shown.name}, against the {shown.on.rpartition(', ')[2]}")
    for found in _runs.augmented(looked.first, shown):
        low, high = (100 * bound for bound in found.gain.interval)
        accuracy = found.gain.b_correct / max(found.gain.n, 1)
        st.caption(
            f"With test-time augmentation ({found.mode}, {found.views} views, {found.times:.0f} times as long): "
            f"**{accuracy:.1%}**, {100 * found.gain.difference:+.1f} points ({low:+.1f} to {high:+.1f})."
        )


def protocol(looked: Looked) -> None:
    """The protocol in words, under everything."""
    for sentence in protocol_sentences(looked.runs):
        st.caption(sentence)
