"""All that an audit learns from networks: scores of labels, expected votes, pairs of classes, the map."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from fer_core.audit.classes import class_health, class_pairs
from fer_core.audit.embedding import draw_map
from fer_core.audit.expected_votes import expected_votes, labellers_known, largest_other, networks_votes
from fer_core.audit.labels import judge_labels
from fer_core.audit.ranking import MARGIN_FROM, VOTES_FROM
from fer_core.audit.results import AuditSettings
from fer_core.audit.scores import (
    area_under_margin,
    mistakenness,
    neighbour_disagreement,
    normalised_margin,
    self_confidence,
)
from fer_core.dataset.store import TRAINING
from fer_core.dataset.version import DatasetVersion
from fer_core.progress import Report, part


@dataclass(frozen=True)
class Opinion:
    """What networks say about a version, all by row."""

    probabilities: np.ndarray  # float32 (N, 7), out of fold
    in_training: np.ndarray  # float32 (N, 7), while they trained on the image
    features: np.ndarray  # float16 (N, D), of the first network
    judges: np.ndarray  # int8 (N,), a kept network that did not train on the image
    map: np.ndarray  # float32 (N, 2)
    votes: np.ndarray  # float32 (N, 10), expected shares of annotators' votes
    scores: dict[str, np.ndarray]  # scores.SCORES, float32 (N,) each
    class_pairs: pd.DataFrame
    figures: dict[str, Any]  # for audit.json

    def arrays(self) -> dict[str, np.ndarray]:
        """What is stored as it is."""
        names = ("probabilities", "in_training", "features", "judges", "map", "votes")
        return {name: getattr(self, name) for name in names}


def ask_networks(
    version: DatasetVersion, settings: AuditSettings, not_a_face: np.ndarray, report: Report, cores: int | None
) -> Opinion:
    """Train the fold networks and put together all they have to say."""
    dataset, labels = version.dataset, version.own_labels
    judged = judge_labels(version, settings, part(report, 0.0, 0.9), cores)
    probabilities = judged.out_of_fold
    known = labellers_known(dataset.table["content"])
    if known:
        from fer_core.audit.crowd import crowd_shares  # its networks, which other data sets do not need

        contents = dataset.table["content"].tolist()
        crowd = crowd_shares(dataset.images, contents, settings.views, report=part(report, 0.9, 0.92))
        votes = expected_votes(probabilities, judged.in_training, crowd, not_a_face, labels)
        suspicion, limit = largest_other(votes, labels), VOTES_FROM
    else:
        votes = networks_votes(probabilities, not_a_face)
        suspicion, limit = normalised_margin(votes, labels), MARGIN_FROM
    report("looking at neighbours", 0.92)
    scores = {
        "suspicion": suspicion,
        "margin": normalised_margin(probabilities, labels),
        "self_confidence": self_confidence(probabilities, labels),
        "mistakenness": mistakenness(probabilities, labels),
        "area_under_margin": area_under_margin(judged.margins, normalised_margin(probabilities, labels)),
        "neighbours": neighbour_disagreement(judged.features, labels, dataset.groups, version.own_rows(TRAINING)),
    }
    health = class_health(probabilities, suspicion, labels, limit)
    drawn = draw_map(judged.features, report=part(report, 0.95, 1.0))
    return Opinion(
        probabilities,
        judged.in_training,
        judged.features,
        judged.judges,
        drawn,
        votes,
        scores,
        class_pairs(probabilities, votes, labels),
        {
            "out_of_fold_accuracy": float((probabilities.argmax(axis=1) == labels).mean()),
            "annotators_known": known,
            "suspect_from": limit,
            "network_seconds": round(judged.seconds, 1),
            # JSON has no NaN, which an empty class has.
            "classes": health.astype(object).where(health.notna(), None).to_dict("records"),
        },
    )
