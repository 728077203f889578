"""How far people agree beyond chance: nominal alpha over everybody, kappa for each pair.

1 is perfect agreement, 0 what chance would give. Both take answers as names without an order: fear is no nearer to
surprise than to happy.
"""

import numpy as np
import pandas as pd

from fer_core.review.judgement.consensus import BALLOT


def krippendorff_alpha(counts: np.ndarray) -> float:
    """Krippendorff's alpha for nominal answers (Krippendorff, "Content Analysis", 2004).

    `counts`: int (items, answers), how often each answer was given to each item. Items may have any number of
    answers; those with fewer than two say nothing about agreement and are left out. NaN where no two answers can
    be compared, or only one kind of answer was ever given.
    """
    counts = counts[counts.sum(axis=1) >= 2].astype(np.float64)
    per_item, per_answer = counts.sum(axis=1), counts.sum(axis=0)
    total = per_item.sum()
    expected = total**2 - (per_answer**2).sum()
    if not expected:
        return float("nan")
    observed = ((per_item**2 - (counts**2).sum(axis=1)) / (per_item - 1)).sum()
    return float(1 - (total - 1) * observed / expected)


def cohen_kappa(table: np.ndarray) -> float:
    """Cohen's kappa of two people (Cohen, 1960). `table`: int (answers, answers), how often one said the row's answer
    and the other the column's. NaN where both gave one and the same answer throughout, or nothing.
    """
    total = table.sum()
    if not total:
        return float("nan")
    expected = float(table.sum(axis=0) @ table.sum(axis=1)) / float(total) ** 2
    return (float(np.trace(table)) / float(total) - expected) / (1 - expected) if expected < 1 else float("nan")


def ballot_counts(votes: pd.DataFrame) -> np.ndarray:
    """People's votes (`consensus.person_votes`) as counts, int64 (pictures, 9), pictures without votes left out."""
    groups, item = np.unique(votes["group"].to_numpy(np.int64), return_inverse=True)
    place = item * BALLOT + votes["column"].to_numpy(np.int64)
    return np.bincount(place, minlength=len(groups) * BALLOT).reshape(-1, BALLOT)


def pairwise_kappa(votes: pd.DataFrame) -> pd.DataFrame:
    """Every two people who answered the same pictures: first, second (by name), pictures, agreement, kappa.

    `votes`: `consensus.person_votes`. `agreement` is the share of the common pictures with the same answer. The pair
    with the most common pictures comes first.
    """
    names, who = np.unique(votes["annotator"].to_numpy(str), return_inverse=True)
    table = pd.DataFrame({"group": votes["group"].to_numpy(), "who": who, "column": votes["column"].to_numpy()})
    both = table.merge(table, on="group", suffixes=("", "_other"))
    both = both[both["who"] < both["who_other"]]
    pairs, pair = np.unique(both[["who", "who_other"]].to_numpy(np.int64), axis=0, return_inverse=True)
    tables = np.zeros((len(pairs), BALLOT, BALLOT), np.int64)
    np.add.at(tables, (pair.reshape(-1), both["column"].to_numpy(), both["column_other"].to_numpy()), 1)
    common = tables.sum(axis=(1, 2))
    result = pd.DataFrame(
        {
            "first": names[pairs[:, 0]],
            "second": names[pairs[:, 1]],
            "pictures": common,
            "agreement": np.trace(tables, axis1=1, axis2=2) / common,
            "kappa": np.array([cohen_kappa(one) for one in tables], np.float64),
        }
    )
    return result.sort_values("pictures", ascending=False, kind="stable", ignore_index=True)
