"""Tags and notes of a run."""

import json

import pytest

from fer_core.errors import UsageError
from fer_core.runs.notes import Notes, read_notes, save_notes


def test_a_run_without_notes_has_none(tmp_path) -> None:
    assert read_notes(tmp_path) == Notes()
    assert not read_notes(tmp_path)


def test_notes_are_tidied_kept_and_leave_run_json_alone(tmp_path) -> None:
    (tmp_path / "run.json").write_text("{}")
    saved = save_notes(tmp_path, Notes((" to  ship ", "Paper", "paper", ""), "  The <b>best</b> so far.\n"))
    assert saved == Notes(("to ship", "Paper"), "The <b>best</b> so far.") == read_notes(tmp_path)
    assert (tmp_path / "run.json").read_text() == "{}"
    assert json.loads((tmp_path / "notes.json").read_text())["tags"] == ["to ship", "Paper"]
    save_notes(tmp_path, Notes())
    assert not read_notes(tmp_path)


@pytest.mark.parametrize(
    ("notes", "words"),
    [
        (Notes(("x" * 33,)), "at most 32 characters"),
        (Notes(tuple("abcdefghijklm")), "at most 12 tags; these are 13"),
        (Notes((), "x" * 4001), "at most 4,000 characters; this one has 4,001"),
    ],
)
def test_what_is_too_long_is_refused_and_nothing_stored(tmp_path, notes: Notes, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        save_notes(tmp_path, notes)
    assert not list(tmp_path.iterdir())
