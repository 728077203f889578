"""`review` and `version` from the command line."""

import json

import pytest

from fer_core.dataset.version import open_version
from fer_core.review.events.log import VerdictLog
from fer_core.review.events.verdict import Verdict


@pytest.fixture
def answered(demo, workspace):
    """The first Training face of the demo, called by another class than it is given."""
    row = int((demo.splits == 0).nonzero()[0][0])
    verdict = Verdict(
        id="00000000-0000-4000-8000-000000000001",
        kind="answer",
        dataset=demo.name,
        dataset_hash=demo.hash,
        row=row,
        content=demo.table["content"].iat[row],
        annotator="Ada",
        round=1,
        answer="fear" if demo.labels[row] != 2 else "sad",
        time="2026-07-01T10:00:00+00:00",
    )
    VerdictLog(workspace.labels_db).record(demo, [verdict])
    return verdict


def test_the_log_goes_out_and_comes_back(call, demo, answered, tmp_path):
    code, out, _ = call("review", "export", "demo", tmp_path / "log.jsonl", "--json")
    assert code == 0 and json.loads(out)["events"] == 1
    assert json.loads((tmp_path / "log.jsonl").read_text())["annotator"] == "Ada"
    code, out, _ = call("review", "import", "demo", tmp_path / "log.jsonl", "--json")
    assert code == 0 and json.loads(out) == {
        "dataset": "demo",
        "file": str(tmp_path / "log.jsonl"),
        "events": 1,
        "new": 0,
    }


def test_a_bad_log_is_refused_in_one_line(call, demo, tmp_path):
    (tmp_path / "log.jsonl").write_text('{"id": 1}\n')
    code, out, err = call("review", "import", "demo", tmp_path / "log.jsonl")
    assert code == 1 and not out
    assert err.count("\n") == 1 and "Line 1" in err


def test_a_version_is_cut_with_flags_over_a_policy(call, workspace, demo, answered):
    code, out, _ = call("version", "demo", "--name", "v1", "--policy", "relabel-only", "--drop-leaks", "--json")
    document = json.loads(out)
    assert code == 0 and document["version"] == "demo@v1"
    assert document["policy"]["drop_leaks"] and not document["policy"]["drop_duplicates"]
    assert set(document["dropped"]) == {"leak"}
    version = open_version(workspace, "demo@v1")
    assert version.hash == document["hash"]
    assert version.manifest["reason"][answered.row].startswith("relabelled")


def test_what_a_policy_needs_is_said_with_exit_code_2(call, demo):
    code, _, err = call("version", "demo", "--name", "v1")
    assert code == 2 and "audit demo" in err
    code, _, err = call("version", "demo", "--name", "v1", "--drop-findings", "label")
    assert code == 2 and "label" in err
    code, out, _ = call("version", "demo", "--name", "v1", "--drop-findings", "none")
    assert code == 0 and "dropped from Training" in out


def test_names_that_lead_nowhere_are_named(call, demo, tmp_path):
    assert call("version", "none", "--name", "v1")[0] == 1
    code, _, err = call("version", "demo", "--name", "v1", "--policy", "perfect")
    assert code == 1 and "standard, improved, five-layer, relabel-only" in err
    assert call("review", "export", "none", tmp_path / "x")[0] == 1
