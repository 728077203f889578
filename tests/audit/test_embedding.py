"""The map: every image in the plane, what is alike together, and nothing random between two calls."""

import numpy as np
import pytest

from fer_core.audit import embedding
from fer_core.audit.embedding import draw_map


def clusters(count: int, kinds: int = 4, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Features, float16 (count, 20), around `kinds` directions, and which one each is of."""
    rng = np.random.default_rng(seed)
    kind = rng.integers(0, kinds, count)
    centres = rng.normal(size=(kinds, 20))
    return (4 * centres[kind] + rng.normal(size=(count, 20))).astype(np.float16), kind


def purity(places: np.ndarray, kind: np.ndarray) -> float:
    """The share of points whose nearest other point is of their kind."""
    distance = np.linalg.norm(places[:, None] - places[None], axis=2)
    np.fill_diagonal(distance, np.inf)
    return float((kind[distance.argmin(axis=1)] == kind).mean())


@pytest.mark.parametrize("landmarks", [3000, 60], ids=["all drawn", "most placed among landmarks"])
def test_what_is_alike_lies_together(landmarks: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedding, "LANDMARKS", landmarks)
    monkeypatch.setattr(embedding, "_BLOCK", 64)
    features, kind = clusters(240)
    told: list[float] = []
    places = draw_map(features, report=lambda _, fraction: told.append(fraction))
    assert places.shape == (240, 2)
    assert places.dtype == np.float32
    assert np.abs(places).max() == pytest.approx(1, abs=1e-5)
    assert purity(places, kind) > 0.95
    assert told == sorted(told)
    assert 0 <= told[0] <= told[-1] <= 1
    np.testing.assert_array_equal(draw_map(features), places)


@pytest.mark.parametrize("count", [0, 1, 2, 11])
def test_a_handful_is_put_on_a_line(count: int) -> None:
    places = draw_map(np.ones((count, 8)))
    assert places.shape == (count, 2)
    assert len(np.unique(places[:, 0])) == count
    assert (places[:, 1] == 0).all()


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_images_that_are_all_alike_have_a_place(value: float) -> None:
    places = draw_map(np.full((30, 8), value, np.float16))
    assert places.shape == (30, 2)
    assert np.isfinite(places).all()


def test_a_dozen_images_and_copies_among_them_are_drawn() -> None:
    features, _ = clusters(12)
    features[3:7] = features[2]
    places = draw_map(features)
    assert np.isfinite(places).all()
    assert np.abs(places).max() <= 1
