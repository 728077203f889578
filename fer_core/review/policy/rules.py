"""What a policy can decide, and the policies that have a name."""

from dataclasses import dataclass, replace
from typing import Any

from fer_core.emotions import NAMES, class_index
from fer_core.errors import NotFound, UsageError
from fer_core.review.judgement.opinions import MAJORITY, METHODS

PICTURE_FINDINGS = (
    "flat",
    "blurred",
    "black-and-white",
)  # findings that speak of the picture, not of its label or its copies
AMBIGUOUS_CHOICES = ("keep", "soft", "drop")
BALANCES = ("none", "drop", "weights", "augment")
SMALLEST, MEDIAN = "smallest", "median"
ALL_SPLITS, TRAINING_ONLY = "all", "training"


@dataclass(frozen=True)
class Supplement:
    """Images of one class of another data set, to be added to Training."""

    dataset: str  # its name
    emotion: str  # the class there, one of NAMES
    splits: str = ALL_SPLITS  # or TRAINING_ONLY: which of its splits they are taken from

    def __post_init__(self) -> None:
        if self.emotion not in NAMES or self.splits not in (ALL_SPLITS, TRAINING_ONLY):
            raise UsageError(
                f"{self}: a supplement is DATASET:CLASS or DATASET:CLASS:training, with a class of {', '.join(NAMES)}."
            )

    def __str__(self) -> str:
        return f"{self.dataset}:{self.emotion}" + (f":{self.splits}" if self.splits != ALL_SPLITS else "")


@dataclass(frozen=True)
class Policy:
    """What a version does to the Training split. The defaults are the policy `standard`."""

    drop_duplicates: bool = True  # of exact copies the first row stays
    drop_conflicts: bool = True  # copies given as different classes go, all of them, until people agree on the face
    drop_leaks: bool = True  # what is also in a test split goes
    drop_unusable: bool = True  # what people call unusable, or no face, goes
    drop_findings: tuple[str, ...] = ("flat",)  # findings of the audit, of PICTURE_FINDINGS
    relabel: bool = True  # the consensus of people replaces the given label
    min_votes: int = 1  # with at least this many votes for the class; a decision always counts
    method: str = MAJORITY  # how opinions become one, of opinions.METHODS
    votes: bool = False  # the imported vote table counts as votes too
    soft: bool = False  # train on the shares of opinion where people have spoken; scoring stays with hard labels
    ambiguous: str = "keep"  # faces that people call ambiguous, of AMBIGUOUS_CHOICES: keep the given label, ...
    balance: str = "none"  # classes of Training against each other, of BALANCES
    balance_to: str = SMALLEST  # what "drop" cuts classes down to: SMALLEST, MEDIAN class, or a number of images
    supplements: tuple[Supplement, ...] = ()

    def __post_init__(self) -> None:
        unknown = set(self.drop_findings) - set(PICTURE_FINDINGS)
        if unknown:
            raise UsageError(
                f"{', '.join(sorted(unknown))}: no finding that a policy can drop by itself "
                f"(these are: {', '.join(PICTURE_FINDINGS)}). Labels are changed by people's verdicts."
            )
        if self.min_votes < 1:
            raise UsageError(f"A label cannot be changed by {self.min_votes} votes; ask for at least 1.")
        for part, known in (("method", METHODS), ("ambiguous", AMBIGUOUS_CHOICES), ("balance", BALANCES)):
            if getattr(self, part) not in known:
                raise UsageError(f"{part} is one of {', '.join(known)}, not {getattr(self, part)!r}.")
        if self.balance_to not in (SMALLEST, MEDIAN) and not (self.balance_to.isdecimal() and int(self.balance_to)):
            raise UsageError(
                f"Classes are cut down to the {SMALLEST}, the {MEDIAN} or a number of images, not {self.balance_to!r}."
            )


POLICIES = {
    "standard": Policy(),
    # "Facial emotion recognition using shallow CNN and improved FER-2013 dataset": exact copies removed by hash,
    # blurred and faceless images removed, mislabelled ones corrected.
    "improved": Policy(drop_findings=("flat", "blurred")),
    # "Facial Emotions Recognition Using Deep Learning Models" (the five-layer network): black-and-white images removed
    # by a threshold and nothing else. Its class weights are the recipe's, `paper-littlevgg`.
    "five-layer": Policy(False, False, False, False, ("black-and-white",), relabel=False),
    "relabel-only": Policy(False, False, False, False, ()),
}


def policy_named(name: str) -> Policy:
    """A policy by its name."""
    if name not in POLICIES:
        raise NotFound(f"There is no policy {name!r} (there: {', '.join(POLICIES)}).")
    return POLICIES[name]


def changed_policy(policy: Policy, changes: dict[str, Any]) -> Policy:
    """A policy with some parts replaced; None leaves a part as it is."""
    return replace(policy, **{part: value for part, value in changes.items() if value is not None})


def parse_supplement(text: str) -> Supplement:
    """`DATASET:CLASS` or `DATASET:CLASS:training`; UsageError for anything else."""
    name, _, rest = text.partition(":")
    emotion, _, splits = rest.partition(":")
    index = class_index(emotion)
    return Supplement(name, NAMES[index] if index is not None else emotion, splits or ALL_SPLITS)
