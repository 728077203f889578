"""A command as people call it."""

from collections.abc import Callable

import pytest

from fer_core.__main__ import main
from fer_core.workspace import Workspace


@pytest.fixture
def call(workspace: Workspace, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """`call("audit", "demo", ...)` gives the exit code and what was said on each stream."""

    def run(*arguments: object) -> tuple[int, str, str]:
        try:
            code = main([*map(str, arguments), "--workspace", str(workspace.root)])
        except SystemExit as stop:  # argparse's own refusals
            code = int(stop.code or 0)
        said = capsys.readouterr()
        return code, said.out, said.err

    return run
