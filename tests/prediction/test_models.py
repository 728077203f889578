"""Which models can be asked, and what happens when there is none."""

import pytest

from fer_core.errors import InputRefused, NotFound, UsageError
from fer_core.files import write_json
from fer_core.networks.weights import save_model
from fer_core.prediction.models import choose, choose_all, list_choices


@pytest.fixture
def shipped(tmp_path, shallow):
    """A folder with two models in it."""
    for name in ("beta48", "alpha48"):
        save_model(tmp_path / "models" / f"{name}.safetensors", shallow.model.module, shallow.model.spec, "float16")
    return tmp_path / "models"


def make_run(workspace, shallow, run_id, status, started, weights=True):
    folder = workspace.run(run_id)
    write_json(folder / "run.json", {"id": run_id, "status": status, "started": started, "version": "demo@clean"})
    if weights:
        save_model(folder / "best.safetensors", shallow.model.module, shallow.model.spec)


def test_shipped_models_come_first_and_the_first_is_the_default(workspace, shipped, shallow):
    make_run(workspace, shallow, "older", "done", "2026-01-01T00:00:00+00:00")
    make_run(workspace, shallow, "newer", "done", "2026-02-01T00:00:00+00:00")
    make_run(workspace, shallow, "stopped", "cancelled", "2026-03-01T00:00:00+00:00")
    assert [choice.name for choice in list_choices(workspace, shipped)] == ["alpha48", "beta48", "newer", "older"]
    assert choose(workspace, shipped=shipped).name == "alpha48"


def test_a_run_can_be_asked_by_its_id(workspace, shipped, shallow, astronaut):
    make_run(workspace, shallow, "mine", "done", "2026-01-01T00:00:00+00:00")
    predictor = choose(workspace, run="mine", shipped=shipped).open()
    assert predictor.name == "mine"
    (face,) = predictor.predict(astronaut).faces
    assert face.probabilities == pytest.approx(shallow.predict(astronaut).faces[0].probabilities, abs=1e-6)


def test_several_can_be_asked_at_once_each_of_them_once(workspace, shipped, shallow):
    assert [one.name for one in choose_all(workspace, models=["beta48", "alpha48", "beta48"], shipped=shipped)] == [
        "beta48",
        "alpha48",
    ]
    make_run(workspace, shallow, "mine", "done", "2026-01-01T00:00:00+00:00")
    make_run(workspace, shallow, "yours", "done", "2026-01-01T00:00:00+00:00")
    assert [one.name for one in choose_all(workspace, runs=["yours", "mine"], shipped=shipped)] == ["yours", "mine"]


def test_a_stopped_run_with_weights_can_be_asked_but_not_one_without(workspace, shipped, shallow):
    make_run(workspace, shallow, "stopped", "cancelled", "2026-01-01T00:00:00+00:00")
    make_run(workspace, shallow, "fresh", "cancelled", "2026-01-01T00:00:00+00:00", weights=False)
    assert choose(workspace, run="stopped", shipped=shipped).name == "stopped"
    with pytest.raises(NotFound, match="first epoch"):
        choose(workspace, run="fresh", shipped=shipped)


def test_without_any_model_the_sentence_says_what_to_do(workspace, tmp_path):
    with pytest.raises(NotFound, match="Train one first"):
        choose(workspace, shipped=tmp_path / "nothing")


def test_wrong_names_are_refused_with_the_right_ones(workspace, shipped):
    with pytest.raises(NotFound, match="alpha48, beta48"):
        choose(workspace, model="gamma", shipped=shipped)
    with pytest.raises(UsageError, match="cannot be the name"):
        choose(workspace, model="../alpha48", shipped=shipped)
    with pytest.raises(UsageError, match="not both"):
        choose(workspace, run="a", model="alpha48", shipped=shipped)


def test_a_damaged_model_is_refused_when_it_is_opened(workspace, shipped):
    file = shipped / "alpha48.safetensors"
    content = bytearray(file.read_bytes())
    content[-1] ^= 255
    file.write_bytes(content)
    with pytest.raises(InputRefused, match="damaged"):
        choose(workspace, shipped=shipped).open()
