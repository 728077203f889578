"""Audit: one button runs one, every view shows what was found, filters live in the address, choices become queues."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from fer_core.audit.results import Audit, AuditSettings, latest_audit
from fer_core.audit.stages import run_audit
from fer_core.dataset.store import Dataset
from fer_core.dataset.version import as_imported
from fer_core.emotions import NAMES
from fer_core.jobs.store import list_jobs
from fer_core.review.events.log import VerdictLog
from fer_core.review.judgement.consensus import consensus
from fer_core.review.queues.selections import list_selections
from fer_core.workspace import Workspace

SHELL = Path(__file__).resolve().parents[2] / "pages" / "_shell.py"
VIEWS = ("Suspects", "Copies", "Reasons", "Map", "Classes", "Rankings")


@pytest.fixture
def audit_page(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> Callable[..., AppTest]:
    """Opens the Audit page on `workspace`, with query parameters."""
    monkeypatch.setenv("FERRET_WORKSPACE", str(workspace.root))

    def run(**query: str) -> AppTest:
        app = AppTest.from_file(str(SHELL), default_timeout=60)
        app.session_state["annotator_name"] = "Ada"
        app.run()
        app.switch_page("audit.py")
        for name, value in query.items():
            app.query_params[name] = value
        app.run()
        assert not app.exception
        return app

    return run


def captions(app: AppTest) -> str:
    return "\n".join(caption.value for caption in app.caption)


def words(app: AppTest) -> str:
    return "\n".join(markdown.value for markdown in app.markdown)


def click(app: AppTest, label: str) -> AppTest:
    next(button for button in app.button if button.label == label).click().run()
    assert not app.exception
    return app


def first_of_copies(dataset: Dataset, rows: np.ndarray) -> np.ndarray:
    return rows[np.sort(np.unique(dataset.groups[rows], return_index=True)[1])]


@pytest.fixture
def audit(audited: Dataset) -> Audit:
    found = latest_audit(audited)
    assert found is not None
    return found


def test_without_an_audit_one_button_runs_one(audit_page, demo: Dataset, workspace, monkeypatch) -> None:
    submitted = []
    monkeypatch.setattr("fer_core.jobs.runner.submit", lambda *arguments, **_: submitted.append(arguments))
    click(audit_page(), "Run the audit")
    assert submitted[0][1] == ["audit", "demo", "--reasons", "all", "--strength", "fast"]
    assert list_jobs(workspace) == []


def test_a_model_free_audit_shows_its_figures_and_offers_the_rest(audit_page, demo: Dataset) -> None:
    figures = run_audit(as_imported(demo), AuditSettings(labels=False)).document["duplicates"]
    app = audit_page(view="Copies")
    assert f"{figures['groups']:,} groups** hold {figures['images']:,} exact copies" in words(app)
    assert "Run the audit" in [button.label for button in app.button]
    for view in VIEWS:
        audit_page(view=view)


@pytest.mark.parametrize("view", VIEWS)
def test_every_view_of_an_audit_of_labels_opens(audit_page, audit: Audit, view: str) -> None:
    app = audit_page(view=view)
    assert not app.error
    assert "Run the audit" not in [button.label for button in app.button]


def test_every_image_is_there_and_copies_fold_into_one(audit_page, audited: Dataset, audit: Audit) -> None:
    pictures = len(np.unique(audited.groups))
    assert f"{pictures:,} of 420 images" in captions(audit_page())
    assert "420 of 420 images" in captions(audit_page(folded="false"))


def test_filters_in_the_address_narrow_the_suspects(audit_page, audited: Dataset, audit: Audit) -> None:
    table = audit.suspects
    rows = table.loc[(table["label"] == "happy") & (table["split"] == "Training"), "row"].to_numpy()
    expected = len(first_of_copies(audited, rows))
    assert f"{expected:,} of 420 images" in captions(audit_page(label="happy", split="Training"))


def test_the_evidence_of_an_image_is_written_out(audit_page, audit: Audit) -> None:
    flat = audit.findings.loc[audit.findings["reason"] == "flat", "row"]
    first = audit.suspects.set_index("row").loc[flat, "rank"].idxmin()
    text = words(audit_page(reason="flat"))
    assert f"{first:07d}" in text
    assert "grey values" in text


def test_where_a_network_looked_is_shown_on_demand(audit_page, audit: Audit) -> None:
    app = audit_page()
    look = next(group for group in app.get("button_group") if group.proto.label == "Look at")
    app.session_state[look.key] = look.options[1]
    app.run()
    assert not app.exception
    assert "Grad-CAM" in captions(app)


def test_the_filtered_images_become_a_queue_of_their_own(audit_page, audited: Dataset, audit: Audit) -> None:
    app = audit_page(label="sad")
    label = next(button.label for button in app.button if button.label.startswith("Review these"))
    click(app, label)
    (selection,) = list_selections(audited)
    table = audit.suspects
    expected = first_of_copies(audited, table.loc[table["label"] == "sad", "row"].to_numpy())
    assert selection.rows == expected.tolist()
    assert label == f"Review these {len(expected):,}"


def test_like_this_one_lists_other_images_and_leads_back(audit_page, audited: Dataset, audit: Audit) -> None:
    row = int(audit.suspects["row"].iloc[0])
    app = audit_page(like=str(row))
    assert f"most like {row:07d}" in captions(app)
    click(app, "Back to all suspects")
    assert "images, most suspect first" in captions(app)


def test_one_click_decides_a_group_of_copies(audit_page, audited: Dataset, audit: Audit, workspace) -> None:
    app = audit_page(view="Copies")
    conflicts = audit.document["duplicates"]["conflicting_groups"]
    assert f"{conflicts:,} groups, {conflicts:,} not decided yet" in captions(app)
    pills = next(group for group in app.get("button_group") if group.proto.label == "They all show")
    app.session_state[pills.key] = "happy"
    app.run()
    assert not app.exception
    people = consensus(audited, VerdictLog(workspace.labels_db).verdicts(audited))
    decided = np.flatnonzero(people.decided)
    assert len(decided) > 1  # all copies of one picture
    assert len(np.unique(audited.groups[decided])) == 1
    assert f"{conflicts:,} groups, {conflicts - 1:,} not decided yet" in captions(app)


def test_a_decided_group_takes_another_decision_once(audit_page, audited: Dataset, audit: Audit, workspace) -> None:
    log = VerdictLog(workspace.labels_db)
    for class_, events in (("happy", 1), ("sad", 2)):
        app = audit_page(view="Copies", group_page="1" if class_ == "happy" else "6")  # what is decided comes last
        groups = [group for group in app.get("button_group") if group.proto.label == "They all show"]
        app.session_state[groups[0 if class_ == "happy" else -1].key] = class_
        app.run()
        assert not app.exception
        assert len(log.history(audited)) == events
    people = consensus(audited, log.verdicts(audited))
    assert {NAMES[label] for label in people.label[people.decided]} == {"sad"}


def test_a_name_in_the_address_decides_nothing(audit_page, audited: Dataset, audit: Audit) -> None:
    app = audit_page(view="Copies", annotator="Eve")
    app.session_state["annotator_name"] = ""  # somebody who has left
    app.run()
    assert not [group for group in app.get("button_group") if group.proto.label == "They all show"]
    assert "Who is reviewing?" in [title.value for title in app.subheader]


def test_a_moved_limit_says_what_it_would_find(audit_page, audit: Audit) -> None:
    app = audit_page(view="Reasons")
    suspicion = audit.scores["suspicion"].to_numpy()
    app.slider(key="limit_label").set_value(0.3).run()
    assert f"**{int((suspicion >= 0.3).sum()):,} images** at this limit" in captions(app)
