"""From a film to its timeline, here and in a process of its own: drawn people whose expressions are known."""

import os
import shutil

import cv2
import numpy as np
import pytest

from fer_core.dataset.demo.film import draw_film
from fer_core.errors import Cancelled, InputRefused, UsageError
from fer_core.files import read_json, write_json
from fer_core.networks.weights import save_model
from fer_core.prediction import background, watching
from fer_core.prediction.background import DONE, FAILED, RUNNING, STOPPED, Watching
from fer_core.prediction.models import RUN, ModelChoice
from fer_core.prediction.timeline import load_timeline, spells
from fer_core.prediction.watching import Watch, faces_in_frame, watch


class Brightness:
    """Knows the drawn people's expressions by nothing; says how bright a crop is, so that mix-ups show."""

    name = "brightness"

    def probabilities(self, crops, tta="none"):
        share = crops.reshape(len(crops), -1).mean(1) / 255
        return np.stack([share, *[(1 - share) / 6] * 6], 1).astype(np.float32)


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    """Six seconds with two people, 640 x 360, ten frames a second, and what is in it."""
    path = tmp_path_factory.mktemp("film") / "drawn.mp4"
    return path, draw_film(path, seconds=6, people=2, width=640, height=360, rate=10)


def test_two_people_are_followed_to_the_end_and_each_keeps_the_own_numbers(film):
    path, drawn = film
    said = []
    timeline = watch(path, Brightness(), Watch(rate=5), lambda stage, fraction: said.append(fraction))
    assert timeline.people == 2
    np.testing.assert_allclose(timeline.seconds, np.arange(30) * 0.2, atol=0.01)
    assert timeline.length == pytest.approx(6, abs=0.05)
    assert (timeline.width, timeline.height) == (640, 360)
    for person in range(2):
        faces = timeline.faces_of(person)
        assert len(faces) >= 27
        middles = timeline.boxes[faces, :2] + timeline.boxes[faces, 2:] / 2
        assert np.abs(middles - drawn.middles[person]).max() < 40
    np.testing.assert_array_equal(timeline.cropped, np.arange(len(timeline.frames)))
    bright = timeline.crops.reshape(len(timeline.crops), -1).mean(1) / 255
    np.testing.assert_allclose(timeline.probabilities[:, 0], bright, atol=1e-5)  # each answer belongs to its crop
    assert said == sorted(said)


def test_boxes_are_told_in_the_videos_own_pixels_and_long_videos_keep_fewer_pictures(film, monkeypatch):
    path, drawn = film
    monkeypatch.setattr(watching, "LONG_SIDE", 480)
    monkeypatch.setattr(watching, "MOST_PICTURES", 10)
    timeline = watch(path, Brightness(), Watch(rate=5))
    assert np.abs(timeline.boxes[timeline.faces_of(1), 0].mean() + 50 - drawn.middles[1, 0]) < 30
    assert timeline.pictured.tolist() == [0, 4, 8, 12, 16, 20, 24, 28]
    assert len(timeline.pictures) == 8
    np.testing.assert_array_equal(np.unique(timeline.frames[timeline.cropped]), timeline.pictured)
    picture = cv2.imdecode(np.frombuffer(timeline.pictures[0], np.uint8), cv2.IMREAD_COLOR)
    assert picture.shape == (270, 480, 3)


def test_small_faces_of_a_class_are_seen_beside_a_large_one(astronaut):
    grey = np.asarray(astronaut.convert("L"))
    face = grey[20:220, 120:320]
    room = np.full((720, 1280), 128, np.uint8)
    room[200:600, 100:500] = cv2.resize(face, (400, 400))
    room[100:190, 900:990] = cv2.resize(face, (90, 90), interpolation=cv2.INTER_AREA)
    assert len(faces_in_frame(room, small=False)) == 1
    assert len(faces_in_frame(room, small=True)) == 2


def test_what_is_no_video_is_refused_by_name_and_a_senseless_rate_too(tmp_path):
    fake = tmp_path / "letter.mp4"
    fake.write_text("Dear network,")
    with pytest.raises(InputRefused, match=r"holiday\.mp4: not a video"):
        watch(fake, Brightness(), name="holiday.mp4")
    with pytest.raises(UsageError, match="up to 30"):
        Watch(rate=200)


def test_cancelling_goes_through(film):
    def stop(stage, fraction):
        if fraction > 0.3:
            raise Cancelled("stopped")

    with pytest.raises(Cancelled):
        watch(film[0], Brightness(), report=stop)


@pytest.fixture
def choice(shallow, tmp_path):
    path = tmp_path / "model.safetensors"
    save_model(path, shallow.model.module, shallow.model.spec)
    return ModelChoice(RUN, "r1", path, "")


@pytest.mark.slow
def test_a_process_of_its_own_finds_the_same_and_keeps_nothing(film, choice, shallow):
    under_way = Watching.start(film[0].read_bytes(), "drawn.mp4", [choice], Watch(rate=2))
    folder = under_way._folder
    assert under_way.news().state == RUNNING
    assert under_way.wait().state == DONE
    assert not (folder / "film").exists()  # the upload went as soon as it was looked at
    found, expected = under_way.result(), watch(film[0], shallow, Watch(rate=2), name="drawn.mp4")
    assert (found.name, found.model) == ("drawn.mp4", "r1")
    np.testing.assert_array_equal(found.boxes, expected.boxes)
    np.testing.assert_allclose(found.probabilities, expected.probabilities, atol=1e-5)
    assert spells(found, 0) == spells(expected, 0)
    del under_way
    assert not folder.exists()


def test_stopping_ends_the_process_and_deletes_the_video(film, choice):
    under_way = Watching.start(film[0].read_bytes(), "drawn.mp4", [choice], Watch())
    under_way.stop()
    assert under_way.news().state == STOPPED
    assert under_way._process.returncode is not None
    assert not under_way._folder.exists()


@pytest.fixture
def settings(tmp_path, choice):
    """A folder as `Watching.start` makes it, with a letter in place of a video."""
    (tmp_path / "film").write_bytes(b"Dear network,")
    models = [{"kind": choice.kind, "name": choice.name, "path": str(choice.path)}]
    known = {"name": "a.mp4", "models": models, "how": {"rate": 2.0}, "parent": os.getppid()}
    write_json(tmp_path / "settings.json", known)
    return known


def test_what_the_process_runs_leaves_the_timeline_and_takes_the_video_away(film, tmp_path, settings, shallow):
    shutil.copy(film[0], tmp_path / "film")
    assert background.main(tmp_path) == 0
    assert not (tmp_path / "film").exists()
    found, expected = load_timeline(tmp_path / "timeline.npz"), watch(film[0], shallow, Watch(rate=2), name="a.mp4")
    np.testing.assert_array_equal(found.boxes, expected.boxes)
    np.testing.assert_allclose(found.probabilities, expected.probabilities, atol=1e-5)
    assert read_json(tmp_path / "progress.json")["fraction"] > 0.8


def test_a_refusal_is_told_as_a_sentence(tmp_path, settings):
    assert background.main(tmp_path) == 1
    assert not (tmp_path / "film").exists()

    class Ended:
        pid = 0
        returncode = 1

        def poll(self):
            return 1

    news = Watching("a.mp4", tmp_path, Ended()).news()
    assert news.state == FAILED
    assert news.stage.startswith("a.mp4: not a video that can be read")


def test_the_process_of_a_server_that_is_gone_ends_and_cleans_up(tmp_path, settings):
    write_json(tmp_path / "settings.json", settings | {"parent": -1})
    assert background.main(tmp_path) == 1
    assert not tmp_path.exists()


def test_the_drawn_film_is_the_same_every_time(film, tmp_path):
    again = draw_film(tmp_path / "again.mp4", seconds=6, people=2, width=640, height=360, rate=10)
    np.testing.assert_array_equal(again.labels, film[1].labels)
    assert (tmp_path / "again.mp4").read_bytes() == film[0].read_bytes()
