"""Where the server listens, under which names it lets itself be called, and what stands on its answers."""

import asyncio
import socket
import subprocess
import sys
import tomllib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from starlette.types import Message, Receive, Scope, Send
from streamlit.runtime.secrets import Secrets
from streamlit.web.server.starlette.starlette_websocket import is_host_allowed

from fer_core.commands.app import EVERY, server_options
from fer_core.errors import UsageError
from fer_core.workspace import REPOSITORY
from pages import _address
from pages._headers import SecurityHeaders

CONFIG = tomllib.loads((REPOSITORY / ".streamlit" / "config.toml").read_text(encoding="utf-8"))
AUTH = (
    '[auth]\nredirect_uri = "http://localhost:8501/oauth2callback"\ncookie_secret = "x"\nclient_id = "ferret"\n'
    'client_secret = "x"\nserver_metadata_url = "http://127.0.0.1:9/"\n'
)
ANY = EVERY[0]


@pytest.fixture
def starts(monkeypatch, tmp_path: Path) -> Callable[..., bool]:
    """Whether the launcher lets a server listen at an address, with this text as its secrets."""

    def ask(address: str, login: str = "") -> bool:
        (tmp_path / "secrets.toml").write_text(login)
        files = [str(tmp_path / "secrets.toml")] if login else []
        options = {"server.address": address, "secrets.files": files}
        monkeypatch.setattr(_address.st, "get_option", options.get)
        monkeypatch.setattr("streamlit.runtime.secrets.config.get_option", options.get)
        monkeypatch.setattr(_address.st, "secrets", Secrets())
        try:
            _address.refuse_strangers()
        except SystemExit as end:
            assert "no login is configured" in str(end.code) and "--without-login" in str(end.code)
            return False
        return True

    monkeypatch.delenv(_address.WITHOUT_LOGIN, raising=False)
    return ask


def test_by_default_only_this_machine_is_listened_to() -> None:
    server = CONFIG["server"]
    assert server["address"] == "127.0.0.1" and server["allowedHosts"] == ["127.0.0.1", "localhost"]
    assert server["enableXsrfProtection"] and server["enableCORS"] and not server["enableStaticServing"]
    assert "--server.address=127.0.0.1" in server_options("127.0.0.1", 8501, [])
    assert not CONFIG["browser"]["gatherUsageStats"] and CONFIG["client"]["showErrorDetails"] == "none"


def test_another_address_needs_a_login_or_somebody_who_says_so(starts, monkeypatch) -> None:
    others = (*EVERY, "192.0.2.7", "ferret.example.org", "localhost.example.org", "")
    assert all(map(starts, ("127.0.0.1", "localhost", "::1", "[::1]", "127.0.0.2")))
    assert not any(map(starts, others))
    assert not starts(ANY, "[auth\n") and not starts(ANY, "[other]\nx = 1\n")
    assert all(starts(address, AUTH) for address in others)
    monkeypatch.setenv(_address.WITHOUT_LOGIN, "1")
    assert all(map(starts, others))


def test_names_by_which_it_is_called_are_listed(monkeypatch) -> None:
    with pytest.raises(UsageError, match="--host"):
        server_options(ANY, 8501, [])
    options = server_options("192.0.2.7", 80, ["ferret.example.org"])
    names = [option.partition("=")[2] for option in options if option.startswith("--server.allowedHosts=")]
    assert names == ["127.0.0.1", "localhost", "192.0.2.7", "ferret.example.org"]
    monkeypatch.setattr("streamlit.config.get_option", lambda name: names)
    assert all(map(is_host_allowed, ("127.0.0.1:8501", "localhost:8501", "ferret.example.org")))
    assert not any(map(is_host_allowed, ("evil.example:8501", "ferret.example.org.evil.example", None)))


def headers_of(path: str) -> dict[str, str]:
    """The headers of an answer that went through the middleware; at /own the app sets one itself."""
    sent: list[Message] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        own = [(b"x-frame-options", b"SAMEORIGIN")] if scope["path"] == "/own" else []
        await send({"type": "http.response.start", "status": 200, "headers": own})

    async def send(message: Message) -> None:
        sent.append(message)

    def ask() -> None:
        asyncio.run(SecurityHeaders(app)({"type": "http", "path": path}, None, send))  # type: ignore[arg-type]

    with ThreadPoolExecutor(1) as elsewhere:  # a thread without a loop: a browser's test may have left one in this
        elsewhere.submit(ask).result()
    return {name.decode(): value.decode() for name, value in sent[0]["headers"]}


def test_every_answer_says_what_it_may_load_and_who_may_frame_it() -> None:
    headers = headers_of("/")
    policy = dict(part.split(" ", 1) for part in headers["content-security-policy"].split("; "))
    assert policy["default-src"] == "'self'" and policy["frame-ancestors"] == policy["object-src"] == "'none'"
    assert "unsafe-inline" not in policy["script-src"] and "http" not in headers["content-security-policy"]
    assert policy["img-src"] == "'self' blob: data:" and policy["connect-src"] == "'self'"
    assert headers["x-content-type-options"] == "nosniff" and headers["x-frame-options"] == "DENY"
    assert headers_of("/own")["x-frame-options"] == "SAMEORIGIN"


def test_the_real_server_does_not_listen_where_it_may_not(tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "fer_core", "app", "--workspace", str(tmp_path / "data"), "--port", str(port)]
    command += ["--address", ANY, "--host", "ferret.example.org"]
    ended = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False, timeout=120)
    assert ended.returncode == 1 and "no login is configured" in ended.stderr + ended.stdout
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0
