"""An annotator's keys: kept per person, checked, and never two commands on one key."""

import pytest

from fer_core.errors import InputRefused
from fer_core.review.cards.preferences import (
    Preferences,
    load_preferences,
    read_keys,
    read_preferences,
    save_preferences,
)

KEYS = {"angry": "1", "happy": "4", "keep": " ", "undo": "u"}


def test_what_is_stored_is_found_again_by_the_same_name_only(workspace):
    assert load_preferences(workspace, "Ada", KEYS) == Preferences()
    mine = Preferences({"happy": "x"}, look_after=True)
    for name in ("Ada", "../../etc/passwd", "<b>ada</b>\n", "ä" * 80):
        save_preferences(workspace, name, mine)
        assert load_preferences(workspace, name, KEYS) == mine
    assert load_preferences(workspace, "ada", KEYS) == Preferences()
    files = [file.relative_to(workspace.root) for file in workspace.root.rglob("*.json")]
    assert len(files) == 4 and all(len(file.parts) == 2 for file in files)


def test_only_differences_are_kept():
    assert read_keys({"happy": "x", "angry": "1"}, KEYS) == {"happy": "x"}
    assert read_keys({"happy": "1", "angry": "4"}, KEYS) == {"happy": "1", "angry": "4"}


@pytest.mark.parametrize(
    ("keys", "why"),
    [
        ({"happy": "r"}, "R belongs to the page"),
        ({"happy": "c"}, "C belongs to the page"),
        ({"happy": "1"}, "Two commands have the key '1'"),
        ({"happy": "Enter"}, "cannot be a key"),
        ({"happy": "X"}, "cannot be a key"),
        ({"happy": "\n"}, "cannot be a key"),
        ({"happy": ""}, "cannot be a key"),
        ({"dance": "d"}, "no command 'dance'"),
        ({"happy": 4}, "a key for each command"),
        (["x"], "a key for each command"),
    ],
)
def test_keys_that_cannot_work_are_refused_with_a_sentence(keys, why):
    with pytest.raises(InputRefused, match=why):
        read_keys(keys, KEYS)


@pytest.mark.parametrize("document", [None, [], {"keys": {}}, {"keys": {}, "look_after": 1}])
def test_what_is_no_preferences_is_refused(document):
    with pytest.raises(InputRefused):
        read_preferences(document, KEYS)


def test_keys_of_an_earlier_version_that_do_not_fit_any_more_give_way(workspace):
    save_preferences(workspace, "Ada", Preferences({"happy": "x"}, look_after=True))
    assert load_preferences(workspace, "Ada", {**KEYS, "new": "x"}) == Preferences()
