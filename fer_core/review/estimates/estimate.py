"""How many labels are wrong, from a random sample of all images, and how much of that a version has put right.

The sample is the beginning of the random-audit stream (`stream.random_stream`), up to the furthest image that the
random audit has brought and somebody answered. It is a uniform sample of all images, whatever other queues have shown:
an image in it counts with its blind answer (see `outcomes`), from whichever queue that came. Where there is none but
somebody has answered with the label in view (in a grid, after a look), that answer stands in: the random audit brings
such an image to nobody any more, and other images, least of all suspects, cannot speak for it. Images without any
answer are missing; those that the random audit was to bring are represented by those that it did bring. That is why the
two kinds are weighted apart: else a few suspects that happen to lie in a sample with gaps would count too much.

Each class has a Wilson interval; the whole is weighted by the exact sizes of the classes, its interval is a stratified
bootstrap. Drawing without replacement is accounted for: who has looked at everything has no interval left.

A version has put right the very images that were looked at, those of the sample among them, so counting its errors in
the sample would flatter it. Its errors are those of the given labels on what it keeps, less what review has put right
in it, which is counted image by image over the whole data set, plus what review has spoilt.

An answer is somebody's opinion and not the truth: with one answer an image, "wrong" means that one person, not knowing
the label, chose another. `single` says how many errors rest on one answer, `accuracy` how people do on gold items.
Second opinions are asked for where the first speaks against the label, and not where it is for it: so far as they are
given, "wrong" is what several people say, and a wrong label that the first of them agrees with counts as right.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from fer_core.dataset.store import Dataset
from fer_core.dataset.version import DatasetVersion
from fer_core.emotions import CLASSES
from fer_core.evaluation.metrics import wilson
from fer_core.review.estimates.outcomes import (
    OUTCOMES,
    Opinion,
    blind_opinion,
    first_answers,
    gold_hits,
    judged_by_others,
    opinion_of,
)
from fer_core.review.estimates.strata import Rate, Sample, Strata, further_images, wilson_bounds
from fer_core.review.queues.kinds import RANDOM
from fer_core.review.queues.stream import random_stream

UNUSABLE, AMBIGUOUS = "unusable", "ambiguous"  # kinds of reason in a manifest for which people drop an image


@dataclass(frozen=True)
class VersionErrors:
    """What is left wrong in a version."""

    name: str
    rate: Rate  # share of the images that it keeps
    classes: tuple[Rate, ...]  # by given class
    fixed: int  # images with a wrong label that it relabels or drops because of what people said
    spoilt: int  # images whose label it changed for the worse
    on_trust: int  # of the fixed ones, those that nobody answered blind: its own label is believed


@dataclass(frozen=True)
class Estimate:
    """The errors of the given labels: another class, or no face that can be read."""

    looked: int  # images of the sample
    answered: int  # of them with a blind answer
    shown: int  # of them with an answer that was given with the label in view, and none blind
    people: int  # who have answered blind in it
    rate: Rate
    classes: tuple[Rate, ...]  # by given class
    outcomes: dict[str, float]  # share of all images, by OUTCOMES
    errors: int  # images of the sample with a wrong label
    single: int  # of them those that rest on one person's answer
    more: int  # further random images that bring the interval of `rate` to +- WANTED
    accuracy: Rate | None  # of blind answers on gold items; None where there are none
    version: VersionErrors | None

    @property
    def missing(self) -> int:
        """Images of the sample without an answer."""
        return self.looked - self.answered - self.shown


def estimate_errors(
    dataset: Dataset,
    history: pd.DataFrame,
    version: DatasetVersion | None = None,
    gold: np.ndarray | None = None,
    seed: int = 0,
) -> Estimate | None:
    """The estimate from `VerdictLog.history`; None until somebody has answered a face of the random audit.

    `version`: of the same data set, judged beside the given labels (images that it adds from elsewhere are not);
    `gold`: int8 (N,), gold.gold_labels; `seed`: of the bootstrap.
    """
    blind, first = blind_opinion(dataset, history), first_answers(dataset, history)
    shown, is_blind = opinion_of(dataset, first), blind.column >= 0
    opinion = Opinion(np.where(is_blind, blind.column, shown.column), np.where(is_blind, blind.people, shown.people))
    sample = draw_sample(dataset, first, opinion)
    if not sample.answered.any():
        return None
    strata = Strata(dataset, sample, np.ones(len(dataset), bool))
    outcome = opinion.outcome(dataset.labels)
    wrong = opinion.against(dataset.labels)
    shares = [strata.whole(strata.shares(outcome == kind)) for kind in range(len(OUTCOMES))]
    rate, classes = strata.rates(wrong, seed)
    rows = sample.rows[sample.answered]
    pictures = set(dataset.groups[rows].tolist())
    hits, items = gold_hits(judged_by_others(dataset, history, first), gold) if gold is not None else (0, 0)
    return Estimate(
        looked=len(sample.rows),
        answered=int(is_blind[rows].sum()),
        shown=int((~is_blind[rows]).sum()),
        people=int(first.loc[first["blind"] & first["group"].isin(pictures), "annotator"].nunique()),
        rate=rate,
        classes=classes,
        outcomes=dict(zip(OUTCOMES, shares, strict=True)),
        errors=int(wrong[rows].sum()),
        single=int((wrong & (opinion.people == 1))[rows].sum()),
        more=further_images(rate.half, len(rows), len(dataset)),
        accuracy=_rate(hits, items) if items else None,
        version=None if version is None else _version_errors(version, sample, opinion, blind, seed),
    )


def _rate(hits: int, items: int) -> Rate:
    low, high = wilson(hits, items)
    return Rate(hits / items, low, high, items)


def draw_sample(dataset: Dataset, first: pd.DataFrame, opinion: Opinion) -> Sample:
    """The beginning of the stream that the random audit has reached. `first`: outcomes.first_answers."""
    stream = random_stream(dataset)
    place = np.empty(len(stream), np.int64)
    place[stream] = np.arange(len(stream))
    np.minimum.at(place, dataset.groups, place.copy())  # at the first row of each group: its earliest copy
    brought = first.loc[first["queue"] == RANDOM, "group"].to_numpy(np.int64)
    rows = stream[: place[brought].max(initial=-1) + 1]

    by_others = np.zeros(len(dataset), bool)
    earliest = first.drop_duplicates("group")
    by_others[earliest.loc[earliest["queue"] != RANDOM, "group"].to_numpy(np.int64)] = True
    cell = dataset.labels[rows].astype(np.int64) * 2 + by_others[dataset.groups[rows]]
    seen = opinion.column[rows] >= 0
    all_, answered = np.bincount(cell, minlength=2 * CLASSES), np.bincount(cell[seen], minlength=2 * CLASSES)
    return Sample(rows, np.where(seen, all_[cell] / np.maximum(answered[cell], 1), 0.0))


def _version_errors(
    version: DatasetVersion, sample: Sample, opinion: Opinion, blind: Opinion, seed: int
) -> VersionErrors:
    dataset, manifest = version.dataset, version.manifest
    kept, labels = manifest["kept"].to_numpy(bool), manifest["label"].to_numpy()
    kind = manifest["reason"].str.split(":").str[0]
    domain = kept | kind.isin((UNUSABLE, AMBIGUOUS)).to_numpy()  # what is in it, or would be had nobody looked
    # An ambiguous face is no error, so dropping it on somebody's word puts none right.
    changed = np.where(kept, labels != dataset.labels, (kind == UNUSABLE).to_numpy())
    said = blind.column >= 0
    before, after = blind.against(dataset.labels), kept & blind.against(labels)
    fixed = domain & np.where(said, before & ~after, changed)
    spoilt = domain & ~before & after

    strata = Strata(dataset, sample, domain)
    shares = strata.shares(opinion.against(dataset.labels))
    given = np.bincount(dataset.labels[kept], minlength=CLASSES)  # images kept, by given class
    gain = _per_class(dataset, fixed) - _per_class(dataset, spoilt)
    known = _per_class(dataset, domain & after)  # at least what people have answered is still wrong

    def left(values: np.ndarray) -> np.ndarray:
        """Errors left in each class, for shares of errors among the given labels."""
        return np.clip(values * strata.sizes - gain, known, np.maximum(given, known))

    low, high = wilson_bounds(shares, np.where(strata.counts > 0, strata.informed, 0))
    each = [left(values) / np.maximum(given, 1) for values in (shares, low, high)]
    classes = tuple(Rate(float(s), float(a), float(b), int(n)) for s, a, b, n in zip(*each, strata.counts, strict=True))
    total = max(int(given.sum()), 1)
    value = float(left(shares).sum() / total)
    spread = np.quantile(left(strata.resampled(shares, seed)).sum(axis=1) / total, [0.025, 0.975])
    rate = Rate(value, float(min(spread[0], value)), float(max(spread[1], value)), int(strata.counts.sum()))
    return VersionErrors(version.name, rate, classes, int(fixed.sum()), int(spoilt.sum()), int((fixed & ~said).sum()))


def _per_class(dataset: Dataset, rows: np.ndarray) -> np.ndarray:
    return np.bincount(dataset.labels[rows], minlength=CLASSES)
