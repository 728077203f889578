"""Learning curves as they are read and smoothed."""

import numpy as np
import pytest
from made_runs import make_run

from fer_core.dataset.store import Dataset
from fer_core.runs.curves import read_curves, smoothed
from fer_core.workspace import Workspace


def test_curves_by_epoch_and_by_time(workspace: Workspace, bars: Dataset) -> None:
    curves = read_curves(make_run(workspace, bars, "run"))
    training, chosen_on = curves.series("loss", "epoch")
    # Two finished epochs, then the tick of the third that came after them; step 25 of 30 is epoch 2.5 of 3.
    assert training.to_numpy().tolist() == [[1.0, 1.8], [2.0, 1.4], [2.5, 1.2]]
    assert chosen_on.to_numpy().tolist() == [[1.0, 1.6], [2.0, 1.2]]
    training, chosen_on = curves.series("accuracy", "time")
    assert training["x"].tolist() == [0.5, 1.0, 1.25]
    assert chosen_on["x"].tolist() == [0.5, 1.0]
    assert curves.series("macro_f1", "epoch")[0].empty


def test_smoothing_is_a_moving_average_without_a_bias() -> None:
    values = np.array([4.0, 0.0, 2.0])
    assert smoothed(values, 0.0).tolist() == values.tolist()
    by_hand = [4.0, (0.5 * 4 + 0) / 1.5, (0.25 * 4 + 0.5 * 0 + 2) / 1.75]
    assert smoothed(values, 0.5) == pytest.approx(by_hand)
    assert smoothed(np.full(9, 3.0), 0.9) == pytest.approx(np.full(9, 3.0))
