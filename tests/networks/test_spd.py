"""The layers for covariance matrices, against their formulas in float64 and against finite differences."""

import numpy as np
import pytest
import torch
from torch import Tensor

from fer_core.networks.spd import (
    BiMap,
    LogEig,
    ReEig,
    covariance,
    logarithm_slopes,
    raising_slopes,
    spectral,
    upper_triangle,
)


def random_points(sets: int = 4, points: int = 9, dimensions: int = 5, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(sets, points, dimensions, generator=generator, dtype=torch.float64)


def with_eigenvalues(*values: float, seed: int = 0) -> Tensor:
    """One symmetric matrix with these eigenvalues in a random basis, float64 (1, D, D)."""
    basis = np.linalg.qr(np.random.default_rng(seed).normal(size=(len(values), len(values))))[0]
    return torch.from_numpy(basis @ np.diag(values) @ basis.T)[None]


def symmetrised(matrix: Tensor) -> Tensor:
    return (matrix + matrix.mT) / 2


def test_covariance_is_numpys_with_a_share_of_its_trace_on_the_diagonal() -> None:
    points = random_points()
    for got, expected in zip(covariance(points), map(np.cov, points.mT.numpy()), strict=True):
        np.testing.assert_allclose(got, expected + 1e-4 * np.trace(expected) * np.eye(5), atol=1e-12)


def test_covariance_of_one_point_or_of_equal_points_is_nothing() -> None:
    assert covariance(torch.ones(2, 1, 5)).abs().max() == 0
    assert covariance(torch.full((2, 9, 5), 0.1)).abs().max() < 1e-15


def test_points_that_only_fill_up_do_not_count() -> None:
    points = random_points(2, 9)
    real = torch.zeros(2, 9, dtype=torch.bool)
    real[0, :4] = real[1, [1, 8]] = True
    got = covariance(points, real)
    torch.testing.assert_close(got[:1], covariance(points[:1, :4]))
    torch.testing.assert_close(got[1:], covariance(points[1:, [1, 8]]))


def test_the_upper_triangle_keeps_lengths_and_angles() -> None:
    one, other = covariance(random_points(seed=1)), covariance(random_points(seed=2))
    vectors = upper_triangle(one), upper_triangle(other)
    assert vectors[0].shape == (4, 15)
    torch.testing.assert_close((vectors[0] * vectors[1]).sum(1), (one * other).sum((1, 2)))


def test_bimap_is_a_projection_by_orthonormal_columns() -> None:
    layer = BiMap(5, 3)
    weight = layer.weight().detach().numpy()
    np.testing.assert_allclose(weight.T @ weight, np.eye(3), atol=1e-12)
    matrices = covariance(random_points())
    expected = np.stack([weight.T @ matrix @ weight for matrix in matrices.numpy()])
    np.testing.assert_allclose(layer(matrices).detach(), expected, atol=1e-12)
    assert np.linalg.eigvalsh(expected).min() > 0


def test_bimap_spans_what_its_free_matrix_spans() -> None:
    layer = BiMap(5, 3)
    free, weight = layer.free.detach().double(), layer.weight().detach()
    torch.testing.assert_close(weight @ (weight.mT @ free), free)
    assert ((weight * free).sum(0)[0]) > 0  # and points the same way, whatever signs LAPACK likes


def test_bimap_stays_orthonormal_under_any_optimiser_and_as_float16() -> None:
    layer = BiMap(6, 4)
    optimiser = torch.optim.SGD(layer.parameters(), lr=5.0, momentum=0.9, weight_decay=0.1)
    target = torch.diag(torch.arange(1.0, 5.0)).double()
    for _ in range(5):
        optimiser.zero_grad()
        (layer(covariance(random_points(dimensions=6))) - target).square().mean().backward()
        optimiser.step()
    layer.load_state_dict({name: value.half().float() for name, value in layer.state_dict().items()})
    weight = layer.weight().detach()
    torch.testing.assert_close(weight.mT @ weight, torch.eye(4, dtype=torch.float64))


@pytest.mark.parametrize("outputs", [0, 6])
def test_bimap_does_not_enlarge(outputs: int) -> None:
    with pytest.raises(ValueError, match="at most as many"):
        BiMap(5, outputs)


def test_reeig_raises_small_eigenvalues_and_leaves_the_rest() -> None:
    matrix = with_eigenvalues(3.0, 0.5, 1e-6, 0.0, -2e-3)
    got = ReEig(1e-4)(matrix)
    np.testing.assert_allclose(np.linalg.eigvalsh(got[0]), [1e-4, 1e-4, 1e-4, 0.5, 3.0], atol=1e-12)
    whole = with_eigenvalues(3.0, 0.5, 1e-3)
    torch.testing.assert_close(ReEig(1e-4)(whole), whole)


def test_logeig_is_the_inverse_of_the_matrix_exponential() -> None:
    matrices = covariance(random_points())
    torch.testing.assert_close(torch.linalg.matrix_exp(LogEig(1e-12)(matrices)), matrices)


def test_logeig_is_the_logarithm_of_what_reeig_gives() -> None:
    matrices = torch.cat([with_eigenvalues(3.0, 0.5, 1e-6), with_eigenvalues(2.0, 2.0, 0.0, seed=1)])
    torch.testing.assert_close(LogEig(1e-4)(matrices), LogEig(1e-300)(ReEig(1e-4)(matrices)))


DIFFICULT = {
    "apart": (3.0, 1.0, 0.2),
    "two equal": (1.0, 1.0, 0.3),
    "all equal": (0.7, 0.7, 0.7),
    "nearly equal": (1.0, 1.0 + 1e-9, 0.3),
    "two below the floor": (1.0, 2e-3, 1e-3),
    "all below the floor": (0.0, 0.0, 0.0),
    "far apart": (1e4, 1.0, 0.02),
}


@pytest.mark.parametrize("logarithm", [False, True])
@pytest.mark.parametrize("values", DIFFICULT.values(), ids=DIFFICULT)
def test_gradients_are_those_of_finite_differences_also_at_equal_eigenvalues(values, logarithm: bool) -> None:
    matrix = with_eigenvalues(*values).requires_grad_()
    assert torch.autograd.gradcheck(lambda m: spectral(symmetrised(m), 0.01, logarithm), matrix, atol=1e-4, rtol=1e-4)


def test_gradients_of_the_whole_chain_are_those_of_finite_differences() -> None:
    layer, points = BiMap(5, 3).double(), random_points(2, 4).requires_grad_()

    def chain(points: Tensor, free: Tensor) -> Tensor:
        matrices = torch.func.functional_call(layer, {"free": free}, covariance(points))
        return upper_triangle(LogEig()(ReEig()(matrices)))

    assert torch.autograd.gradcheck(chain, (points, layer.free))


def test_torchs_own_gradient_agrees_where_it_exists() -> None:
    points = random_points().requires_grad_()
    weights = torch.randn(4, 5, 5, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    (ours,) = torch.autograd.grad((LogEig(1e-9)(covariance(points)) * weights).sum(), points)
    values, vectors = torch.linalg.eigh(covariance(points))
    (theirs,) = torch.autograd.grad((vectors @ torch.diag_embed(values.log()) @ vectors.mT * weights).sum(), points)
    torch.testing.assert_close(ours, theirs)


def test_slopes_keep_their_digits_for_eigenvalues_that_are_close_or_far() -> None:
    """Against exact rational arithmetic of the logarithm's series, and against the plain quotient."""
    close = torch.tensor([1.0, 1.0 + 2**-40], dtype=torch.float64)
    slope = logarithm_slopes(close)[0, 1].item()
    assert slope == pytest.approx(1 - 2**-41, rel=1e-15)
    far = torch.tensor([1e-4, 1e4], dtype=torch.float64)
    assert logarithm_slopes(far)[0, 1].item() == pytest.approx(np.log(1e8) / (1e4 - 1e-4), rel=1e-14)
    middle = torch.tensor([1.0, 2.99, 3.01], dtype=torch.float64)  # either side of where the formula changes
    for index in (1, 2):
        other = middle[index].item()
        assert logarithm_slopes(middle)[0, index].item() == pytest.approx(np.log(other) / (other - 1), rel=1e-14)
    np.testing.assert_allclose(
        raising_slopes(torch.tensor([0.0, 0.5, 2.0, 3.0]), 1.0),
        [[0, 0, 0.5, 2 / 3], [0, 0, 2 / 3, 0.8], [0.5, 2 / 3, 1, 1], [2 / 3, 0.8, 1, 1]],
        atol=1e-6,
    )


def test_a_matrix_that_is_not_finite_comes_out_as_nan_and_spoils_no_other() -> None:
    matrices = covariance(random_points())
    expected = LogEig()(matrices)
    matrices[1, 0, 0] = torch.nan
    matrices[3] = torch.inf
    got = LogEig()(matrices)
    assert got[[1, 3]].isnan().all()
    torch.testing.assert_close(got[[0, 2]], expected[[0, 2]])


def test_autocast_takes_no_digits_away() -> None:
    points, layer = random_points().float(), BiMap(5, 3)
    expected = LogEig()(layer(covariance(points)))
    with torch.autocast("cpu", torch.bfloat16):
        got = LogEig()(layer(covariance(points)))
    assert got.dtype == torch.float64
    assert torch.equal(got, expected)
