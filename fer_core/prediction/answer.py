"""Predictions for programs and people: as JSON, as CSV, in words."""

import csv
import re
from collections.abc import Iterable
from io import StringIO
from typing import Any

import numpy as np

from fer_core.emotions import NAMES
from fer_core.prediction.seen import FOUND, Face, Prediction

DIGITS = 6  # of a probability in documents

VERY_PROBABLY, PROBABLY, UNDECIDED = 0.9, 0.6, 0.1  # the first two of the winner, the last of its lead


def document(file: str, prediction: Prediction, model: str, tta: str = "none") -> dict[str, Any]:
    """One file's answer, as `predict --json` prints it.

    What was out of the ordinary has a key of its own: `tta`, the views that were averaged; `boxes`, "whole" or "by
    hand" where no face was found; `turn` of a face that leans, in degrees clockwise.
    """
    answer = {
        "file": file,
        "width": prediction.width,
        "height": prediction.height,
        "faces": [face_document(face) for face in prediction.faces],
        "model": model,
    }
    if tta != "none":
        answer["tta"] = tta
    if prediction.origin != FOUND:
        answer["boxes"] = prediction.origin
    return answer


def face_document(face: Face) -> dict[str, Any]:
    """One face's part of the answer."""
    probabilities = {name: round(float(p), DIGITS) for name, p in zip(NAMES, face.probabilities, strict=True)}
    answer: dict[str, Any] = {
        "box": list(face.box),
        "probabilities": probabilities,
        "label": face.label,
        "confidence": probabilities[face.label],
    }
    return answer | ({"turn": face.turn} if face.turn else {})


def refusal(file: str, why: Exception) -> dict[str, Any]:
    """The answer for a file that cannot be read."""
    return {"file": file, "error": str(why)}


CSV_COLUMNS = (
    *("file", "face", "x", "y", "width", "height", "label", "confidence"),
    *NAMES,
    *("model", "error"),
)


def as_csv(documents: Iterable[dict[str, Any]]) -> str:
    """The answers as a table for a spreadsheet: a line per face; a file without a face or with an error has one too."""
    text = StringIO()
    writer = csv.DictWriter(text, CSV_COLUMNS, lineterminator="\n")
    writer.writeheader()
    for answer in documents:
        name = _no_formula(answer["file"])
        if not answer.get("faces"):
            error = _no_formula(answer.get("error", "no face found"))
            writer.writerow({"file": name, "model": answer.get("model", ""), "error": error})
        for number, face in enumerate(answer.get("faces", ()), 1):
            x, y, width, height = face["box"]
            place = {"file": name, "face": number, "x": x, "y": y, "width": width, "height": height}
            verdict = {"label": face["label"], "confidence": face["confidence"], "model": answer["model"]}
            writer.writerow(place | verdict | face["probabilities"])
    return text.getvalue()


def in_words(probabilities: np.ndarray) -> str:
    """The winner and the runner-up with plain uncertainty: "probably happy (71 %), perhaps neutral (14 %)"."""
    first, second = np.argsort(-probabilities, kind="stable")[:2]
    best, next_best = float(probabilities[first]), float(probabilities[second])
    winner, runner_up = _named(first, best), _named(second, next_best)
    if best - next_best < UNDECIDED:
        return f"undecided between {winner} and {runner_up}"
    if best < PROBABLY:
        return f"perhaps {winner}, perhaps {runner_up}"
    certainty = "very probably" if best >= VERY_PROBABLY else "probably"
    return f"{certainty} {winner}, " + (f"perhaps {runner_up}" if next_best >= 0.01 else "hardly anything else")


def _named(index: int, probability: float) -> str:
    percent = f"{probability * 100:.0f} %" if probability <= 0.99 else "over 99 %"  # never "100 %": nothing is
    return f"{NAMES[index]} ({percent})"


def _no_formula(text: str) -> str:
    """A cell that a spreadsheet will not run: what begins like a formula gets an apostrophe, and no line ends in it."""
    line = re.sub(r"[\r\n]", " ", text)
    return f"'{line}" if line.startswith("\t") or line.lstrip().startswith(("=", "+", "-", "@")) else line
