"""Leaderboards: finished runs by protocol, seeds of one training as one entry, the best on the choosing images first.

Runs stand in one table only when the same images of the same data set chose and scored, by the same rules.
"""

import statistics
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from fer_core.evaluation.seeds import seed_key
from fer_core.runs.run import Run


@dataclass(frozen=True)
class Entry:
    """One line of a leaderboard: a run, or runs that differ in nothing but the seed."""

    runs: tuple[Run, ...]  # by seed

    @property
    def middle(self) -> Run:
        """The run that stands for all: the one in the middle on the choosing images (the lower of two middles)."""
        ranked = sorted(self.runs, key=lambda run: (figure(run, "val", "accuracy"), run.id))
        return ranked[(len(ranked) - 1) // 2]

    def mean(self, role: str, key: str, subset: str = "whole") -> float:
        """The mean of a figure over the seeds: accuracy, macro_f1 or ece."""
        return statistics.fmean(figure(run, role, key, subset) for run in self.runs)

    def spread(self, role: str, key: str, subset: str = "whole") -> float | None:
        """The standard deviation of a figure over the seeds; None for a single run."""
        values = [figure(run, role, key, subset) for run in self.runs]
        return statistics.stdev(values) if len(values) > 1 else None


@dataclass(frozen=True)
class Board:
    """What may be ranked against each other."""

    key: str
    dataset: str
    chooser: str  # the name of the images that chose the epochs
    scorer: str  # the name of the images that were scored once
    scored: int  # how many those are
    leaky: bool  # copies of what is scored were trained on: such figures say nothing about new faces
    votes: int  # images of VoteTest, which people's votes score; 0 where there is none
    runs: tuple[Run, ...]  # the best on the choosing images first

    @property
    def title(self) -> str:
        """Which board it is, in words."""
        if len(self.scorer) < 16 and len(self.chooser) < 16:
            images = f"{self.scorer}, {self.scored:,} images"
        else:
            images = f"{self.scored:,} held-out images"
        with_votes = f", VoteTest, {self.votes:,}" if self.votes else ""
        return f"{'LEAKY: ' if self.leaky else ''}{self.dataset}, {images}{with_votes}"

    def entries(self, seeds_together: bool = True) -> list[Entry]:
        """The lines, the best mean on the choosing images first. Of a seed that was trained twice the newest counts."""
        groups: dict[str, dict[int, Run]] = {}
        for run in sorted(self.runs, key=lambda run: (run.document["seed"], run.document["started"])):
            key = seed_key(run.document) if seeds_together else run.id
            groups.setdefault(key, {})[run.document["seed"]] = run
        found = [Entry(tuple(runs.values())) for runs in groups.values()]
        return sorted(found, key=lambda entry: entry.mean("val", "accuracy"), reverse=True)


def figure(run: Run, role: str, key: str, subset: str = "whole") -> float:
    """A figure of a finished run from its run.json: accuracy, macro_f1 or ece on "val" or "test", whole or clean."""
    return float(run.document["result"][role][subset][key])


def board_key(run: Run) -> str:
    """Names the board of a run: its data set's content and its protocol."""
    return f"{run.document['dataset_hash'][:12]} {run.protocol_key}"


def boards(runs: Iterable[Run]) -> list[Board]:
    """Finished runs by protocol: honest boards before leaky ones, then those with more runs."""
    groups: dict[str, list[Run]] = {}
    for run in runs:
        if run.document["result"]:
            groups.setdefault(board_key(run), []).append(run)
    found = [_board(key, members) for key, members in groups.items()]
    return sorted(found, key=lambda board: (board.leaky, -len(board.runs)))


def _board(key: str, runs: list[Run]) -> Board:
    protocol: dict[str, Any] = runs[0].document["protocol"]
    ranked = sorted(runs, key=lambda run: figure(run, "val", "accuracy"), reverse=True)
    return Board(
        key=key,
        dataset=runs[0].dataset,
        chooser=protocol["val"]["name"],
        scorer=protocol["test"]["name"],
        scored=protocol["test"]["images"],
        leaky=runs[0].leaky,
        votes=protocol.get("votetest", {}).get("images", 0),
        runs=tuple(ranked),
    )
