"""How often calls are right when a model is as sure as this."""

import numpy as np
import pytest

from fer_core.prediction.sureness import Sureness, count_sureness, read_sureness


def calls(confidence, right, count):
    """`count` predictions of that confidence for class 0, the first `right` of them with the label 0."""
    rest = (1 - confidence) / 6
    return np.full((count, 7), [confidence] + [rest] * 6), np.where(np.arange(count) < right, 0, 1)


@pytest.fixture
def counted() -> Sureness:
    parts = [calls(0.75, 140, 200), calls(0.95, 99, 100), calls(0.45, 1, 40), calls(0.35, 5, 10)]
    return count_sureness(
        np.concatenate([part[0] for part in parts]), np.concatenate([part[1] for part in parts]), "PrivateTest"
    )


@pytest.mark.parametrize(
    ("confidence", "words"),
    [
        (0.72, "Of calls this sure, about 7 of 10 were right on PrivateTest."),
        (0.999, "Of calls this sure, nearly all were right on PrivateTest."),
        (0.41, "Of calls this sure, hardly any were right on PrivateTest."),
        (0.33, "Too few calls were this sure on PrivateTest (10) to say how often such calls are right."),
        (0.85, "Too few calls were this sure on PrivateTest (0) to say how often such calls are right."),
    ],
)
def test_it_says_what_was_counted(counted, confidence, words):
    assert counted.sentence(confidence) == words


def test_a_card_gives_back_what_was_written_into_it(counted):
    card = f"# a model\n\n| class | n |\n|---|---|\n| 10 to 20 % | 9 | 9 |\n\n{counted.table()}\n\n## Limits\n"
    read = read_sureness(card)
    assert read.place == "PrivateTest"
    assert np.array_equal(read.calls, counted.calls)
    assert np.array_equal(read.right, counted.right)


def test_thousands_survive_and_a_card_without_the_table_has_none():
    many = count_sureness(*calls(0.75, 1_234, 4_321), "PrivateTest")
    assert read_sureness(many.table()).right.sum() == 1_234
    assert read_sureness("# a model without figures") is None
