"""The verdict log as a file: JSON Lines, one event a line, in the order in which they were stored.

What is exported and imported again is identical, byte for byte: every event with its id, undone ones included.
"""

import json
from pathlib import Path

from fer_core.dataset.store import Dataset
from fer_core.errors import InputRefused
from fer_core.files import atomic_path
from fer_core.review.events.log import VerdictLog
from fer_core.review.events.verdict import FIELDS, Verdict, read_verdict


def log_lines(log: VerdictLog, dataset: Dataset) -> str:
    """The whole history of a data set as JSON Lines (UTF-8 text, each line ended by a line feed)."""
    history = log.history(dataset)[list(FIELDS)]
    history["score"] = history["score"].astype(object).where(history["score"].notna(), None)
    return "".join(json.dumps(event, ensure_ascii=False) + "\n" for event in history.to_dict("records"))


def export_log(log: VerdictLog, dataset: Dataset, file: Path) -> int:
    """Write the history of a data set to `file`; returns the number of events."""
    text = log_lines(log, dataset)
    with atomic_path(file) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")
    return text.count("\n")


def import_log(log: VerdictLog, dataset: Dataset, file: Path) -> tuple[int, int]:
    """Add the events of an exported log; events that are there already are left as they are.

    Returns (events in the file, events that were new). All or nothing: bad lines raise InputRefused, which names
    the first of them, and nothing is stored.
    """
    before = log.watermark()
    verdicts = _parse(file)
    receipt = log.record(dataset, [verdict for _, verdict in verdicts], whole=True)
    if receipt.refused:
        raise _refusal(file, [(line, receipt.refused[one.id]) for line, one in verdicts if one.id in receipt.refused])
    return len(verdicts), int((log.history(dataset)["seq"] > before).sum())


def _parse(file: Path) -> list[tuple[int, Verdict]]:
    """The events with their line numbers."""
    try:
        text = file.read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputRefused(f"{file}: cannot be read as UTF-8 text ({error}).") from error
    verdicts, bad = [], []
    # split("\n"), because splitlines() also breaks at U+2028 and others, which comments may hold.
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            verdicts.append((number, read_verdict(json.loads(line))))
        except (ValueError, RecursionError) as error:
            bad.append((number, f"not JSON ({error})."))
        except InputRefused as error:
            bad.append((number, str(error)))
    if bad:
        raise _refusal(file, bad)
    return verdicts


def _refusal(file: Path, bad: list[tuple[int, str]]) -> InputRefused:
    shown = " ".join(f"Line {number}: {why}" for number, why in bad[:5])
    more = f" And {len(bad) - 5:,} more." if len(bad) > 5 else ""
    return InputRefused(f"{file}: {len(bad):,} of its lines cannot be taken, nothing stored. {shown}{more}")
