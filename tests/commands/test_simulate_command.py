"""`simulate` from the command line: where its answers go, and what it prints."""

import json

import numpy as np
import pandas as pd
import pytest

from fer_core.dataset.votes import FERPLUS
from fer_core.review.events.log import VerdictLog
from fer_core.review.events.verdict import Verdict


@pytest.fixture
def votes(demo, tmp_path):
    """Ten votes for what is given, but for every fifth picture ten for the next class."""
    wrong = demo.groups % 5 == 0
    classes = np.where(wrong, (demo.labels[demo.groups] + 1) % 7, demo.labels[demo.groups])
    table = pd.DataFrame(np.eye(10, dtype=int)[classes] * 10, columns=list(FERPLUS)).assign(row=range(len(demo)))
    file = tmp_path / "votes.csv"
    table.to_csv(file, index=False)
    return file


@pytest.fixture
def answered(demo, workspace):
    """One answer of a real person."""
    verdict = Verdict(
        id="00000000-0000-4000-8000-000000000001",
        kind="answer",
        dataset=demo.name,
        dataset_hash=demo.hash,
        row=0,
        content=demo.table["content"].iat[0],
        annotator="Ada",
        round=1,
        answer="fear",
        time="2026-07-01T10:00:00+00:00",
    )
    VerdictLog(workspace.labels_db).record(demo, [verdict])


def test_it_answers_into_a_copy_of_the_log_and_says_what_was_repaired(call, demo, workspace, votes, answered):
    arguments = [
        "simulate",
        "demo",
        "--votes",
        votes,
        "--annotators",
        2,
        "--reviews",
        700,
        "--queue",
        "random",
        "--json",
    ]
    code, out, _ = call(*arguments)
    document = json.loads(out)
    assert code == 0
    assert VerdictLog(workspace.labels_db).verdicts(demo)["annotator"].tolist() == ["Ada"]
    copied = VerdictLog(demo.path / "simulations" / "1" / "labels.db").history(demo)
    assert document["log"] == str(demo.path / "simulations" / "1" / "labels.db")
    assert copied["annotator"].iat[0] == "Ada" and set(copied["annotator"][1:]) == {"simulated-1", "simulated-2"}
    assert document["reviews"] == len(copied) - 1 and document["skipped"] == 0
    # Two people confirm every wrong label, all but the one that Ada has answered differently.
    assert document["clear_errors"] - 3 <= document["curve"][-1]["repaired"] <= document["clear_errors"]
    assert document["curve"][-1]["spoilt"] == 0
    share = 1000 * document["curve"][-1]["repaired"] / document["reviews"]
    assert document["repaired_per_thousand"] == pytest.approx(share, abs=0.1)
    assert json.loads(call(*arguments)[1])["log"] == str(demo.path / "simulations" / "2" / "labels.db")


def test_it_answers_into_the_own_log_only_when_told_to(call, demo, workspace, votes, answered):
    code, out, _ = call("simulate", "demo", "--votes", votes, "--reviews", 50, "--queue", "random", "--into-log")
    assert code == 0 and "50 reviews by 1 simulated" in out and "per 1,000" in out
    assert VerdictLog(workspace.labels_db).verdicts(demo)["annotator"].tolist() == ["Ada"] + ["simulated-1"] * 50
    assert not (demo.path / "simulations").exists()


def test_what_is_missing_is_said_with_exit_code_2(call, demo, votes):
    code, _, err = call("simulate", "demo")
    assert code == 2 and "--votes FILE" in err
    code, _, err = call("simulate", "demo", "--votes", votes)
    assert code == 2 and "audit" in err
    code, _, err = call("simulate", "demo", "--votes", votes, "--queue", "best")
    assert code == 2 and "self-confidence" in err
    assert call("simulate", "demo", "--votes", votes, "--queue", "random", "--reviews", 0)[0] == 2
    assert not (demo.path / "simulations").exists()
