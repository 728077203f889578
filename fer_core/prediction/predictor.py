"""Who answers for a photo: one model, or several as one. All faces of a photo go through in one batch."""

import threading
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from PIL import Image

from fer_core.evaluation.modes import NONE
from fer_core.evaluation.testtime import predict_views
from fer_core.imaging.faces import Box
from fer_core.imaging.search import HAAR
from fer_core.networks.folding import folded
from fer_core.networks.weights import Model
from fer_core.prediction.seen import Face, Prediction, Sight, look


class Asked(ABC):
    """Whoever can be asked for probabilities. Threads may share it."""

    name: str

    @property
    @abstractmethod
    def members(self) -> tuple["Predictor", ...]:
        """The models that answer."""

    @abstractmethod
    def probabilities(self, crops: np.ndarray, tta: str = NONE) -> np.ndarray:
        """Probabilities of faces that are cropped already: uint8 (N, 48, 48) to float32 (N, 7).

        `tta` (test-time augmentation): the mean over the views of one of `testtime.MODES`.
        """

    def predict(
        self,
        image: Image.Image,
        tta: str = NONE,
        whole: bool = False,
        detector: str = HAAR,
        box: Box | None = None,
    ) -> Prediction:
        """Every face in a picture; `whole`, `detector` and `box` as `look` takes them."""
        return self.judge(look(image, detector, whole, box), tta)

    def judge(self, sight: Sight, tta: str = NONE) -> Prediction:
        """What it makes of faces that are found already."""
        faces: tuple[Face, ...] = ()
        if sight.found:
            answers = self.probabilities(sight.crops, tta)
            faces = tuple(
                Face(found.box, crop, answer, found.turn)
                for found, crop, answer in zip(sight.found, sight.crops, answers, strict=True)
            )
        return Prediction(sight.width, sight.height, faces, sight.origin)


class Predictor(Asked):
    """A loaded model.

    `lock` is held around every pass through the network: Grad-CAM hangs hooks into the module, and a second pass
    meanwhile would feed them too (two threads in Grad-CAM on one module crash the process).
    """

    def __init__(self, model: Model, name: str) -> None:
        self.model = replace(model, module=folded(model.module))
        self.name = name
        self.lock = threading.Lock()
        self.model.module.requires_grad_(False)  # it only answers: maps need no gradient of 50 million weights

    @property
    def members(self) -> tuple["Predictor", ...]:
        return (self,)

    def probabilities(self, crops: np.ndarray, tta: str = NONE) -> np.ndarray:
        with self.lock:
            return predict_views(self.model, crops, tta)


class Ensemble(Asked):
    """Several models as one: the mean of their probabilities, each counting the same."""

    def __init__(self, members: Sequence[Predictor]) -> None:
        self._members = tuple(members)
        self.name = " + ".join(member.name for member in members)

    @property
    def members(self) -> tuple[Predictor, ...]:
        return self._members

    def probabilities(self, crops: np.ndarray, tta: str = NONE) -> np.ndarray:
        return np.stack([member.probabilities(crops, tta) for member in self._members]).mean(0)


def together(predictors: Sequence[Predictor]) -> Asked:
    """One predictor as it is, several as an ensemble."""
    return predictors[0] if len(predictors) == 1 else Ensemble(predictors)
