"""What README and docs tell people to type works: their Python is run, and their commands, on a small demo."""

import re
import shlex
from pathlib import Path

import pytest

from fer_core.__main__ import main
from fer_core.audit.results import AuditSettings
from fer_core.audit.stages import run_audit
from fer_core.commands.console import Commands
from fer_core.dataset.store import open_dataset
from fer_core.dataset.version import as_imported, open_version
from fer_core.imaging.sample import sample_photo
from fer_core.runs.run import list_runs
from fer_core.workspace import REPOSITORY, Workspace

TEXTS = [REPOSITORY / "README.md", *sorted((REPOSITORY / "docs").glob("*.md"))]
# Commands in the texts that are not run here, by their beginning, and why.
SKIPPED = {
    "audit": "asks networks, which takes minutes; tests/audit runs it with smaller ones",
    "train": "a whole training; tests/training runs short ones",
}


def blocks(language: str) -> list[tuple[str, str]]:
    """The code blocks of a language in all texts: the text's name, and what stands in them."""
    fence = re.compile(rf"^```{language}\n(.*?)^```", re.MULTILINE | re.DOTALL)
    return [(text.name, block) for text in TEXTS for block in fence.findall(text.read_text(encoding="utf-8"))]


def commands() -> list[str]:
    """Every line `ferret ...` or `python -m fer_core ...` of the shell blocks, without these words and its remark."""
    found = []
    for _, block in blocks("(?:sh|bash|console)"):
        for line in block.replace("\\\n", " ").splitlines():
            match = re.match(r"(?:\$ )?(?:ferret|(?:\S*/)?python3? -m fer_core) (.*)", line)
            if match:
                found.append(shlex.join(shlex.split(match[1], comments=True)))
    return list(dict.fromkeys(found))


def why_skipped(command: str) -> str | None:
    return next((why for begin, why in SKIPPED.items() if command.startswith(f"{begin} ")), None)


@pytest.fixture(scope="module")
def notebook(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder in which the Python of the texts was run, with what people bring to it."""
    folder = tmp_path_factory.mktemp("notebook")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for name, block in blocks("python"):
            exec(compile(block, name, "exec"), {})  # noqa: S102 - our own text
        assert main(["export", "faces", "fer2013.csv"]) == 0
    (folder / "photo.jpg").write_bytes(sample_photo())
    return folder


def test_the_loop_in_python_runs_as_it_stands(notebook: Path) -> None:
    workspace = Workspace(notebook / "data")
    version = open_version(workspace, "faces@clean")
    assert len(version.rows(0)) < len(as_imported(version.dataset).rows(0))
    runs = list_runs(workspace)
    assert {run.version for run in runs} == {"faces", "faces@clean"} and {run.status for run in runs} == {"done"}


def test_the_commands_run_in_their_order(notebook: Path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(notebook)
    workspace = Workspace(notebook / "data")
    runs = [run.id for run in list_runs(workspace)]
    for command in commands():
        if why_skipped(command):
            if command == "audit fer2013":  # what comes after it needs an audit, by pixels at least
                run_audit(as_imported(open_dataset(workspace, "fer2013")), AuditSettings(labels=False))
            continue
        for run in runs:
            command = re.sub(r"\bRUN\b", run, command, count=1)
        assert main(shlex.split(command)) == 0, f"{command}: {capsys.readouterr().err}"
    assert (notebook / "suspects.csv").exists()


@pytest.mark.parametrize("command", [command for command in commands() if why_skipped(command)])
def test_commands_that_are_not_run_exist(command: str, monkeypatch) -> None:
    add = Commands.add
    monkeypatch.setattr(Commands, "add", lambda self, name, run, summary: add(self, name, lambda *_: None, summary))
    assert main(shlex.split(command)) == 0


def test_no_reason_for_skipping_outlives_its_command() -> None:
    assert all(any(command.startswith(f"{begin} ") for command in commands()) for begin in SKIPPED)
