"""What a person says about a face: one event, whole and checked, that is never changed afterwards.

Three kinds of event share one form. An `answer` says what the face shows; an `undo` takes an earlier event back by
its id; a `flag` marks a face for a second look without answering. The id is made where the key was pressed, so an
event that is sent twice is stored once.
"""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Any

from fer_core.emotions import EMOTIONS, NAMES
from fer_core.errors import InputRefused

KEEP, NOT_A_FACE, UNUSABLE, UNSURE, SKIP = "keep", "not_a_face", "unusable", "unsure", "skip"
ANSWERS = (*NAMES, KEEP, NOT_A_FACE, UNUSABLE, UNSURE, SKIP)
ANSWER_KEYS = {
    **{emotion.name: emotion.key for emotion in EMOTIONS},
    NOT_A_FACE: "0",
    UNUSABLE: "9",
    UNSURE: "8",
    SKIP: "s",
    KEEP: " ",
}
KINDS = ("answer", "undo", "flag")
SEEN = ("blind", "revealed")
ADJUDICATION = "adjudication"

_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_HASH = re.compile(r"[0-9a-f]{64}")
_LONGEST = {"annotator": 80, "comment": 2000, "model": 200, "queue": 40, "dataset": 64, "key": 20, "based_on": 36}


@dataclass(frozen=True)
class Verdict:
    """One event of the log. `check` tells whether it makes sense by itself; the log checks it against the data set."""

    id: str  # UUID in lower case, made by the client: the key that makes sending twice harmless
    kind: str  # one of KINDS
    dataset: str  # the name the data set had, for people
    dataset_hash: str  # the content that was reviewed, for the program
    row: int
    content: str  # sha256 of the pixels that were on the screen
    annotator: str
    round: int  # 1, 2, ...: the same person may say it again in a later round
    answer: str  # one of ANSWERS for an answer, else ""
    time: str  # when the key was pressed, ISO 8601 with an offset
    key: str = ""  # the key that was pressed; "" for the mouse
    seen: str = "blind"  # one of SEEN: whether the given label stood beside the face
    queue: str = ""  # which queue brought the face
    score: float | None = None  # the queue's score for the face, in [0, 1]
    model: str = ""  # what gave the score
    based_on: str = ""  # id of the newest event on this face that the answer took into account
    active_ms: int = 0  # time with the face on the screen, idle time taken off
    comment: str = ""
    undoes: str = ""  # for an undo: the id of the event that it takes back

    def document(self) -> dict[str, Any]:
        """The event as plain values, in the order of its fields."""
        return asdict(self)


FIELDS = tuple(field.name for field in fields(Verdict))
_TEXTS = tuple(field.name for field in fields(Verdict) if field.type is str)
_REQUIRED = ("id", "kind", "dataset", "dataset_hash", "row", "content", "annotator", "round", "answer", "time")


def read_verdict(document: Any) -> Verdict:
    """A checked Verdict from plain values (a browser's, a line of an exported log).

    Raises InputRefused with a sentence that names the field; unknown fields are refused too, because dropping them
    would lose what somebody meant.
    """
    if not isinstance(document, Mapping):
        raise InputRefused("A verdict must be an object with named fields.")
    missing = [name for name in _REQUIRED if name not in document]
    unknown = [str(name) for name in document if name not in FIELDS]
    if missing or unknown:
        raise InputRefused(
            f"A verdict lacks {', '.join(missing)}." if missing else f"A verdict has no field {', '.join(unknown)}."
        )
    _check_types(document)
    verdict = Verdict(**document)
    _check_values(verdict)
    return verdict


def _check_types(document: Mapping[str, Any]) -> None:
    for name, value in document.items():
        if name in _TEXTS:
            _check_text(name, value)
        elif name == "score":
            if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
                raise InputRefused(f"score must be a number or null, not {value!r}.")
        elif isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 1 << 53:
            raise InputRefused(f"{name} must be a whole number, not {value!r}.")


def _check_text(name: str, value: object) -> None:
    if not isinstance(value, str):
        raise InputRefused(f"{name} must be text, not {value!r}.")
    if len(value) > _LONGEST.get(name, 64):
        raise InputRefused(f"{name} is {len(value):,} characters long; {_LONGEST.get(name, 64)} are kept.")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise InputRefused(f"{name} holds half of a character pair and cannot be stored.") from error


def _check_values(verdict: Verdict) -> None:
    undo, answer = verdict.kind == "undo", verdict.kind == "answer"
    rules = (
        (_ID.fullmatch(verdict.id), f"{verdict.id!r} is not a UUID in lower case."),
        (verdict.kind in KINDS, f"kind must be one of {', '.join(KINDS)}, not {verdict.kind!r}."),
        (verdict.seen in SEEN, f"seen must be one of {', '.join(SEEN)}, not {verdict.seen!r}."),
        (not answer or verdict.answer in ANSWERS, f"{verdict.answer!r} is no answer; use {', '.join(ANSWERS)}."),
        (answer or not verdict.answer, f"A {verdict.kind} carries no answer."),
        (_ID.fullmatch(verdict.undoes) if undo else not verdict.undoes, "An undo, and only an undo, names an event."),
        (_HASH.fullmatch(verdict.dataset_hash), "dataset_hash must be a sha256 in hex."),
        (_HASH.fullmatch(verdict.content), "content must be a sha256 in hex."),
        (verdict.annotator.strip(), "annotator is empty: say who answers."),
        (verdict.round >= 1, "round begins at 1."),
        (verdict.score is None or 0 <= verdict.score <= 1, "score must be in [0, 1]."),
        (_is_time(verdict.time), f"time must be ISO 8601 with an offset, not {verdict.time!r}."),
    )
    for holds, sentence in rules:
        if not holds:
            raise InputRefused(sentence)


def _is_time(text: str) -> bool:
    try:
        return datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False
