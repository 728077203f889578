"""Two versions against each other, on twelve images by hand."""

import numpy as np
import pytest

from fer_core.dataset.store import Images, create_dataset
from fer_core.dataset.version import as_imported
from fer_core.emotions import NAMES
from fer_core.errors import UsageError
from fer_core.review.policy import POLICIES, Policy, Supplement, cut_version
from fer_core.review.policy.difference import difference

NOTHING = POLICIES["relabel-only"]


def rows(found, kind):
    return found.document()["rows"][kind]


def test_each_kind_of_change_with_its_images(workspace, dataset, log, say):
    pixels = np.random.default_rng(8).integers(0, 256, (3, 48, 48), np.uint8)
    extra = Images(pixels, np.array([3, 3, 4], np.int8), np.zeros(3, np.int8))
    create_dataset(workspace, "extra", extra, origin={})
    first = cut_version(workspace, dataset, "a", Policy(True, False, False, False, ()))  # without rows 3 and 5
    log.record(dataset, [say(0, "happy"), say(1, "sad", "ada"), say(1, "disgust", "bob"), say(7, "unusable")])
    wanted = Policy(False, False, True, True, (), soft=True, supplements=(Supplement("extra", "happy"),))
    found = difference(first, cut_version(workspace, dataset, "b", wanted))
    assert {kind: rows(found, kind) for kind in found.counts()} == {
        "kept": [3, 5],
        "dropped": [6, 7],  # a leak, and what is called unusable
        "relabelled": [0],
        "softened": [1],
        "added": [12, 13],
        "removed": [],
    }
    table = found.named().set_index(["kind", "row"])
    assert tuple(table.loc[("relabelled", 0)]) == ("angry", "happy", "relabelled: angry to happy, 1 of 1 votes")
    assert table.loc[("kept", 3), "why"] == "exact copy: of row 2"  # why A had left it out
    assert table.loc[("dropped", 7), "why"] == "unusable: 1 of 1 votes"
    assert (table.loc[("added", 12), "a"], table.loc[("added", 12), "b"]) == ("", "happy")
    by_class = found.by_class()
    assert by_class.loc["angry", "relabelled"] == 1 and by_class.loc["happy", "added"] == 2
    assert by_class.to_numpy().sum() == len(found.table)
    assert found.policy["soft"] == [False, True]


def test_the_way_back_is_the_reverse(workspace, dataset, log, say):
    first = cut_version(workspace, dataset, "a", NOTHING)
    log.record(dataset, [say(0, "happy")])
    second = cut_version(workspace, dataset, "b", Policy(drop_findings=()))
    there, back = difference(first, second), difference(second, first)
    assert rows(there, "dropped") == rows(back, "kept") and len(rows(there, "dropped")) == 4
    assert rows(there, "relabelled") == rows(back, "relabelled") == [0]
    assert back.named().set_index("kind").loc["relabelled", "b"] == "angry"


def test_a_version_against_the_data_set_and_itself(workspace, dataset, log):
    version = cut_version(workspace, dataset, "a", Policy(drop_findings=()))
    assert rows(difference(as_imported(dataset), version), "dropped") == [3, 4, 5, 6]
    same = difference(version, version)
    assert len(same.table) == 0 and set(same.by_class().index) == set(NAMES)
    assert same.sentences() == ["The two hold the same images with the same labels."]


def test_versions_of_different_data_sets_are_not_compared(workspace, dataset, log):
    other = create_dataset(
        workspace, "other", Images(np.array(dataset.images[:8]), dataset.labels[:8], dataset.splits[:8]), origin={}
    )
    with pytest.raises(UsageError, match="different data sets"):
        difference(as_imported(dataset), as_imported(other))
