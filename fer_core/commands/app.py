"""`app` opens the pages; `make app` does the same in a checkout, after setting everything up."""

import argparse
import os
import sys
from typing import Any

from fer_core.commands.console import Commands, Console
from fer_core.errors import UsageError

LOCAL = ("127.0.0.1", "localhost")  # the names under which a browser on this machine asks
EVERY = ("0.0.0.0", "::")  # noqa: S104 - addresses that stand for all of a machine's


def register(commands: Commands) -> None:
    parser = commands.add("app", _app, "serve the pages, to this machine only")
    parser.add_argument("--port", type=int, default=8501)
    parser.add_argument("--address", default=LOCAL[0], help="listen here; any but 127.0.0.1 needs a login")
    parser.add_argument(
        "--host",
        action="append",
        default=[],
        metavar="NAME",
        help="another name by which browsers ask for it",
    )
    parser.add_argument(
        "--without-login",
        action="store_true",
        help="with --address: whoever reaches it may see every face and answer under any name",
    )


def _app(arguments: argparse.Namespace, console: Console) -> Any:
    from fer_core.workspace import REPOSITORY

    os.environ["FERRET_WORKSPACE"] = str(console.workspace.root)
    if arguments.without_login:
        os.environ["FERRET_WITHOUT_LOGIN"] = "1"
    os.chdir(REPOSITORY)  # where .streamlit and the pages' pictures are, also of an installed package
    run = ["streamlit", "run", "app.py", *server_options(arguments.address, arguments.port, arguments.host)]
    os.execv(sys.executable, [sys.executable, "-m", *run])  # noqa: S606 - the same process, so that Ctrl+C reaches it


def server_options(address: str, port: int, hosts: list[str]) -> list[str]:
    """Streamlit's options: where it listens, and the only names by which it lets itself be called.

    A page of another site can make its own name lead to this machine (DNS rebinding); it still cannot ask by ours.
    """
    if address in EVERY and not hosts:
        raise UsageError(f"--address {address} also needs --host: the name or address that browsers will ask for.")
    names = dict.fromkeys([*LOCAL, *([] if address in EVERY else [address]), *hosts])
    options = [f"--server.address={address}", f"--server.port={port}"]
    return [*options, *(f"--server.allowedHosts={name}" for name in names)]
