"""Exact duplicates against a count by hand and against the demo's planted copies."""

import numpy as np
import pandas as pd

from fer_core.audit import duplicates
from fer_core.dataset.demo import load_truth
from fer_core.dataset.store import Dataset

# Ten images: 0, 3 and 7 are copies, 1 and 8 are copies, the rest stand alone.
GROUPS = np.array([0, 1, 2, 0, 4, 5, 6, 0, 1, 9])
LABELS = np.array([3, 2, 1, 3, 0, 0, 0, 4, 2, 6], np.int8)
SPLITS = np.array([0, 0, 0, 1, 1, 1, 2, 2, 0, 2], np.int8)


def test_every_image_with_a_copy_is_found_and_knows_a_partner() -> None:
    found = duplicates.exact_duplicates(GROUPS).set_index("row")
    assert found["partner"].to_dict() == {0: 3, 1: 8, 3: 0, 7: 0, 8: 1}
    assert "3 copies" in found.loc[7, "evidence"]


def test_a_conflict_says_how_often_each_label_is_given() -> None:
    found = duplicates.label_conflicts(GROUPS, LABELS).set_index("row")
    assert set(found.index) == {0, 3, 7}
    assert found.loc[0, "evidence"] == "The same pixels are labelled happy (2x) and sad (1x)."
    assert found.loc[0, "partner"] == 7
    assert found.loc[7, "partner"] == 0


def test_the_partner_of_a_conflict_is_the_first_copy_with_another_label() -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, 500)
    _, first, inverse = np.unique(rng.integers(0, 150, 500), return_index=True, return_inverse=True)
    groups = first[inverse]
    expected = {}
    for row in range(500):
        others = [other for other in range(500) if groups[other] == groups[row] and labels[other] != labels[row]]
        if others:
            expected[row] = others[0]
    assert duplicates.label_conflicts(groups, labels).set_index("row")["partner"].to_dict() == expected


def test_a_leak_names_the_other_splits() -> None:
    found = duplicates.split_leaks(GROUPS, SPLITS).set_index("row")
    assert set(found.index) == {0, 3, 7}
    assert found.loc[0, "evidence"] == "Training image with an exact copy in PublicTest and PrivateTest."


def test_the_summary_counts_groups_redundant_images_conflicts_and_leaks() -> None:
    summary = duplicates.summarise(GROUPS, LABELS, SPLITS)
    assert (summary.groups, summary.images, summary.redundant, summary.conflicting_groups) == (2, 5, 3, 1)
    assert summary.leaks["PrivateTest"] == {"Training": 1, "PublicTest": 1}
    assert summary.leaks["Training"] == {"PublicTest": 1, "PrivateTest": 1}


def test_a_data_set_without_copies_has_no_findings() -> None:
    alone = np.arange(4)
    assert duplicates.exact_duplicates(alone).empty
    assert duplicates.label_conflicts(alone, np.zeros(4, np.int8)).empty
    assert duplicates.split_leaks(alone, np.zeros(4, np.int8)).empty
    assert duplicates.summarise(alone, np.zeros(4, np.int8), np.zeros(4, np.int8)).groups == 0


def test_no_images_at_all_have_no_findings() -> None:
    nothing = np.zeros(0, np.int64)
    assert duplicates.exact_duplicates(nothing).empty
    assert duplicates.label_conflicts(nothing, nothing).empty
    assert duplicates.split_leaks(nothing, nothing).empty
    assert duplicates.summarise(nothing, nothing, nothing).images == 0


def planted(truth: pd.DataFrame, kind: str) -> set[int]:
    return set(truth.loc[truth["kinds"].str.contains(kind), "row"])


def test_the_planted_copies_of_the_demo_are_found_and_nothing_else(demo: Dataset) -> None:
    truth = load_truth(demo)
    copies = planted(truth, "exact_copy")
    originals = set(truth.loc[truth["row"].isin(copies), "partner"])
    assert set(duplicates.exact_duplicates(demo.groups)["row"]) == copies | originals
    conflicts = set(duplicates.label_conflicts(demo.groups, demo.labels)["row"])
    assert planted(truth, "exact_conflict") <= conflicts
    assert planted(truth, "exact_leak") <= set(duplicates.split_leaks(demo.groups, demo.splits)["row"])


def test_an_image_leaks_once_however_many_copies_the_other_split_has() -> None:
    summary = duplicates.summarise(np.array([0, 0, 0]), np.zeros(3, np.int8), np.array([0, 1, 1], np.int8))
    assert summary.leaks["Training"]["PublicTest"] == 1
    assert summary.leaks["PublicTest"]["Training"] == 2
