"""Runs: ranked by protocol, one looked at closely, two compared; every figure against the stored predictions."""

import base64
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import confusion_matrix, f1_score
from streamlit.testing.v1 import AppTest

from fer_core.dataset.store import Images, create_dataset, open_dataset
from fer_core.dataset.version import as_imported
from fer_core.emotions import NAMES
from fer_core.training.recipe import load_recipe
from fer_core.training.session import train_version
from fer_core.workspace import Workspace

SHELL = Path(__file__).resolve().parents[2] / "pages" / "_shell.py"


@pytest.fixture(scope="module")
def trained(demo_workspace: Workspace, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """Two runs on the demo and one on other images: `first`, `second`, `other`. Read it, do not write to it."""
    workspace = Workspace(tmp_path_factory.mktemp("runs") / "data")
    shutil.copytree(demo_workspace.dataset("demo"), workspace.dataset("demo"))
    demo = open_dataset(workspace, "demo")
    half = Images(demo.images[::2], demo.labels[::2], demo.splits[::2])
    other = create_dataset(workspace, "other", half, origin={})
    recipe = load_recipe("quick").changed(size=24)
    for name, dataset, epochs, seed in (("first", demo, 1, 0), ("second", demo, 4, 1), ("other", other, 1, 0)):
        train_version(workspace, as_imported(dataset), recipe.changed(epochs=epochs), seed=seed, run_id=name)
    return workspace


@pytest.fixture
def runs_page(trained: Workspace, monkeypatch: pytest.MonkeyPatch) -> Callable[..., AppTest]:
    """Opens the Runs page on `trained`, with runs in the address and a state to begin with."""
    monkeypatch.setenv("FERRET_WORKSPACE", str(trained.root))

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


def predictions(workspace: Workspace, run: str, role: str = "test") -> pd.DataFrame:
    table = pd.read_parquet(workspace.runs / run / "predictions.parquet")
    table = table[table["split"] == role]
    return table.assign(says=table[[f"p_{name}" for name in NAMES]].to_numpy().argmax(1))


def texts(app: AppTest) -> str:
    return "\n".join(element.value for element in [*app.markdown, *app.caption, *app.subheader])


def metrics(app: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in app.metric}


def heat_maps(app: AppTest) -> list[dict]:
    found = [json.loads(chart.proto.spec) for chart in app.get("plotly_chart")]
    return [figure["data"][0] for figure in found if figure["data"][0]["type"] == "heatmap"]


def numbers(packed: dict) -> np.ndarray:
    """float64 (7, 7) as Plotly packs it."""
    return np.frombuffer(base64.b64decode(packed["bdata"]), packed["dtype"]).reshape(7, 7)


def click(true: int, called: int) -> dict:
    return {"selection": {"points": [{"customdata": 7 * true + called}], "point_indices": [], "box": [], "lasso": []}}


def test_without_runs_it_says_what_to_do(workspace: Workspace, monkeypatch) -> None:
    monkeypatch.setenv("FERRET_WORKSPACE", str(workspace.root))
    app = AppTest.from_file(str(SHELL), default_timeout=60).run()
    app.switch_page("runs.py").run()
    assert not app.exception
    assert "No finished run yet" in texts(app)


def test_runs_on_other_images_never_share_a_table(runs_page, trained) -> None:
    app = runs_page()
    boards = [table.value for table in app.dataframe if "run" in table.value]
    assert [sorted(board["run"]) for board in boards] == [["first", "second"], ["other"]]
    mine = boards[0].set_index("run")
    for run in ("first", "second"):
        for role in ("val", "test"):
            table = predictions(trained, run, role)
            assert mine.loc[run, role] == pytest.approx(100 * (table["says"] == table["label"]).mean())
    assert boards[0]["val"].is_monotonic_decreasing


def test_the_best_run_opens_by_itself_and_stands_in_the_address(runs_page, trained) -> None:
    app = runs_page()
    best = app.dataframe[0].value["run"][0]
    assert app.query_params["run"] == best
    table = predictions(trained, best)
    assert metrics(app)["Accuracy"] == f"{(table['says'] == table['label']).mean():.1%}"
    expected = f1_score(table["label"], table["says"], average="macro", zero_division=0)
    assert metrics(app)["Macro-F1"] == f"{expected:.3f}"
    assert metrics(app)["Images"] == f"{len(table):,}"


def test_a_run_that_is_not_there_is_left_out(runs_page) -> None:
    assert runs_page("../../etc", "gone").query_params["run"] == runs_page().query_params["run"]


def test_the_matrix_as_counts_is_that_of_scikit_learn(runs_page, trained) -> None:
    app = runs_page("first")
    app.segmented_control(key="unit").set_value("Counts").run()
    table = predictions(trained, "first")
    expected = confusion_matrix(table["label"], table["says"], labels=range(7))
    assert np.array(heat_maps(app)[0]["text"]).tolist() == expected.astype(str).tolist()


def test_the_public_test_is_one_choice_away(runs_page, trained) -> None:
    app = runs_page("first", role="PublicTest")
    table = predictions(trained, "first", "val")
    assert metrics(app)["Accuracy"] == f"{(table['says'] == table['label']).mean():.1%}"
    assert "PublicTest, scored against the given labels" in texts(app)


def test_a_clicked_cell_opens_its_faces(runs_page, trained) -> None:
    table = predictions(trained, "second")
    true, called, count = table.groupby(["label", "says"]).size().reset_index().to_numpy()[0]
    app = runs_page("second", state={"matrix_second_test_whole_True": click(true, called)})
    assert f"{NAMES[true].capitalize()} called {NAMES[called]}" in texts(app)
    assert f"{count:,} images of PrivateTest" in texts(app)
    assert "By class" not in texts(app)


def test_two_runs_are_compared_on_the_same_images(runs_page, trained) -> None:
    app = runs_page("first", "second")
    order = app.query_params["run"]
    a, b = (predictions(trained, run).set_index("row") for run in order)
    right_a, right_b = a["says"] == a["label"], b["says"] == b["label"]
    only_a, only_b = (right_a & ~right_b).sum(), (right_b & ~right_a).sum()
    assert f"McNemar's test on {len(a):,} images: {only_a:,} are right by A alone, {only_b:,} by B alone." in texts(app)
    assert "p " in texts(app)
    matrices = [confusion_matrix(t["label"], t["says"], labels=range(7)) for t in (a, b)]
    shares = [matrix / np.maximum(matrix.sum(1, keepdims=True), 1) for matrix in matrices]
    assert numbers(heat_maps(app)[0]["z"]) == pytest.approx(100 * (shares[1] - shares[0]))


def test_a_cell_of_the_difference_opens_the_faces_that_moved(runs_page, trained) -> None:
    order = runs_page("first", "second").query_params["run"]
    a, b = (predictions(trained, run).set_index("row") for run in order)
    moved = (a["label"] == 3) & ((a["says"] == 3) != (b["says"] == 3))
    key = f"difference_{order[0]}_{order[1]}_test_whole"
    app = runs_page("first", "second", state={key: click(3, 3)})
    assert "Happy, called happy by one of the two" in texts(app)
    assert f"{moved.sum():,} images." in texts(app)


def test_runs_on_different_images_are_not_compared(runs_page) -> None:
    app = runs_page("first", "other")
    assert "different data sets" in "\n".join(error.value for error in app.error)
