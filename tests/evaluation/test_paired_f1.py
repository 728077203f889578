"""The interval of a difference in macro-F1 against a bootstrap by hand."""

import numpy as np
import pytest

from fer_core.evaluation.metrics import confusion_matrix, macro_f1
from fer_core.evaluation.paired_f1 import compare_macro_f1


@pytest.mark.parametrize("skills", [((0.5,), (0.6,)), ((0.4, 0.6, 0.7), (0.7, 0.75))], ids=["images", "seeds"])
def test_the_interval_is_that_of_a_bootstrap_by_hand(skills) -> None:
    rng = np.random.default_rng(3)
    labels = rng.integers(0, 7, 300)
    a, b = (
        np.stack([np.where(rng.random(300) < skill, labels, rng.integers(0, 7, 300)) for skill in side])
        for side in skills
    )

    def drawn(runs: np.ndarray, rows: np.ndarray) -> float:
        """The mean of as many runs as leave the variance unbiased, on these images."""
        chosen = rng.integers(len(runs), size=max(1, len(runs) - 1))
        return float(np.mean([macro_f1(confusion_matrix(labels[rows], runs[run][rows])) for run in chosen]))

    differences = []
    for _ in range(1500):
        rows = rng.integers(300, size=300)
        differences.append(drawn(b, rows) - drawn(a, rows))
    expected = np.percentile(differences, [2.5, 97.5])
    assert compare_macro_f1(a, b, labels).interval == pytest.approx(expected, abs=0.015)
