"""Layers for covariance matrices: BiMap, ReEig and LogEig of Huang and Van Gool (2017), "A Riemannian network for SPD
matrix learning".

Symmetric positive definite matrices lie in a cone, not in a flat space: LogEig flattens it, so that a linear layer may
follow. Everything here computes in float64, whatever comes in and whether or not autocast is on: an eigenvalue that is
1e-4 of the largest has hardly a digit left in bfloat16, and the logarithm shows it.

The gradient of an eigendecomposition divides by the differences of eigenvalues and is infinite where two are equal (a
picture of one colour). What is needed is the gradient of V f(L) V', which is finite there. It is taken directly
(Daleckii and Krein, 1965): V (K * (V' G V)) V' with K_ij = (f(l_i) - f(l_j)) / (l_i - l_j), and f'(l_i) where they are
equal.
"""

from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

FLOOR = 1e-4  # eigenvalues below it are raised to it
RIDGE = 1e-4  # of the trace, added to the diagonal of a covariance


def covariance(points: Tensor, real: Tensor | None = None, ridge: float = RIDGE) -> Tensor:
    """Covariance of sets of points, float64 (N, D, D), plus `ridge` times its trace on the diagonal.

    points: float (N, P, D); real: bool (N, P), which of them count (None: all). A set of one point has covariance 0.
    """
    points = _exact(points)
    if real is None:
        centred = points - points.mean(1, keepdim=True)
        scatter = centred.mT @ centred / max(points.shape[1] - 1, 1)
    else:
        weights = real.to(points)[..., None]  # (N, P, 1)
        count = weights.sum(1, keepdim=True).clamp_min(1)
        centred = (points - (points * weights).sum(1, keepdim=True) / count) * weights
        scatter = centred.mT @ centred / (count - 1).clamp_min(1)
    trace = scatter.diagonal(dim1=-2, dim2=-1).sum(-1)[:, None, None]
    return scatter + ridge * trace * torch.eye(scatter.shape[-1], dtype=scatter.dtype, device=scatter.device)


def upper_triangle(matrices: Tensor) -> Tensor:
    """Symmetric (N, D, D) as vectors (N, D (D + 1) / 2) of the same lengths: what is off the diagonal counts twice."""
    size = matrices.shape[-1]
    rows, columns = torch.triu_indices(size, size, device=matrices.device)
    scale = torch.where(rows == columns, 1.0, 2**0.5).to(matrices.dtype)
    return matrices[:, rows, columns] * scale


class BiMap(nn.Module):
    """W' X W, float64 (N, inputs, inputs) to (N, outputs, outputs), with W (inputs, outputs) orthonormal.

    W stays on the Stiefel manifold because it is the Q factor of a free matrix: any optimiser, moving average or
    rounding to float16 of that matrix leaves its columns orthonormal. Raises ValueError for outputs > inputs.
    """

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        if not 1 <= outputs <= inputs:
            raise ValueError(f"BiMap goes from {inputs} dimensions to at most as many, not to {outputs}")
        self.free = nn.Parameter(torch.randn(inputs, outputs) / inputs**0.5)

    def weight(self) -> Tensor:
        """W, float64 (inputs, outputs)."""
        orthonormal, triangle = torch.linalg.qr(_exact(self.free))
        return orthonormal * triangle.diagonal().sign()  # QR is unique only up to these signs

    def forward(self, matrices: Tensor) -> Tensor:
        weight = self.weight()
        return weight.mT @ _exact(matrices) @ weight


class ReEig(nn.Module):
    """Eigenvalues below `floor` raised to it, the cone's nonlinearity: symmetric (N, D, D) to float64 (N, D, D)."""

    def __init__(self, floor: float = FLOOR) -> None:
        super().__init__()
        self.floor = floor

    def forward(self, matrices: Tensor) -> Tensor:
        return spectral(matrices, self.floor, logarithm=False)


class LogEig(nn.Module):
    """The matrix logarithm, symmetric (N, D, D) to float64 (N, D, D), of the matrix with its eigenvalues raised to
    `floor`: ReEig and LogEig in one decomposition."""

    def __init__(self, floor: float = FLOOR) -> None:
        super().__init__()
        self.floor = floor

    def forward(self, matrices: Tensor) -> Tensor:
        return spectral(matrices, self.floor, logarithm=True)


def spectral(matrices: Tensor, floor: float, logarithm: bool) -> Tensor:
    """V f(L) V' of symmetric matrices V L V', float64 (N, D, D); f(l) = max(l, floor), or its logarithm.

    A matrix with a value that is not finite comes out as NaN, without an error and without touching the others.
    """
    result: Tensor = _Spectral.apply(_exact(matrices), floor, logarithm)
    return result


class _Spectral(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, matrices: Tensor, floor: float, logarithm: bool) -> Tensor:
        broken = ~matrices.isfinite().all(-1).all(-1)[:, None, None]
        symmetric = torch.where(broken, 0.0, (matrices + matrices.mT) / 2)
        values, vectors = torch.linalg.eigh(symmetric)
        raised = values.clamp_min(floor)
        ctx.save_for_backward(values, vectors)
        ctx.floor, ctx.logarithm = floor, logarithm
        mapped = (vectors * (raised.log() if logarithm else raised)[:, None, :]) @ vectors.mT
        return torch.where(broken, torch.nan, mapped)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        values, vectors = ctx.saved_tensors
        slopes = raising_slopes(values, ctx.floor)
        if ctx.logarithm:
            slopes = slopes * logarithm_slopes(values.clamp_min(ctx.floor))  # the chain rule of divided differences
        turned = vectors.mT @ ((gradient + gradient.mT) / 2) @ vectors
        return vectors @ (slopes * turned) @ vectors.mT, None, None


def raising_slopes(values: Tensor, floor: float) -> Tensor:
    """Divided differences of l -> max(l, floor): (N, D) to (N, D, D), between 0 and 1."""
    one, other = values[..., :, None], values[..., None, :]
    gap = one - other
    rise = one.clamp_min(floor) - other.clamp_min(floor)
    return torch.where(gap == 0, (one > floor).to(values.dtype), rise / torch.where(gap == 0, 1.0, gap))


def logarithm_slopes(values: Tensor) -> Tensor:
    """Divided differences of the logarithm: positive (N, D) to (N, D, D), 1 / l where two are equal.

    log(a / b) = 2 artanh((a - b) / (a + b)) keeps its digits where a and b are close, the plain quotient where they
    are far apart.
    """
    one, other = values[..., :, None], values[..., None, :]
    gap, total = one - other, one + other
    ratio = gap / total
    near = ratio.abs() < 0.5
    small = torch.where(near, ratio, 0.0)
    close = 2 / total * torch.where(small == 0, 1.0, small.atanh() / torch.where(small == 0, 1.0, small))
    return torch.where(near, close, (one.log() - other.log()) / torch.where(near, 1.0, gap))


def _exact(tensor: Tensor) -> Tensor:
    """float64 where it is; MPS has none, nor an eigendecomposition: there on the processor."""
    return tensor.to("cpu" if tensor.device.type == "mps" else tensor.device, torch.float64)
