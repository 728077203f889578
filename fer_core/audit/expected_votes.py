"""Our suspicion: what ten annotators would say of an image, judging by what networks say and which label it has.

A network trained on FER2013's labels has learnt its labellers' habits with them: it calls many a neutral face sad,
because they did. A margin between its probabilities cannot see through that. So a softmax regression puts together what
the audit's networks say, what networks say that learnt from votes (`crowd`), and the given label, and translates it to
the shares of votes of ten annotators: the seven classes, contempt, unknown and not a face. It has a few hundred weights
and was fitted on FER+'s votes for every second Training image of FER2013 by `benchmarks/fit_expected_votes.py`. It
knows classes, never single images. Suspicion is the largest share that one answer other than the given label is
expected to get.

Other labellers have other habits: of drawn faces with planted errors the regression ranks worse than the margin. So
only images of FER2013 are read with it. A data set of others takes the networks at their word, and its suspicion is
the normalised margin.
"""

import json
from collections.abc import Collection
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from fer_core.audit.scores import given_and_other, normalised_margin
from fer_core.dataset.votes import ANSWERS
from fer_core.emotions import CLASSES
from fer_core.workspace import SHIPPED_MODELS

ANNOTATORS = 10
TRANSLATION = Path(__file__).parent / "expected_votes.json"
CROWD = SHIPPED_MODELS / "crowd" / "ferplus.safetensors"  # the networks that learnt from votes, see `crowd`
_FLOOR = 1e-3  # added to probabilities before their logarithm


@dataclass(frozen=True)
class Translation:
    """The fitted regression: z = inputs @ weights + intercept, shares = softmax(z)."""

    weights: np.ndarray  # float64 (F, 10)
    intercept: np.ndarray  # float64 (10,)
    images: tuple[str, ...]  # beginnings of the sha256 of some images of the data set that it was fitted to

    def shares(self, inputs: np.ndarray) -> np.ndarray:
        """Expected shares of votes for ANSWERS, float32 (N, 10), of `regression_inputs`."""
        logits = inputs @ self.weights + self.intercept
        shares = np.exp(logits - logits.max(axis=1, keepdims=True, initial=-np.inf))
        return (shares / shares.sum(axis=1, keepdims=True)).astype(np.float32)


def labellers_known(contents: Collection[str]) -> bool:
    """Whether these images are FER2013's, by the sha256 of their pixels: half of a sample of it must be there."""
    sample = translation().images
    there = {content[: len(sample[0])] for content in contents}
    return sum(image in there for image in sample) * 2 >= len(sample)


def expected_votes(
    out_of_fold: np.ndarray, in_training: np.ndarray, crowd: np.ndarray, not_a_face: np.ndarray, labels: np.ndarray
) -> np.ndarray:
    """Shares of ten annotators' votes for each of ANSWERS, float32 (N, 10), for images of FER2013.

    `out_of_fold`, `in_training`: float (N, 7), what the audit's networks say; `crowd`: float (N, 10), from
    `crowd.crowd_shares`; `not_a_face`: float (N,), its score; `labels`: int (N,), as given.
    """
    return translation().shares(regression_inputs(out_of_fold, in_training, crowd, not_a_face, labels))


def networks_votes(out_of_fold: np.ndarray, not_a_face: np.ndarray) -> np.ndarray:
    """The networks' probabilities in the place of votes, float32 (N, 10), for data sets of unknown labellers."""
    votes = np.zeros((len(out_of_fold), len(ANSWERS)), np.float32)
    votes[:, :CLASSES] = out_of_fold * (1 - not_a_face[:, None])
    votes[:, ANSWERS.index("not a face")] = not_a_face
    return votes


def largest_other(shares: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """The largest expected share of one answer other than the given label, float32 (N,) in [0, 1]."""
    return given_and_other(shares, labels)[1].clip(0, 1)


def regression_inputs(
    out_of_fold: np.ndarray, in_training: np.ndarray, crowd: np.ndarray, not_a_face: np.ndarray, labels: np.ndarray
) -> np.ndarray:
    """What the regression sees of each image, float64 (N, F)."""
    given = np.eye(CLASSES)[labels]
    columns = [given, _logit(not_a_face)[:, None]]
    logs = np.zeros((len(labels), CLASSES))
    for said in (out_of_fold, in_training):
        log = np.log(said + _FLOOR)
        own, other = given_and_other(log, labels)
        columns += [log, own[:, None], other[:, None], (said * log).sum(axis=1)[:, None]]
        columns.append(normalised_margin(said, labels)[:, None])
        logs += log / 2
    columns.append((given[:, :, None] * logs[:, None, :]).reshape(len(labels), -1))
    columns.append(np.log(crowd + _FLOOR))
    return np.concatenate(columns, axis=1, dtype=np.float64)


@cache
def translation() -> Translation:
    """The regression that ships."""
    document = json.loads(TRANSLATION.read_text(encoding="utf-8"))
    return Translation(np.array(document["weights"]), np.array(document["intercept"]), tuple(document["images"]))


def _logit(chance: np.ndarray) -> np.ndarray:
    chance = np.clip(np.asarray(chance, np.float64), 1e-4, 1 - 1e-4)
    return np.log(chance / (1 - chance))
