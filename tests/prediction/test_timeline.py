"""A video's timeline: smoothing against brute force, shares and spells against what was planted."""

import csv
import io

import numpy as np
import pytest

from fer_core.emotions import NAMES
from fer_core.prediction.timeline import (
    Timeline,
    class_csv,
    class_states,
    clock,
    document,
    faces_csv,
    load_timeline,
    overall,
    save_timeline,
    smoothed,
    spells,
)

HAPPY, SAD, NEUTRAL = 3, 4, 6


def one_hot(index, sure=0.94):
    """Probabilities that are `sure` of one class."""
    answer = np.full(7, (1 - sure) / 6)
    answer[index] = sure
    return answer


def a_timeline(seconds, people, passing=()):
    """`people`: for each, a function from seconds to a class, or None out of sight; `passing`: frames with a ghost."""
    rows = [
        (frame, person, one_hot(way(now)))
        for frame, now in enumerate(seconds)
        for person, way in enumerate(people)
        if way(now) is not None
    ]
    rows += [(frame, -1, one_hot(0)) for frame in passing]
    rows.sort(key=lambda row: row[0])
    frames = np.array([row[0] for row in rows], np.int64)
    return Timeline(
        name="lesson.mp4",
        model="made up",
        width=640,
        height=360,
        rate=5.0,
        length=float(seconds[-1] + 0.2),
        broken_off=False,
        seconds=np.asarray(seconds, np.float64),
        frames=frames,
        persons=np.array([row[1] for row in rows], np.int64),
        boxes=np.tile([10, 20, 30, 40], (len(rows), 1)),
        probabilities=np.array([row[2] for row in rows], np.float32).reshape(-1, 7),
        cropped=np.arange(len(rows)),
        crops=np.zeros((len(rows), 48, 48), np.uint8),
        pictured=np.array([0], np.int64),
        pictures=(b"a picture",),
    )


SECONDS = np.arange(0, 10, 0.2)


@pytest.fixture
def lesson():
    """Happy, then sad from 5 s on; another one neutral, out of sight from 2 to 6 s; a ghost in one frame."""
    return a_timeline(
        SECONDS,
        [lambda t: HAPPY if t < 5 else SAD, lambda t: None if 2 <= t < 6 else NEUTRAL],
        passing=(7,),
    )


@pytest.mark.parametrize("window", [0.0, 0.5, 3.0])
def test_smoothing_is_the_mean_within_the_window(window):
    rng = np.random.default_rng(0)
    seconds = np.sort(rng.uniform(0, 10, 60))
    values, counts = rng.random((60, 3)), rng.integers(0, 4, 60)
    near = abs(seconds[:, None] - seconds[None]) <= window / 2
    for row, found in enumerate(smoothed(seconds, values, window)):
        np.testing.assert_allclose(found, values[near[row]].mean(0))
    weighted = smoothed(seconds, values * counts[:, None], window, counts)
    for row, found in enumerate(weighted):
        total = counts[near[row]].sum()
        if total:
            np.testing.assert_allclose(found, np.average(values[near[row]], 0, counts[near[row]]))
        else:
            assert np.isnan(found).all()


def test_every_face_in_sight_counts_the_same_in_the_class(lesson):
    counts, shares = class_states(lesson, 0.0)
    assert counts[0] == 2
    assert counts[15] == 1
    np.testing.assert_allclose(shares[0], (one_hot(HAPPY) + one_hot(NEUTRAL)) / 2, atol=1e-6)
    np.testing.assert_allclose(shares[7], (one_hot(HAPPY) + one_hot(NEUTRAL)) / 2, atol=1e-6)  # the ghost is nobody
    np.testing.assert_allclose(shares[15], one_hot(HAPPY), atol=1e-6)
    np.testing.assert_allclose(shares.sum(1), 1, atol=1e-6)


def test_where_nobody_is_in_sight_there_is_no_share():
    timeline = a_timeline(SECONDS, [lambda t: HAPPY if t < 3 or t > 6 else None])
    counts, shares = class_states(timeline, 1.0)
    assert counts[22] == 0
    assert np.isnan(shares[22]).all()
    assert not np.isnan(shares[15]).any()  # 3.0 s: the window still reaches a face
    assert document(timeline)["class"]["timeline"][22]["shares"] is None
    assert list(csv.reader(io.StringIO(class_csv(timeline))))[23][1:4] == ["0", "", ""]


def test_spells_are_what_was_shown_and_gaps_in_sight_are_bridged_only_when_short(lesson):
    first, second = spells(lesson, 0, 0.0)
    assert (first.index, second.index) == (HAPPY, SAD)
    assert first.start == 0
    assert first.end == second.start == pytest.approx(4.9)
    assert second.end == pytest.approx(9.9)
    before, after = spells(lesson, 1, 0.0)
    assert (before.end, after.start) == (pytest.approx(1.9), pytest.approx(5.9))
    short = a_timeline(SECONDS, [lambda t: None if 4 <= t < 5 else HAPPY])
    assert len(spells(short, 0, 0.0)) == 1


def test_smoothing_takes_away_a_blink():
    timeline = a_timeline(SECONDS, [lambda t: SAD if 4.9 < t < 5.1 else HAPPY])
    assert len(spells(timeline, 0, 0.0)) == 3
    assert [spell.index for spell in spells(timeline, 0, 1.0)] == [HAPPY]


def test_the_document_tells_of_each_person_and_of_the_class(lesson):
    told = document(lesson, 0.0)
    assert (told["frames"], told["faces"], told["left_out"]) == (50, 80, 1)
    assert [person["sightings"] for person in told["persons"]] == [50, 30]
    assert told["persons"][0]["states"][0] == {"from": 0.0, "to": 4.9, "label": "happy"}
    assert sum(told["class"]["shares"].values()) == pytest.approx(1, abs=1e-5)
    happy = (25 * 0.94 + 55 * 0.01) / 80
    assert told["class"]["shares"]["happy"] == pytest.approx(happy, abs=1e-5)


def test_the_csv_has_a_line_per_face(lesson):
    rows = list(csv.DictReader(io.StringIO(faces_csv(lesson, 1.0))))
    assert len(rows) == 81
    assert rows[0] | {"seconds": "0.0", "person": "1", "x": "10", "label": "happy", "smoothed": "happy"} == rows[0]
    (ghost,) = [row for row in rows if row["person"] == ""]
    assert (ghost["seconds"], ghost["label"], ghost["smoothed"]) == ("1.4", "angry", "")
    assert sum(float(rows[0][name]) for name in NAMES) == pytest.approx(1, abs=1e-5)


def test_what_is_stored_comes_back(lesson, tmp_path):
    save_timeline(tmp_path / "one.npz", lesson)
    again = load_timeline(tmp_path / "one.npz")
    assert document(again) == document(lesson)
    assert again.pictures == lesson.pictures
    np.testing.assert_array_equal(again.crops, lesson.crops)


def test_a_video_without_faces_has_an_empty_timeline():
    nobody = a_timeline(SECONDS, [])
    assert nobody.people == 0
    assert np.isnan(overall(nobody)).all()
    assert document(nobody)["class"]["shares"] is None
    assert faces_csv(nobody).count("\n") == 1


@pytest.mark.parametrize(("seconds", "said"), [(0, "0:00"), (7.99, "0:07"), (75, "1:15"), (3735, "1:02:15")])
def test_moments_are_said_in_minutes_and_seconds(seconds, said):
    assert clock(seconds) == said


def test_a_face_counts_the_same_however_many_its_frame_has():
    alone, three = (lambda t: None if t else HAPPY), (lambda t: SAD if t else None)
    _, shares = class_states(a_timeline([0.0, 0.2], [alone, three, three, three]), 1.0)
    np.testing.assert_allclose(shares, [one_hot(HAPPY) / 4 + one_hot(SAD) * 3 / 4] * 2, atol=1e-6)
