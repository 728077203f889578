"""Overview: what a newcomer and a returning person see, and where the one primary button leads."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from drawn_components import drawn
from drawn_films import drawn_face, scene, write_film
from made_runs import make_run
from streamlit.testing.v1 import AppTest
from verdicts import verdict

from fer_core.audit.results import AuditSettings
from fer_core.audit.stages import run_audit
from fer_core.dataset.exporting import export_version
from fer_core.dataset.store import Dataset, Images, create_dataset, list_datasets, open_dataset
from fer_core.dataset.version import as_imported
from fer_core.emotions import NAMES
from fer_core.imaging.clips import Guesser
from fer_core.prediction import guessing
from fer_core.review.events.log import VerdictLog
from fer_core.review.policy import Policy, cut_version
from fer_core.review.queues.kinds import RANDOM
from fer_core.review.queues.stream import random_stream
from fer_core.runs.proof import proof
from fer_core.runs.run import open_run
from fer_core.workspace import Workspace
from pages._overview import ENOUGH, RANDOM_ENOUGH

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


def stations(app: AppTest) -> list[dict[str, str]]:
    return drawn(app, "loop")[0]["stations"]


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


def test_the_loop_says_which_station_is_next(opened, audited: Dataset) -> None:
    found = stations(opened())
    assert [station["state"] for station in found] == ["done", "done", "next", "later", "later", "later"]
    assert found[0]["words"] == "420 synthetic faces"
    assert found[2]["words"] == "Answer 50 faces"


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


def test_an_uploaded_video_becomes_faces_that_say_their_labels_are_guesses(
    opened, demo, workspace, tmp_path, monkeypatch
) -> None:
    guesser = Guesser("shallow48", lambda crops: np.full(len(crops), 3))  # the model itself takes seconds to load
    monkeypatch.setattr(guessing, "find_guesser", lambda workspace: guesser)
    frames = [np.roll(scene([drawn_face("happy")]), 4 * number, axis=1) for number in range(4)] + [scene([])] * 2
    clip = write_film(tmp_path / "clip.mp4", frames)
    app = opened()
    app.file_uploader(key="import_upload").set_value(("<b>me</b>.mp4", clip.read_bytes(), "video/mp4"))
    app.text_input(key="import_name_upload").set_value("own")
    app.number_input(key="import_every_upload").set_value(2)
    [button for button in app.button if button.label == "Import"][1].click().run()
    assert not app.exception
    assert app.session_state["dataset"] == "own"
    assert "Labels guessed by shallow48, not given by people" in words(app)
    assert app.dataframe[0].value.to_dict("records") == [{"why": "no face found", "how many": 1}]
    assert open_dataset(workspace, "own").table["source"][0] == "<b>me</b>.mp4 0.00 s face 1"


def test_a_folder_of_photographs_is_cropped_to_its_faces_and_labelled_by_a_word(opened, workspace, tmp_path) -> None:
    (tmp_path / "photos").mkdir()
    assert cv2.imwrite(str(tmp_path / "photos" / "a.png"), scene([drawn_face("sad")]))
    app = opened()
    app.text_input(key="import_path").set_value(str(tmp_path / "photos"))
    app.text_input(key="import_name_path").set_value("photos")
    app.selectbox(key="import_label_path").set_value("sad")
    next(button for button in app.button if button.label == "Import").click().run()
    assert not app.exception
    dataset = open_dataset(workspace, "photos")
    assert dataset.labels.tolist() == [4]
    face = cv2.resize(drawn_face("sad"), (48, 48), interpolation=cv2.INTER_AREA)[8:-8, 8:-8]
    assert cv2.matchTemplate(np.array(dataset.images[0]), face, cv2.TM_CCOEFF_NORMED).max() > 0.5


def test_the_next_step_leads_to_its_page(opened, demo: Dataset) -> None:
    app = opened()
    app.button(key="next_step").click().run()
    assert not app.exception
    assert [title.value for title in app.title] == ["Audit"]


def test_answers_lead_to_the_cut_and_the_cut_to_a_training_on_it(
    opened, audited: Dataset, workspace: Workspace
) -> None:
    log = VerdictLog(workspace.labels_db)
    given = [NAMES[label] for label in audited.labels[:ENOUGH]]
    log.record(audited, [verdict(audited, row, given[row]) for row in range(ENOUGH)])
    app = opened()
    assert app.button(key="next_step").label == "Cut a version"
    app.button(key="next_step").click().run()
    assert not app.exception
    assert [title.value for title in app.title] == ["Consensus"]
    assert app.session_state["show"] == "Versions"

    cut_version(workspace, audited, "clean", Policy(), log.watermark())
    other = two_pictures(workspace)
    log.record(other, [verdict(other, 0, "sad", f"p{number}") for number in range(ENOUGH)])
    make_run(workspace, audited, "plain")  # without the version: the training with it is left
    make_run(workspace, audited, "broken", status="failed")
    app = opened()
    assert "demo@clean is left" in words(app)
    app.button(key="next_step").click().run()
    assert not app.exception
    assert [title.value for title in app.title] == ["Train"]
    assert app.selectbox(key="version").value == "demo@clean"
    assert app.session_state["dataset"] == "demo"

    make_run(workspace, audited, "cleaned", skill=4.0, version="demo@clean")
    assert opened().button(key="next_step").label == "Compare runs"
    proved = proof(workspace, [open_run(workspace, "plain")], [open_run(workspace, "cleaned")])
    (workspace.root / "proofs").mkdir()
    (workspace.root / "proofs" / f"{proved['id']}.json").write_text(json.dumps(proved))
    app = opened()
    assert "Training on demo@clean instead of demo did better this once." in words(app)
    assert [station["state"] for station in stations(app)] == ["done"] * 6
    a, b = (proved["tests"][0]["figures"]["macro-F1"][side][0] for side in "ab")
    assert stations(app)[5]["words"] == f"{100 * (b - a):+.1f} points of macro-F1"
    app.button(key="next_step").click().run()
    assert not app.exception
    assert [title.value for title in app.title] == ["Review"]


def two_pictures(workspace: Workspace) -> Dataset:
    """Another data set, older than the others, so that it is not the one that is shown."""
    pixels = np.random.default_rng(4).integers(0, 256, (2, 48, 48), np.uint8)
    made = create_dataset(workspace, "other", Images(pixels, np.zeros(2, np.int8), np.zeros(2, np.int8)), origin={})
    document = json.loads((made.path / "dataset.json").read_text())
    (made.path / "dataset.json").write_text(json.dumps(document | {"imported": "2020-01-01T00:00:00+00:00"}))
    return made


def test_a_few_random_faces_are_no_headline(opened, demo: Dataset, workspace: Workspace) -> None:
    log = VerdictLog(workspace.labels_db)
    wrong = {row: NAMES[(demo.labels[row] + 1) % len(NAMES)] for row in random_stream(demo)[:RANDOM_ENOUGH].tolist()}
    first, *others = (verdict(demo, row, said, queue=RANDOM) for row, said in wrong.items())
    log.record(demo, [first])
    app = opened()
    assert headline(app) == "–"
    assert f"1 of {RANDOM_ENOUGH} random faces answered" in words(app)
    log.record(demo, others)
    assert headline(opened()) == "100%"


def headline(app: AppTest) -> str:
    return next(metric.value for metric in app.metric if metric.label == "Wrong labels, estimated")
