"""The card of a run."""

from made_runs import make_run

from fer_core.dataset.store import Dataset
from fer_core.runs.card import model_card, weak_spots
from fer_core.workspace import Workspace


def test_a_card_says_what_it_is_not_for_and_carries_the_runs_own_figures(workspace: Workspace, bars: Dataset) -> None:
    run = make_run(workspace, bars, "run")
    card = model_card(run)
    for words in (
        "hiring",
        "proctoring or attendance",
        "identify anybody",
        "diagnosis",
        "Expressions are not feelings",
    ):
        assert words in card
    figures = run.report()["test"]["whole"]
    low, high = figures["intervals"]["accuracy"]
    assert f"| PrivateTest, whole | 70 | {figures['accuracy']:.3f} ({low:.3f} to {high:.3f}) |" in card
    assert run.document["protocol"]["sentence"] in card
    assert run.document["version_hash"][:16] in card
    assert "LEAKY" not in card


def test_a_leaky_run_is_called_so_first(workspace: Workspace, bars: Dataset) -> None:
    card = model_card(make_run(workspace, bars, "leak", leaky=True))
    assert card.index("**LEAKY.**") < card.index("## What it is for")


def test_weak_spots_name_the_worst_class_and_what_it_is_taken_for() -> None:
    matrix = [[0] * 7 for _ in range(7)]
    for index in range(7):
        matrix[index][index] = 50
    matrix[2] = [0, 0, 10, 0, 30, 0, 0]  # fear: 10 found, 30 called sad
    matrix[1][1] = 8  # disgust: all right, but few
    intervals = {"per_class": {name: {"recall": [0.1, 0.4]} for name in
                               ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")}}  # fmt: skip
    found = weak_spots({"confusion": matrix, "ece": 0.2, "intervals": intervals})
    assert found[0] == "Fear: F1 0.40. It finds 25% of its 40 images (10% to 40%); 75% are taken for sad."
    assert any("calibration error 0.200" in sentence for sentence in found)
    assert found[-1] == "Its figures for disgust rest on 8 images and are the least certain."
