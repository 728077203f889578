"""Recipes: every knob known, wrong ones refused with a sentence."""

import inspect
from pathlib import Path

import pytest

from fer_core.errors import InputRefused, NotFound
from fer_core.networks.registry import find_network
from fer_core.training.recipe import load_recipe, parse_recipe, shipped_recipes


def test_every_shipped_recipe_loads_and_says_where_it_comes_from() -> None:
    papers = {f"paper-{name}" for name in ("shallow", "littlevgg", "modified", "vggnet", "vgg16", "covpool")}
    tuned = {"tuned-littlevgg", "tuned-modified", "tuned-covpool"}
    assert papers | tuned | {"quick", "thorough", "compact", "best"} <= set(shipped_recipes())
    for name in shipped_recipes():
        recipe = load_recipe(name)
        inspect.signature(find_network(recipe.network).build).bind(recipe.size, **recipe.options)
        assert name not in papers | tuned or recipe.network == name.split("-")[1]
        assert name not in papers or "Assumed" in recipe.note
        assert recipe.name == name
        assert len(recipe.note) > 40
        assert parse_recipe(recipe.document(), name) == recipe


def test_the_papers_recipe_runs_its_30_epochs_and_says_what_is_assumed() -> None:
    recipe = load_recipe("paper-shallow")
    assert (recipe.epochs, recipe.network, recipe.optimiser) == (30, "shallow", "adam")
    assert not recipe.flip
    assert recipe.shift == recipe.rotation == recipe.zoom == recipe.label_smoothing == 0
    assert "Assumed" in recipe.note


def test_the_papers_recipes_say_what_the_papers_say() -> None:
    modified, vggnet = load_recipe("paper-modified"), load_recipe("paper-vggnet")
    assert (modified.optimiser, modified.learning_rate, modified.batch, modified.epochs) == ("adam", 0.01, 16, 100)
    assert (modified.balance, modified.equalise) == ("augment", True)
    assert (vggnet.optimiser, vggnet.momentum, vggnet.learning_rate, vggnet.weight_decay) == (
        "nesterov",
        0.9,
        0.01,
        1e-4,
    )
    assert (vggnet.schedule, vggnet.factor, vggnet.patience, vggnet.epochs) == ("plateau", 0.75, 5, 300)
    assert (vggnet.size, vggnet.crop, vggnet.shift, vggnet.zoom, vggnet.rotation) == (40, 40, 0.2, 0.2, 10.0)
    assert load_recipe("paper-littlevgg").balance == "weights"
    vgg16 = load_recipe("paper-vgg16")
    assert 0 < vgg16.freeze < vgg16.epochs and vgg16.options["weights"] == "imagenet"


def test_a_shorter_training_freezes_and_ends_plainly_for_a_shorter_time() -> None:
    whole = load_recipe("paper-vgg16")
    assert whole.changed(epochs=whole.epochs // 2).freeze == whole.freeze // 2 > 0
    assert whole.changed(epochs=1).freeze == 0
    assert whole.changed(epochs=1, freeze=1).freeze == 1


def test_no_recipe_shows_faces_upside_down_but_the_one_whose_paper_does() -> None:
    assert [name for name in shipped_recipes() if load_recipe(name).balance == "augment"] == ["paper-modified"]
    assert all(load_recipe(name).rotation <= 45 for name in shipped_recipes())


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
        ("momentum = 1.0", r"momentum must lie in \[0, 1\)"),
        ("optimiser = 'nesterov'\nmomentum = 0.0", "nesterov needs a momentum above 0"),
        ("schedule = 'exponential'", "schedule must be one of constant, one-cycle"),
        ("balance = 'both'", "balance must be one of none, weights, oversample, augment"),
        ("crop = 60", "crop must be 0"),
        ("factor = 1.0", "factor must lie between 0 and 1"),
        ("patience = 0", "every and patience must be at least 1 epoch"),
        ("mixup = -0.1", "clip, mixup, cutmix, weight_decay: at least 0"),
        ("shear = 90.0", "shear must lie between 0 and 60 degrees"),
    ],
)
def test_a_wrong_recipe_is_refused_with_its_place(tmp_path: Path, text: str, sentence: str) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(text)
    with pytest.raises(InputRefused, match=sentence):
        load_recipe(str(path))


def test_an_unknown_name_says_what_there_is() -> None:
    with pytest.raises(NotFound, match="paper-vggnet, quick"):
        load_recipe("slow")
    with pytest.raises(NotFound, match="no recipe file"):
        load_recipe("nowhere.toml")
    with pytest.raises(NotFound):
        load_recipe("../recipes/quick")
