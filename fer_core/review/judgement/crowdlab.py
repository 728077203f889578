"""CROWDLAB: people's answers and a network's probabilities as one weighted vote.

"CROWDLAB: Supervised learning to infer consensus labels and quality scores for data with multiple annotators" (Goh,
Tkachenko and Mueller, 2022), as cleanlab computes it. It weighs a person by how often others give the same answer and
the network by how often it hits the consensus, both on pictures that two or more people answered.
"""

import warnings
from dataclasses import dataclass

import numpy as np

from fer_core.errors import UsageError


@dataclass(frozen=True)
class Crowdlab:
    """What CROWDLAB found for I items, A people and C classes."""

    posterior: np.ndarray  # float64 (I, C): the weighted vote
    weights: np.ndarray  # float64 (A,): what a person's answer weighs
    network: float  # what the network weighs


def crowdlab(items: np.ndarray, people: np.ndarray, answers: np.ndarray, probabilities: np.ndarray) -> Crowdlab:
    """Weigh V answers with the network's probabilities.

    `items`, `people`, `answers`: int (V,), who gave which item which class, numbered from 0 without gaps and at most
    one answer of a person for an item; `probabilities`: float (I, C), from networks that have not seen the item.
    Raises UsageError, with a sentence, where nobody's answers can be compared with anybody else's.
    """
    count, crowd = len(probabilities), int(people.max(initial=-1)) + 1
    several = np.bincount(items, minlength=count) > 1
    if crowd < 2 or not several.any():
        raise UsageError(
            "CROWDLAB weighs people by how they agree with one another: it needs at least one picture to which two "
            "people have given a class."
        )
    from cleanlab.multiannotator import get_label_quality_multiannotator  # takes a second to import

    table = np.full((count, crowd), np.nan)
    table[items, people] = answers
    probabilities = np.asarray(probabilities, np.float64)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # "Annotators do not agree on any example": their weights say so
        found = get_label_quality_multiannotator(
            table,
            probabilities,
            consensus_method="majority_vote",  # what people and the network are weighed against; see below
            return_detailed_quality=False,
            return_annotator_stats=False,
            return_weights=True,
            verbose=False,
        )
    weights, network = np.asarray(found["annotator_weight"], np.float64), float(found["model_weight"])
    # cleanlab gives the posterior of its consensus label alone. That of all classes follows from the weights (section 3
    # of the paper): an answer lends its class the likelihood that people hit the majority, and the others the rest.
    # Its largest class is what cleanlab calls the "best quality" label; the weights that it returns with that are
    # measured against the label itself, of which the network is a part, and would trust the network twice.
    hit = float(found["label_quality"]["annotator_agreement"].to_numpy()[several].mean())
    miss = (1 - hit) / (probabilities.shape[1] - 1)
    spoken = np.bincount(items, weights[people], count)
    posterior = network * probabilities + (spoken * miss)[:, None]
    np.add.at(posterior, (items, answers), weights[people] * (hit - miss))
    return Crowdlab(posterior / (network + spoken)[:, None], weights, network)
