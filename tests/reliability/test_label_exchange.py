"""The whole of FER2013's rows, with history, as a file and back."""

import numpy as np
import pytest
from trial_answers import answer, noise

from fer_core.review.events.exchange import export_log, import_log
from fer_core.review.events.log import VerdictLog
from fer_core.review.events.verdict import ANSWERS
from fer_core.workspace import Workspace

COMMENTS = ("", "line\nbreak\r\n", "\u2028\u2029\x85", '"\\ \x00', "日本 😀", "=1+1", "e\u0301")


@pytest.mark.parametrize("rows", [300, pytest.param(35_887, marks=pytest.mark.slow)])
def test_every_row_with_history_comes_back_identical(workspace: Workspace, tmp_path, figures, rows: int) -> None:
    dataset, log = noise(workspace, rows), VerdictLog(workspace.labels_db)
    chance = np.random.default_rng(3)
    events = []
    for row in range(rows):
        how = {"comment": COMMENTS[row % len(COMMENTS)] + "x" * int(chance.integers(9)), "row": row}
        how |= {"answer": ANSWERS[row % len(ANSWERS)], "active_ms": int(chance.integers(1 << 40))}
        how |= {"score": None if row % 3 else float(chance.random()), "round": row % 4 + 1}
        events.append(answer(dataset, row % 5, row, **how))
        if row % 7 == 0:
            taken_back = {"kind": "undo", "answer": "", "row": row, "undoes": events[-1].id}
            events.append(answer(dataset, row % 5, rows + row, **taken_back))
        if row % 11 == 0:
            events.append(answer(dataset, row % 5, 2 * rows + row, kind="flag", answer="", row=row))
    assert len(log.record(dataset, events).stored) == len(events)
    assert export_log(log, dataset, tmp_path / "one.jsonl") == len(events)
    other = VerdictLog(workspace.root / "other.db")
    assert import_log(other, dataset, tmp_path / "one.jsonl") == (len(events), len(events))
    assert other.history(dataset).equals(log.history(dataset)) and other.verdicts(dataset).equals(log.verdicts(dataset))
    export_log(other, dataset, tmp_path / "two.jsonl")
    assert (tmp_path / "two.jsonl").read_bytes() == (tmp_path / "one.jsonl").read_bytes()
    figures(rows=rows, events=len(events))
