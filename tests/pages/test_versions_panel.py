"""The versions on the Consensus page: a policy's effect before the cut, the cut, two compared, one exported."""

from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from fer_core.dataset.store import TRAINING, Dataset
from fer_core.dataset.version import list_versions, open_version
from fer_core.dataset.votes import ANSWERS, VoteTable, store_votes
from fer_core.jobs.store import list_jobs
from fer_core.review.events.log import VerdictLog
from fer_core.review.events.verdict import Verdict
from fer_core.review.policy import POLICIES, Policy, cut_version
from fer_core.workspace import Workspace

SHELL = str(Path(__file__).resolve().parents[2] / "pages" / "_shell.py")


def sad(demo: Dataset, row: int, who: str) -> Verdict:
    about = (demo.name, demo.hash, row, demo.table["content"].iat[row])
    return Verdict(str(uuid4()), "answer", *about, who, 1, "sad", "2026-07-01T10:00:00+00:00")


@pytest.fixture
def page(demo: Dataset, workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> Callable[[], AppTest]:
    """Opens the versions of the demo, of which twelve Training faces have two people's votes for another class."""
    rows = np.flatnonzero((demo.splits == TRAINING) & (demo.labels != 4))[:12].tolist()
    said = [sad(demo, row, who) for row in rows for who in ("Ada", "Bob")]
    VerdictLog(workspace.labels_db).record(demo, said)
    monkeypatch.setenv("FERRET_WORKSPACE", str(workspace.root))

    def run() -> AppTest:
        app = AppTest.from_file(SHELL, default_timeout=60)
        app.session_state["annotator_name"] = "Ada"
        app.run()
        app.switch_page("consensus.py")
        app.query_params["show"] = "Versions"
        app.run()
        assert not app.exception
        return app

    return run


def tiles(app: AppTest) -> dict[str, int]:
    return {
        tile.label: int(tile.value.replace(",", "")) for tile in app.metric if tile.value.replace(",", "").isdigit()
    }


def words(app: AppTest) -> str:
    return "\n".join(element.value for element in (*app.markdown, *app.caption, *app.warning))


def switch(app: AppTest, part: str) -> AppTest:
    return app.toggle(key=f"relabel-only-{part}").set_value(True).run()


def test_the_effect_is_shown_before_anything_is_cut(page, demo: Dataset) -> None:
    app = page()
    before = tiles(app)
    training = int((demo.splits == TRAINING).sum())
    assert (before["Training keeps"], before["Dropped"]) == (training, 0)
    assert before["Relabelled"] >= 12  # copies follow
    after = tiles(switch(app, "drop_leaks"))
    assert after["Dropped"] > 0 and after["Training keeps"] == training - after["Dropped"]
    assert not list_versions(demo)


def test_what_is_shown_is_what_is_cut(page, demo: Dataset, workspace: Workspace) -> None:
    app = page()
    switch(app, "soft")
    switch(app, "drop_duplicates")
    app.segmented_control(key="relabel-only-balance").set_value("augment").run()
    shown = tiles(app)
    app.text_input(key="version_name").input("clean-1")
    next(button for button in app.button if button.label == "Cut this version").click()
    app.run()
    assert not app.exception
    version = open_version(workspace, "demo@clean-1")
    assert len(version.rows(TRAINING)) == shown["Training keeps"]
    assert len(version.epoch(version.rows(TRAINING))) == shown["Shown per epoch"]
    assert version.policy["soft"] and version.policy["balance"] == "augment"
    assert "demo@clean-1" in app.dataframe[0].value["Version"].tolist()


def test_answers_that_came_while_somebody_looked_are_not_in_the_cut(page, demo: Dataset, workspace: Workspace) -> None:
    app = page()
    shown = tiles(app)["Relabelled"]
    log = VerdictLog(workspace.labels_db)
    rows = np.flatnonzero((demo.splits == TRAINING) & (demo.labels != 4))[40:60].tolist()
    log.record(demo, [sad(demo, row, "Eve") for row in rows])
    app.text_input(key="version_name").input("then")
    next(button for button in app.button if button.label == "Cut this version").click()
    app.run()
    assert list_versions(demo)[0]["relabelled"] == shown < tiles(app)["Relabelled"]
    assert list_versions(demo)[0]["policy"]["watermark"] == log.watermark() - len(rows)


def test_a_name_that_is_none_is_said(page, demo: Dataset) -> None:
    app = page()
    app.text_input(key="version_name").input("../up")
    next(button for button in app.button if button.label == "Cut this version").click().run()
    assert "cannot be the name of a version" in words(app) and not list_versions(demo)


def test_imported_votes_can_be_counted_once_they_are_there(page, demo: Dataset) -> None:
    assert page().toggle(key="relabel-only-votes").disabled
    counts = np.zeros((len(demo), len(ANSWERS)), np.int32)
    counts[demo.splits == TRAINING, 6] = 10
    store_votes(demo, VoteTable(counts, "ten.csv"))
    app = page()
    before = tiles(app)["Relabelled"]
    assert tiles(switch(app, "votes"))["Relabelled"] > before


def test_a_corrected_vote_table_of_the_same_name_is_counted(page, demo: Dataset) -> None:
    shown = []
    for column in (6, 3):  # as many votes, for another class
        counts = np.zeros((len(demo), len(ANSWERS)), np.int32)
        counts[demo.splits == TRAINING, column] = 10
        store_votes(demo, VoteTable(counts, "ten.csv"), replace=True)
        shown.append(tiles(switch(page(), "votes"))["Relabelled"])
    assert shown[0] != shown[1]


def test_what_a_policy_lacks_is_a_sentence(page) -> None:
    app = page()
    app.segmented_control(key="relabel-only-method").set_value("crowdlab").run()
    assert not app.exception and "CROWDLAB" in words(app).upper()


def test_two_versions_are_compared_with_their_faces(page, demo: Dataset, workspace: Workspace) -> None:
    cut_version(workspace, demo, "a", POLICIES["relabel-only"])
    cut_version(workspace, demo, "b", Policy(drop_findings=(), relabel=False))
    app = page()
    app.selectbox(key="diff_a").select("demo@a").run()
    app.selectbox(key="diff_b").select("demo@b").run()
    kinds = app.button_group(key="diff_kind_demo@a_demo@b")
    dropped = int((~open_version(workspace, "demo@b").kept).sum())
    assert kinds.options[0] == f"dropped {dropped:,}"
    assert "In demo@a's Training and not in demo@b's" in words(app)
    assert f"Review these {dropped:,}" in [button.label for button in app.button]
    app.selectbox(key="diff_b").select("demo@a").run()
    assert "hold the same images with the same labels" in words(app)


def test_an_export_is_a_job_and_its_file_is_listed(
    page, demo: Dataset, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The job's command line, run here, writes the file that the page then offers."""
    from fer_core.__main__ import main
    from fer_core.jobs import runner
    from pages._shared import literal
    from pages._version_views import export

    monkeypatch.setattr(runner, "ensure_worker", lambda *given, **more: False)
    monkeypatch.setattr(export, "ensure_worker", lambda *given, **more: False)
    app = page()
    app.selectbox(key="export_form").select("parquet").run()
    app.button(key="export_start").click().run()
    job = list_jobs(workspace)[0]
    assert job.arguments[:2] == ["export", "demo"]
    assert main([*job.arguments, "--workspace", str(workspace.root), "--json"]) == 0
    file = workspace.root / "exports" / "demo.parquet"
    assert file.exists()
    again = page()
    assert literal(str(file)) in words(again)
