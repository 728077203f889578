"""What pages know of people: right after every answer, and the log is read once for it, however long it is."""

from uuid import UUID

import numpy as np
import pytest

from fer_core.emotions import NAMES
from fer_core.review.events.log import VerdictLog
from fer_core.review.events.verdict import Verdict
from pages._estimate import error_rate
from pages._said import said_about


@pytest.fixture
def say(demo, workspace):
    """Stores one answer, or takes one back."""
    log = VerdictLog(workspace.labels_db)

    def store(number, row, annotator="ada", answer="", undoes="", queue="random", round_=1):
        event = Verdict(
            id=str(UUID(int=number)),
            kind="undo" if undoes else "answer",
            dataset=demo.name,
            dataset_hash=demo.hash,
            row=row,
            content=demo.table["content"].iat[row],
            annotator=annotator,
            round=round_,
            answer=answer,
            time="2026-11-21T12:00:00+00:00",
            queue=queue,
            undoes=undoes,
        )
        assert log.record(demo, [event]).stored == [event.id]
        return event.id

    return store


def test_what_stands_is_what_was_said_last_and_not_taken_back(demo, workspace, say):
    row, other = np.flatnonzero(np.bincount(demo.groups, minlength=len(demo)) == 1)[:2].tolist()
    say(1, row, answer="happy")
    say(2, row, answer="sad")  # thinks again
    say(3, row, "bob", "keep")
    gone = say(4, other, answer="fear")
    say(5, other, undoes=gone)
    say(6, row, "eve", "angry", queue="adjudication")
    say(7, row, "eve", "disgust", round_=2)  # a vote of somebody who has decided stands beside the decision
    log = VerdictLog(workspace.labels_db)

    stands = said_about(demo, log).verdicts
    assert stands[["annotator", "answer", "label"]].values.tolist() == [
        ["ada", "sad", NAMES.index("sad")],
        ["bob", "keep", demo.labels[row]],
        ["eve", "angry", NAMES.index("angry")],
        ["eve", "disgust", NAMES.index("disgust")],
    ]
    assert stands.equals(log.verdicts(demo))
    assert said_about(demo, log).people.label[row] == NAMES.index("angry")


def test_one_reading_of_the_log_serves_every_figure_until_somebody_answers(demo, workspace, say, monkeypatch):
    monkeypatch.setenv("FERRET_WORKSPACE", str(workspace.root))
    readings = []
    history = VerdictLog.history
    monkeypatch.setattr(VerdictLog, "history", lambda *given: readings.append(1) or history(*given))
    log = VerdictLog(workspace.labels_db)
    for number in range(30):
        say(number + 1, number, answer=NAMES[demo.labels[number]])

    assert error_rate(demo, log) is not None and said_about(demo, log).reviewed.counts()["agreed"] >= 30
    assert len(readings) == 1
    say(31, 40, answer="unsure")
    assert said_about(demo, log).reviewed.counts()["ambiguous"] >= 1 and error_rate(demo, log) is not None
    assert len(readings) == 2
