"""The video part of the Predict page: choosing, waiting, the timeline, what to take home."""

import re
from dataclasses import replace

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from fer_core.dataset.demo.film import draw_film
from fer_core.prediction.background import DONE, FAILED, RUNNING, Progress
from fer_core.prediction.timeline import Timeline, person_states
from fer_core.prediction.watching import Watch, watch
from pages._video_views.charts import class_chart, lanes, thinned


class Brightness:
    """Sees the more surprise the brighter a face is."""

    name = "made up"

    def probabilities(self, crops, tta="none"):
        share = crops.reshape(len(crops), -1).mean(1) / 255
        return np.stack([*[(1 - share) / 6] * 5, share, (1 - share) / 6], 1).astype(np.float32)


@pytest.fixture(scope="module")
def timeline(tmp_path_factory) -> Timeline:
    path = tmp_path_factory.mktemp("film") / "lesson.mp4"
    draw_film(path, seconds=4, people=2, width=640, height=360, rate=10)
    return watch(path, Brightness(), Watch(rate=5), name="lesson.mp4")


def part() -> None:
    from pages import _predict_video

    _predict_video.show([])


class Stub:
    """A video under way, as far as a test says."""

    name = "lesson_1.mp4"

    def __init__(self, news: Progress, timeline: Timeline | None = None) -> None:
        self._news, self._timeline, self.stopped = news, timeline, False

    def news(self) -> Progress:
        return self._news

    def result(self) -> Timeline | None:
        return self._timeline

    def stop(self) -> None:
        self.stopped = True


def page(**state) -> AppTest:
    at = AppTest.from_function(part, default_timeout=60)
    for key, value in state.items():
        at.session_state[key] = value
    at.run()
    assert not at.exception
    return at


def metrics(at: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in at.metric}


def test_it_begins_with_an_upload_a_drawn_clip_and_what_a_timeline_cannot_tell():
    at = page()
    assert at.button(key="video_start").disabled
    assert not at.button(key="video_sample").disabled
    words = " ".join(caption.value for caption in at.caption)
    for promise in ("deleted as soon as it was looked at", "Nobody is recognised", "attendance", "graded"):
        assert promise in words


def test_while_it_runs_there_are_progress_and_a_way_to_stop():
    stub = Stub(Progress(RUNNING, "following faces", 0.4))
    at = page(video_watching=stub)
    assert not at.file_uploader
    at.button(key="video_stop").click().run()
    assert stub.stopped
    assert "video_watching" not in at.session_state
    assert at.button(key="video_sample")


def test_its_end_brings_the_timeline_and_a_failure_its_sentence(timeline):
    stub = Stub(Progress(DONE, "done", 1.0), timeline)
    at = page(video_watching=stub)
    assert stub.stopped  # the temporary folder went
    assert metrics(at)["Faces followed"] == "2"
    at = page(video_watching=Stub(Progress(FAILED, "a.mp4: not a video that can be read.", 0.0)))
    assert at.error[0].value == "a.mp4: not a video that can be read."
    assert at.button(key="video_sample")


def test_the_timeline_tells_its_figures_and_the_moment_follows_the_slider(timeline):
    at = page(video_timeline=timeline)
    assert metrics(at)["Length"] == "0:04"
    assert metrics(at)["Frames looked at"] == "20"
    assert any(caption.value.startswith("0:00 ·") for caption in at.caption)
    at.slider(key="video_moment").set_value(2.0).run()
    assert not at.exception
    assert any(caption.value.startswith("0:02 ·") for caption in at.caption)


def test_without_a_face_it_says_what_to_try(timeline):
    nobody = watch_nothing(timeline)
    at = page(video_timeline=nobody)
    assert any("No face was followed" in text.value for text in at.markdown)
    assert not at.slider


def watch_nothing(timeline: Timeline) -> Timeline:
    none = np.zeros(0, np.int64)
    return replace(
        timeline,
        frames=none,
        persons=none,
        boxes=np.zeros((0, 4), np.int64),
        probabilities=np.zeros((0, 7), np.float32),
        cropped=none,
        crops=np.zeros((0, 48, 48), np.uint8),
    )


def test_the_charts_show_what_the_timeline_holds(timeline):
    figure = class_chart(timeline, 0.0, 1.0)
    bands = {trace.name: np.asarray(trace.y) for trace in figure.data if trace.stackgroup}
    np.testing.assert_allclose(sum(bands.values()), 1, atol=1e-6)
    first = timeline.probabilities[timeline.frames == 0].mean(0)
    assert bands["surprise"][0] == pytest.approx(first[5], abs=1e-6)
    clickable = next(trace for trace in figure.data if trace.mode == "markers")
    np.testing.assert_allclose(clickable.x, timeline.seconds)
    assert re.match(r"0:00, 2 in sight<br>surprise \d+%", clickable.customdata[0])

    drawn = lanes(timeline, 0.0, 1.0, range(2))
    lengths = sum(sum(bar.x) for bar in drawn.data if bar.type == "bar" and bar.x)
    assert lengths == pytest.approx(2 * 3.9, abs=0.3)  # two people from the first frame to the last
    sightings = [trace for trace in drawn.data if trace.type == "scatter"]
    assert [len(trace.x) for trace in sightings] == [len(timeline.faces_of(person)) for person in range(2)]
    assert sightings[0].customdata[0].endswith(f"{person_states(timeline, 0, 0.0)[0].max():.0%}")


def test_a_long_curve_is_thinned_to_what_a_screen_can_show():
    assert thinned(5).tolist() == [0, 1, 2, 3, 4]
    assert len(thinned(100_000)) == 1500
    assert thinned(100_000)[[0, -1]].tolist() == [0, 99_999]
    assert thinned(0).tolist() == []


def test_there_are_three_files_to_take_home(timeline):
    at = page(video_timeline=timeline)
    assert len(at.get("download_button")) == 3
