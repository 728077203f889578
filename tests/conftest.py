"""What every test may use: an empty workspace, a small demo data set, a photo."""

import os
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
from _pytest.runner import runtestprotocol
from pg_server import PostgresServer, program

# Two workers with two torch threads each wait on one another on two cores. Set before torch is imported, and inherited
# by the servers and jobs that tests start.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.pop("MLFLOW_TRACKING_URI", None)  # the runs of tests are nobody's business
os.environ.pop("FER_CLUSTER", None)  # the work of tests stays here, but where they start a cluster
os.environ.pop("FER_DATABASE_URL", None)  # tests choose their database themselves, with `engine`

from fer_core import database
from fer_core.dataset.demo import create_demo
from fer_core.dataset.store import Dataset, open_dataset
from fer_core.workspace import Workspace

# Without a deadline: how long a case takes is no property of the code, and the first one may load a library.
hypothesis.settings.register_profile("ferret", deadline=None)
hypothesis.settings.load_profile("ferret")


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """An empty workspace of its own."""
    return Workspace(tmp_path / "data")


@pytest.fixture(scope="session")
def demo_workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A workspace with a demo of 420 faces, drawn once. Read it, do not write to it."""
    shared = Workspace(tmp_path_factory.mktemp("demo") / "data")
    create_demo(shared, "demo", images=420)
    return shared


@pytest.fixture
def demo(demo_workspace: Workspace, workspace: Workspace) -> Dataset:
    """The small demo, as a copy of its own in `workspace`."""
    shutil.copytree(demo_workspace.dataset("demo"), workspace.dataset("demo"))
    return open_dataset(workspace, "demo")


@pytest.fixture(scope="session")
def audited_workspace(tmp_path_factory: pytest.TempPathFactory, demo_workspace: Workspace) -> Workspace:
    """A workspace with the small demo and an audit of its labels by hardly trained networks. Read it only."""
    from fer_core.audit.results import AuditSettings
    from fer_core.audit.stages import run_audit
    from fer_core.dataset.version import as_imported

    shared = Workspace(tmp_path_factory.mktemp("audited") / "data")
    shutil.copytree(demo_workspace.dataset("demo"), shared.dataset("demo"))
    recipe = tmp_path_factory.mktemp("recipe") / "brief.toml"
    recipe.write_text('epochs = 2\nbatch = 32\noptimiser = "adamw"\nlearning_rate = 0.003\n')
    run_audit(as_imported(open_dataset(shared, "demo")), AuditSettings(folds=2, recipe=str(recipe)), cores=1)
    return shared


@pytest.fixture
def audited(audited_workspace: Workspace, workspace: Workspace) -> Dataset:
    """The small demo with its audit, as a copy of its own in `workspace`."""
    shutil.copytree(audited_workspace.dataset("demo"), workspace.dataset("demo"))
    return open_dataset(workspace, "demo")


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL server that runs."""
    if program("postgres") is None:
        pytest.skip("no PostgreSQL server is installed here; tests/install-postgresql installs Debian's")
    server = PostgresServer()
    try:
        server.start()
        yield server
    finally:
        server.remove()


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The test is run over both engines. A module asks for it with `pytestmark`, before its workspace is made."""
    if request.param == "postgresql":
        monkeypatch.setenv("FER_DATABASE_URL", request.getfixturevalue("postgres").url)
    yield request.param
    while database._open:
        database._open.popitem()[1].close()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long files first, so that at the end of `make test` no worker waits for another that has just begun one.

    How long a file takes is guessed by the number of its tests; a browser's begins with a server and a data set.
    """
    length = Counter(item.path for item in items)
    length.update({item.path: 15 for item in items if item.get_closest_marker("browser")})
    items.sort(key=lambda item: -length[item.path])


def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> bool | None:
    """A failed test in a real browser is tried once more, from new fixtures, and the summary counts it as rerun.

    A browser, a server and a database share the cores with the other tests; what is wrong fails twice.
    """
    if item.get_closest_marker("browser") is None:
        return None
    item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    reports = runtestprotocol(item, nextitem=nextitem, log=False)
    if any(report.failed for report in reports):
        failed = next(report for report in reports if report.failed)
        failed.outcome = "rerun"
        item.ihook.pytest_runtest_logreport(report=failed)
        reports = runtestprotocol(item, nextitem=nextitem, log=False)
    for report in reports:
        item.ihook.pytest_runtest_logreport(report=report)
    item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    return True


def pytest_report_teststatus(report: pytest.TestReport) -> tuple[str, str, str] | None:
    return ("rerun", "R", "RERUN") if report.outcome == "rerun" else None


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for report in terminalreporter.getreports("rerun"):
        terminalreporter.section(f"failed once: {report.nodeid}")
        terminalreporter.line(report.longreprtext)
