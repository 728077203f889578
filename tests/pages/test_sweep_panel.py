"""The search over settings on the Train page: what it found, its best as a recipe, and the start of another."""

from pathlib import Path

import optuna
from streamlit.testing.v1 import AppTest

from fer_core.dataset.store import Dataset
from fer_core.dataset.version import open_version
from fer_core.jobs.store import list_jobs
from fer_core.training.recipe import Recipe
from fer_core.training.recipe_files import open_own, own_recipes
from fer_core.training.search.space import Range, Space
from fer_core.training.search.sweep import run_sweep

SHELL = Path(__file__).resolve().parents[2] / "pages" / "_shell.py"
BASE = Recipe("base", size=24, epochs=1, batch=64, precision="float32", options={"dense": 16})


def test_what_a_search_found_becomes_a_recipe(workspace, demo: Dataset, monkeypatch) -> None:
    monkeypatch.setenv("FERRET_WORKSPACE", str(workspace.root))
    monkeypatch.setattr("fer_core.jobs.runner.ensure_worker", lambda *_, **__: False)
    space = Space({"learning_rate": Range(1e-4, 1e-2, log=True)})
    study = run_sweep(workspace, open_version(workspace, "demo"), "rates", BASE, space, trials=1, thread_count=1).study
    spread = {"learning_rate": optuna.distributions.FloatDistribution(1e-4, 1e-2, log=True)}
    for number in range(4):  # planted: the more, the better; the last is the best by far
        rate = 0.002 * (number + 1)
        trial = optuna.create_trial(
            params={"learning_rate": rate},
            distributions=spread,
            value=0.9 + number / 100,
            user_attrs={"settings": {"learning_rate": rate}},
        )
        study.add_trial(trial)

    app = AppTest.from_file(str(SHELL), default_timeout=60).run()
    app.session_state["train_searches"] = True  # the fold is open
    app.switch_page("train.py").run()
    assert not app.exception
    assert any("**93.0%** on PublicTest by trial 4" in text.value for text in app.markdown)
    assert any("PrivateTest was not looked at. 5 trials: 5 done." in text.value for text in app.caption)

    app.button(key="sweep_keep").click().run()
    assert open_own(own_recipes(workspace)["rates-4"]).learning_rate == 0.008

    app.text_input(key="sweep_name").set_value("![x](http://e)").run()
    app.button(key="sweep_start").click().run()
    assert any("cannot be the name of a sweep" in error.value for error in app.error) and not list_jobs(workspace)
    app.text_input(key="sweep_name").set_value("demo-small").run()
    app.button(key="sweep_start").click().run()
    (job,) = list_jobs(workspace)
    assert job.arguments[:4] == ["sweep", "demo", "--name", "demo-small"]
