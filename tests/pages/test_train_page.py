"""Train: choices become a recipe and a command line, are shown before the start, and lead to a run."""

import os
import time
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from fer_core.dataset.store import Dataset
from fer_core.dataset.version import as_imported, store_version
from fer_core.errors import Cancelled, InputRefused, UsageError
from fer_core.evaluation.protocol import make_protocol
from fer_core.jobs import store
from fer_core.jobs.process import find_process
from fer_core.networks.cost import Cost
from fer_core.runs.leaky import leaky_plan
from fer_core.runs.run import open_run
from fer_core.runs.session import train_version
from fer_core.training import recipe_files
from fer_core.training.recipe import Recipe, load_recipe, shipped_recipes
from fer_core.workspace import Workspace
from pages._shared import duration
from pages._train_views import preview
from pages._train_views.charts import class_shares, images_per_epoch, rates
from pages._train_views.context import Material
from pages._train_views.settings import CHOICES, SETTINGS
from pages._train_views.upscaled import compared

SHELL = Path(__file__).resolve().parents[2] / "pages" / "_shell.py"
DEADLINE = 180.0


@pytest.fixture
def train_page(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> Callable[..., AppTest]:
    """Opens the Train page on `workspace`, with the address's parameters as given."""
    monkeypatch.setenv("FERRET_WORKSPACE", str(workspace.root))

    def run(**address: str) -> AppTest:
        app = AppTest.from_file(str(SHELL), default_timeout=60)
        app.query_params.update(address)
        app.run()
        app.switch_page("train.py")
        app.run()
        assert not app.exception
        return app

    return run


@pytest.fixture
def submitted(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """What was queued; nothing runs."""
    lines: list[list[str]] = []
    monkeypatch.setattr(
        "fer_core.jobs.runner.submit",
        lambda workspace, line, title: (lines.append(line), store.add_job(workspace, line, title, Path.cwd()))[1],
    )
    monkeypatch.setattr("fer_core.jobs.runner.ensure_worker", lambda workspace, **_: None)
    return lines


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Networks cost what this says; the first real count of a process takes seconds, and has tests of its own."""
    costs = {"shallow": Cost(1000, 20_000_000), "littlevgg": Cost(1000, 100_000_000), "scout": Cost(1000, 40_000_000)}
    monkeypatch.setattr("fer_core.networks.cost.network_cost", lambda name, size, **options: costs[name])
    monkeypatch.setattr("pages._train_views.memory._kept", lambda *about: 1_000_000)


@pytest.fixture(scope="module")
def material(demo_workspace: Workspace) -> Material:
    from fer_core.dataset.store import open_dataset

    version = as_imported(open_dataset(demo_workspace, "demo"))
    return Material(version, make_protocol(version.dataset, version.rows(0)))


def texts(app: AppTest) -> str:
    return "\n".join(element.value for element in [*app.markdown, *app.caption, *app.subheader])


def metrics(app: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in app.metric}


def button(app: AppTest, label: str):
    return next(found for found in app.button if found.label == label)


def opened(app: AppTest, group: str) -> AppTest:
    """The page with a group of settings open."""
    app.session_state["train_group"] = group
    return app.run()


def command_line(app: AppTest) -> str:
    """What stands in the fold of the recipe's file; it stays open."""
    app.session_state["train_file"] = True
    assert not app.run().exception
    return str(app.code[0].value)


def given(line: list[str]) -> dict[str, str]:
    return dict(zip(line[2::2], line[3::2], strict=True))


def running_job(workspace: Workspace, *arguments: str) -> store.Job:
    """A job that this test's process runs."""
    job = store.add_job(workspace, list(arguments), "the training", Path.cwd())
    process = find_process(os.getpid())
    store.take_job(workspace, process)
    return store.open_job(workspace, job.id)


def test_without_data_it_says_what_to_do(train_page) -> None:
    assert "No data set yet" in texts(train_page())


def test_a_newcomer_sees_one_button_and_what_it_will_do(train_page, demo: Dataset, material: Material) -> None:
    app = train_page()
    assert "Nothing is training" in texts(app)
    assert [found.label for found in app.button if found.proto.type == "primary"] == ["Start training"]
    assert f"{len(material.protocol.train):,} images train" in texts(app)
    assert "PublicTest (" in texts(app)
    assert "nothing was trained here before" in texts(app)
    assert len(app.image) == 2
    assert {"ferret_curve", "ferret_bars"} <= {chart.proto.component_name for chart in app.get("bidi_component")}
    assert not app.code  # folded, and not paid for until it is opened
    assert "--recipe quick --seed 0" in command_line(app)
    assert not any("audit" in option for option in app.selectbox(key="recipe").options[:3])


def test_choices_become_a_command_line(train_page, demo: Dataset, workspace, submitted) -> None:
    manifest = as_imported(demo).manifest
    dropped = make_protocol(demo, as_imported(demo).rows(0)).train[:20]
    manifest.loc[dropped, "kept"] = False
    store_version(workspace, demo, "cleaned", manifest, {})
    app = train_page()
    before = int(texts(app).split(" images train")[0].split()[-1])
    app.selectbox(key="version").select("demo@cleaned").run()
    assert f"{before - 20:,} images train" in texts(app)
    app.selectbox(key="recipe").select("paper-shallow").run()
    assert app.number_input(key="set_epochs").value == load_recipe("paper-shallow").epochs
    app.number_input(key="set_epochs").set_value(3).run()
    app.number_input(key="seed").set_value(7).run()
    assert "**1 setting differs** from `paper-shallow`" in texts(app)
    assert "Epochs 30 → 3" in texts(app)
    button(app, "Start training").click().run()
    (line,) = submitted
    assert line[:3] == ["train", "demo@cleaned", "--run"]
    assert given(line)["--run"].startswith("shallow48-")
    told = {key: given(line)[key] for key in ("--recipe", "--epochs", "--seed")}
    assert told == {"--recipe": "paper-shallow", "--epochs": "3", "--seed": "7"}
    assert "queued" in texts(app)


def test_an_expert_changes_everything_and_trains_from_a_file(
    train_page, demo: Dataset, workspace, submitted, counted
) -> None:
    app = train_page()
    app.selectbox(key="network").select("littlevgg").run()
    opened(app, "Network")
    app.slider(key="option_littlevgg_dropout").set_value(0.5).run()
    opened(app, "Learning")
    assert "Factor of a drop" not in [slider.label for slider in app.slider]
    app.selectbox(key="set_schedule").select("step").run()
    app.slider(key="set_factor").set_value(0.3).run()
    app.selectbox(key="set_optimiser").select("adagrad").run()
    assert "Momentum" not in [slider.label for slider in app.slider]
    opened(app, "Picture")
    app.toggle(key="set_equalise").set_value(True).run()
    assert "**6 settings differ** from `quick`" in texts(app)
    command_line(app)
    app.text_input(key="own_name").set_value("../mine").run()
    assert "cannot be the name of a recipe" in app.toast[0].value
    app.text_input(key="own_name").set_value("mine").run()
    assert "recipes/mine.toml" in command_line(app)
    assert not app.exception
    button(app, "Start training").click().run()
    path = Path(given(submitted[0])["--recipe"])
    assert path == workspace.root / "recipes" / "mine.toml"
    assert "--epochs" not in submitted[0]
    quick = load_recipe("quick")
    expected = quick.changed(network="littlevgg", options={"dropout": 0.5}, schedule="step", factor=0.3)
    expected = replace(expected, optimiser="adagrad", equalise=True, name="mine")
    stored = load_recipe(str(path))
    assert replace(stored, note="") == replace(expected, note="")
    assert "From quick, changed: Network shallow → littlevgg" in stored.note
    assert app.selectbox(key="recipe").value == "mine.toml"


def test_the_leaky_split_is_marked_wherever_it_shows(train_page, demo: Dataset, submitted) -> None:
    app = train_page()
    app.toggle(key="leaky").set_value(True).run()
    assert f"LEAKY: {len(demo):,} images of all splits are pooled" in texts(app)
    plan = leaky_plan(as_imported(demo))
    assert f"{len(plan.protocol.train):,} train." in texts(app)
    button(app, "Start training").click().run()
    assert submitted[0][-1] == "--leaky-split"
    assert "**LEAKY, shallow at 48" in texts(app)


def test_reset_and_another_network_keep_what_belongs_together(train_page, demo: Dataset) -> None:
    app = opened(train_page(), "Learning")
    app.number_input(key="set_batch").set_value(32).run()
    app.selectbox(key="network").select("littlevgg").run()
    assert "Batch 64 → 32" in texts(app)
    assert "Network shallow → littlevgg" in texts(app)
    assert app.query_params["network"] == "littlevgg"
    button(app, "Reset").click().run()
    assert "differ" not in texts(app)
    assert app.selectbox(key="network").value == "shallow"
    assert "network" not in app.query_params


def test_what_cannot_be_built_is_a_sentence_and_cannot_be_started(train_page, demo: Dataset) -> None:
    app = opened(train_page(), "Picture")
    app.selectbox(key="network").select("littlevgg").run()
    app.number_input(key="set_size").set_value(12).run()
    assert "size must be at least 16" in app.error[0].value
    assert button(app, "Start training").disabled
    app.number_input(key="set_size").set_value(16).run()
    assert not app.error


def test_the_address_brings_the_choice_back(train_page, demo: Dataset) -> None:
    app = train_page(recipe="thorough", network="scout")
    assert app.selectbox(key="recipe").value == "thorough"
    assert app.selectbox(key="network").value == "scout"
    assert train_page(recipe="no such", network="<b>").selectbox(key="recipe").value == "quick"


def test_a_recipe_file_of_ones_own_can_be_chosen(train_page, demo: Dataset, workspace) -> None:
    hostile = "![](http://example.org/x.png) :material/home:"
    recipe_files.store_recipe(workspace, replace(load_recipe("quick"), name="mine", batch=48, note=hostile))
    app = opened(train_page(recipe="mine.toml"), "Learning")
    assert app.number_input(key="set_batch").value == 48
    assert r"\!\[\](http\://example.org/x.png) \:material/home:" in texts(app)
    assert "recipes/mine.toml" in command_line(app)


def test_measuring_gives_the_pace_where_no_run_does(train_page, demo: Dataset, monkeypatch) -> None:
    monkeypatch.setattr("pages._train_views.pace.MEASURED_SECONDS", 0.0)
    monkeypatch.setattr("pages._train_views.pace.measure", lambda recipe, threads: 10.0)
    app = train_page()
    images = int(texts(app).split(" images train")[0].split()[-1])
    chosen_on = int(texts(app).split("PublicTest (")[1].split(")")[0])
    app.button(key="measure").click().run()
    assert not app.exception
    seconds = (images + chosen_on / 3) * load_recipe("quick").epochs / 10.0
    assert f"**About {seconds / 60:.0f} min**, as measured just now (10 images a second)" in texts(app)


def test_the_estimate_follows_the_pace_of_the_last_run(train_page, demo: Dataset, workspace, counted) -> None:
    quick = load_recipe("quick").changed(epochs=1)
    run = train_version(workspace, as_imported(demo), quick, run_id="first", thread_count=1)
    pace = next(event["images_per_s"] for event in reversed(run.events()) if event.get("images_per_s"))
    app = train_page()
    app.number_input(key="threads").set_value(1).run()
    assert f"at the pace of the last such training here ({pace:,.0f} images a second)" in texts(app)
    app.number_input(key="set_epochs").set_value(1000).run()
    images = len(make_protocol(demo, as_imported(demo).rows(0)).train)
    assert f"**About {duration(images * 1000 / pace)}**" in texts(app)
    app.selectbox(key="network").select("scout").run()
    assert "roughly, by multiply-adds: 40 million a face, 20 million in the last run" in texts(app)
    chosen_on = (demo.splits == 1).sum()
    assert f"**About {duration((images + chosen_on / 3) * 1000 / (pace / 2))}**" in texts(app)


def test_start_trains_in_the_background_and_leads_to_the_run(train_page, demo: Dataset, workspace) -> None:
    app = train_page()
    app.number_input(key="set_epochs").set_value(1).run()
    app.number_input(key="threads").set_value(1).run()
    opened(app, "Augmentation").slider(key="set_rotation").set_value(9.0).run()
    button(app, "Start training").click().run()
    (job,) = store.list_jobs(workspace)
    deadline = time.monotonic() + DEADLINE
    while (job := store.open_job(workspace, job.id)).active:
        assert time.monotonic() < deadline, f"still {job.state}: {job.stage}"
        time.sleep(0.1)
    assert job.state == "done", job.error
    app.run()
    assert not app.exception
    run = open_run(workspace, job.result["run"])
    assert run.document["recipe"]["rotation"] == 9.0
    assert f"PublicTest {run.document['result']['val']['whole']['accuracy']:.1%}" in texts(app)
    (link,) = [element for element in app.get("page_link") if element.proto.label == "See the run"]
    assert f"run={run.id}" in link.proto.query_string


def test_a_running_training_shows_its_figures_and_curves(train_page, demo: Dataset, workspace) -> None:
    def stop_with_a_best_epoch(stage: str, fraction: float) -> None:
        if (workspace.run("half") / "best.safetensors").exists():
            raise Cancelled

    recipe = load_recipe("quick").changed(size=24, epochs=40)
    with pytest.raises(Cancelled):
        train_version(workspace, as_imported(demo), recipe, run_id="half", report=stop_with_a_best_epoch)
    running_job(workspace, "train", "demo", "--run", "half")
    app = train_page()
    run = open_run(workspace, "half")
    assert metrics(app)["Epoch"].endswith(" of 40")
    assert metrics(app)["Best on PublicTest"] == f"{run.document['best']['val_accuracy']:.1%}"
    assert metrics(app)["Its macro-F1"] == f"{run.document['best']['val_macro_f1']:.3f}"
    assert int(metrics(app)["Images per second"].replace(",", "")) > 0
    assert len(app.get("plotly_chart")) == 3


def test_stop_asks_the_job_to_stop(train_page, demo: Dataset, workspace) -> None:
    job = running_job(workspace, "train", "demo", "--run", "absent")
    button(train_page(), "Stop").click().run()
    assert store.open_job(workspace, job.id).cancel_requested


def test_a_failure_is_a_sentence_and_can_be_resumed(train_page, demo: Dataset, workspace, monkeypatch) -> None:
    monkeypatch.setattr("fer_core.jobs.runner.ensure_worker", lambda workspace, **_: None)
    job = running_job(workspace, "train", "demo", "--run", "absent")
    store.conclude(workspace, job, store.Outcome("failed", "The disk is full. Make room."))
    app = train_page()
    assert "The disk is full. Make room." in texts(app)
    button(app, "Resume").click().run()
    assert store.open_job(workspace, job.id).state == "queued"


def test_every_setting_of_a_recipe_has_its_words() -> None:
    names = {field.name for field in fields(Recipe)} - {"name", "note", "options"}
    assert set(SETTINGS) == names
    assert all(setting.help.endswith(".") for setting in SETTINGS.values())
    for name, values in CHOICES.items():
        assert set(SETTINGS[name].words) == set(values), name


@pytest.mark.parametrize("name", shipped_recipes())
def test_a_recipe_survives_its_file(workspace: Workspace, name: str) -> None:
    hostile = 'a "quoted" \\ line\nand é \x7f \x00'
    recipe = replace(load_recipe(name), name="mine", note=hostile, learning_rate=1e-7)
    called, path = recipe_files.store_recipe(workspace, recipe)
    assert load_recipe(str(path)) == called == recipe


def test_a_stored_recipe_is_never_changed(workspace: Workspace) -> None:
    recipe = replace(load_recipe("quick"), name="mine")
    assert recipe_files.store_recipe(workspace, recipe) == recipe_files.store_recipe(workspace, recipe)
    other, path = recipe_files.store_recipe(workspace, recipe.changed(batch=8))
    assert (other.name, path.name) == ("mine-2", "mine-2.toml")
    assert load_recipe(str(path.with_name("mine.toml"))).batch == recipe.batch
    shipped, _ = recipe_files.store_recipe(workspace, replace(recipe, name="quick"))
    assert shipped.name == "quick-2"
    with pytest.raises(UsageError, match="cannot be the name"):
        recipe_files.store_recipe(workspace, replace(recipe, name="../quick"))


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"epochs = ", "not a TOML file"),
        (b"epoch = 3", "has no 'epoch'"),
        (b'epochs = "3"', "epochs must be int"),
        (b"\xff\xfe", "not a TOML file"),
        (b'[options]\nweights = "/etc/passwd"', "names a file"),
        (b"[options]\nwhen = 2024-01-01", "holds text, numbers"),
        (b"#" * 70_000, "few hundred bytes"),
    ],
)
def test_an_upload_that_is_no_recipe_is_refused(content: bytes, told: str) -> None:
    with pytest.raises(InputRefused, match=told):
        recipe_files.read_upload("sent.toml", content)


def test_a_broken_upload_leaves_the_rest_of_the_page(train_page, demo: Dataset) -> None:
    app = train_page()
    app.session_state["train_file"] = True  # the fold is open
    app.run()
    app.file_uploader(key="recipe_upload_0").set_value(("mine.toml", b"= broken", "application/toml")).run()
    assert not app.exception
    assert any("mine.toml" in error.value for error in app.error)
    assert app.button(key="start")


def test_an_upload_takes_the_name_of_its_file() -> None:
    recipe = recipe_files.read_upload("sent.toml", b'name = "other"\nepochs = 3\n[options]\ndropout = 0.4')
    assert (recipe.name, recipe.epochs, recipe.options) == ("sent", 3, {"dropout": 0.4})
    with pytest.raises(UsageError, match="cannot be the name"):
        recipe_files.read_upload("../sent.toml", b"epochs = 3")


def test_the_preview_shows_what_the_settings_do() -> None:
    faces = np.random.default_rng(0).integers(0, 256, (9, 48, 48), np.uint8)
    labels, once = np.arange(9) % 7, np.zeros(9, bool)
    plain = Recipe("plain", flip=False)
    assert (preview.as_seen(faces, labels, once, plain, 0) == faces).all()
    flipped = preview.as_seen(faces, labels, once, replace(plain, flip=True), 0)
    mirrored = (flipped == faces[:, :, ::-1]).all((1, 2))
    assert 0 < mirrored.sum() < 9
    assert (flipped[~mirrored] == faces[~mirrored]).all()
    cut = preview.as_seen(faces, labels, once, replace(plain, crop=40, size=40), 0)
    windows = np.lib.stride_tricks.sliding_window_view(faces, (40, 40), (1, 2)).reshape(9, -1, 40, 40)
    assert all((windows[face] == cut[face]).all((1, 2)).any() for face in range(9))
    blended = preview.as_seen(faces, labels, once, replace(plain, mixup=1.0), 0)
    assert (blended.std((1, 2)) < faces.std((1, 2))).any()


def test_the_curve_and_the_bars_follow_the_recipe(material: Material) -> None:
    labels = material.version.labels[material.protocol.train]
    counts = np.bincount(labels, minlength=7)
    plain = Recipe("plain", schedule="one-cycle", warmup=0.25, epochs=8, learning_rate=0.01)
    epochs, values = rates(plain, material.per_epoch)
    assert epochs[values.argmax()] == pytest.approx(2, abs=0.2)
    assert 0.009 < values.max() <= 0.01
    assert class_shares(material, plain)[1] is None
    assert (class_shares(material, plain)[0] == counts).all()
    weighed = class_shares(material, replace(plain, balance="weights"))[1]
    assert weighed == pytest.approx(np.full(7, counts.sum() / 7), rel=1e-5)
    assert (class_shares(material, replace(plain, balance="oversample"))[1] == counts.max()).all()
    assert images_per_epoch(material, replace(plain, balance="oversample")) == 7 * counts.max()


def test_bicubic_and_the_upscaler_stand_side_by_side(material: Material) -> None:
    pictures, scores = compared(np.array(material.version.images[0]), 96)
    assert {name: picture.shape for name, picture in pictures.items()} == {"Bicubic": (96, 96), "ESPCN": (96, 96)}
    assert (pictures["Bicubic"] != pictures["ESPCN"]).any()
    assert all(5 < decibels < 60 and 0 < likeness < 1 for decibels, likeness in scores.values())
    assert scores["Bicubic"] != scores["ESPCN"]
