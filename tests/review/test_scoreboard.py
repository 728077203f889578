"""The scoreboard on planted answers, beside scikit-learn, and when it says that nothing can be read from it."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from fer_core.dataset.store import Dataset, Images, create_dataset
from fer_core.review.judgement.consensus import AGREED, AMBIGUOUS, DISPUTED, STATE_UNUSABLE, UNTOUCHED, Consensus
from fer_core.review.judgement.scoreboard import FEWEST_ERRORS, Scoreboard, scoreboard
from fer_core.workspace import Workspace

COUNT = 400
COPIES = 10  # the last rows show the pictures of the first


@pytest.fixture(scope="module")
def faces(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (COUNT, 48, 48), dtype=np.uint8)
    pixels[-COPIES:] = pixels[:COPIES]
    labels = rng.integers(0, 7, COUNT).astype(np.int8)
    labels[-COPIES:] = labels[:COPIES]
    images = Images(pixels, labels, np.zeros(COUNT, np.int8))
    return create_dataset(Workspace(tmp_path_factory.mktemp("board")), "faces", images, origin={})


def people(dataset: Dataset, state: np.ndarray, label: np.ndarray) -> Consensus:
    """A consensus of these states and labels; the votes behind it do not matter."""
    nobody = np.zeros(len(dataset), np.int32)
    votes = np.zeros((len(dataset), 7), np.int32)
    return Consensus(votes, nobody, nobody, nobody.astype(bool), state.astype(np.int8), label.astype(np.int8))


def answers(dataset: Dataset, answered: int, share: float, seed: int = 1) -> tuple[Consensus, np.ndarray]:
    """People agree on the first `answered` images and call that share of them wrong; bool (N,): which."""
    rng = np.random.default_rng(seed)
    wrong = (rng.random(COUNT) < share) & (np.arange(COUNT) < answered)
    state = np.where(np.arange(COUNT) < answered, AGREED, UNTOUCHED)
    label = np.where(wrong, (dataset.labels + 1) % 7, dataset.labels)
    label[state != AGREED] = -1
    return people(dataset, state, label), wrong


def table(suspicion: np.ndarray, **others: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame({"suspicion": suspicion, **others, "sharpness": 1.0})


def line(board: Scoreboard, ranking: str) -> dict[str, float]:
    return board.table.set_index("ranking").loc[ranking].to_dict()


def test_figures_are_those_of_scikit_learn_on_the_answered_images(faces: Dataset) -> None:
    consensus, wrong = answers(faces, 300, 0.3)
    suspicion = (0.3 * wrong + np.random.default_rng(2).random(COUNT)).astype(np.float32)
    board = scoreboard(faces, consensus, table(suspicion, margin=1 - suspicion))
    assert (board.answered, board.wrong, board.at) == (300, wrong.sum(), 60)
    assert set(board.table["ranking"]) == {"suspicion", "margin", "class alone", "random order"}
    assert board.table["AUPRC"].is_monotonic_decreasing

    truth, scores, labels = wrong[:300], suspicion[:300], faces.labels[:300]
    top = np.argsort(-scores)[:60]
    within = [roc_auc_score(truth[labels == label], scores[labels == label]) for label in range(7)]
    expected = {
        "precision": truth[top].mean(),
        "lift": truth[top].mean() / truth.mean(),
        "AUPRC": average_precision_score(truth, scores),
        "AUROC": roc_auc_score(truth, scores),
        "within": np.mean(within),
    }
    assert line(board, "suspicion") == pytest.approx(expected)
    assert line(board, "margin")["AUROC"] == pytest.approx(1 - expected["AUROC"])
    assert board.warning == ""


def test_copies_count_once_and_only_settled_pictures_count(faces: Dataset) -> None:
    state = np.full(COUNT, AGREED)
    state[20:30], state[30:40], state[40:50] = DISPUTED, AMBIGUOUS, STATE_UNUSABLE
    label = faces.labels.copy()
    label[20:50] = -1
    label[[0, -COPIES]] = (faces.labels[0] + 1) % 7  # one picture, twice
    board = scoreboard(faces, people(faces, state, label), table(np.linspace(1, 0, COUNT)))
    assert board.answered == COUNT - COPIES - 20
    assert board.wrong == 10 + 1  # what cannot be read has no right label
    assert board.at == 74


def test_the_class_alone_knows_classes_and_nothing_within_them(faces: Dataset) -> None:
    wrong = np.isin(faces.labels, (1, 2)) & (np.arange(COUNT) % 2 == 0)
    label = np.where(wrong, (faces.labels + 1) % 7, faces.labels)
    board = scoreboard(faces, people(faces, np.full(COUNT, AGREED), label), table(np.linspace(1, 0, COUNT)))
    alone = line(board, "class alone")
    assert alone["within"] == 0.5
    assert alone["AUROC"] > 0.85
    assert alone["precision"] == pytest.approx(0.5, abs=0.15)


@pytest.mark.parametrize(("answered", "share"), [(0, 0.5), (30, 0.5), (300, 0.02), (300, 0.99)])
def test_few_answers_of_either_kind_are_too_few(faces: Dataset, answered: int, share: float) -> None:
    consensus, wrong = answers(faces, answered, share)
    board = scoreboard(faces, consensus, table(np.linspace(0, 1, COUNT)))
    assert min(wrong.sum(), answered - wrong.sum()) < FEWEST_ERRORS
    assert "too few to judge a ranking" in board.warning
    assert f"{answered} answered images with {wrong.sum()} wrong labels" in board.warning


@pytest.mark.parametrize("seed", range(3))
def test_a_useless_suspicion_is_warned_of_and_a_good_one_is_not(faces: Dataset, seed: int) -> None:
    consensus, wrong = answers(faces, 390, 0.4, seed)
    noise = np.random.default_rng(seed + 50).random(COUNT)
    useless = scoreboard(faces, consensus, table(noise))
    assert "too weak to go by" in useless.warning
    assert scoreboard(faces, consensus, table(noise + wrong)).warning == ""


def test_a_suspicion_that_only_knows_the_class_is_useless(faces: Dataset) -> None:
    wrong = np.isin(faces.labels, (1, 2, 3)) & (np.arange(COUNT) % 5 > 0)
    label = np.where(wrong, (faces.labels + 1) % 7, faces.labels)
    known = np.isin(faces.labels, (1, 2, 3)).astype(float)
    board = scoreboard(faces, people(faces, np.full(COUNT, AGREED), label), table(known))
    assert line(board, "suspicion")["AUROC"] > 0.9
    assert "AUROC of 0.50" in board.warning


def test_classes_that_are_wholly_right_or_wrong_judge_nothing(faces: Dataset) -> None:
    label = np.where(faces.labels < 3, faces.labels + 1, faces.labels)
    board = scoreboard(faces, people(faces, np.full(COUNT, AGREED), label), table(np.linspace(1, 0, COUNT)))
    assert "No class has both" in board.warning
