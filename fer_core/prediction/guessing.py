"""Labels for faces that nobody has labelled: the guesses of the model that ships, to be reviewed."""

import numpy as np

from fer_core.imaging.clips import Guesser
from fer_core.prediction.models import ModelChoice, choose
from fer_core.workspace import Workspace


def find_guesser(workspace: Workspace) -> Guesser:
    """The model that answers by default; it is loaded when it is first asked. Raises NotFound where there is none."""
    choice = choose(workspace)
    return Guesser(choice.name, lambda crops: _classes(choice, crops))


def _classes(choice: ModelChoice, crops: np.ndarray) -> np.ndarray:
    """The most probable class of each face, uint8 (N, 48, 48) to int64 (N,)."""
    return choice.open().probabilities(crops).argmax(axis=1)
