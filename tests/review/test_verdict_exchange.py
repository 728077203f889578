"""What leaves as JSON Lines comes back identical; what is wrong is refused by line."""

import json
import tempfile
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fer_core.errors import InputRefused
from fer_core.review.events.exchange import export_log, import_log, log_lines
from fer_core.review.events.log import VerdictLog
from fer_core.review.events.verdict import ANSWERS, read_verdict

events = st.fixed_dictionaries(
    {
        "row": st.integers(0, 11),
        "answer": st.sampled_from(ANSWERS),
        "annotator": st.text(min_size=1, max_size=60).filter(str.strip),
        "comment": st.text(max_size=200)
        | st.sampled_from(["line\nbreak\r\n", "\u2028\u2029\x85", '"\\ \x00', "日本 😀"]),
        "score": st.none() | st.floats(0, 1),
        "seen": st.sampled_from(["blind", "revealed"]),
        "active_ms": st.integers(0, 1 << 40),
        "round": st.integers(1, 5),
    }
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(events, max_size=8), st.data())
def test_export_and_import_are_identical(dataset, say, said, data):
    verdicts = [say(**fields) for fields in said]
    taken_back = data.draw(st.lists(st.sampled_from(verdicts), unique=True, max_size=3)) if verdicts else []
    verdicts += [say(one.row, "", one.annotator, kind="undo", undoes=one.id) for one in taken_back]
    with tempfile.TemporaryDirectory() as folder:
        first, second = Path(folder, "a"), Path(folder, "b")
        first.mkdir(), second.mkdir()
        log, copy = VerdictLog(first / "labels.db"), VerdictLog(second / "labels.db")
        assert len(log.record(dataset, verdicts).stored) == len(verdicts)
        assert export_log(log, dataset, first / "log.jsonl") == len(verdicts)
        assert import_log(copy, dataset, first / "log.jsonl") == (len(verdicts), len(verdicts))
        export_log(copy, dataset, second / "log.jsonl")
        assert (first / "log.jsonl").read_bytes() == (second / "log.jsonl").read_bytes()
        assert [read_verdict(json.loads(line)) for line in log_lines(log, dataset).split("\n") if line] == verdicts


def test_a_face_that_was_decided_anew_is_imported_with_both_decisions(log, dataset, say, tmp_path):
    first = say(0, "sad", "ada", queue="adjudication")
    second = say(0, "fear", "bob", queue="adjudication", based_on=first.id)
    for decision in (first, second):
        log.record(dataset, [decision])
    export_log(log, dataset, tmp_path / "log.jsonl")
    copy = VerdictLog(tmp_path / "labels.db")
    assert import_log(copy, dataset, tmp_path / "log.jsonl") == (2, 2)
    assert copy.verdicts(dataset)["answer"].tolist() == ["fear"]
    unaware = say(0, "happy", "eve", queue="adjudication", based_on=first.id)
    beside = [say(1, "sad", queue="adjudication"), say(1, "fear", "bob", queue="adjudication"), unaware]
    assert set(copy.record(dataset, beside).refused) == {one.id for one in beside[1:]}


def test_importing_twice_adds_nothing(log, dataset, say, tmp_path):
    log.record(dataset, [say(0, "sad"), say(1, "fear")])
    export_log(log, dataset, tmp_path / "log.jsonl")
    assert import_log(log, dataset, tmp_path / "log.jsonl") == (2, 0)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"answer": "bored"}, "no answer"),
        ({"row": -1}, "row must be a whole number"),
        ({"row": True}, "row must be a whole number"),
        ({"row": 999}, "no row 999"),
        ({"row": 1}, "not row 1"),
        ({"id": "1"}, "UUID"),
        ({"annotator": "  "}, "annotator is empty"),
        ({"annotator": 7}, "annotator must be text"),
        ({"time": "yesterday"}, "ISO 8601"),
        ({"time": "2026-07-01T10:00:00"}, "offset"),
        ({"score": 2}, "score"),
        ({"score": "0.5"}, "score must be a number"),
        ({"comment": "x" * 2001}, "2000 are kept"),
        ({"comment": "\ud800"}, "half of a character"),
        ({"kind": "undo"}, "carries no answer"),
        ({"kind": "undo", "answer": ""}, "names an event"),
        ({"undoes": str(uuid4())}, "names an event"),
        ({"mood": "fine"}, "no field mood"),
        ({"dataset_hash": "ab"}, "sha256"),
    ],
)
def test_a_bad_line_is_named_and_nothing_is_stored(log, dataset, say, tmp_path, change, words):
    lines = [say(0, "sad").document(), {**say(0, "sad").document(), **change}]
    file = tmp_path / "log.jsonl"
    file.write_text("\n".join(json.dumps(line) for line in lines))
    with pytest.raises(InputRefused, match=words) as refusal:
        import_log(log, dataset, file)
    assert "Line 2" in str(refusal.value)
    assert log.watermark() == 0


def test_a_log_that_grew_is_imported_again(log, dataset, say, tmp_path):
    """The second decision rests on a vote that comes with it, and knew the first one, which is there already."""
    vote = say(0, "sad")
    log.record(dataset, [vote])
    log.record(dataset, [say(0, "happy", "bob", queue="adjudication", based_on=vote.id)])
    export_log(log, dataset, tmp_path / "log.jsonl")
    copy = VerdictLog(tmp_path / "labels.db")
    import_log(copy, dataset, tmp_path / "log.jsonl")
    later = say(0, "fear", "eve")
    log.record(dataset, [later])
    log.record(dataset, [say(0, "fear", "bob", queue="adjudication", based_on=later.id)])
    export_log(log, dataset, tmp_path / "log.jsonl")
    assert import_log(copy, dataset, tmp_path / "log.jsonl") == (4, 2)
    assert copy.history(dataset)["id"].tolist() == log.history(dataset)["id"].tolist()


def test_a_file_that_is_no_log_is_refused(log, dataset, tmp_path):
    file = tmp_path / "log.jsonl"
    for content, words in (
        (b"{broken", "not JSON"),
        (b"[1]", "named fields"),
        (b"\xff\xfe", "UTF-8"),
        (b'{"a": 1}', "lacks"),
        (b"[" * 200_000, "not JSON"),
    ):
        file.write_bytes(content)
        with pytest.raises(InputRefused, match=words):
            import_log(log, dataset, file)
    with pytest.raises(InputRefused, match="cannot be read"):
        import_log(log, dataset, tmp_path / "none.jsonl")
