"""What the log promises: stored once, never changed, undone by events, refused with a sentence."""

import json
import os
import sqlite3
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from fer_core.database import sqlite
from fer_core.errors import StoreError
from fer_core.review.events.database import open_database
from fer_core.review.events.log import VerdictLog, counts

ROOT = Path(__file__).resolve().parents[2]
WRITER = Path(__file__).with_name("log_writer.py")
pytestmark = pytest.mark.usefixtures("engine")  # SQLite and PostgreSQL
sqlite_only = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)


def current(log, dataset):
    return dict(log.verdicts(dataset)[["row", "answer"]].itertuples(index=False))


def test_what_was_recorded_is_the_current_view(log, dataset, say):
    receipt = log.record(dataset, [say(0, "sad"), say(1, "keep"), say(7, "unusable")])
    assert len(receipt.stored) == 3 and not receipt.refused
    view = log.verdicts(dataset)
    assert current(log, dataset) == {0: "sad", 1: "keep", 7: "unusable"}
    assert view["label"].tolist() == [4, 1, -1]  # keep means the given label


def test_sending_twice_stores_once(log, dataset, say):
    answers = [say(0, "sad"), say(1, "happy")]
    first = log.record(dataset, answers)
    again = log.record(dataset, [*answers, say(2, "fear")])
    assert again.stored[:2] == first.stored
    assert len(log.history(dataset)) == 3


def test_one_id_sent_twice_in_one_batch_is_stored_once(log, dataset, say):
    answer = say(0, "sad")
    assert log.record(dataset, [answer, answer]).stored == [answer.id, answer.id]
    assert len(log.history(dataset)) == 1


def test_an_id_cannot_be_used_for_another_answer(log, dataset, say):
    answer = say(0, "sad")
    log.record(dataset, [answer])
    receipt = log.record(dataset, [replace(answer, answer="happy")])
    assert "another event" in receipt.refused[answer.id]
    assert current(log, dataset) == {0: "sad"}


def test_an_answer_about_other_pixels_is_refused_and_the_rest_is_kept(log, dataset, say):
    wrong = say(0, "sad", content=dataset.table["content"].iat[1])
    receipt = log.record(dataset, [wrong, say(1, "happy"), say(0, "sad", dataset_hash="0" * 64), say(99 % 12, "fear")])
    assert "not row 0" in receipt.refused[wrong.id]
    assert len(receipt.refused) == 2
    assert current(log, dataset) == {1: "happy", 3: "fear"}


def test_undo_brings_back_what_was_said_before(log, dataset, say):
    first, second = say(0, "sad"), say(0, "happy")
    log.record(dataset, [first, second])
    assert current(log, dataset) == {0: "happy"}
    log.record(dataset, [say(0, kind="undo", undoes=second.id)])
    assert current(log, dataset) == {0: "sad"}
    assert log.history(dataset)["undone"].tolist() == [False, True, False]


def test_nobody_undoes_the_answer_of_somebody_else(log, dataset, say):
    answer = say(0, "sad", "ada")
    log.record(dataset, [answer])
    theirs = say(0, annotator="bob", kind="undo", undoes=answer.id)
    lost = say(0, kind="undo", undoes=str(uuid4()))
    receipt = log.record(dataset, [theirs, lost])
    assert set(receipt.refused) == {theirs.id, lost.id}
    assert current(log, dataset) == {0: "sad"}


def test_opinions_of_several_people_and_rounds_live_side_by_side(log, dataset, say):
    log.record(dataset, [say(0, "sad", "ada"), say(0, "fear", "bob"), say(0, "happy", "ada", round=2)])
    view = log.verdicts(dataset)
    assert sorted(zip(view["annotator"], view["round"], view["answer"], strict=True)) == [
        ("ada", 1, "sad"),
        ("ada", 2, "happy"),
        ("bob", 1, "fear"),
    ]


def test_of_two_decisions_made_at_once_the_second_is_told(log, dataset, say):
    vote = say(0, "sad")
    log.record(dataset, [vote])
    first = say(0, "fear", "ada", queue="adjudication", based_on=vote.id)
    second = say(0, "happy", "bob", queue="adjudication", based_on=vote.id)
    assert log.record(dataset, [first]).stored == [first.id]
    assert "ada has decided" in log.record(dataset, [second]).refused[second.id]
    astray = replace(second, id=str(uuid4()), based_on=str(uuid4()))
    assert "ada has decided" in log.record(dataset, [astray]).refused[astray.id]
    informed = replace(second, id=str(uuid4()), based_on=first.id)
    assert log.record(dataset, [informed]).stored == [informed.id]
    decisions = log.verdicts(dataset).query("queue == 'adjudication'")
    assert decisions["answer"].tolist() == ["happy"]
    assert (log.verdicts(dataset)["answer"] == "sad").any()  # the vote still stands beside it


def test_a_view_up_to_a_watermark_does_not_know_what_came_later(log, dataset, say):
    answer = say(0, "sad")
    log.record(dataset, [answer])
    mark = log.watermark()
    log.record(dataset, [say(0, kind="undo", undoes=answer.id), say(1, "fear")])
    assert log.verdicts(dataset, until=mark)["answer"].tolist() == ["sad"]
    assert log.verdicts(dataset)["answer"].tolist() == ["fear"]


def test_answered_and_recent_follow_one_person_through_one_round(log, dataset, say):
    undone = say(2, "fear")
    log.record(dataset, [say(0, "sad"), say(1, "skip"), undone, say(5, "happy", "bob"), say(6, "happy", round=2)])
    log.record(dataset, [say(2, kind="undo", undoes=undone.id), say(7, kind="flag")])
    answered = log.answered(dataset, "ada", 1)
    assert dict(zip(answered["row"], answered["answer"], strict=True)) == {0: "sad", 1: "skip"}
    assert log.recent(dataset, "ada", 1, 1)["row"].tolist() == [1]


def test_newest_names_the_last_event_on_each_face(log, dataset, say):
    events = [say(0, "sad"), say(1, "sad"), say(0, kind="flag")]
    log.record(dataset, events)
    assert log.newest(dataset, [0, 1, 2]) == {0: events[2].id, 1: events[1].id}


def test_counts_give_the_pace_in_active_time(log, dataset, say):
    log.record(dataset, [say(0, "sad", active_ms=1500), say(1, "happy", "bob", active_ms=2500)])
    summary = counts(log.verdicts(dataset))
    assert summary["answers"] == 2 and summary["annotators"] == {"ada": 1, "bob": 1}
    assert summary["labels_per_hour"] == 1800
    assert counts(log.verdicts(dataset).iloc[:0])["labels_per_hour"] is None


@sqlite_only  # for PostgreSQL see tests/database/test_postgres_people.py
def test_processes_writing_at_once_lose_and_double_nothing(workspace, dataset, say, tmp_path):
    files = []
    for who in range(3):
        answers = [say(row, "sad", f"person {who}") for row in range(12)] * 2  # everything is sent twice
        files.append(tmp_path / f"{who}.jsonl")
        files[-1].write_text("\n".join(json.dumps(answer.document()) for answer in answers))
    command = [sys.executable, WRITER, workspace.root, dataset.name, *files]  # each may be the one to make the file
    subprocess.run(command, env={**os.environ, "PYTHONPATH": str(ROOT)}, check=True, timeout=300)
    assert len(VerdictLog(workspace.labels_db).verdicts(dataset)) == 36


@sqlite_only
def test_commits_are_on_the_disk_before_they_are_acknowledged(log, workspace):
    with open_database(workspace.labels_db).writing() as connection:
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar_one() == 2  # FULL
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar_one() == "wal"


def test_reading_connections_cannot_write(log, workspace):
    with (
        pytest.raises(StoreError),
        open_database(workspace.labels_db).reading() as connection,
    ):
        connection.exec_driver_sql("DELETE FROM events")


@sqlite_only
def test_a_log_held_by_another_program_is_waited_for_and_then_named(workspace, dataset, say, monkeypatch):
    monkeypatch.setattr(sqlite, "_PATIENCE", 0.0)
    monkeypatch.setattr(sqlite, "_WAIT", 0.0)
    log = VerdictLog(workspace.labels_db)
    other = sqlite3.connect(workspace.labels_db, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match="held by another process"):
        log.record(dataset, [say(0, "sad")])
    other.execute("ROLLBACK")
    other.close()
    assert log.record(dataset, [say(0, "sad")]).stored


def test_a_missing_folder_is_named_and_not_made(tmp_path):
    with pytest.raises(StoreError, match="is not there"):
        VerdictLog(tmp_path / "gone" / "labels.db")
    assert not (tmp_path / "gone").exists()


@sqlite_only
def test_no_new_log_is_begun_beside_the_remains_of_an_old_one(tmp_path):
    (tmp_path / "labels.db-wal").write_bytes(b"remains")
    with pytest.raises(StoreError, match="moved"):
        VerdictLog(tmp_path / "labels.db")
    assert not (tmp_path / "labels.db").exists()


@sqlite_only
def test_a_log_that_was_moved_while_open_takes_no_more_answers(log, workspace, dataset, say):
    workspace.labels_db.rename(workspace.root / "elsewhere.db")
    with pytest.raises(StoreError, match="moved or replaced"):
        log.record(dataset, [say(0, "sad")])
    assert not workspace.labels_db.exists()


@sqlite_only
def test_a_newer_log_is_refused_untouched(tmp_path):
    path = tmp_path / "labels.db"
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version=99")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(StoreError, match="newer FERret"):
        VerdictLog(path)
    assert path.read_bytes() == before


@sqlite_only
@pytest.mark.parametrize("content", [b"not a database, but long enough to be one" * 100, b"foreign"])
def test_another_file_of_that_name_is_refused_untouched(tmp_path, content):
    path = tmp_path / "labels.db"
    if content == b"foreign":
        with sqlite3.connect(path) as connection:
            connection.execute("CREATE TABLE recipes (name TEXT)")
        connection.close()
    else:
        path.write_bytes(content)
    before = path.read_bytes()
    with pytest.raises(StoreError, match=r"no verdict log|another program"):
        VerdictLog(path)
    assert path.read_bytes() == before


@pytest.fixture
def read_only_folder():
    """A folder that cannot be written; permissions do not hold root back, so root is somebody else meanwhile."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "labels.db").touch(0o444)
        folder.chmod(0o555)
        root = os.geteuid() == 0
        if root:
            os.seteuid(65534)
        yield folder
        if root:
            os.seteuid(0)
        folder.chmod(0o755)


@sqlite_only
@pytest.mark.parametrize("name", ["labels.db", "new.db"])
def test_a_read_only_log_or_folder_is_refused_with_a_sentence(read_only_folder, name):
    with pytest.raises(StoreError, match="read-only"):
        VerdictLog(read_only_folder / name)


@pytest.fixture
def machine(log, dataset, say, engine):
    """The store against a dictionary: whatever is said and taken back, in whatever order."""

    class LogMachine(RuleBasedStateMachine):
        @initialize()
        def begin(self):
            self.round = uuid4().int % (1 << 40) + 1  # a round of its own on the shared log
            self.model = {}
            self.standing = []
            self.length = len(log.history(dataset))

        @rule(row=st.integers(0, 11), answer=st.sampled_from(["sad", "keep", "skip"]), who=st.sampled_from("ab"))
        def answer(self, row, answer, who):
            event = say(row, answer, who, round=self.round)
            log.record(dataset, [event, event])
            self.standing.append(event)
            self.check()

        @rule(data=st.data())
        def undo(self, data):
            if self.standing:
                event = self.standing.pop(data.draw(st.integers(0, len(self.standing) - 1)))
                takes_back = say(event.row, "", event.annotator, kind="undo", undoes=event.id, round=self.round)
                log.record(dataset, [takes_back])
                self.check()

        def check(self):
            expected = {(event.row, event.annotator): event.answer for event in self.standing}
            view = log.verdicts(dataset).query(f"round == {self.round}")
            assert dict(zip(zip(view["row"], view["annotator"], strict=True), view["answer"], strict=True)) == expected
            length = len(log.history(dataset))
            assert length == self.length + 1
            self.length = length

    LogMachine.TestCase.settings = settings(
        max_examples=15 if engine == "sqlite" else 3,
        stateful_step_count=12,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    return LogMachine


def test_the_store_equals_a_dictionary_and_only_grows(machine):
    run_state_machine_as_test(machine, settings=machine.TestCase.settings)
