"""The random-audit stream: in which order images are drawn to learn how many labels are wrong.

One order per data set, the same for everybody and for ever: uniform over ALL images, whatever an audit says of them.
Its first images are a random sample at any time, so the error rate among them is an honest estimate of the error rate.
"""

import numpy as np

from fer_core.dataset.store import Dataset


def random_stream(dataset: Dataset) -> np.ndarray:
    """Every row of the data set once, in the order in which the random audit draws them; int64 (N,)."""
    seed = int(dataset.hash[:16], 16)
    return np.random.default_rng(seed).permutation(len(dataset))
