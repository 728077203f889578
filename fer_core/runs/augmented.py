"""A finished run's predictions with test-time augmentation, made once and kept beside it.

All of its splits are predicted together, so that no figure with augmentation stands beside one without. The predictions
that the run ended with stay as they are.
"""

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from fer_core.dataset.store import open_dataset
from fer_core.errors import InputRefused, UsageError
from fer_core.evaluation.modes import AUGMENTED
from fer_core.files import atomic_path
from fer_core.progress import Report, silent
from fer_core.runs.run import PROBABILITIES, ROLES, Run
from fer_core.workspace import Workspace

if TYPE_CHECKING:  # a page that reads figures must not wait seconds for torch
    from fer_core.networks.weights import Model

TIMED_IMAGES = 512


@dataclass(frozen=True)
class Cost:
    """What a mode costs on the machine that predicted."""

    views: int
    seconds_per_image: float
    plain_seconds_per_image: float

    @property
    def ratio(self) -> float:
        """How many times longer an image takes than without."""
        return self.seconds_per_image / self.plain_seconds_per_image

    def document(self) -> dict[str, float]:
        """For JSON."""
        return {
            "views": self.views,
            "seconds_per_image": self.seconds_per_image,
            "plain_seconds_per_image": self.plain_seconds_per_image,
            "times_longer": self.ratio,
        }


def augmented_predictions(
    workspace: Workspace, run: Run, mode: str, report: Report = silent
) -> tuple[pd.DataFrame, Cost]:
    """row, split and p_angry ... p_neutral of everything that the run was scored on, and what it cost.

    Raises UsageError for a mode that does not exist and for a leaky run, whose augmented copies are not kept, NotFound
    for a run that is not finished, InputRefused where the data set is another one by now.
    """
    if mode not in AUGMENTED:
        raise UsageError(f"There is no test-time augmentation {mode!r} (there: {', '.join(AUGMENTED)}).")
    if run.leaky:
        raise UsageError(f"The run {run.id} is leaky: its augmented images are not kept, so it has no --tta.")
    plain = pd.concat([run.predictions(role).assign(split=role) for role in ROLES], ignore_index=True)
    file = run.path / f"predictions-{mode}.parquet"
    if not file.exists():
        dataset = open_dataset(workspace, run.dataset)
        if dataset.hash != run.document["dataset_hash"]:
            raise InputRefused(f"The data set {run.dataset} holds other images than when {run.id} was trained on it.")
        from fer_core.training.machine import default_device

        predicted, cost = timed_views(run.model(default_device()), dataset.images[plain["row"]], mode, report)
        table = pd.concat([plain[["row", "split"]], pd.DataFrame(predicted, columns=PROBABILITIES)], axis=1)
        table.attrs = {"views": cost.views, "seconds": [cost.seconds_per_image, cost.plain_seconds_per_image]}
        with atomic_path(file) as temporary:
            table.to_parquet(temporary)
    table = pd.read_parquet(file)
    return table, Cost(table.attrs["views"], *table.attrs["seconds"])


def timed_views(model: "Model", images: np.ndarray, mode: str, report: Report = silent) -> tuple[np.ndarray, Cost]:
    """float32 (N, 7) by `predict_views`, and its cost beside the plain prediction of up to TIMED_IMAGES of them."""
    from fer_core.evaluation.inference import predict_probabilities
    from fer_core.evaluation.testtime import predict_views, views

    few = images[:TIMED_IMAGES]
    predict_probabilities(model, few[:64])  # the first batch is slower
    began = time.perf_counter()
    predict_probabilities(model, few)
    plain = (time.perf_counter() - began) / len(few)
    began = time.perf_counter()
    predicted = predict_views(model, images, mode, report=report)
    return predicted, Cost(len(views(mode)), (time.perf_counter() - began) / len(images), plain)
