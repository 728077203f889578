"""Runs: ranked by protocol, one looked at closely, several compared; every figure against the stored predictions."""

import ast
import base64
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import numpy as np
import pandas as pd
import pytest
from drawn_components import drawn
from made_runs import make_run
from sklearn.metrics import average_precision_score, confusion_matrix, f1_score
from streamlit.testing.v1 import AppTest

from fer_core.dataset.store import Dataset, Images, create_dataset, open_dataset
from fer_core.dataset.version import open_version, store_version
from fer_core.emotions import NAMES
from fer_core.files import write_json
from fer_core.jobs.store import list_jobs
from fer_core.review.events.log import VerdictLog
from fer_core.review.events.verdict import Verdict
from fer_core.review.queues.selections import list_selections
from fer_core.runs.notes import Notes, read_notes, save_notes
from fer_core.runs.proof import proof
from fer_core.runs.run import open_run
from fer_core.runs.trash import empty_trash
from fer_core.training.recipe import Recipe
from fer_core.workspace import Workspace

ROOT = Path(__file__).resolve().parents[2]
SHELL = ROOT / "pages" / "_shell.py"


def fill(workspace: Workspace, demo: Dataset) -> Workspace:
    """On the demo: `first` is better than `second`; `seed0` to `seed2` differ in the seed; a leak; other images."""
    half = Images(demo.images[::2], demo.labels[::2], demo.splits[::2])
    other = create_dataset(workspace, "other", half, origin={})
    for name, skill, recipe in (("first", 2.4, "one"), ("second", 1.2, "two")):
        make_run(workspace, demo, name, skill=skill, recipe=Recipe(recipe, epochs=3 + len(name)))
    for seed in range(3):
        make_run(workspace, demo, f"seed{seed}", skill=0.6, seed=seed)
    make_run(workspace, demo, "leak", skill=6.0, leaky=True)
    make_run(workspace, other, "other")
    return workspace


@pytest.fixture(scope="module")
def shared_runs(demo_workspace: Workspace, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """Read it, do not write to it."""
    workspace = Workspace(tmp_path_factory.mktemp("runs") / "data")
    shutil.copytree(demo_workspace.dataset("demo"), workspace.dataset("demo"))
    return fill(workspace, open_dataset(workspace, "demo"))


@pytest.fixture
def own_runs(shared_runs: Workspace, workspace: Workspace) -> Workspace:
    """The same, to write to."""
    shutil.copytree(shared_runs.root, workspace.root)
    return workspace


def opener(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> Callable[..., AppTest]:
    monkeypatch.setenv("FERRET_WORKSPACE", str(workspace.root))

    def run(*runs: str, state: dict | None = None, **query: str) -> AppTest:
        app = AppTest.from_file(str(SHELL), default_timeout=60).run()
        app.switch_page("runs.py")
        app.session_state["dataset"] = "demo"
        if runs:
            app.query_params["run"] = list(runs)
        for name, value in query.items():
            app.query_params[name] = value
        for key, value in (state or {}).items():
            app.session_state[key] = value
        app.run()
        assert not app.exception
        return app

    return run


@pytest.fixture
def runs_page(shared_runs: Workspace, monkeypatch: pytest.MonkeyPatch) -> Callable[..., AppTest]:
    """Opens the page on the shared runs, with runs in the address and a state to begin with."""
    return opener(shared_runs, monkeypatch)


@pytest.fixture
def own_page(own_runs: Workspace, monkeypatch: pytest.MonkeyPatch) -> Callable[..., AppTest]:
    return opener(own_runs, monkeypatch)


def predictions(workspace: Workspace, run: str, role: str = "test") -> pd.DataFrame:
    table = pd.read_parquet(workspace.runs / run / "predictions.parquet")
    table = table[table["split"] == role]
    return table.assign(says=table[[f"p_{name}" for name in NAMES]].to_numpy().argmax(1))


def texts(app: AppTest) -> str:
    return "\n".join(element.value for element in [*app.markdown, *app.caption, *app.subheader])


def metrics(app: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in app.metric}


def board(app: AppTest) -> dict:
    """What the leaderboard shows: rows by id, in order."""
    (data,) = drawn(app, "leaderboard")
    return {row["id"]: row for row in data["rows"]} | {"": data}


def lines(app: AppTest) -> list[str]:
    return [run for run in board(app) if run]


def faces(app: AppTest) -> list[dict]:
    return [face for grid in drawn(app, "face_grid") for face in grid["faces"]]


def figures(app: AppTest, kind: str) -> list[dict]:
    found = [json.loads(chart.proto.spec) for chart in app.get("plotly_chart")]
    return [figure for figure in found if figure["data"][0]["type"] == kind]


def numbers(packed: dict | list) -> np.ndarray:
    """An array as Plotly packs it."""
    if isinstance(packed, list):
        return np.array(packed)
    found = np.frombuffer(base64.b64decode(packed["bdata"]), packed["dtype"])
    return found.reshape([int(side) for side in packed["shape"].split(",")]) if "shape" in packed else found


def cells(app: AppTest) -> list[list[str]]:
    """What stands in the cells of the first matrix."""
    return [[cell["text"] for cell in row] for row in drawn(app, "matrix")[0]["cells"]]


def click(true: int, called: int) -> dict:
    return {"cell": {"at": [true, called]}}


def verdict(dataset: Dataset, row: int, answer: str) -> Verdict:
    content, now = dataset.table["content"].iloc[row], "2026-01-05T10:00:00+00:00"
    return Verdict(str(uuid4()), "answer", "demo", dataset.hash, int(row), content, "Ada", 1, answer, now)


def test_without_runs_it_says_what_to_do(workspace: Workspace, monkeypatch) -> None:
    monkeypatch.setenv("FERRET_WORKSPACE", str(workspace.root))
    app = AppTest.from_file(str(SHELL), default_timeout=60).run()
    app.switch_page("runs.py").run()
    assert not app.exception
    assert "No finished run yet" in texts(app)


def test_the_page_does_not_wait_for_torch() -> None:
    """It takes seconds; what needs it asks for it, inside a function."""
    todo = {"pages.runs", *(f"pages._run_views.{file.stem}" for file in (ROOT / "pages" / "_run_views").glob("*.py"))}
    seen: set[str] = set()
    while todo:
        name = todo.pop()
        seen.add(name)
        todo |= imported(name) - seen
    assert {"pages._runs", "fer_core.runs.run", "fer_core.evaluation.metrics", "numpy"} <= seen
    assert "torch" not in seen


def imported(module: str) -> set[str]:
    """What a module of ours imports when it is imported: with its parents, without what stands in functions."""
    path = ROOT / module.replace(".", "/")
    path = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    if not path.exists():
        return set()
    found = set()
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, node.module.partition(".")[0]}
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def test_unlike_protocols_never_share_a_table(runs_page, shared_runs) -> None:
    app = runs_page()
    assert lines(app) == ["first", "second", board(app)[""]["rows"][2]["id"]]
    assert set(lines(runs_page(together="false"))) == {"first", "second", "seed0", "seed1", "seed2"}
    assert lines(runs_page("other")) == ["other"]
    leaky = runs_page("leak")
    assert lines(leaky) == ["leak"]
    assert board(leaky)["leak"]["badges"][0] == "LEAKY"
    assert "LEAKY" in texts(leaky)
    assert "say nothing about new faces" in texts(leaky)
    # Together with an honest run, only one of the two boards is shown.
    assert runs_page("first", "leak").query_params["run"] == "first"


def test_another_protocol_and_another_data_set_open_their_best_run(runs_page) -> None:
    app = runs_page("second")
    leaky = next(option for option in app.selectbox(key="protocol").options if option.startswith("LEAKY"))
    app.selectbox(key="protocol").select(leaky).run()
    assert (lines(app), app.query_params["run"]) == (["leak"], "leak")
    app.selectbox(key="dataset").select("other").run()
    assert (lines(app), app.query_params["run"]) == (["other"], "other")


def test_the_table_says_what_the_predictions_say(runs_page, shared_runs) -> None:
    cells = board(runs_page("first"))["first"]["cells"]
    for role in ("val", "test"):
        table = predictions(shared_runs, "first", role)
        assert cells[role]["sort"] == pytest.approx((table["says"] == table["label"]).mean())
    assert cells["test"]["low"] < cells["test"]["sort"] < cells["test"]["high"]


def test_seeds_are_one_line(runs_page, shared_runs) -> None:
    app = runs_page("seed2")
    row = board(app)["seed2"]  # the one in the address stands for its line
    tables = [predictions(shared_runs, f"seed{seed}") for seed in range(3)]
    values = [(table["says"] == table["label"]).mean() for table in tables]
    assert row["cells"]["test"]["text"] == f"{np.mean(values):.1%}"
    assert row["cells"]["test"]["sub"] == f"± {100 * np.std(values, ddof=1):.1f}"
    assert "3 seeds" in row["sub"]
    assert metrics(app)["Accuracy"] == f"{values[2]:.1%}"
    assert f"3 seeds: {np.mean(values):.1%} ± {np.std(values, ddof=1):.1%}" in texts(app)


def test_the_best_run_opens_by_itself_and_stands_in_the_address(runs_page, shared_runs) -> None:
    app = runs_page()
    assert app.query_params["run"] == "first"
    table = predictions(shared_runs, "first")
    assert metrics(app)["Accuracy"] == f"{(table['says'] == table['label']).mean():.1%}"
    expected = f1_score(table["label"], table["says"], average="macro", zero_division=0)
    assert metrics(app)["Macro-F1"] == f"{expected:.3f}"
    assert runs_page("../../etc", "gone").query_params["run"] == "first"


def test_filters_stand_in_the_address(runs_page) -> None:
    assert lines(runs_page(recipe="two")) == ["second"]
    assert lines(runs_page(find="IRST")) == ["first"]
    app = runs_page(find="nothing like it")
    assert "No run passes these filters" in texts(app)
    assert metrics(app)["Accuracy"]  # what was open stays open


def test_the_matrix_as_counts_is_that_of_scikit_learn(runs_page, shared_runs) -> None:
    app = runs_page("first")
    app.segmented_control(key="unit").set_value("Counts").run()
    table = predictions(shared_runs, "first")
    expected = confusion_matrix(table["label"], table["says"], labels=range(7))
    assert cells(app) == expected.astype(str).tolist()


def test_the_public_test_is_one_choice_away(runs_page, shared_runs) -> None:
    app = runs_page("first", role="PublicTest")
    table = predictions(shared_runs, "first", "val")
    assert metrics(app)["Accuracy"] == f"{(table['says'] == table['label']).mean():.1%}"


def test_a_clicked_cell_opens_its_faces_and_sends_them_to_review(own_page, own_runs) -> None:
    table = predictions(own_runs, "second")
    wrong = table[table["says"] != table["label"]].groupby(["label", "says"]).size().sort_values()
    (true, called), count = wrong.index[-1], wrong.iloc[-1]
    app = own_page("second", state={"matrix_A_Row-shares_second_test_whole_given": click(true, called)})
    title = f"{NAMES[true].capitalize()} called {NAMES[called]}"
    assert title in texts(app)
    assert f"{count:,} images of PrivateTest" in texts(app)
    assert len(faces(app)) == min(count, 48)
    app.button(key="cell_A_review").click().run()
    (selection,) = list_selections(open_dataset(own_runs, "demo"))
    assert selection.title == f"Runs: {title}"
    expected = table[(table["label"] == true) & (table["says"] == called)]["row"]
    assert sorted(selection.rows) == sorted(expected)


def test_two_runs_are_tested_on_the_same_images(runs_page, shared_runs) -> None:
    app = runs_page("first", "second")
    a, b = (predictions(shared_runs, run).set_index("row") for run in ("first", "second"))
    right_a, right_b = a["says"] == a["label"], b["says"] == b["label"]
    only_a, only_b = (right_a & ~right_b).sum(), (right_b & ~right_a).sum()
    assert f"McNemar's test on {len(a):,} images: {only_a:,} are right by A alone, {only_b:,} by B alone." in texts(app)
    points = 100 * (right_a.mean() - right_b.mean())
    assert f"**A is better than B by {points:.1f} points (" in texts(app)
    assert "on PrivateTest, given labels.**" in texts(app)
    differing = next(table.value for table in app.dataframe if list(table.value.columns) == ["A", "B"])
    assert differing.loc["epochs"].tolist() == ["8", "9"]
    assert "batch" not in differing.index


def test_groups_of_seeds_are_tested_over_the_seeds(runs_page) -> None:
    assert "Over the seeds: A is better than B by" in texts(runs_page("first", "seed1"))
    assert "1 against 3 seeds" in texts(runs_page("first", "seed1"))


def test_the_difference_of_two_matrices_and_the_faces_that_moved(runs_page, shared_runs) -> None:
    key = "matrix_B_Difference_first_second_test_whole_given"
    app = runs_page("first", "second", state={key: click(3, 3)}, compare="Confusion")
    a, b = (predictions(shared_runs, run).set_index("row") for run in ("first", "second"))
    matrices = [confusion_matrix(t["label"], t["says"], labels=range(7)) for t in (a, b)]
    shares = [matrix / np.maximum(matrix.sum(1, keepdims=True), 1) for matrix in matrices]
    assert np.array(cells(app), float) == pytest.approx(100 * (shares[1] - shares[0]), abs=0.051)
    moved = (a["label"] == 3) & ((a["says"] == 3) != (b["says"] == 3))
    assert "Happy, called happy by one of A and B" in texts(app)
    assert f"{moved.sum():,} images." in texts(app)


def test_what_is_confused_most_stands_beside_the_matrix(runs_page, shared_runs) -> None:
    table = predictions(shared_runs, "first")
    wrong = table[table["label"] != table["says"]]
    counts = wrong.groupby(["label", "says"]).size()
    listed = drawn(runs_page("first"), "bars")[0]["lines"]
    assert [line["values"][0] for line in listed] == sorted(counts, reverse=True)[:9]
    for line in listed:
        label, says = (NAMES.index(name) for name in line["name"].split(" → "))
        share = counts[label, says] / (table["label"] == label).sum()
        assert line["texts"] == [f"{counts[label, says]} · {share:.0%}"]


def test_faces_that_changed_sides_both_ways(runs_page, shared_runs) -> None:
    app = runs_page("first", "second", compare="Changed sides")
    a, b = (predictions(shared_runs, run).set_index("row") for run in ("first", "second"))
    only_a = ((a["says"] == a["label"]) & (b["says"] != b["label"])).sum()
    only_b = ((b["says"] == b["label"]) & (a["says"] != a["label"])).sum()
    assert len(faces(app)) == min(only_b, 48)
    app.segmented_control(key="right_by_B").set_value("A").run()
    assert len(faces(app)) == min(only_a, 48)


def test_bars_by_class_carry_their_intervals(runs_page, shared_runs) -> None:
    app = runs_page("first", view="Classes")
    table = predictions(shared_runs, "first")
    expected = f1_score(table["label"], table["says"], average=None, labels=range(7), zero_division=0)
    bars = figures(app, "bar")[2]["data"][0]
    assert numbers(bars["y"]) == pytest.approx(expected)
    ranges = json.loads((shared_runs.runs / "first" / "report.json").read_text())["test"]["whole"]["intervals"]
    highs = [ranges["per_class"][name]["f1"][1] for name in NAMES]
    assert numbers(bars["y"]) + numbers(bars["error_y"]["array"]) == pytest.approx(highs)


def test_calibration_and_average_precision_in_words(runs_page, shared_runs) -> None:
    app = runs_page("first", view="Calibration")
    table = predictions(shared_runs, "first")
    expected = average_precision_score(table["label"] == 3, table["p_happy"])
    assert f"happy {expected:.2f}" in texts(app)
    report = json.loads((shared_runs.runs / "first" / "report.json").read_text())["test"]["whole"]
    assert f"Calibration error (ECE) {report['ece']:.3f}" in texts(app)


def test_curves_share_one_axis_and_can_be_drawn_by_time(runs_page) -> None:
    (figure,) = figures(runs_page("first", "second", compare="Curves", axis="By time"), "scatter")
    layout = figure["layout"]
    assert {layout[axis].get("matches") for axis in ("xaxis", "xaxis2")} == {"x3"}
    assert layout["xaxis3"]["title"]["text"] == "minutes"
    assert numbers(figure["data"][1]["x"]).tolist() == [0.5, 1.0]


def test_mistakes_are_sorted_by_loss_and_filtered(runs_page, shared_runs) -> None:
    app = runs_page("second", view="Mistakes")
    table = predictions(shared_runs, "second")
    own = table[[f"p_{name}" for name in NAMES]].to_numpy()[np.arange(len(table)), table["label"]]
    wrong = table.assign(loss=-np.log(own))[table["says"] != table["label"]].sort_values("loss", ascending=False)
    assert f"{len(wrong):,} of {len(wrong):,} mistakes" in texts(app)
    worst = wrong.iloc[0]
    assert faces(app)[0]["caption"] == f"{NAMES[int(worst['label'])]} → {NAMES[int(worst['says'])]}"
    fear = wrong[wrong["label"] == 2]
    app = runs_page("second", view="Mistakes", labelled="fear")
    assert f"{len(fear):,} of {len(wrong):,} mistakes" in texts(app)


def test_what_people_say_decides_who_is_wrong(own_page, own_runs) -> None:
    table = predictions(own_runs, "second")
    wrong = table[table["says"] != table["label"]]
    dataset, log = open_dataset(own_runs, "demo"), VerdictLog(own_runs.labels_db)
    singles = [row for row in wrong["row"] if (dataset.groups == dataset.groups[row]).sum() == 1]
    by_row = wrong.set_index("row")
    answers = {row: NAMES[by_row.loc[row, "says"]] for row in singles[:3]}
    answers |= {row: NAMES[by_row.loc[row, "label"]] for row in singles[3:5]}
    for row, answer in answers.items():
        log.record(dataset, [verdict(dataset, row, answer)])
    app = own_page("second", view="Mistakes")
    alt = next(chart.proto.alt for chart in app.get("plotly_chart") if "to blame" in chart.proto.alt)
    assert "People agree with the network: the label is wrong: 3;" in alt
    assert "People agree with the label: the network is wrong: 2" in alt
    app = own_page("second", view="Mistakes", blame_of="Wrong label")
    assert f"3 of {len(wrong):,} mistakes" in texts(app)
    assert all(", people: " in face["caption"] for face in faces(app))


def test_notes_and_tags_are_kept_and_found(own_page, own_runs) -> None:
    app = own_page("second")
    app.text_area(key="note_second").set_value("the <b>baseline</b>")
    app.button[[button.label for button in app.button].index("Save")].click().run()
    assert read_notes(own_runs.runs / "second").note == "the <b>baseline</b>"
    assert "the <b>baseline</b>" in [text.value for text in app.text]
    save_notes(own_runs.runs / "second", Notes(("to ship",)))
    assert lines(own_page(tag="to ship")) == ["second"]


def test_a_deleted_run_comes_back(own_page, own_runs) -> None:
    app = own_page("second")
    app.button(key="delete").click().run()
    assert "second" not in lines(app)
    assert "**second** is deleted" in texts(app)
    assert app.query_params["run"] == "first"
    app.button(key="undo_delete").click().run()
    assert "second" in lines(app)
    assert app.query_params["run"] == "second"
    assert not app.exception


def test_a_run_that_is_gone_for_good_cannot_be_undone(own_page, own_runs) -> None:
    app = own_page("second")
    app.button(key="delete").click().run()
    empty_trash(own_runs)
    app.run()
    assert "is deleted" not in texts(app) and not app.exception


def test_the_faces_of_a_run_are_found_under_another_name(own_page, own_runs) -> None:
    demo = own_runs.dataset("demo")
    shutil.copytree(demo, own_runs.dataset("copy"))
    document = json.loads((demo / "dataset.json").read_text())
    (own_runs.dataset("copy") / "dataset.json").write_text(json.dumps(document | {"name": "copy"}))
    (demo / "dataset.json").write_text(json.dumps(document | {"hash": "another"}))
    app = own_page("first", view="Mistakes")
    assert faces(app) and not app.error


def test_the_card_and_the_report_can_be_taken_along(runs_page) -> None:
    app = runs_page("first", view="Model card")
    assert "Expressions are not feelings" in texts(app)
    assert {"card_file", "report_file"} <= {button.key for button in app.get("download_button")}


def test_test_time_augmentation_is_shown_where_somebody_has_asked_for_it(own_page, own_runs) -> None:
    assert "augmentation" not in texts(own_page("second"))
    folder = own_runs.runs / "second"
    table = pd.read_parquet(folder / "predictions.parquet")
    columns = [f"p_{name}" for name in NAMES]
    before = (table["label"] == table[columns].to_numpy().argmax(1))[table["split"] == "test"].mean()
    table[columns] = np.eye(7, dtype=np.float32)[table["label"]]  # augmentation that gets everything right
    table = table[["row", "split", *columns]]
    table.attrs = {"views": 10, "seconds": [0.08, 0.01]}
    table.to_parquet(folder / "predictions-crops.parquet")
    words = texts(own_page("second"))
    assert "(crops, 10 views, 8 times as long): **100.0%**" in words
    assert f"{100 * (1 - before):+.1f} points" in words


def test_a_proof_is_told_in_its_sentence_and_a_new_one_is_queued(own_runs, monkeypatch):
    monkeypatch.setattr("fer_core.jobs.runner.ensure_worker", lambda *_, **__: False)
    run = opener(own_runs, monkeypatch)
    assert any("There is one version only" in text.value for text in run("first").markdown)

    whole = open_version(own_runs, "demo")
    manifest = whole.manifest.copy()
    manifest.loc[0, "kept"] = bool(whole.splits[0] != 0)
    store_version(own_runs, whole.dataset, "cut", manifest, {})
    found = proof(own_runs, [open_run(own_runs, "second")], [open_run(own_runs, "first")])
    write_json(own_runs.root / "proofs" / f"{found['id']}.json", found)
    page = run("first")
    assert " did better this once. " in found["sentence"]
    assert any(found["sentence"] in text.value.replace("\\", "") for text in page.markdown)
    page.button(key="proof_start").click().run()
    (job,) = list_jobs(own_runs)
    assert job.arguments == ["prove", "demo", "demo@cut", "--recipe", "quick", "--seeds", "5"]
