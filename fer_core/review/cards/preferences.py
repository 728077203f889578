"""What an annotator has set up for themselves: keys, and whether every face is looked at after the answer.

One JSON file per annotator in the workspace. Names are people's text, so the file is named by a hash of the name.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from fer_core.errors import InputRefused
from fer_core.files import read_json, write_json
from fer_core.workspace import Workspace

RESERVED = ("r", "c")  # Streamlit's own: run again, clear the cache


@dataclass(frozen=True)
class Preferences:
    """`keys`: the keys that differ from those that ship, by command; `look_after`: reveal after every answer."""

    keys: dict[str, str] = field(default_factory=dict)
    look_after: bool = False


def load_preferences(workspace: Workspace, annotator: str, defaults: Mapping[str, str]) -> Preferences:
    """What the annotator has stored; what ships where there is nothing, or nothing that fits the keys of today.

    `defaults`: every command with its key.
    """
    file = _file(workspace, annotator)
    if not file.exists():
        return Preferences()
    try:
        return read_preferences(read_json(file), defaults)
    except InputRefused:  # a later version may have other commands; a person's keys are set again in seconds
        return Preferences()


def save_preferences(workspace: Workspace, annotator: str, preferences: Preferences) -> None:
    """Store them, atomically."""
    document = {"annotator": annotator, "keys": preferences.keys, "look_after": preferences.look_after}
    write_json(_file(workspace, annotator), document)


def read_preferences(document: Any, defaults: Mapping[str, str]) -> Preferences:
    """Checked preferences from plain values (a browser's, a file's). Raises InputRefused with a sentence."""
    if not isinstance(document, Mapping) or not isinstance(document.get("look_after"), bool):
        raise InputRefused("Preferences must be an object with `keys` and `look_after`.")
    return Preferences(read_keys(document.get("keys"), defaults), document["look_after"])


def read_keys(keys: Any, defaults: Mapping[str, str]) -> dict[str, str]:
    """The keys that differ from `defaults`. Every command keeps exactly one key, and no key has two commands."""
    if not isinstance(keys, Mapping) or not all(isinstance(key, str) for key in keys.values()):
        raise InputRefused("Keys must be an object: a key for each command.")
    unknown = [str(command) for command in keys if command not in defaults]
    if unknown:
        raise InputRefused(f"There is no command {unknown[0]!r}.")
    for key in keys.values():
        if len(key) != 1 or not key.isprintable() or key != key.lower():
            raise InputRefused(f"{key!r} cannot be a key: use one letter, digit or sign.")
        if key in RESERVED:
            raise InputRefused(f"{key.upper()} belongs to the page (run again, clear the cache); choose another key.")
    whole = {**defaults, **keys}
    if len(set(whole.values())) < len(whole):
        twice = next(key for key in whole.values() if list(whole.values()).count(key) > 1)
        raise InputRefused(f"Two commands have the key {twice!r}.")
    return {command: key for command, key in whole.items() if key != defaults[command]}


def _file(workspace: Workspace, annotator: str) -> Path:
    return workspace.root / "annotators" / f"{sha256(annotator.encode()).hexdigest()}.json"
