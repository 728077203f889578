"""How good the rankings of an audit are, measured on what people have said since.

An image counts as wrong when people agree on another class than the given one, or that it is unusable. Only answers
about images can be counted, and people mostly answer what the suspicion puts first; so every ranking is judged on the
same answered images, beside a random order and beside one that knows the given class only.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.metrics import average_precision_score, roc_auc_score

from fer_core.audit.scores import SCORES
from fer_core.dataset.store import Dataset
from fer_core.emotions import CLASSES
from fer_core.review.judgement.consensus import AGREED, STATE_UNUSABLE, Consensus

AT = 100  # precision among so many, or a fifth of the answered images when they are fewer
FEWEST_ERRORS = 20  # below, no figure is worth reading
TOO_WEAK = 0.6  # AUROC within the classes; .5 is chance


@dataclass(frozen=True)
class Scoreboard:
    """The rankings, best first, on `answered` images of which `wrong` have a wrong label."""

    answered: int
    wrong: int
    at: int
    table: pd.DataFrame  # ranking, precision, lift, AUPRC, AUROC, within

    @property
    def warning(self) -> str:
        """A sentence when the suspicion should not be trusted, or cannot be judged yet; "" otherwise."""
        if self.wrong < FEWEST_ERRORS or self.answered - self.wrong < FEWEST_ERRORS:
            return (
                f"{self.answered:,} answered images with {self.wrong:,} wrong labels are too few to judge a ranking; "
                f"{FEWEST_ERRORS} wrong and as many right ones are the least."
            )
        within = float(self.table.set_index("ranking").loc["suspicion", "within"])
        if np.isnan(within):
            return "No class has both right and wrong labels among the answers, so no ranking can be judged yet."
        if within < TOO_WEAK:
            return (
                f"Within a class the suspicion tells wrong from right labels with an AUROC of {within:.2f} (.50 is "
                "chance): the networks are too weak to go by. Run a stronger audit, or review in random order."
            )
        return ""


def scoreboard(dataset: Dataset, people: Consensus, scores: pd.DataFrame) -> Scoreboard:
    """Judge the scores of an audit (columns of scores.SCORES, by row) on what people agree about."""
    first = dataset.groups == np.arange(len(dataset))  # copies are one picture with one answer
    rows = np.flatnonzero(first & np.isin(people.state, (AGREED, STATE_UNUSABLE)))
    labels = dataset.labels[rows]
    wrong = (people.state[rows] == STATE_UNUSABLE) | (people.label[rows] != labels)
    at = min(AT, max(1, len(rows) // 5))
    rankings = {name: scores[name].to_numpy()[rows] for name in SCORES if name in scores}
    rankings["class alone"] = _class_alone(wrong, labels)
    rankings["random order"] = np.random.default_rng(0).random(len(rows))
    lines = []
    for name, values in rankings.items():
        lines.append({"ranking": name, **_figures(values, wrong, labels, at)})
    table = pd.DataFrame(lines).sort_values("AUPRC", ascending=False, kind="stable", ignore_index=True)
    return Scoreboard(len(rows), int(wrong.sum()), at, table)


def _class_alone(wrong: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Each image's share of wrong labels in its class: the same for all of a class, as the ranking knows no more."""
    counts = np.bincount(labels, minlength=CLASSES)
    errors = np.bincount(labels, weights=wrong, minlength=CLASSES)
    return errors[labels] / np.maximum(counts[labels], 1)


def _figures(values: np.ndarray, wrong: np.ndarray, labels: np.ndarray, at: int) -> dict[str, float]:
    if not wrong.any() or wrong.all():
        return dict.fromkeys(("precision", "lift", "AUPRC", "AUROC", "within"), float("nan"))
    top = wrong[np.argsort(-values, kind="stable")[:at]].mean()
    classes = [labels == label for label in np.unique(labels)]
    within = [roc_auc_score(wrong[own], values[own]) for own in classes if 0 < wrong[own].sum() < own.sum()]
    return {
        "precision": float(top),
        "lift": float(top / wrong.mean()),
        "AUPRC": float(average_precision_score(wrong, values)),
        "AUROC": float(roc_auc_score(wrong, values)),
        "within": float(np.mean(within)) if within else float("nan"),
    }
