"""What shows no face ranks first: planted things, empty tiles; and the order of the images changes nothing."""

import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from fer_core.audit.findings import REASONS
from fer_core.audit.not_a_face import face_evidence, not_a_face, not_a_face_scores
from fer_core.dataset.demo import load_truth
from fer_core.dataset.store import Dataset
from fer_core.errors import FerretError


def network(n: int, strangers: np.ndarray, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Features and probabilities as of a network that finds `strangers` (bool (n,)) unlike the rest, and is unsure."""
    rng = np.random.default_rng(0)
    mixture = rng.random((7, width)) ** 4
    features = rng.dirichlet(np.full(7, 0.3), n) @ mixture
    features[strangers] = rng.random((strangers.sum(), width)) ** 4
    features += 0.01 * rng.random((n, width))
    logits = rng.normal(0, 3, (n, 7))
    logits[strangers] = 0
    shares = np.exp(logits)
    return features.astype(np.float32), (shares / shares.sum(axis=1, keepdims=True)).astype(np.float32)


def planted(demo: Dataset, kind: str) -> np.ndarray:
    return load_truth(demo)["kinds"].str.contains(kind).to_numpy()


def test_the_demos_things_rank_before_its_faces(demo: Dataset) -> None:
    truth = planted(demo, "not_a_face")
    cascade = face_evidence(demo.images)
    pixels = not_a_face_scores(demo.images, cascade)
    both = not_a_face_scores(demo.images, cascade, *network(len(demo), truth, 64))
    alone = average_precision_score(truth, 1 - cascade)
    assert average_precision_score(truth, pixels) > max(0.8, alone)
    assert average_precision_score(truth, both) > max(0.8, alone)


def test_what_is_flagged_in_the_demo_is_mostly_planted(demo: Dataset) -> None:
    truth = planted(demo, "not_a_face")
    cascade = face_evidence(demo.images)
    found = not_a_face(not_a_face_scores(demo.images, cascade), cascade=cascade)
    assert truth[found["row"]].mean() >= 0.5
    assert truth[found["row"]].sum() >= 0.5 * truth.sum()


def test_empty_tiles_come_first(demo: Dataset) -> None:
    flat = planted(demo, "flat")
    scores = not_a_face_scores(demo.images, face_evidence(demo.images))
    assert scores[flat].min() == 1.0
    assert scores[flat].min() >= scores[~flat].max()


@pytest.mark.parametrize("with_network", [False, True])
def test_the_order_of_the_images_does_not_matter(demo: Dataset, with_network: bool) -> None:
    images = np.asarray(demo.images)
    order = np.random.default_rng(1).permutation(len(images))
    cascade = face_evidence(images)
    told = network(len(images), planted(demo, "not_a_face"), 32) if with_network else (None, None)
    # Copies have the same pixels, so a network tells the same of them.
    told = tuple(None if part is None else part[demo.groups] for part in told)
    scores = not_a_face_scores(images, cascade, *told)
    turned = not_a_face_scores(images[order], cascade[order], *(None if part is None else part[order] for part in told))
    np.testing.assert_allclose(turned, scores[order], atol=1e-3)
    np.testing.assert_array_equal(face_evidence(images[order][:60]), cascade[order][:60])


def test_a_network_that_finds_an_image_strange_raises_its_score(demo: Dataset) -> None:
    strange = np.arange(len(demo)) % 20 == 0
    cascade = face_evidence(demo.images)
    ordinary = not_a_face_scores(demo.images, cascade, *network(len(demo), np.zeros(len(demo), bool), 128))
    raised = not_a_face_scores(demo.images, cascade, *network(len(demo), strange, 128))
    assert np.median(raised[strange]) > np.median(ordinary[strange])


@pytest.mark.parametrize("width", [2, 32, 700])
def test_features_of_any_width_do(demo: Dataset, width: int) -> None:
    told = network(len(demo), planted(demo, "not_a_face"), width)
    scores = not_a_face_scores(demo.images, np.full(len(demo), 0.5, np.float32), *told)
    assert scores.dtype == np.float32
    assert ((scores >= 0) & (scores <= 1)).all()


def test_dead_and_equal_features_do_no_harm(demo: Dataset) -> None:
    cascade = np.full(len(demo), 0.5, np.float32)
    unsure = np.full((len(demo), 7), 1 / 7, np.float32)
    for features in (np.zeros((len(demo), 16), np.float32), np.ones((len(demo), 16), np.float32)):
        assert np.isfinite(not_a_face_scores(demo.images, cascade, features, unsure)).all()


def test_a_face_has_more_evidence_than_noise(demo: Dataset) -> None:
    evidence = face_evidence(demo.images)
    things = planted(demo, "not_a_face")
    assert evidence.dtype == np.float32
    assert ((evidence >= 0) & (evidence <= 1)).all()
    assert np.median(evidence[~things]) > np.median(evidence[things])
    assert face_evidence(np.full((1, 48, 48), 77, np.uint8))[0] == 0


@pytest.mark.parametrize("n", [0, 1, 3])
def test_few_images_are_no_trouble(n: int) -> None:
    images = np.random.default_rng(0).integers(0, 256, (n, 48, 48), np.uint8)
    cascade = face_evidence(images)
    assert cascade.shape == (n,)
    assert not_a_face_scores(images, cascade).shape == (n,)
    told = np.ones((n, 8), np.float32), np.full((n, 7), 1 / 7, np.float32)
    scores = not_a_face_scores(images, cascade, *told)
    assert np.isfinite(scores).all()
    assert len(not_a_face(scores, limit=0.0)) == n


def test_nothing_but_constant_images() -> None:
    images = np.repeat(np.arange(200, dtype=np.uint8), 48 * 48).reshape(200, 48, 48)
    assert (not_a_face_scores(images, face_evidence(images[:5]).repeat(40)) == 1.0).all()


def test_findings_say_how_sure_and_what_was_seen() -> None:
    scores = np.array([0.1, 0.9, 0.4, 0.2], np.float32)
    found = not_a_face(scores, limit=0.2, cascade=np.array([1.0, 0.0, 0.1, 0.8]))
    assert found["row"].tolist() == [1, 2, 3]
    assert set(found["reason"]) == {"not-a-face"} <= set(REASONS)
    np.testing.assert_allclose(found["score"], scores[[1, 2, 3]])
    assert "90%" in found["evidence"][0] and "neither a face nor an eye" in found["evidence"][0]
    assert "hardly" in found["evidence"][1]
    assert found["evidence"][2].endswith("find a face.")


def test_a_search_that_is_stopped_stops(demo: Dataset) -> None:
    class Stopped(FerretError):
        pass

    def report(stage: str, fraction: float) -> None:
        raise Stopped(stage)

    with pytest.raises(Stopped):
        face_evidence(demo.images, report)
