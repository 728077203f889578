"""What runs said of images, as tables ready to be scored: any split, subset and label set, several runs as their mean.

Nothing is predicted twice: it all comes from the run folders, but for `--tta`, which predicts once and keeps it.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from fer_core.dataset.store import TRAINING, Dataset, open_dataset
from fer_core.dataset.votes import VoteTable, open_votes
from fer_core.errors import InputRefused, UsageError
from fer_core.evaluation.modes import NONE
from fer_core.evaluation.protocol import clean_rows, make_protocol
from fer_core.evaluation.vote_test import vote_labels, vote_test
from fer_core.progress import Report, part, silent
from fer_core.runs.augmented import augmented_predictions
from fer_core.runs.run import LABELS, PROBABILITIES, ROLES, SUBSETS, VOTES, Run, default_labels
from fer_core.workspace import Workspace


def subset_predictions(
    workspace: Workspace,
    run: Run,
    role: str = "test",
    subset: str = "whole",
    *,
    labels: str | None = None,
    tta: str = NONE,
    report: Report = silent,
) -> pd.DataFrame:
    """A run's predictions (row, label, p_angry ...; `copy` too in leaky runs) on a split or on its clean subset.

    labels: "given" or "votes" (None: as the split is scored); by votes only the images that have a clear majority.
    Raises UsageError for a choice that does not exist, InputRefused where the run has no VoteTest or the data set no
    votes.
    """
    labels = checked_labels(role, subset, labels)
    table = run.predictions(role)
    if role == "votetest" and table.empty:
        raise InputRefused(why_no_votetest(workspace, run))
    if tta != NONE:
        found, _ = augmented_predictions(workspace, run, tta, report)
        table[PROBABILITIES] = found.loc[found["split"] == role, PROBABILITIES].to_numpy()
    if subset == "clean":
        table = table[_clean(workspace, run, role, table)]
    if labels == VOTES:
        voted = _voted(workspace, run, table)
        table = table.assign(label=voted)[voted >= 0]
    kept = ["row", "label", *(["copy"] if "copy" in table else []), *PROBABILITIES]
    return table[kept].reset_index(drop=True)


def mean_predictions(
    workspace: Workspace,
    runs: Sequence[Run],
    role: str = "test",
    subset: str = "whole",
    *,
    labels: str | None = None,
    tta: str = NONE,
    report: Report = silent,
) -> pd.DataFrame:
    """An ensemble's predictions: the mean of its members' probabilities. One run is itself.

    Raises UsageError for a run named twice, InputRefused for runs of unlike data sets or protocols.
    """
    check_members(runs)
    tables = [
        subset_predictions(
            workspace,
            run,
            role,
            subset,
            labels=labels,
            tta=tta,
            report=part(report, number / len(runs), (number + 1) / len(runs)),
        )
        for number, run in enumerate(runs)
    ]
    if any(not np.array_equal(table[["row", "label"]], tables[0][["row", "label"]]) for table in tables):
        raise InputRefused("These runs were scored on different images: their mean would mix them up.")
    mean = np.mean([table[PROBABILITIES].to_numpy(np.float64) for table in tables], axis=0)
    return tables[0].assign(**dict(zip(PROBABILITIES, mean.astype(np.float32).T, strict=True)))


def check_members(runs: Sequence[Run]) -> None:
    """Raise what speaks against taking the mean of runs, or comparing groups of them."""
    if len({run.id for run in runs}) < len(runs):
        raise UsageError("Each member of an ensemble counts once: name different runs.")
    names = {run.dataset for run in runs}
    if len({run.document["dataset_hash"] for run in runs}) > 1:
        raise InputRefused(f"These runs are on different data sets ({', '.join(sorted(names))}); take runs of one.")
    keys = {run.protocol_key for run in runs}
    if len(keys) > 1:
        raise InputRefused(f"These runs are under unlike protocols ({'; '.join(sorted(keys))}); take runs of one.")


def checked_labels(role: str, subset: str, labels: str | None) -> str:
    """The label set that is meant; UsageError for a split, subset or label set that does not exist."""
    if role not in ROLES or subset not in SUBSETS:
        raise UsageError(f"There is no {role!r}, {subset!r}: choose val, test or votetest, whole or clean.")
    labels = labels or default_labels(role)
    if labels not in LABELS:
        raise UsageError(f"There are no {labels!r} labels: choose {' or '.join(LABELS)}.")
    return labels


def why_no_votetest(workspace: Workspace, run: Run) -> str:
    """The sentence for a run that has no VoteTest score."""
    begin = f"The run {run.id} has no VoteTest score: "
    if run.leaky:
        return f"{begin}its leaky split puts nothing aside."
    dataset = open_dataset(workspace, run.dataset)
    votes = open_votes(dataset)
    if votes is None:
        return f"{begin}{no_votes(dataset)}"
    if vote_test(dataset, votes, np.zeros(0, np.int64)) is None:
        return f"{begin}too few images of Training in {run.dataset} have a clear majority of votes."
    return f"{begin}it was trained before the votes came, on these very images. Train it again."


def no_votes(dataset: Dataset) -> str:
    """That votes are missing, and the command that takes them in."""
    return f"{dataset.name} has no vote labels; take some in with `python -m fer_core votes {dataset.name} FILE`."


def clear_votes(dataset: Dataset) -> np.ndarray:
    """The class with a clear majority of votes of each image, int8 (N,), or -1; InputRefused where nobody voted."""
    votes: VoteTable | None = open_votes(dataset)
    if votes is None:
        raise InputRefused(no_votes(dataset))
    return vote_labels(votes)


def _clean(workspace: Workspace, run: Run, role: str, table: pd.DataFrame) -> np.ndarray:
    """Which lines are in the clean subset, bool (n,); runs from before it was stored have it worked out."""
    if "clean" in table:
        return table["clean"].to_numpy(bool)
    dataset = open_dataset(workspace, run.dataset)
    protocol = make_protocol(dataset, np.flatnonzero(dataset.splits == TRAINING), votetest=False)
    return np.isin(table["row"], clean_rows(dataset, protocol, role))


def _voted(workspace: Workspace, run: Run, table: pd.DataFrame) -> np.ndarray:
    """The class voted for each line, int8 (n,), or -1; for runs from before the votes came, by today's votes."""
    if "voted" in table:
        voted = table["voted"].to_numpy()
    elif run.leaky:
        raise InputRefused(f"The run {run.id} is leaky: it is scored by the given labels only.")
    else:
        voted = clear_votes(open_dataset(workspace, run.dataset))[table["row"]]
    if not (voted >= 0).any():
        raise InputRefused(
            f"None of these images of {run.dataset} has a clear majority of votes. --split votetest is scored by votes."
        )
    return voted
