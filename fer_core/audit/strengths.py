"""How thorough an audit is, by a word. Light to import: the command line's help says the figures."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Strength:
    """What a word decides. Larger networks and more epochs do not rank better (LOG.md), so it does not decide these."""

    size: int  # input side of the networks in pixels
    folds: int
    repeats: int  # how often all folds are gone through, with other folds and seeds
    views: int  # of a picture, of crowd.VIEWS, that the networks which learnt from votes look at


STRENGTHS = {
    "fast": Strength(size=44, folds=4, repeats=1, views=1),  # minutes on two cores
    "strong": Strength(size=48, folds=5, repeats=3, views=5),  # whole pictures; five times as long
}
