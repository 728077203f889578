"""Which queues there are, in words. How each is filled stands in `queue`."""

from dataclasses import dataclass

from fer_core.errors import UsageError
from fer_core.review.queues.selections import PREFIX

SUSPECTS, CONFLICTS, NOT_A_FACE, LOW_QUALITY = "suspects", "conflicts", "not-a-face", "low-quality"
DISAGREEMENTS, UNSEEN, RANDOM, GOLD, SKIPPED = "disagreements", "unseen", "random", "gold", "skipped"


@dataclass(frozen=True)
class Kind:
    """One of the queues, in words."""

    name: str  # what is logged with an answer and stands in the URL
    title: str
    holds: str  # a sentence for whoever chooses
    end: str  # what stands where its last face was; lines
    needs_audit: bool = False
    mixed: bool = True  # whether faces of the random audit and gold faces come between its own


KINDS = (
    Kind(
        SUSPECTS,
        "Suspects",
        "What the audit holds for wrong: copies given as different classes first, then by suspicion.",
        "Every suspect is answered.\nCut a version on the Consensus page,\nor go on with what nobody has seen.",
        needs_audit=True,
    ),
    Kind(
        CONFLICTS,
        "Conflicts",
        "Pictures whose exact copies are given as different classes: at least one label of each is wrong.",
        "Every conflict is answered.\nGo on with the suspects.",
    ),
    Kind(
        NOT_A_FACE,
        "Not a face",
        "Pictures in which the audit finds no face.",
        "Every picture that may show no face is answered.",
        needs_audit=True,
    ),
    Kind(
        LOW_QUALITY,
        "Low quality",
        "Blurred, dark, bright or nearly empty pictures: is there enough to tell?",
        "Every picture of low quality is answered.",
        needs_audit=True,
    ),
    Kind(
        DISAGREEMENTS,
        "Second opinions",
        "Pictures that others have answered, and that want another opinion.",
        "No picture wants your opinion at the moment.\nWhat stays in doubt is decided on the Consensus page.",
    ),
    Kind(
        UNSEEN,
        "Unseen",
        "Every picture that is not settled, in random order; some of them for your opinion beside others'.",
        "Every face is answered.\nCut a version on the Consensus page,\nor begin a second round.",
    ),
    Kind(
        RANDOM,
        "Random audit",
        "Pictures drawn evenly from all: their answers say how many labels are wrong.",
        "Every face is answered.\nCut a version on the Consensus page,\nor begin a second round.",
    ),
    Kind(
        GOLD,
        "Gold",
        "Pictures whose answer is known: they measure the annotators, and everybody gets them.",
        "Every gold face is answered.",
        mixed=False,
    ),
    Kind(SKIPPED, "Skipped", "What you skipped in this round.", "Nothing is skipped.", mixed=False),
)
_BY_NAME = {kind.name: kind for kind in KINDS}
_PICKED = Kind(PREFIX, "Selection", "Faces that somebody picked out.", "Everything that was picked is answered.")


def kind_of(queue: str) -> Kind:
    """The kind of a queue by its name, a selection's id included; UsageError for a name that is none."""
    if queue.startswith(PREFIX):
        return _PICKED
    if queue not in _BY_NAME:
        raise UsageError(f"There is no queue {queue!r}; there are {', '.join(_BY_NAME)} and selections.")
    return _BY_NAME[queue]
