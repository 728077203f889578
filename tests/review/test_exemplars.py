"""Example faces: people's word before the networks', never a copy or a doubtful image, never a test row."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from fer_core.dataset.store import Images, create_dataset
from fer_core.emotions import NAMES
from fer_core.review.cards.exemplars import HARD_PAIRS, PER_CLASS, PER_SIDE, exemplars
from fer_core.review.judgement.consensus import AGREED, DISPUTED, Consensus

COUNT = 40  # images of each class, in turn


@pytest.fixture
def faces(workspace):
    drawn = np.random.default_rng(3).integers(0, 256, (7 * COUNT, 48, 48), dtype=np.uint8)
    drawn[7] = drawn[0]  # a copy of the first angry face
    labels = np.tile(np.arange(7, dtype=np.int8), COUNT)
    splits = np.zeros(len(labels), np.int8)
    splits[-70:] = 2
    return create_dataset(workspace, "faces", Images(drawn, labels, splits), origin={})


def audit_of(faces, *, trusted, doubted=()):
    """An audit that trusts `trusted` rows most and found something against `doubted` ones."""
    shares = np.full((len(faces), 7), 0.1, np.float32)
    index = np.arange(len(faces))
    shares[index, faces.labels] = 0.4
    shares[trusted, faces.labels[trusted]] = 0.9
    return SimpleNamespace(
        model="scout",
        probabilities=shares,
        scores=pd.DataFrame({"suspicion": np.full(len(faces), 0.2, np.float32)}),
        findings=pd.DataFrame({"row": np.array(doubted, np.int64)}),
    )


def shown(found):
    rows = [*found.classes.values(), *(side for sides in found.sides.values() for side in sides)]
    return np.concatenate(rows)


def test_networks_examples_are_their_most_trusted_images(faces):
    trusted = np.arange(7 * 3, 7 * 4)
    found = exemplars(faces, audit_of(faces, trusted=trusted), None)
    assert set(found.sides) == set(HARD_PAIRS)
    for index, name in enumerate(NAMES):
        rows = found.classes[name]
        assert len(rows) == PER_CLASS and (faces.labels[rows] == index).all()
        assert rows[0] == 21 + index
    for (one, other), (left, right) in found.sides.items():
        assert len(left) == len(right) == PER_SIDE
        assert set(faces.labels[left]) == {NAMES.index(one)} and set(faces.labels[right]) == {NAMES.index(other)}


def test_no_face_serves_twice_nor_a_doubtful_one_nor_a_test_row(faces):
    doubted = np.arange(14, 70)
    found = exemplars(faces, audit_of(faces, trusted=np.arange(7), doubted=doubted), None)
    rows = shown(found)
    assert len(set(rows)) == len(rows)
    assert not set(rows) & set(doubted) and (faces.splits[rows] == 0).all()
    assert 7 not in rows  # the copy of row 0
    again = exemplars(faces, audit_of(faces, trusted=np.arange(7), doubted=doubted), None)
    assert shown(again).tolist() == rows.tolist()


def test_what_looks_alike_does_not_fill_the_guide(workspace):
    random = np.random.default_rng(1)
    drawn = random.integers(0, 256, (28, 48, 48), dtype=np.uint8)
    drawn[8:] = np.clip(drawn[0] + random.integers(-3, 4, (20, 48, 48)), 0, 255)  # one face, again and again
    happy, training = np.full(28, NAMES.index("happy"), np.int8), np.zeros(28, np.int8)
    faces = create_dataset(workspace, "one", Images(drawn, happy, training), origin={})
    rows = exemplars(faces, audit_of(faces, trusted=np.arange(8, 28)), None).classes["happy"]
    assert rows[0] == 8  # the networks like that face best
    assert len(rows) == PER_CLASS and (rows[1:] < 8).all()


def consensus_of(faces, rows, label, voices=3):
    votes = np.zeros((len(faces), 7), np.int32)
    votes[rows, label] = voices
    state = np.where(np.isin(np.arange(len(faces)), rows), AGREED, DISPUTED).astype(np.int8)
    labels = np.where(state == AGREED, label, -1).astype(np.int8)
    nothing = np.zeros(len(faces), np.int32)
    return Consensus(votes, nothing, nothing, np.zeros(len(faces), bool), state, labels)


def test_where_enough_people_agree_their_word_goes_before_the_label(faces):
    agreed = np.flatnonzero((faces.labels == 6) & (faces.splits == 0))[:12]  # labelled neutral, seen as sad
    people = consensus_of(faces, agreed, NAMES.index("sad"))
    found = exemplars(faces, None, people)
    assert set(found.classes["sad"]) <= set(agreed) and len(found.classes["sad"]) == PER_CLASS
    assert not len(found.classes["happy"])  # nothing is known of the others
    audited = exemplars(faces, audit_of(faces, trusted=np.arange(7)), people)
    assert set(audited.classes["sad"]) <= set(agreed)
    assert (faces.labels[audited.classes["happy"]] == NAMES.index("happy")).all()


def test_too_few_or_single_voices_are_no_agreement_to_learn_from(faces):
    agreed = np.flatnonzero((faces.labels == 6) & (faces.splits == 0))
    few = consensus_of(faces, agreed[:5], NAMES.index("sad"))
    lone = consensus_of(faces, agreed, NAMES.index("sad"), voices=1)
    for people in (few, lone, None):
        assert not len(exemplars(faces, None, people).classes["sad"])
