"""The search over settings: what it finds can be trained again, and it goes on where it was left."""

import optuna
import pytest

from fer_core.dataset.version import open_version
from fer_core.errors import InputRefused, NotFound, UsageError
from fer_core.runs.session import train_version
from fer_core.training.recipe import Recipe
from fer_core.training.search.space import Range, Space, load_space, parse_space, shipped_spaces
from fer_core.training.search.sweep import list_sweeps, open_sweep, run_sweep

BASE = Recipe("base", network="shallow", size=24, epochs=2, batch=64, precision="float32", options={"dense": 16})
SPACE = Space({"learning_rate": Range(1e-4, 1e-2, log=True), "batch": Range(32, 64, step=32)})


def test_a_sweep_goes_on_where_it_was_left_and_its_best_recipe_trains_to_the_same(workspace, demo):
    version = open_version(workspace, "demo")
    first = run_sweep(workspace, version, "s", BASE, SPACE, trials=2, thread_count=1).trials()
    sweep = run_sweep(workspace, version, "s", BASE, SPACE, trials=3, thread_count=1)
    assert sweep.trials()[:2] == first
    assert [trial.state for trial in sweep.trials()] == ["done"] * 3
    assert list_sweeps(workspace) == ["s"]

    trial, recipe = open_sweep(workspace, "s").best()
    assert trial.accuracy == max(other.accuracy for other in sweep.trials())
    assert 1e-4 <= recipe.learning_rate <= 1e-2
    assert recipe.batch in (32, 64)
    assert recipe.options == {"dense": 16}
    run = train_version(workspace, version, recipe, thread_count=1)
    assert run.document["best"]["val_accuracy"] == trial.accuracy

    assert run_sweep(workspace, version, "s", BASE, SPACE, trials=3).trials() == sweep.trials()
    with pytest.raises(UsageError, match="exists with another recipe"):
        run_sweep(workspace, version, "s", BASE.changed(epochs=3), SPACE, trials=4)


def test_settings_that_cannot_be_trained_fail_their_trial_alone(workspace, demo):
    space = Space({"network": ("littlevgg",), "size": (8,)})  # its four poolings need 16 pixels
    sweep = run_sweep(workspace, open_version(workspace, "demo"), "s", BASE, space, trials=2, thread_count=1)
    assert [trial.state for trial in sweep.trials()] == ["failed"] * 2
    assert "littlevgg" in sweep.trials()[0].failure
    assert sweep.best() is None


def test_a_trial_that_is_behind_is_given_up(workspace, demo):
    version = open_version(workspace, "demo")
    sweep = run_sweep(workspace, version, "s", BASE, SPACE, trials=1, thread_count=1)
    for number in range(4):  # others that knew it all after each epoch
        sweep.study.add_trial(
            optuna.create_trial(
                params={"learning_rate": 1e-3, "batch": 32},
                distributions=sweep.study.trials[0].distributions,
                value=1.0,
                intermediate_values={1: 1.0, 2: 1.0 + number / 100},
            )
        )
    behind = run_sweep(workspace, version, "s", BASE, SPACE, trials=6, thread_count=1).trials()[-1]
    assert behind.state == "pruned"
    assert behind.accuracy < 1


def test_options_belong_to_their_network():
    space = parse_space({"recipe": {"batch": [32]}, "options": {"vggnet": {"width": [32, 64]}}}, "mine.toml")
    assert space == Space({"batch": (32,)}, {"vggnet": {"width": (32, 64)}})
    assert {"small", "vgg-grid"} <= set(shipped_spaces())
    assert set(load_space("vgg-grid").options) == {"vggnet"}


def test_options_of_an_unknown_network_are_refused():
    space = parse_space({"options": {"vggnett": {"width": [32]}}}, "mine.toml")
    with pytest.raises(NotFound, match="no network 'vggnett'"):
        space.refuse_unknown_networks()


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ({"recipe": {"speed": [1]}}, "'speed' is no setting that can be searched"),
        ({"recipe": {"epochs": [1]}}, "'epochs' is no setting"),
        ({"recipe": {"batch": {"low": 64, "high": 32}}}, "low must lie below high"),
        ({"recipe": {"batch": {"low": 64}}}, "give a list of values, or"),
        ({"settings": {}}, "a space has .recipe. and"),
        ({"recipe": {"batch": ["a", "b"]}}, "batch: must be int, not 'a'"),
        ({"recipe": {"learning_rate": ["0.1"]}}, "learning_rate: must be float, not '0.1'"),
        ({"recipe": {"learning_rate": {"low": "1", "high": "9"}}}, "must be numbers"),
        ({"recipe": {"optimiser": {"low": 1, "high": 9}}}, "has no range"),
        ({}, "nothing to search"),
    ],
)
def test_a_space_that_makes_no_sense_is_refused(document, words):
    with pytest.raises(InputRefused, match=words):
        parse_space(document, "mine.toml")


def test_a_sweep_that_is_not_there(workspace):
    with pytest.raises(NotFound, match=r"no sweep 'x' \(in the workspace: none yet\)"):
        open_sweep(workspace, "x")
