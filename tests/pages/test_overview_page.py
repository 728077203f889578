"""Overview: what a newcomer and a returning person see, and where the one primary button leads."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from fer_core.audit.results import AuditSettings
from fer_core.audit.stages import run_audit
from fer_core.dataset.exporting import export_version
from fer_core.dataset.store import Dataset, list_datasets
from fer_core.dataset.version import as_imported
from fer_core.workspace import Workspace

SHELL = Path(__file__).resolve().parents[2] / "pages" / "_shell.py"


@pytest.fixture
def opened(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> Callable[[], AppTest]:
    """Opens the app on `workspace`."""
    monkeypatch.setenv("FERRET_WORKSPACE", str(workspace.root))

    def run() -> AppTest:
        app = AppTest.from_file(str(SHELL), default_timeout=60).run()
        assert not app.exception
        return app

    return run


def words(app: AppTest) -> str:
    return "\n".join(element.value for element in [*app.markdown, *app.caption, *app.subheader])


def test_an_empty_workspace_says_how_to_begin(opened) -> None:
    app = opened()
    assert "No data set yet" in words(app)
    assert "Make the demo" in [button.label for button in app.button]


def test_the_figures_of_the_data_set_are_shown(opened, demo: Dataset) -> None:
    app = opened()
    metrics = {metric.label: metric.value for metric in app.metric}
    assert metrics["Synthetic faces"] == "420"
    assert metrics["Labels that look wrong"] == "–"
    assert metrics["Reviewed by people"] == "0"
    assert "Find the suspects" in [button.label for button in app.button]


def test_after_a_model_free_audit_the_copies_are_counted(opened, demo: Dataset) -> None:
    audit = run_audit(as_imported(demo), AuditSettings(labels=False))
    metrics = {metric.label: metric.value for metric in opened().metric}
    assert metrics["Redundant exact copies"] == str(audit.document["duplicates"]["redundant"])


def test_a_csv_on_this_machine_is_imported_by_its_path(opened, demo: Dataset, workspace, tmp_path: Path) -> None:
    export_version(as_imported(demo), tmp_path / "fer2013.csv")
    app = opened()
    app.text_input(key="import_path").set_value(str(tmp_path / "fer2013.csv"))
    app.text_input(key="import_name_path").set_value("again")
    next(button for button in app.button if button.label == "Import").click().run()
    assert not app.exception
    assert app.session_state["dataset"] == "again"
    assert {info.hash for info in list_datasets(workspace)} == {demo.hash}


def test_a_bad_file_is_a_sentence_and_the_page_lives_on(opened, demo: Dataset, workspace, tmp_path: Path) -> None:
    (tmp_path / "bad.csv").write_text("emotion,pixels,Usage\n9,1 2 3,Training\n")
    app = opened()
    app.text_input(key="import_path").set_value(str(tmp_path / "bad.csv"))
    next(button for button in app.button if button.label == "Import").click().run()
    assert not app.exception
    assert "line 2" in app.error[0].value
    assert [info.name for info in list_datasets(workspace)] == ["demo"]


def test_an_uploaded_zip_of_class_folders_is_imported(opened, demo: Dataset, workspace, tmp_path: Path) -> None:
    export_version(as_imported(demo), tmp_path / "fer")
    archive = Path(shutil.make_archive(str(tmp_path / "fer"), "zip", tmp_path / "fer"))
    app = opened()
    app.file_uploader(key="import_upload").set_value((archive.name, archive.read_bytes(), "application/zip"))
    app.text_input(key="import_name_upload").set_value("uploaded")
    [button for button in app.button if button.label == "Import"][1].click().run()
    assert not app.exception
    assert app.session_state["dataset"] == "uploaded"
    assert {info.hash for info in list_datasets(workspace)} == {demo.hash}


def test_the_next_step_leads_to_its_page(opened, demo: Dataset) -> None:
    app = opened()
    app.button(key="next_step").click().run()
    assert not app.exception
    assert [title.value for title in app.title] == ["Audit"]
