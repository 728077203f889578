"""`app` opens the pages; `make app` does the same in a checkout, after setting everything up."""

import argparse
import os
import sys
from typing import Any

from fer_core.commands.console import Commands, Console


def register(commands: Commands) -> None:
    parser = commands.add("app", _app, "open the pages in the browser, on this machine only")
    parser.add_argument("--port", type=int, default=8501)


def _app(arguments: argparse.Namespace, console: Console) -> Any:
    from fer_core.workspace import REPOSITORY

    os.environ["FERRET_WORKSPACE"] = str(console.workspace.root)
    os.chdir(REPOSITORY)  # where .streamlit and the pages' pictures are, also of an installed package
    run = ["streamlit", "run", "app.py", "--server.port", str(arguments.port)]
    os.execv(sys.executable, [sys.executable, "-m", *run])  # noqa: S606 - the same process, so that Ctrl+C reaches it
