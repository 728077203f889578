"""Suspicion by hand-computed margins, and a ranking that holds every image once in a stable order."""

import numpy as np
import pytest

from fer_core.audit.findings import findings
from fer_core.audit.ranking import normalised_margin, rank_suspects, suspicious_labels
from fer_core.dataset.store import Dataset


def test_the_margin_of_three_cases_by_hand() -> None:
    probabilities = np.zeros((3, 7), np.float32)
    probabilities[0, 3] = 1.0  # sure of the given class
    probabilities[1, [3, 4]] = 0.5, 0.5  # torn
    probabilities[2, [3, 4]] = 0.1, 0.9  # sure of another
    np.testing.assert_allclose(normalised_margin(probabilities, np.array([3, 3, 3])), [0.0, 0.5, 0.9], atol=1e-6)


def test_a_finding_names_both_classes_with_their_shares() -> None:
    probabilities = np.full((1, 7), 0.02, np.float32)
    probabilities[0, [2, 5]] = 0.05, 0.85
    found = suspicious_labels(probabilities, np.array([2]))
    assert found["evidence"][0] == ("Labelled fear (5%); networks that did not train on it say surprise (85%).")
    assert found["score"][0] == pytest.approx(0.9)


def test_every_image_stands_once_most_suspect_first_ties_by_row(demo: Dataset) -> None:
    rng = np.random.default_rng(1)
    probabilities = rng.dirichlet(np.ones(7), len(demo)).astype(np.float32)
    probabilities[[5, 9]] = probabilities[3]  # ties where the labels agree
    suspects = rank_suspects(demo, probabilities, findings(np.array([2, 2]), "flat", 1.0, ["a", "b"]))
    assert sorted(suspects["row"]) == list(range(len(demo)))
    assert suspects["rank"].tolist() == list(range(1, len(demo) + 1))
    assert (np.diff(suspects["suspicion"]) <= 0).all()
    ties = suspects[suspects["suspicion"].duplicated(keep=False)]
    assert ties.groupby("suspicion")["row"].apply(lambda rows: rows.is_monotonic_increasing).all()
    assert suspects.set_index("row").loc[2, "reasons"] == "flat;flat"
    assert suspects["suspicion"].between(0, 1).all()


def test_a_suggestion_is_given_only_where_another_class_is_likelier(demo: Dataset) -> None:
    certain = np.eye(7, dtype=np.float32)[demo.labels]
    assert (rank_suspects(demo, certain, findings(np.array([], int), "flat", 1.0, []))["suggestion"] == "").all()
