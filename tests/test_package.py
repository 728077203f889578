"""What is installed as a package is the whole program: the command, the app, the models."""

import os
import re
import sys
import tomllib
from importlib import import_module
from pathlib import Path

from fer_core import __version__
from fer_core.__main__ import main
from fer_core.workspace import REPOSITORY, Workspace

PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))


def test_the_command_is_the_module() -> None:
    module, _, name = PROJECT["project"]["scripts"]["ferret"].partition(":")
    assert getattr(import_module(module), name) is main


def test_the_version_stands_in_one_place() -> None:
    source = PROJECT["tool"]["hatch"]["version"]["path"]
    assert f'__version__ = "{__version__}"' in (REPOSITORY / source).read_text()
    assert "version" in PROJECT["project"]["dynamic"] and "version" not in PROJECT["project"]


def test_everything_that_the_program_looks_for_beside_itself_is_packed() -> None:
    packed = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    assert all(
        (REPOSITORY / source).exists() and target == f"fer_core/_app/{source}" for source, target in packed.items()
    )
    looked_for = re.compile(r'(?:REPOSITORY / |_requirements\()"([^"]+)"')
    for path in [*(REPOSITORY / "fer_core").rglob("*.py"), *(REPOSITORY / "pages").rglob("*.py")]:
        for name in looked_for.findall(path.read_text(encoding="utf-8")):
            assert name in packed, f"{path} looks for {name}, which a wheel does not carry"


def test_app_runs_where_its_settings_are(workspace: Workspace, monkeypatch) -> None:
    """The settings of .streamlit/config.toml keep it on 127.0.0.1, and Streamlit takes them from the working folder."""
    started = []
    monkeypatch.chdir(Path.cwd())  # back again after the test
    monkeypatch.setenv("FERRET_WORKSPACE", "")
    monkeypatch.setattr(os, "execv", lambda program, arguments: started.append((program, arguments, Path.cwd())))
    main(["app", "--port", "8600", "--workspace", str(workspace.root)])
    ((program, arguments, folder),) = started
    assert program == sys.executable and arguments[1:5] == ["-m", "streamlit", "run", "app.py"]
    assert "--server.port=8600" in arguments and "--server.address=127.0.0.1" in arguments
    assert os.environ["FERRET_WORKSPACE"] == str(workspace.root)
    assert (folder / "app.py").exists() and (folder / ".streamlit" / "config.toml").exists()
