"""What the next reviews would bring: errors found, minutes, both for each queue and with a band.

Where an answer will speak against the label depends most on how suspect the image is. So the images are put into bins
by their rank of suspicion; each bin has a hit rate, a Beta distribution that begins with what the audit expects and
learns from this project's blind answers. Rates cannot rise with the rank (isotonic regression). A queue's next faces
are counted by their bins. Time comes from this project's own pace (`pace`).

An error found is an answer against the given label, of one person. It is verified when a second person or a decision
confirms it; how many of these an hour of each queue has brought so far stands beside, the time for all opinions about
its pictures counted in.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from fer_core.audit.results import Audit
from fer_core.dataset.store import Dataset
from fer_core.dataset.votes import ANSWERS, CONTEMPT, UNKNOWN
from fer_core.review.estimates.outcomes import blind_opinion, first_answers
from fer_core.review.estimates.pace import Reviews, paces, reviews
from fer_core.review.judgement.consensus import AGREED, STATE_UNUSABLE, Consensus
from fer_core.review.queues.kinds import CONFLICTS, LOW_QUALITY, NOT_A_FACE, RANDOM, SUSPECTS, kind_of
from fer_core.review.queues.queue import fixed_queue

NEXT = 500
WITHIN = (0.05, 0.95)  # of a band
DRAWS = 400
PRIOR_WEIGHT = 20  # answers that the audit's word on a bin weighs
EDGES = (0.005, 0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64)  # of the ranks, as shares of all images
QUEUES = (  # what is foretold: queue, its class balance, what to call it
    (SUSPECTS, 0.0, "Suspects"),
    (SUSPECTS, 1.0, "Suspects, classes in turn"),
    (CONFLICTS, 0.0, "Conflicts"),
    (NOT_A_FACE, 0.0, "Not a face"),
    (LOW_QUALITY, 0.0, "Low quality"),
    (RANDOM, 0.0, "Random audit"),
)


@dataclass(frozen=True)
class Band:
    """What is expected, and the 90 % band around it."""

    low: float
    value: float
    high: float


@dataclass(frozen=True)
class Spent:
    """What a queue has brought so far: reviews of pictures that it brought first, whoever looked at them again."""

    reviews: int
    minutes: float  # active, of the timed ones
    errors: int  # pictures with a blind answer against the label
    verified: int  # pictures that two people or a decision call something else
    verified_per_hour: float | None  # of the pictures whose every review was timed; None where there are none


@dataclass(frozen=True)
class Line:
    """One queue."""

    queue: str
    title: str
    reviews: int  # faces that the figures are about: NEXT, or what is left
    errors: Band
    minutes: Band
    per_hour: Band  # errors found in an hour of active time
    spent: Spent | None  # None for classes in turn: an answer is logged with its queue, not with its balance


@dataclass(frozen=True)
class Budget:
    """The queues with faces left, and what their figures rest on."""

    lines: tuple[Line, ...]
    answered: int  # pictures answered blind, from which hit rates are learnt
    timed: int  # reviews from which the pace is learnt
    expected: bool  # whether an audit's networks say what to expect of unanswered images


@dataclass(frozen=True)
class HitRates:
    """Beta distributions, one for each bin of ranks, the most suspect first."""

    right: np.ndarray  # float64 (B,): answers for the label, the prior's counted in
    wrong: np.ndarray  # float64 (B,): answers against it

    def means(self) -> np.ndarray:
        """Expected hit rates, float64 (B,), not rising."""
        weight = self.right + self.wrong
        return not_rising((self.wrong / weight)[None], weight)[0]

    def drawn(self, draws: int, rng: np.random.Generator) -> np.ndarray:
        """Hit rates as they may be, float64 (draws, B), each line not rising."""
        return not_rising(rng.beta(self.wrong, self.right, (draws, len(self.right))), self.right + self.wrong)


def not_rising(values: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Isotonic regression of each line, float64 (n, B): the nearest lines (weight: (B,)) that do not rise.

    By the formula of minima over starts and maxima over ends of weighted means (Robertson, Wright and Dykstra, 1988),
    which for a few bins and many lines is faster than pooling.
    """
    bins = len(weight)
    sums = np.cumsum(np.pad(values * weight, ((0, 0), (1, 0))), axis=1)
    masses = np.cumsum(np.pad(weight, (1, 0)))
    fitted = np.full(values.shape, np.inf)
    for start in range(bins):
        means = (sums[:, start + 1 :] - sums[:, [start]]) / (
            masses[start + 1 :] - masses[start]
        )  # of start to each end
        latest = np.maximum.accumulate(means[:, ::-1], axis=1)[:, ::-1]  # the greatest of those that end here or later
        fitted[:, start:] = np.minimum(fitted[:, start:], latest)
    return fitted


def budget(
    dataset: Dataset,
    history: pd.DataFrame,
    people: Consensus,
    audit: Audit | None,
    count: int = NEXT,
    seed: int = 0,
) -> Budget:
    """What the next `count` faces of each queue would bring. `history`: VerdictLog.history; `people`: its consensus.

    No lines while there is neither an audit of the labels nor a blind answer: then nothing can be said.
    """
    opinion, first = blind_opinion(dataset, history), first_answers(dataset, history)
    against = opinion.against(dataset.labels)
    done = reviews(dataset, history)
    answers = first[first["blind"]].drop_duplicates("group")["row"].to_numpy(np.int64)
    bins, rates = hit_rates(dataset, answers, against[answers], audit)
    searched = audit is not None and bool(audit.document["settings"]["labels"])
    lines: list[Line] = []
    if searched or len(answers):
        gone = np.zeros(len(dataset), bool)
        gone[first["group"].to_numpy(np.int64)] = True
        for name, balance, title in QUEUES:
            if audit is None and kind_of(name).needs_audit:
                continue
            rows = fixed_queue(dataset, audit, name, balance).rows
            rows = rows[~gone[dataset.groups[rows]]][:count]
            if len(rows):
                rng = np.random.default_rng([seed, len(lines)])
                found = _errors(bins[rows], rates, rng)
                hours = len(rows) * paces(done, name, DRAWS, rng) / 3600
                spent = None if balance else _spent(dataset, name, against, people, done)
                bands = (_band(found), _band(60 * hours), _band(found / hours))
                lines.append(Line(name, title, len(rows), *bands, spent))
    return Budget(tuple(lines), len(answers), int(done.timed.sum()), searched)


def hit_rates(
    dataset: Dataset, answered: np.ndarray, against: np.ndarray, audit: Audit | None
) -> tuple[np.ndarray, HitRates]:
    """Each image's bin, int64 (N,), and the bins' hit rates.

    answered: int64 (k,), rows of pictures answered blind; against: bool (k,), whether that speaks against the label.
    Without an audit of the labels there is one bin, about which nothing is known beforehand.
    """
    bins, expected = np.zeros(len(dataset), np.int64), np.full(len(dataset), 0.5)
    weight = 1.0  # Jeffreys' prior
    if audit is not None and audit.document["settings"]["labels"]:
        rank = np.empty(len(dataset))
        rank[audit.suspects["row"].to_numpy(np.int64)] = audit.suspects["rank"].to_numpy()
        bins = np.searchsorted(EDGES, (rank - 0.5) / len(dataset))
        expected = expected_against(audit, dataset.labels)
        weight = PRIOR_WEIGHT
    number = int(bins.max()) + 1
    sizes = np.bincount(bins, minlength=number)
    prior = np.divide(np.bincount(bins, expected, number), sizes, out=np.full(number, 0.5), where=sizes > 0)
    prior = weight * np.clip(prior, 0.01, 0.99)

    wrong = np.bincount(bins[answered][against], minlength=number)
    right = np.bincount(bins[answered][~against], minlength=number)
    return bins, HitRates(weight - prior + right, prior + wrong)


def expected_against(audit: Audit, labels: np.ndarray) -> np.ndarray:
    """How likely one person speaks against each label, as the audit expects their votes; float64 (N,) in [0, 1]."""
    votes = np.asarray(audit.votes, np.float64)
    unsure = votes[:, [ANSWERS.index(CONTEMPT), ANSWERS.index(UNKNOWN)]].sum(axis=1)
    return np.clip(1 - votes[np.arange(len(labels)), labels] - unsure, 0, 1)


def _errors(bins: np.ndarray, rates: HitRates, rng: np.random.Generator) -> np.ndarray:
    """Errors found among faces of these bins (int64 (n,)), as they may be: float64 (DRAWS,)."""
    faces = np.bincount(bins, minlength=len(rates.right))
    return rng.binomial(faces, rates.drawn(DRAWS, rng)).sum(axis=1).astype(np.float64)


def _band(values: np.ndarray) -> Band:
    low, high = np.quantile(values, WITHIN)
    return Band(float(low), float(values.mean()), float(high))


def _spent(dataset: Dataset, queue: str, against: np.ndarray, people: Consensus, done: Reviews) -> Spent:
    own = done.brought == queue
    pictures = np.unique(done.groups[own])
    other = (people.state == STATE_UNUSABLE) | ((people.state == AGREED) & (people.label != dataset.labels))
    verified = other & (people.decided | (people.total >= 2))
    # Answers that came without their time, from a file or another program, would make an hour of the others too good.
    timed = own & ~np.isin(done.groups, done.groups[own & ~done.timed])
    hours = done.seconds[timed].sum() / 3600
    return Spent(
        int(own.sum()),
        float(done.seconds[own].sum() / 60),
        int(against[pictures].sum()),
        int(verified[pictures].sum()),
        float(verified[np.unique(done.groups[timed])].sum() / hours) if hours else None,
    )
