"""A wrong label or a wrong network? What people and the audit say of the images that a network calls otherwise.

People decide where they agree. Where nobody has said anything, the audit's suspicion is a hint and no more, and it is
kept apart from what people said.
"""

import numpy as np

from fer_core.review.judgement.consensus import AGREED, UNTOUCHED, Consensus

BLAMES = {
    "label": "People agree with the network: the label is wrong",
    "network": "People agree with the label: the network is wrong",
    "both": "People see something else than the label and the network",
    "open": "People do not agree: the face is ambiguous, disputed or unusable",
    "suspect": "Nobody has looked; the audit suspects the label",
    "unseen": "Nobody has looked, and the audit has nothing against the label",
}
LABEL, NETWORK, BOTH, OPEN, SUSPECT, UNSEEN = BLAMES


def blames(
    rows: np.ndarray,
    given: np.ndarray,
    called: np.ndarray,
    people: Consensus,
    suspicion: np.ndarray | None = None,
    suspect_from: float = 0.5,
) -> np.ndarray:
    """Who is to blame for each mistake, a key of BLAMES: array of str (n,).

    rows: int64 (n,), of the data set; given, called: int (n,), classes that differ; people: of the whole data set;
    suspicion: float (N,) in [0, 1] of every image, None where no audit looked at the labels; from `suspect_from` on
    a label counts as suspect.
    """
    state, label = people.state[rows], people.label[rows]
    agreed = state == AGREED
    suspect = np.zeros(len(rows), bool) if suspicion is None else suspicion[rows] >= suspect_from
    return np.select(
        [agreed & (label == called), agreed & (label == given), agreed, state != UNTOUCHED, suspect],
        [LABEL, NETWORK, BOTH, OPEN, SUSPECT],
        UNSEEN,
    )
