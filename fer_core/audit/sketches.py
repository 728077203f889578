"""Images as sketches: the strengths of the lowest frequencies of their cosine transform, at mean 0 and norm 1.

The transform is orthonormal, so what the sketches of two images share, plus the most that they can share in what the
sketches leave out, bounds the correlation of their pixels from above: no pair that correlates by c has a bound below c.
Mirroring an image only turns the sign of its odd horizontal frequencies. Both ways of comparing thus cost one product
of the even part and one of the odd part.
"""

from dataclasses import dataclass

import numpy as np

from fer_core.dataset.store import SIDE


@dataclass(frozen=True)
class Sketches:
    """Sketches of n images, float32 (n, frequencies); the last column of `even` is the norm of what is left out."""

    even: np.ndarray
    odd: np.ndarray

    def __len__(self) -> int:
        return len(self.even)

    def __getitem__(self, rows: np.ndarray | slice) -> "Sketches":
        return Sketches(self.even[rows], self.odd[rows])

    def bounds(self, others: "Sketches") -> np.ndarray:
        """What every image and every other one may correlate by, mirrored or not, float32 (n, m)."""
        bound = self.odd @ others.odd.T
        np.abs(bound, out=bound)
        bound += self.even @ others.even.T
        return bound

    def pairwise(self, others: "Sketches") -> np.ndarray:
        """What the first may correlate by with the first, the second with the second ..., float32 (n,)."""
        odd = np.einsum("ij,ij->i", self.odd, others.odd)
        return np.abs(odd, out=odd) + np.einsum("ij,ij->i", self.even, others.even)


class Pencil:
    """Draws sketches with the frequencies whose squared radius is at most `radius` (36: 34 of them; 121: 105)."""

    def __init__(self, radius: int) -> None:
        down, across = np.mgrid[0:SIDE, 0:SIDE].reshape(2, -1)
        squared = down * down + across * across
        chosen = np.flatnonzero((squared > 0) & (squared <= radius))  # 0 is the mean
        self._even = _cosines(down, across, chosen[across[chosen] % 2 == 0])
        self._odd = _cosines(down, across, chosen[across[chosen] % 2 == 1])

    def draw(self, images: np.ndarray) -> Sketches:
        """`images`: uint8 (n, 48, 48), none of one grey value."""
        unit = images.reshape(-1, SIDE * SIDE).astype(np.float32)
        unit -= unit.mean(axis=1, keepdims=True)
        unit /= np.linalg.norm(unit, axis=1, keepdims=True)
        even, odd = unit @ self._even, unit @ self._odd
        left = 1 - np.square(even).sum(axis=1) - np.square(odd).sum(axis=1)
        return Sketches(np.column_stack([even, np.sqrt(np.maximum(left, 0))]), odd)


def concatenate(parts: list[Sketches]) -> Sketches:
    """One after the other; at least one part."""
    return Sketches(np.concatenate([part.even for part in parts]), np.concatenate([part.odd for part in parts]))


def _cosines(down: np.ndarray, across: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """The orthonormal waves of these frequencies as columns, float32 (SIDE * SIDE, n)."""
    k = np.arange(SIDE)
    waves = np.sqrt(np.where(k == 0, 1, 2) / SIDE)[:, None] * np.cos(np.pi * k[:, None] * (2 * k + 1) / (2 * SIDE))
    product = np.einsum("fi,fj->ijf", waves[down[chosen]], waves[across[chosen]])
    return product.reshape(SIDE * SIDE, -1).astype(np.float32)
