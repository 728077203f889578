"""Findings of labels in words, and a ranking that holds every image once in a stable order."""

import numpy as np
import pytest

from fer_core.audit.expected_votes import ANSWERS
from fer_core.audit.findings import findings
from fer_core.audit.ranking import VOTES_FROM, best_other, rank_suspects, suspicious_labels
from fer_core.dataset.store import SPLITS, Dataset
from fer_core.dataset.version import as_imported
from fer_core.emotions import NAMES

FEAR, SAD, SURPRISE, NEUTRAL = (NAMES.index(name) for name in ("fear", "sad", "surprise", "neutral"))
NOTHING = findings(np.array([], int), "flat", 1.0, [])


def shares(columns: int, **of: float) -> np.ndarray:
    """One row of shares, float32 (columns,): those of the named answers, the rest spread over the others."""
    names = list(ANSWERS)[:columns]
    of = {name.replace("_", " "): share for name, share in of.items()}
    rest = (1 - sum(of.values())) / (columns - len(of))
    return np.array([of.get(name, rest) for name in names], np.float32)


def test_a_finding_says_what_networks_and_annotators_would_say() -> None:
    probabilities = np.stack([shares(7, fear=0.05, surprise=0.85)] * 2)
    votes = np.stack([shares(10, fear=0.1, surprise=0.71), shares(10, fear=0.6)])
    found = suspicious_labels(np.array([0.71, 0.1]), votes, probabilities, np.array([FEAR, FEAR]), VOTES_FROM, True)
    assert found["row"].tolist() == [0]
    assert found["reason"].tolist() == ["label"]
    assert found["score"].tolist() == pytest.approx([0.71])
    assert found["evidence"][0] == (
        "Labelled fear. Networks that did not train on it say surprise (85%), fear 5%; "
        "of 10 annotators about 7 would say surprise."
    )


def test_networks_that_say_the_label_are_quoted_once() -> None:
    """What networks learnt from labellers who call neutral faces sad is read as neutral."""
    probabilities = shares(7, sad=0.45, neutral=0.4)[None]
    votes = shares(10, sad=0.3, neutral=0.58)[None]
    found = suspicious_labels(np.array([0.58]), votes, probabilities, np.array([SAD]), VOTES_FROM, True)
    assert found["evidence"][0] == (
        "Labelled sad. Networks that did not train on it say sad (45%); of 10 annotators about 6 would say neutral."
    )


def test_what_is_no_face_is_said_in_these_words_and_the_limit_counts() -> None:
    probabilities, votes = shares(7, sad=0.6)[None], shares(10, sad=0.05, not_a_face=0.9)[None]
    labels = np.array([SAD])
    assert suspicious_labels(np.array([0.9]), votes, probabilities, labels, VOTES_FROM, True)["evidence"][0].endswith(
        "about 9 would say not a face."
    )
    assert len(suspicious_labels(np.array([VOTES_FROM]), votes, probabilities, labels, VOTES_FROM, True)) == 1
    assert suspicious_labels(np.array([0.9]), votes, probabilities, labels, 0.95, True).empty
    unknown = suspicious_labels(np.array([0.9]), votes, probabilities, labels, VOTES_FROM, False)
    assert "annotators" not in unknown["evidence"][0]


def test_the_best_other_answer_is_never_the_label() -> None:
    votes = np.stack([shares(10, sad=0.7, neutral=0.2), shares(10, sad=0.7, unknown=0.2)])
    assert best_other(votes, np.array([SAD, SAD])).tolist() == [NEUTRAL, ANSWERS.index("unknown")]
    assert best_other(votes, np.array([FEAR, FEAR])).tolist() == [SAD, SAD]


def test_every_image_stands_once_most_suspect_first_ties_by_row(demo: Dataset) -> None:
    rng = np.random.default_rng(1)
    suspicion = rng.random(len(demo)).round(2).astype(np.float32)  # with ties
    found = findings(np.array([2, 2]), "flat", 1.0, ["a", "b"])
    suspects = rank_suspects(as_imported(demo), suspicion, rng.dirichlet(np.ones(10), len(demo)), found)
    assert sorted(suspects["row"]) == list(range(len(demo)))
    assert suspects["rank"].tolist() == list(range(1, len(demo) + 1))
    assert suspects["row"].tolist() == sorted(range(len(demo)), key=lambda row: (-suspicion[row], row))
    np.testing.assert_array_equal(suspects["suspicion"], suspicion[suspects["row"]])
    by_row = suspects.set_index("row").sort_index()
    assert by_row.loc[2, "reasons"] == "flat;flat"
    assert (by_row["reasons"].drop(2) == "").all()
    assert by_row["label"].tolist() == [NAMES[label] for label in demo.labels]
    assert by_row["split"].tolist() == [SPLITS[split] for split in demo.splits]
    assert by_row["content"].tolist() == demo.table["content"].tolist()


def test_a_suggestion_is_the_likeliest_class_where_that_is_not_the_label(demo: Dataset) -> None:
    votes = np.full((len(demo), 10), 0.01)
    votes[:3, 9] = 0.5  # not a face is no class to suggest
    votes[np.arange(len(demo)), demo.labels] = 0.3
    votes[7, :7] = 0.0
    other = (int(demo.labels[7]) + 3) % 7
    votes[7, other] = 0.2
    suspicion = np.full(len(demo), 0.5, np.float32)
    by_row = rank_suspects(as_imported(demo), suspicion, votes, NOTHING).set_index("row")
    assert by_row.loc[7, "suggestion"] == NAMES[other]
    assert (by_row["suggestion"].drop(7) == "").all()


def test_without_networks_nothing_is_suggested_and_rows_keep_their_order(demo: Dataset) -> None:
    suspects = rank_suspects(as_imported(demo), np.full(len(demo), 0.5, np.float32), None, NOTHING)
    assert (suspects["suggestion"] == "").all()
    assert suspects["row"].tolist() == list(range(len(demo)))
