"""Audit: the suspects are there with their reasons, filters narrow them, and running one is one button."""

from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from fer_core.audit.results import AuditSettings
from fer_core.audit.stages import run_audit
from fer_core.dataset.store import Dataset
from fer_core.jobs.store import list_jobs
from fer_core.workspace import Workspace

SHELL = Path(__file__).resolve().parents[2] / "pages" / "_shell.py"


@pytest.fixture
def audit_page(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> Callable[..., AppTest]:
    """Opens the Audit page on `workspace`, with query parameters."""
    monkeypatch.setenv("FERRET_WORKSPACE", str(workspace.root))

    def run(**query: str) -> AppTest:
        app = AppTest.from_file(str(SHELL), default_timeout=60).run()
        app.switch_page("audit.py")
        for name, value in query.items():
            app.query_params[name] = value
        app.run()
        assert not app.exception
        return app

    return run


def captions(app: AppTest) -> str:
    return "\n".join(caption.value for caption in app.caption)


def test_without_an_audit_one_button_runs_one(audit_page, demo: Dataset, workspace, monkeypatch) -> None:
    submitted = []
    monkeypatch.setattr("fer_core.jobs.runner.submit", lambda *arguments, **_: submitted.append(arguments))
    app = audit_page()
    next(button for button in app.button if button.label == "Run the audit").click().run()
    assert submitted[0][1] == ["audit", "demo", "--reasons", "all"]
    assert list_jobs(workspace) == []


def test_an_audit_shows_every_image_and_its_figures(audit_page, demo: Dataset) -> None:
    figures = run_audit(demo, AuditSettings(labels=False)).document["duplicates"]
    text = captions(audit_page())
    assert "420 of 420 images" in text
    assert f"{figures['groups']:,} groups hold {figures['images']:,} images" in text


def test_filters_in_the_address_narrow_the_suspects(audit_page, demo: Dataset) -> None:
    audit = run_audit(demo, AuditSettings(labels=False))
    expected = ((audit.suspects["label"] == "happy") & (audit.suspects["split"] == "Training")).sum()
    text = captions(audit_page(label="happy", split="Training"))
    assert f"{expected:,} of 420 images" in text


def test_the_evidence_of_a_selected_image_is_written_out(audit_page, demo: Dataset) -> None:
    audit = run_audit(demo, AuditSettings(labels=False))
    first = audit.findings[audit.findings["reason"] == "flat"]["row"].min()
    app = audit_page(reason="flat")
    assert any(f"{first:07d}" in markdown.value for markdown in app.markdown)
    assert any("grey values" in markdown.value for markdown in app.markdown)
