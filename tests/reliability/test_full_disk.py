"""Any command on a full disk says so in one line, leaves nothing half, and does its work once there is room."""

import json
from pathlib import Path

import pytest

from fer_core.__main__ import main
from fer_core.dataset.store import open_dataset
from fer_core.errors import NotFound
from fer_core.runs.events import EventLog
from fer_core.workspace import Workspace


def test_a_command_says_that_the_disk_is_full_and_can_be_run_again(workspace: Workspace, full_at, capsys) -> None:
    command = ["demo", "--images", "140", "--workspace", str(workspace.root)]
    with full_at(20_000):
        assert main(command) == 1
    assert capsys.readouterr().err.splitlines()[-1].startswith("ferret: The disk is full")
    with pytest.raises(NotFound):
        open_dataset(workspace, "demo")
    assert main(command) == 0
    assert len(open_dataset(workspace, "demo")) == 140


def test_a_line_that_did_not_fit_does_not_spoil_the_next_one(tmp_path: Path, full_at) -> None:
    log = EventLog(tmp_path / "events.jsonl")
    log.write("tick", {"step": 1})
    with full_at(log.path.stat().st_size + 10), pytest.raises(OSError, match=r"No space|too large"):
        log.write("tick", {"step": 2})
    log.write("tick", {"step": 3})
    assert [json.loads(line)["step"] for line in log.path.read_text().splitlines()] == [1, 3]
