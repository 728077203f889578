"""doctor tells a sound workspace from a damaged one."""

import json

from fer_core.__main__ import main
from fer_core.dataset.store import Dataset
from fer_core.workspace import Workspace


def checks(workspace: Workspace, capsys) -> tuple[int, dict[str, dict[str, str]]]:
    code = main(["doctor", "--json", "--workspace", str(workspace.root)])
    return code, {check["what"]: check for check in json.loads(capsys.readouterr().out)["checks"]}


def test_a_sound_workspace_is_called_sound(demo: Dataset, workspace: Workspace, capsys) -> None:
    code, found = checks(workspace, capsys)
    assert code == 0
    assert found["data set demo"]["state"] == "good"
    assert found["torch"]["state"] == "good"


def test_a_damaged_data_base_is_named(demo: Dataset, workspace: Workspace, capsys) -> None:
    workspace.labels_db.write_bytes(b"SQLite format 3\0" + b"rubbish" * 1000)
    code, found = checks(workspace, capsys)
    assert code == 1
    assert found["labels.db"]["state"] == "bad"
    assert "backup" in found["labels.db"]["words"]


def test_a_data_set_whose_table_is_gone_is_named(demo: Dataset, workspace: Workspace, capsys) -> None:
    (workspace.dataset("demo") / "table.parquet").unlink()
    code, found = checks(workspace, capsys)
    assert code == 1
    assert found["data set demo"]["state"] == "bad"


def test_an_empty_workspace_is_no_fault(workspace: Workspace, capsys) -> None:
    _, found = checks(workspace, capsys)
    assert found["workspace"]["state"] == "note"
