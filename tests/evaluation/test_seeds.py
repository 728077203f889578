"""Several seeds as one row."""

import json

import numpy as np
import pytest

from fer_core.evaluation.seeds import seed_groups, seed_row, spread


def run(seed: int, accuracy: float, **changes: object) -> dict:
    """A run.json of which only what matters here is there."""
    figures = {"n": 100, "accuracy": accuracy, "macro_f1": accuracy / 2}
    return {
        "id": f"run-{seed}",
        "seed": seed,
        "network": "shallow",
        "size": 48,
        "version": "d@v",
        "version_hash": "1",
        "dataset": "d",
        "dataset_hash": "2",
        "protocol": {"val": {"name": "PublicTest", "images": 9}, "test": {"name": "PrivateTest", "images": 9}},
        "recipe": {"name": "quick", "note": "", "epochs": 3},
        "result": {"test": {"whole": figures, "clean": {**figures, "n": 90}}},
        **changes,
    }


def test_mean_and_deviation_are_numpys() -> None:
    values = [0.61, 0.64, 0.6, 0.655]
    found = spread(values)
    assert found["mean"] == pytest.approx(np.mean(values))
    assert found["sd"] == pytest.approx(np.std(values, ddof=1))
    assert spread([0.6])["sd"] is None


def test_only_runs_that_differ_in_nothing_but_the_seed_are_one_row() -> None:
    runs = [
        run(0, 0.6),
        run(0, 0.6, version_hash="other"),
        run(1, 0.7),
        run(2, 0.5, recipe={"name": "quick", "note": "", "epochs": 4}),
        run(3, 0.5, recipe={"name": "mine", "note": "the same in other words", "epochs": 3}),
        run(4, 0.9, protocol={**run(0, 0)["protocol"], "leaky": True}),
    ]
    assert seed_groups(runs) == [[0, 2, 4], [1], [3], [5]]


def test_the_row_has_each_figure_of_every_split_that_all_have() -> None:
    extra = run(2, 0.8)
    extra["result"] = {**extra["result"], "votetest": extra["result"]["test"]}
    row = seed_row([run(0, 0.6), run(1, 0.7), extra])
    assert (row["runs"], row["seeds"]) == (["run-0", "run-1", "run-2"], [0, 1, 2])
    assert list(row["result"]) == ["test"]
    whole = row["result"]["test"]["whole"]
    assert whole["n"] == 100
    assert whole["accuracy"]["mean"] == pytest.approx(0.7) and whole["accuracy"]["sd"] == pytest.approx(0.1)
    assert whole["macro_f1"]["sd"] == pytest.approx(0.05)
    json.dumps(row)
