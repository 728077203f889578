"""Workspaces to keep: one that is filled, and one that is not there yet."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from kept_workspace import fill, verdict

from fer_core.dataset.store import Dataset, open_dataset
from fer_core.review.events.verdict import Verdict
from fer_core.workspace import Workspace


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a filled workspace. Copy it."""
    root = tmp_path_factory.mktemp("template") / "data"
    fill(Workspace(root))
    return root


@pytest.fixture
def filled(workspace: Workspace, template: Path) -> Dataset:
    shutil.copytree(template, workspace.root)
    return open_dataset(workspace, "small")


@pytest.fixture
def elsewhere(tmp_path: Path) -> Workspace:
    """Another workspace, not there yet."""
    return Workspace(tmp_path / "elsewhere" / "data")


@pytest.fixture
def say(filled: Dataset) -> Callable[..., Verdict]:
    return lambda row, answer="sad": verdict(filled, row, answer)
