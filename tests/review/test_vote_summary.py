"""The figures of an imported vote table, counted by hand."""

import numpy as np
import pytest

from fer_core.dataset.votes import ANSWERS, VoteTable
from fer_core.emotions import NAMES
from fer_core.review.judgement.vote_summary import most_split, summarise_votes


def test_figures_by_hand(dataset) -> None:
    counts = np.zeros((len(dataset), len(ANSWERS)), np.int32)
    counts[0, 0] = 10  # given and unanimous
    counts[1, [1, 4]] = 5, 5  # given, but not alone
    counts[8, [0, 4, 9]] = 2, 4, 4
    counts[9, [1, 8]] = 6, 4
    summary = summarise_votes(dataset, VoteTable(counts, "table.csv"))
    assert (summary.images, summary.votes) == (4, 40)
    assert (summary.unanimous, summary.split, summary.top_is_given) == (0.25, 0.5, 0.5)
    by_class = summary.classes.set_index("class")
    assert by_class["images"].to_dict() == {**dict.fromkeys(NAMES, 0), "angry": 2, "disgust": 2}
    assert by_class.loc["angry", "top_is_given"] == 0.5 and np.isnan(by_class.loc["sad", "top_is_given"])
    assert summary.document()["alpha"] == pytest.approx(summary.alpha, abs=1e-6)
    assert most_split(dataset, VoteTable(counts, "")).tolist() == [8, 1, 9, 0]


def test_an_empty_table_has_no_figures(dataset) -> None:
    empty = VoteTable(np.zeros((len(dataset), len(ANSWERS)), np.int32), "empty.csv")
    assert summarise_votes(dataset, empty).document() == {
        "images": 0,
        "votes": 0,
        "alpha": None,
        "unanimous": None,
        "split": None,
        "top_is_given": None,
    }
    assert not len(most_split(dataset, empty))


def test_copies_are_one_picture(dataset) -> None:
    counts = np.zeros((len(dataset), len(ANSWERS)), np.int32)
    counts[4, 4], counts[5, 2] = 5, 5
    assert most_split(dataset, VoteTable(counts, "")).tolist() == [4]
