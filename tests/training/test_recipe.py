"""Recipes: every knob known, wrong ones refused with a sentence."""

from itertools import pairwise
from pathlib import Path

import pytest

from fer_core.errors import InputRefused, NotFound
from fer_core.training.recipe import Recipe, load_recipe, parse_recipe, shipped_recipes
from fer_core.training.schedule import learning_rate


def test_every_shipped_recipe_loads_and_says_where_it_comes_from() -> None:
    assert {"paper-shallow", "quick"} <= set(shipped_recipes())
    for name in shipped_recipes():
        recipe = load_recipe(name)
        assert recipe.name == name
        assert len(recipe.note) > 40
        assert parse_recipe(recipe.document(), name) == recipe


def test_the_papers_recipe_runs_its_30_epochs_and_says_what_is_assumed() -> None:
    recipe = load_recipe("paper-shallow")
    assert (recipe.epochs, recipe.network, recipe.optimiser) == (30, "shallow", "adam")
    assert not recipe.flip
    assert recipe.shift == recipe.rotation == recipe.zoom == recipe.label_smoothing == 0
    assert "Assumed" in recipe.note


def test_a_file_of_ones_own_takes_its_name_from_the_file(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text("epochs = 3\nlearning_rate = 1\n[options]\ndropout = 0.5\n")
    recipe = load_recipe(str(path))
    assert (recipe.name, recipe.epochs, recipe.learning_rate) == ("mine", 3, 1.0)
    assert recipe.options == {"dropout": 0.5}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("epoch = 3", "a recipe has no 'epoch'"),
        ("epochs = 'many'", "epochs must be int, not 'many'"),
        ("flip = 1", "flip must be bool, not 1"),
        ("epochs = 0", "epochs must be at least 1"),
        ("optimiser = 'magic'", "optimiser must be one of adam, adamw, sgd"),
        ("learning_rate = -1.0", "learning_rate must be positive"),
        ("learning_rate = nan", "learning_rate must be positive"),
        ("epochs = = 3", "not a TOML file"),
    ],
)
def test_a_wrong_recipe_is_refused_with_its_place(tmp_path: Path, text: str, sentence: str) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(text)
    with pytest.raises(InputRefused, match=sentence):
        load_recipe(str(path))


def test_an_unknown_name_says_what_there_is() -> None:
    with pytest.raises(NotFound, match="paper-shallow, quick"):
        load_recipe("slow")
    with pytest.raises(NotFound, match="no recipe file"):
        load_recipe("nowhere.toml")
    with pytest.raises(NotFound):
        load_recipe("../recipes/quick")


def test_one_cycle_rises_to_its_peak_and_falls_to_nothing() -> None:
    recipe = Recipe("r", schedule="one-cycle", learning_rate=1.0, warmup=0.2)
    rates = [learning_rate(recipe, step, 100) for step in range(100)]
    assert max(rates) == rates[20] == 1.0
    assert all(a < b for a, b in pairwise(rates[:21]))
    assert all(a > b for a, b in pairwise(rates[20:]))
    assert 0 < rates[-1] < 0.02


def test_constant_stays_and_cosine_ends_at_nothing() -> None:
    constant = Recipe("r", schedule="constant", warmup=0.0, learning_rate=0.1)
    assert {learning_rate(constant, step, 50) for step in range(50)} == {0.1}
    cosine = Recipe("r", schedule="cosine", warmup=0.0, learning_rate=1.0)
    assert learning_rate(cosine, 0, 100) == 1.0
    assert learning_rate(cosine, 50, 100) == pytest.approx(0.5)
    assert learning_rate(cosine, 99, 100) < 0.001
