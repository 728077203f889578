"""Images of another data set: taken with their class, never ones that are known here, kept with the version."""

import shutil

import numpy as np
import pytest

from fer_core.dataset.store import PRIVATE_TEST, PUBLIC_TEST, TRAINING, Images, create_dataset
from fer_core.dataset.version import open_version
from fer_core.emotions import NAMES
from fer_core.errors import NotFound, UsageError
from fer_core.evaluation.protocol import make_protocol
from fer_core.review.policy import Policy, Supplement, cut_version, parse_supplement, plan_cut
from fer_core.review.policy.effect import effect

DISGUST, HAPPY = NAMES.index("disgust"), NAMES.index("happy")


@pytest.fixture
def extra(workspace, dataset):
    """Rows 0 to 3 are new pictures, 4 repeats 3, 5 is in PrivateTest of `small`, 6 in its Training; 7 is happy."""
    pixels = np.random.default_rng(9).integers(0, 256, (8, 48, 48), np.uint8)
    pixels[4] = pixels[3]
    pixels[5], pixels[6] = dataset.images[10], dataset.images[0]
    labels = np.array([DISGUST] * 7 + [HAPPY], np.int8)
    splits = np.array([0, 0, 1, 2, 0, 0, 0, 0], np.int8)
    return create_dataset(workspace, "extra", Images(pixels, labels, splits), origin={})


def policy(*supplements, **changes):
    return Policy(drop_findings=(), supplements=tuple(map(parse_supplement, supplements)), **changes)


def test_images_of_a_class_join_training_and_known_ones_do_not(dataset, extra, log, workspace):
    version = plan_cut(dataset, log, None, policy("extra:disgust"), workspace=workspace).version
    rows = version.rows(TRAINING)[-4:]
    assert rows.tolist() == [12, 13, 14, 15]
    np.testing.assert_array_equal(version.images[rows], extra.images[[0, 1, 2, 3]])
    assert version.labels[rows].tolist() == [DISGUST] * 4
    taken = effect(version).supplements[0]
    assert {key: taken[key] for key in ("taken", "in_test", "in_training", "twice")} == {
        "taken": 4,
        "in_test": 1,
        "in_training": 1,
        "twice": 1,
    }
    balance = effect(version).balance.loc["disgust"]
    assert balance["supplements"] == 4 and balance["after"] == balance["before"] + 4
    for split in (PUBLIC_TEST, PRIVATE_TEST):
        assert version.rows(split).tolist() == np.flatnonzero(dataset.splits == split).tolist()


def test_no_picture_of_a_test_split_is_ever_trained_on(dataset, extra, log, workspace):
    """Not even one that stands in Training as well and is dropped from there for that."""
    version = plan_cut(dataset, log, None, policy("extra:disgust", "extra:happy"), workspace=workspace).version
    test = {dataset.images[row].tobytes() for row in np.flatnonzero(dataset.splits != TRAINING)}
    trained = {image.tobytes() for image in version.images[version.rows(TRAINING)]}
    assert not test & trained


def test_training_rows_alone_when_asked(dataset, extra, log, workspace):
    version = plan_cut(dataset, log, None, policy("extra:disgust:training"), workspace=workspace).version
    np.testing.assert_array_equal(version.supplements.table["row"], [0, 1, 4])


def test_the_version_keeps_its_images_when_the_other_data_set_goes(dataset, extra, log, workspace):
    stored = cut_version(workspace, dataset, "more", policy("extra:disgust", "extra:happy", balance="augment"))
    pixels = stored.images[stored.rows(TRAINING)]
    shutil.rmtree(extra.path)
    opened = open_version(workspace, "small@more")
    assert opened.hash == stored.hash
    np.testing.assert_array_equal(opened.images[opened.rows(TRAINING)], pixels)
    np.testing.assert_array_equal(opened.labels, stored.labels)
    np.testing.assert_array_equal(opened.repeats, stored.repeats)
    np.testing.assert_array_equal(opened.images[13], stored.images[np.array([13])][0])
    training = opened.epoch(opened.rows(TRAINING))
    counts = np.bincount(opened.labels[training], minlength=7)
    assert set(counts[counts > 0]) == {counts.max()}


def test_what_is_added_is_part_of_the_hash(dataset, extra, log, workspace):
    hashes = {
        plan_cut(dataset, log, None, policy(*added), workspace=workspace).version.hash
        for added in ([], ["extra:disgust"], ["extra:disgust", "extra:happy"], ["extra:disgust:training"])
    }
    assert len(hashes) == 4


def test_balance_by_dropping_spares_what_was_added(dataset, extra, log, workspace):
    wanted = policy("extra:disgust", balance="drop", balance_to="4", drop_duplicates=False)
    version = plan_cut(dataset, log, None, wanted, workspace=workspace).version
    assert version.added == 4 and not version.kept[1]  # row 1 is the own disgust


def test_hold_outs_come_from_the_data_sets_own_images(workspace, extra):
    pixels = np.random.default_rng(1).integers(0, 256, (60, 48, 48), np.uint8)
    labels = np.tile(np.arange(7), 9)[:60].astype(np.int8)
    bare = create_dataset(workspace, "bare", Images(pixels, labels, np.zeros(60, np.int8)), origin={})
    version = cut_version(workspace, bare, "more", policy("extra:disgust"))
    protocol = make_protocol(bare, version.rows(TRAINING))
    assert max(protocol.val.max(), protocol.test.max()) < 60
    assert (protocol.train >= 60).sum() == version.added
    assert not set(protocol.train) & {*protocol.val, *protocol.test}


@pytest.mark.parametrize("text", ["extra", "extra:bored", "extra:happy:some", ""])
def test_words_that_name_no_supplement_are_refused(text):
    with pytest.raises(UsageError, match=r"DATASET:CLASS"):
        parse_supplement(text)


def test_supplements_are_read_and_written_the_same_way():
    assert parse_supplement("extra:happiness:training") == Supplement("extra", "happy", "training")
    assert str(parse_supplement("extra:disgust")) == "extra:disgust"


def test_a_data_set_does_not_supplement_itself(dataset, log, workspace):
    with pytest.raises(UsageError, match="another data set"):
        plan_cut(dataset, log, None, policy("small:happy"), workspace=workspace)
    with pytest.raises(NotFound, match="nowhere"):
        plan_cut(dataset, log, None, policy("nowhere:happy"), workspace=workspace)
