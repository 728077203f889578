"""What a run trains on, what chooses its epoch and what scores it, as one record that the session follows."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from fer_core.dataset.store import TRAINING
from fer_core.dataset.supplements import Images
from fer_core.dataset.version import DatasetVersion
from fer_core.dataset.votes import open_votes
from fer_core.evaluation.protocol import Protocol, clean_rows, make_protocol
from fer_core.evaluation.vote_test import vote_labels
from fer_core.runs.material import material, material_sentences


@dataclass(frozen=True)
class Plan:
    """M images with everything that is known of them. The protocol's rows, `epoch` and `clean` count these."""

    protocol: Protocol
    images: Images  # uint8 (M, 48, 48)
    labels: np.ndarray  # int8 (M,): trained on; of the rows that choose and score, the given ones
    epoch: np.ndarray  # int64: what one epoch shows, an image that is repeated stands there as often
    targets: np.ndarray | None  # soft labels, float32 (M, 7)
    weights: np.ndarray | None  # of the classes in the loss, float32 (7,)
    clean: Mapping[str, np.ndarray]  # by role: the rows without any copy elsewhere, int64
    source: np.ndarray  # the row of the version that each image comes from, int64 (M,)
    material: Mapping[str, Any]  # see `material`
    copy: np.ndarray | None = None  # 0 for the image itself, above for an augmented copy, int64 (M,)
    voted: np.ndarray | None = None  # the class that annotators clearly voted for, int8 (M,), or -1

    def document(self) -> dict[str, Any]:
        """The protocol as it stands in run.json, with what was special about the lesson."""
        found = self.protocol.document()
        more = material_sentences(self.material, len(self.protocol.train))
        return {**found, "sentence": f"{found['sentence']} {more}".strip()}


def honest_plan(version: DatasetVersion, votetest: bool = True) -> Plan:
    """Training trains, PublicTest chooses, PrivateTest and VoteTest score.

    `votetest` is False where a training goes on that began before the data set had votes.
    """
    dataset = version.dataset
    protocol = make_protocol(dataset, version.rows(TRAINING), votetest=votetest)
    labels = version.labels.copy()
    for role in protocol.roles:  # rows held out of Training may be relabelled in a version; they score as given
        labels[protocol.rows(role)] = dataset.labels[protocol.rows(role)]
    votes = open_votes(dataset)
    return Plan(
        protocol,
        version.images,
        labels,
        version.epoch(protocol.train),
        version.targets,
        version.weights,
        {role: clean_rows(dataset, protocol, role) for role in protocol.roles},
        np.arange(len(labels)),
        material(version, protocol.train),
        voted=None if votes is None else vote_labels(votes),
    )
