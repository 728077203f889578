"""How good and how fast each person is: on gold items, beside the others, and before and after the reveal."""

import numpy as np
import pandas as pd

from fer_core.dataset.store import Dataset
from fer_core.emotions import NAMES
from fer_core.evaluation.metrics import wilson
from fer_core.review.events.verdict import ADJUDICATION, KEEP, SKIP, UNSURE
from fer_core.review.judgement.consensus import BALLOT, UNSURE_COLUMN, decisions, person_votes

# What a person is taken to get right before anything is known: a Beta distribution of this mean and weight.
PRIOR_MEAN = 0.8
PRIOR_WEIGHT = 5.0
# Gold is known; what the others say is only likely, so agreeing with them counts half as much.
OTHERS_WEIGHT = 0.5


def accuracies(dataset: Dataset, verdicts: pd.DataFrame, gold: np.ndarray) -> dict[str, float]:
    """How often each person is expected to be right, in (0, 1): the mean of a Beta distribution.

    `verdicts`: VerdictLog.verdicts; `gold`: gold.gold_labels. Counted are answers on gold items and, on the other
    pictures, whether they agree with the majority of the others. Being unsure is neither right nor wrong, and nobody
    is judged by what they decided themselves.
    """
    judged = _judged(dataset, verdicts, gold)
    weight = np.where(judged["gold"] >= 0, 1.0, np.where(judged["others"] >= 0, OTHERS_WEIGHT, 0.0))
    truth = np.where(judged["gold"] >= 0, judged["gold"], judged["others"])
    right = weight * (judged["column"].to_numpy() == truth)
    counted = pd.DataFrame({"annotator": judged["annotator"], "weight": weight, "right": right})
    sums = counted.groupby("annotator")[["weight", "right"]].sum()
    mean = (sums["right"] + PRIOR_MEAN * PRIOR_WEIGHT) / (sums["weight"] + PRIOR_WEIGHT)
    return {str(name): float(value) for name, value in mean.items()}


def annotator_table(dataset: Dataset, verdicts: pd.DataFrame, history: pd.DataFrame, gold: np.ndarray) -> pd.DataFrame:
    """A line for each person, the one with the most answers first; shares are NaN where there is nothing to divide.

    annotator, answers (that stand, skips included), blind (share that was first given blind), minutes (active, of all
    they pressed, undone answers included), per_hour (answers an hour of active time), gold (items), accuracy, low,
    high (on gold, with the Wilson interval), compared, agreement (pictures with a majority of others, and the share
    on which they say the same), revealed (faces answered blind and again after the reveal), changed (share of them
    answered differently then), to_given (share of them that moved to the given label), unsure, skipped (shares).
    `history`: VerdictLog.history.
    """
    stands = verdicts[verdicts["queue"] != ADJUDICATION]
    first, revealed = _before_and_after(dataset, history)
    pressed = history[(history["kind"] == "answer") & (history["queue"] != ADJUDICATION)]
    judged = _judged(dataset, verdicts, gold)
    on_gold, beside = judged[judged["gold"] >= 0], judged[judged["others"] >= 0]
    table = pd.DataFrame({"answers": stands.groupby("annotator").size()})

    def mean(values: pd.DataFrame, truth: pd.Series) -> pd.Series:
        return truth.astype(float).groupby(values["annotator"]).mean()

    def size(values: pd.DataFrame) -> pd.Series:
        return values.groupby("annotator").size().reindex(table.index, fill_value=0)

    table["blind"] = mean(first, first["seen"] == "blind")
    table["minutes"] = pressed.groupby("annotator")["active_ms"].sum() / 60_000
    table["per_hour"] = (60 * table["answers"] / table["minutes"]).where(table["minutes"] > 0)
    table["gold"] = size(on_gold)
    table["accuracy"] = mean(on_gold, on_gold["column"] == on_gold["gold"])
    hits = (table["accuracy"] * table["gold"]).fillna(0).round().astype(int)
    intervals = [
        wilson(hit, count) if count else (np.nan, np.nan) for hit, count in zip(hits, table["gold"], strict=True)
    ]
    table["low"], table["high"] = np.array(intervals, np.float64).reshape(-1, 2).T
    table["compared"] = size(beside)
    table["agreement"] = mean(beside, beside["column"] == beside["others"])
    table["revealed"] = size(revealed)
    table["changed"] = mean(revealed, revealed["blind"] != revealed["after"])
    table["to_given"] = mean(
        revealed, (revealed["blind"] != revealed["after"]) & (revealed["after"] == revealed["given"])
    )
    table["unsure"] = mean(stands, stands["answer"] == UNSURE)
    table["skipped"] = mean(stands, stands["answer"] == SKIP)
    table = table.rename_axis("annotator").reset_index()
    return table.sort_values("answers", ascending=False, kind="stable", ignore_index=True)


def _judged(dataset: Dataset, verdicts: pd.DataFrame, gold: np.ndarray) -> pd.DataFrame:
    """Answers that say something, with the `gold` answer and the majority of the `others`, -1 where there is none."""
    votes = person_votes(dataset, verdicts)
    group, column = votes["group"].to_numpy(np.int64), votes["column"].to_numpy(np.int64)
    pictures, item = np.unique(group, return_inverse=True)
    ballots = np.bincount(item * BALLOT + column, minlength=len(pictures) * BALLOT).reshape(-1, BALLOT)
    others = ballots[item]
    others[np.arange(len(votes)), column] -= 1
    top = others.argmax(axis=1)
    clear = (2 * others.max(axis=1, initial=0) > others.sum(axis=1)) & (top != UNSURE_COLUMN)
    own = decisions(dataset, verdicts)
    decided = pd.MultiIndex.from_frame(own[["group", "annotator"]])
    by_oneself = pd.MultiIndex.from_frame(votes[["group", "annotator"]]).isin(decided)
    judged = votes.assign(gold=np.where(by_oneself, -1, gold[group].astype(np.int64)), others=np.where(clear, top, -1))
    return judged[column != UNSURE_COLUMN]


def _before_and_after(dataset: Dataset, history: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The first standing answer of each person, image and round; and those given blind and again after the reveal,
    with what was meant `blind`, `after` and the `given` label, by name.
    """
    answers = history[(history["kind"] == "answer") & ~history["undone"] & (history["queue"] != ADJUDICATION)]
    given = np.array(NAMES, object)[dataset.labels[answers["row"].to_numpy(np.int64)]]
    meant = np.where(answers["answer"] == KEEP, given, answers["answer"])
    answers = answers.assign(given=given, meant=meant)
    face = ["annotator", "row", "round"]
    first = answers.drop_duplicates(face)
    last = answers.drop_duplicates(face, keep="last")
    blind = first.loc[first["seen"] == "blind", [*face, "given", "meant"]].rename(columns={"meant": "blind"})
    after = last.loc[last["seen"] == "revealed", [*face, "meant"]].rename(columns={"meant": "after"})
    return first, blind.merge(after, on=face)
