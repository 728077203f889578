"""Any model on any imported data set: the figures of scikit-learn, and nothing that the model has learnt by heart."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, confusion_matrix

from fer_core.dataset.store import PRIVATE_TEST, TRAINING, open_dataset
from fer_core.errors import InputRefused, UsageError
from fer_core.networks.weights import Model
from fer_core.prediction.predictor import Predictor, together
from fer_core.prediction.scoring import score_answers, score_dataset


def having_learnt(predictor: Predictor, version: str, version_hash: str) -> Predictor:
    spec = replace(predictor.model.spec, about={"version": version, "version_hash": version_hash})
    return Predictor(Model(predictor.model.module, spec), "learnt")


def test_a_model_that_ships_is_scored_on_a_data_set_like_scikit_learn_would(demo_workspace, shallow):
    demo = open_dataset(demo_workspace, "demo")
    rows = np.flatnonzero(demo.splits == PRIVATE_TEST)
    called = shallow.probabilities(demo.images[rows]).argmax(1)
    document = score_dataset(demo_workspace, shallow, "demo")
    assert document["n"] == len(rows)
    assert document["accuracy"] == pytest.approx(accuracy_score(demo.labels[rows], called))
    assert document["confusion"] == confusion_matrix(demo.labels[rows], called, labels=range(7)).tolist()
    assert (document["left_out"], document["subset"]) == (0, "whole")
    assert document["unchecked"] == ["random"]  # nobody knows what it has learnt from


def test_what_it_was_trained_on_is_left_out_also_where_it_is_a_copy(demo_workspace, shallow):
    demo = open_dataset(demo_workspace, "demo")
    document = score_dataset(demo_workspace, having_learnt(shallow, "demo", demo.hash), "demo", "all")
    content = demo.table["content"].to_numpy()
    fresh = ~np.isin(content, content[demo.splits == TRAINING])
    assert document["n"] == fresh.sum() < (demo.splits != TRAINING).sum()  # the demo has copies across its splits
    assert document["left_out"] == (~fresh).sum()
    assert (document["subset"], document["unchecked"]) == ("unseen", [])


def test_other_data_under_the_same_name_does_not_count_as_known(demo_workspace, shallow):
    document = score_dataset(demo_workspace, having_learnt(shallow, "demo", "another hash"), "demo")
    assert document["unchecked"] == ["demo"]


def test_an_ensemble_is_scored_by_its_mean(demo_workspace, shallow, bands):
    demo = open_dataset(demo_workspace, "demo")
    rows = np.flatnonzero(demo.splits == PRIVATE_TEST)
    mean = (shallow.probabilities(demo.images[rows]) + bands.probabilities(demo.images[rows])) / 2
    document = score_dataset(demo_workspace, together([shallow, bands]), "demo")
    assert document["accuracy"] == pytest.approx(accuracy_score(demo.labels[rows], mean.argmax(1)))


def test_nothing_left_to_score_on_is_a_sentence(demo_workspace, shallow):
    demo = open_dataset(demo_workspace, "demo")
    with pytest.raises(InputRefused, match="trained on every one"):
        score_dataset(demo_workspace, having_learnt(shallow, "demo", demo.hash), "demo", "train")
    with pytest.raises(UsageError, match="all, train, val, test"):
        score_dataset(demo_workspace, shallow, "demo", "tomorrow")
    with pytest.raises(InputRefused, match="both a face and a label"):
        score_answers([], np.zeros((0, 7)))
