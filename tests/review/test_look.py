"""What a reveal tells: how suspect in words, what is alike, what was said of any copy of the picture."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from fer_core.dataset.votes import ANSWERS, VoteTable
from fer_core.emotions import NAMES
from fer_core.review.cards.look import look_closer, networks_say, suspect_words


@pytest.mark.parametrize(
    ("before", "suspicion", "words"),
    [
        (0, 0.99, "Very suspect: no label is more so."),
        (5, 0.9, "Very suspect: under 1% are more so."),
        (100, 0.6, "Suspect: 10% are more so."),
        (100, 0.4, "Slightly suspect: 10% are more so."),
        (900, 0.0, "Not suspect: 90% are more so."),
    ],
)
def test_suspicion_in_words(before, suspicion, words):
    assert suspect_words(before, 1000, suspicion, limit=0.5) == words


def test_networks_say_the_three_likeliest_classes_and_how_suspect_the_label_is(dataset, tmp_path):
    images = len(dataset)
    shares = np.full((images, 7), 0.02, np.float32)
    shares[5] = [0.1, 0.05, 0.3, 0.0, 0.25, 0.2, 0.1]
    ranked = pd.DataFrame({"row": np.roll(np.arange(images), -5), "suspicion": np.linspace(0.9, 0, images)})
    audit = SimpleNamespace(
        model="scout",
        path=tmp_path,
        document={"finished": "today", "suspect_from": 0.5},
        probabilities=shares,
        suspects=ranked.assign(suggestion=""),
        findings=pd.DataFrame({"row": np.zeros(0, np.int64), "evidence": []}),
    )
    worst, best = networks_say(audit, np.array([5, 4]))
    assert worst.suspect == "Very suspect: no label is more so." and best.suspect.endswith("92% are more so.")
    assert [name for name, _ in worst.probabilities] == ["fear", "sad", "surprise"]
    assert [share for _, share in worst.probabilities] == pytest.approx([0.3, 0.25, 0.2], abs=1e-4)


def test_without_networks_nothing_is_claimed(dataset):
    assert networks_say(None, np.array([3, 4]))[1].probabilities == ()
    assert networks_say(None, np.array([3]))[0].suspect == ""


def test_neighbours_are_the_nearest_pictures_without_the_copies(dataset, log):
    angles = np.linspace(0, 1, len(dataset))[dataset.groups]  # the nearest in angle are the next groups
    directions = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    closer = look_closer(dataset, directions, log.verdicts(dataset), None, 3)
    assert not {2, 3} & set(closer.neighbours)
    distance = np.abs(angles - angles[3])
    wanted = sorted(set(range(len(dataset))) - {2, 3}, key=lambda row: (distance[row], row))[:6]
    assert sorted(distance[list(closer.neighbours)]) == pytest.approx(sorted(distance[wanted]))
    assert look_closer(dataset, None, log.verdicts(dataset), None, 3).neighbours == ()


def test_what_was_said_or_voted_on_a_copy_is_told(dataset, log, say):
    log.record(dataset, [say(2, "sad"), say(3, "fear", "bob", seen="revealed"), say(4, "happy", "cid")])
    counts = np.zeros((len(dataset), len(ANSWERS)), np.int32)
    counts[2, NAMES.index("sad")] = 4
    counts[3, NAMES.index("sad")], counts[3, ANSWERS.index("not a face")] = 3, 8
    closer = look_closer(dataset, None, log.verdicts(dataset), VoteTable(counts, "ten.csv"), 3)
    assert [(one.annotator, one.answer, one.seen) for one in closer.people] == [
        ("ada", "sad", "blind"),
        ("bob", "fear", "revealed"),
    ]
    assert closer.votes == (("not a face", 8), ("sad", 7)) and closer.source == "ten.csv"
    assert look_closer(dataset, None, log.verdicts(dataset), VoteTable(counts, "ten.csv"), 0).source == ""
