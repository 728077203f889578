"""`jobs`, `jobs cancel`, `jobs resume` and `worker` as typed."""

import json
import os
from pathlib import Path

import pytest

from fer_core.__main__ import main
from fer_core.jobs import store
from fer_core.jobs.process import find_process


@pytest.fixture
def said(yard, capsys):
    """Run a command with --json; gives the exit code, the document and what stands on standard error."""

    def run(*arguments: str):
        code = main([*arguments, "--workspace", str(yard.root), "--json"])
        output, errors = capsys.readouterr()
        return code, json.loads(output) if output else None, errors

    return run


def test_an_empty_workspace_has_no_jobs(said, yard):
    assert said("jobs") == (0, [], "")
    assert not yard.root.exists()


def test_jobs_are_listed_the_newest_first(said, yard):
    first, second = (store.add_job(yard, ["x"], name, Path("/")) for name in "ab")
    for _ in range(2):
        store.take_job(yard, find_process(os.getpid()))
    code, listed, _ = said("jobs")
    assert code == 0
    assert [(job["id"], job["title"], job["state"]) for job in listed] == [
        (second.id, "b", "running"),
        (first.id, "a", "running"),
    ]


def test_cancel_and_resume_answer_with_the_job(said, yard, monkeypatch):
    monkeypatch.setattr("fer_core.jobs.runner.ensure_worker", lambda *_, **__: None)
    job = store.add_job(yard, ["x"], "a", Path("/"))
    assert said("jobs", "cancel", job.id)[1]["state"] == "cancelled"
    assert said("jobs", "resume", job.id)[1]["state"] == "queued"


def test_wrong_use_is_code_2_and_an_unknown_job_code_1(said):
    code, _, errors = said("jobs", "cancel")
    assert (code, errors) == (2, "ferret: Say `jobs`, `jobs cancel ID` or `jobs resume ID`.\n")
    code, _, errors = said("jobs", "resume", "9")
    assert code == 1
    assert "There is no job '9'" in errors


def test_a_worker_with_nothing_to_do_says_so(said, yard):
    assert said("worker") == (0, {"ran": 0}, "")


def test_people_read_a_line_per_job(yard, capsys):
    store.add_job(yard, ["x"], "train on demo", Path("/"))
    store.take_job(yard, find_process(os.getpid()))
    store.beat(yard, "1", stage="epoch 2 of 8", fraction=0.25)
    assert main(["jobs", "--workspace", str(yard.root)]) == 0
    line = capsys.readouterr().out
    assert "train on demo" in line
    assert "25% epoch 2 of 8" in line
