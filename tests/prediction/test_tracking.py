"""Who is who in a video: hand-made faces on known ways."""

import numpy as np
import pytest

from fer_core.prediction.tracking import PASSING, follow, overlap

SIDE = 100


def frames(ways, seconds, noise=0.0, seed=0):
    """Boxes along ways: each way maps seconds to the middle's (x, y), or None where the face is out of sight.

    Returns the boxes of each frame, in an order that changes, and the way behind each box.
    """
    rng = np.random.default_rng(seed)
    boxes, truth = [], []
    for now in seconds:
        seen = [(number, way(now)) for number, way in enumerate(ways) if way(now) is not None]
        rng.shuffle(seen)
        middles = np.array([at for _, at in seen], float).reshape(-1, 2) + rng.normal(0, noise, (len(seen), 2))
        boxes.append(np.hstack([middles - SIDE / 2, np.full((len(seen), 2), float(SIDE))]))
        truth.append(np.array([number for number, _ in seen], int))
    return boxes, truth


def same_people(persons, truth):
    """Whether persons and ways are the same up to their numbers."""
    pairs = set(zip(np.concatenate(persons).tolist(), np.concatenate(truth).tolist(), strict=True))
    return len(pairs) == len({p for p, _ in pairs}) == len({t for _, t in pairs})


TIMES = np.arange(0, 10, 0.2)


def test_people_who_sit_keep_their_numbers_from_the_left_whatever_the_order_of_their_boxes():
    ways = [lambda t: (700, 300), lambda t: (200, 310), lambda t: (450, 290)]
    boxes, truth = frames(ways, TIMES, noise=6)
    persons = follow(TIMES, boxes)
    numbers = {1: 0, 2: 1, 0: 2}  # way to number: from the left
    for found, known in zip(persons, truth, strict=True):
        assert found.tolist() == [numbers[way] for way in known]


@pytest.mark.parametrize("pace", [60, 120, 250])
def test_two_who_cross_keep_their_numbers(pace):
    ways = [lambda t: (100 + pace * t, 300), lambda t: (100 + pace * (10 - t), 330)]
    boxes, truth = frames(ways, TIMES, noise=3)
    assert same_people(follow(TIMES, boxes), truth)


def test_one_who_is_hidden_behind_another_while_they_cross_is_found_again():
    def behind(t):
        return None if 4.4 <= t <= 5.6 else (1100 - 100 * t, 300)

    boxes, truth = frames([lambda t: (100 + 100 * t, 300), behind], TIMES, noise=2)
    persons = follow(TIMES, boxes)
    assert same_people(persons, truth)
    assert {p for found in persons for p in found.tolist()} == {0, 1}


@pytest.mark.parametrize(("away", "people"), [(1.2, 1), (3.0, 2)])
def test_a_short_gap_is_bridged_and_whoever_comes_back_later_is_new(away, people):
    boxes, _ = frames([lambda t: None if 4 <= t < 4 + away else (300 + 5 * t, 300)], TIMES)
    assert len({p for found in follow(TIMES, boxes) for p in found.tolist()}) == people


def test_a_new_face_far_away_is_not_the_one_that_just_left():
    boxes, _ = frames([lambda t: (200, 300) if t < 5 else None, lambda t: (600, 300) if t >= 5 else None], TIMES)
    assert len({p for found in follow(TIMES, boxes) for p in found.tolist()}) == 2


def test_a_box_of_another_size_in_the_same_place_is_somebody_else():
    near = np.array([[200, 200, 100, 100.0]])
    huge = np.array([[50, 50, 400, 400.0]])
    persons = follow(np.arange(12) * 0.2, [near] * 6 + [huge] * 6)
    assert [p[0] for p in persons] == [0] * 6 + [1] * 6


def test_what_is_seen_once_is_passing_and_takes_no_number():
    boxes, _ = frames([lambda t: (600, 300), lambda t: (100, 100) if 1.9 < t < 2.1 else None], TIMES)
    persons = follow(TIMES, boxes)
    assert sorted(persons[10].tolist()) == [PASSING, 0]
    assert all(found.tolist() == [0] for number, found in enumerate(persons) if number != 10)


def test_a_video_of_one_frame_has_people_and_one_without_faces_none():
    assert follow([0.0], [np.array([[10, 10, 50, 50]])])[0].tolist() == [0]
    assert [found.tolist() for found in follow([0.0, 0.2], [np.zeros((0, 4))] * 2)] == [[], []]
    assert follow([], []) == []


def test_overlap_is_counted_in_pixels():
    rng = np.random.default_rng(1)
    for _ in range(20):
        x, y, side = rng.integers(10, 50), rng.integers(10, 50), rng.integers(4, 20) * 2
        one, other = np.zeros((120, 120), bool), np.zeros((120, 120), bool)
        one[30:60, 30:60] = True
        other[y : y + side, x : x + side] = True
        expected = (one & other).sum() / (one | other).sum()
        found = overlap(np.array([[x + side / 2, y + side / 2]]), np.array([float(side)]), np.array([45.0, 45.0]), 30.0)
        assert found[0] == pytest.approx(expected)


def test_somebody_who_stopped_while_out_of_sight_is_still_the_same():
    times = np.r_[np.arange(0, 2, 0.2), np.arange(2.8, 4, 0.2)]
    boxes, _ = frames([lambda t: (100 + 250 * min(t, 1.8), 300)], times)
    assert set(np.concatenate(follow(times, boxes)).tolist()) == {0}


def test_two_sightings_tell_where_a_face_is_heading():
    times = np.r_[0, 0.2, np.arange(1.2, 2.2, 0.2)]
    boxes, _ = frames([lambda t: (100 + 350 * t, 300)], times)
    assert set(np.concatenate(follow(times, boxes)).tolist()) == {0}
