"""What people write about a run: tags and a note, in `notes.json` beside run.json, which they never touch."""

from dataclasses import asdict, dataclass
from pathlib import Path

from fer_core.errors import UsageError
from fer_core.files import read_json, write_json

MOST_TAGS = 12
LONGEST_TAG = 32
LONGEST_NOTE = 4000  # characters


@dataclass(frozen=True)
class Notes:
    """Tags in the order in which they were given, and free text."""

    tags: tuple[str, ...] = ()
    note: str = ""

    def __bool__(self) -> bool:
        return bool(self.tags or self.note)


def read_notes(run: Path) -> Notes:
    """What is written about the run in this folder; empty where nobody wrote anything."""
    file = run / "notes.json"
    if not file.exists():
        return Notes()
    document = read_json(file)
    return Notes(tuple(document["tags"]), document["note"])


def save_notes(run: Path, notes: Notes) -> Notes:
    """Store tags and a note as they are after tidying, and return them; UsageError where they are too long."""
    tidy = Notes(_tidy_tags(notes.tags), notes.note.strip())
    if len(tidy.note) > LONGEST_NOTE:
        raise UsageError(f"A note has at most {LONGEST_NOTE:,} characters; this one has {len(tidy.note):,}.")
    write_json(run / "notes.json", asdict(tidy))
    return tidy


def _tidy_tags(tags: tuple[str, ...]) -> tuple[str, ...]:
    """Without blanks around them and without repeats (in any case of letters)."""
    found: dict[str, str] = {}
    for tag in (" ".join(tag.split()) for tag in tags):
        if tag:
            found.setdefault(tag.casefold(), tag)
    too_long = next((tag for tag in found.values() if len(tag) > LONGEST_TAG), None)
    if too_long:
        raise UsageError(f"A tag has at most {LONGEST_TAG} characters; {too_long!r} has {len(too_long)}.")
    if len(found) > MOST_TAGS:
        raise UsageError(f"A run has at most {MOST_TAGS} tags; these are {len(found)}.")
    return tuple(found.values())
