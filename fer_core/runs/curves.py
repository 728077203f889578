"""Learning curves of a run: what its events.jsonl says of loss, accuracy and macro-F1, by epoch and by time."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from fer_core.runs.run import Run

MEASURES = {"loss": "Loss", "accuracy": "Accuracy", "macro_f1": "Macro-F1"}
_TRAINING = ["x", "minutes", "epoch", "train_loss", "train_accuracy", "learning_rate"]
_CHOSEN_ON = ["x", "minutes", "val_loss", "val_accuracy", "val_macro_f1"]


@dataclass(frozen=True)
class Curves:
    """One run's curves; both tables have `x`, epochs as a real number, and `minutes` since the first batch."""

    name: str
    chooser: str  # what chose the epoch, usually PublicTest
    training: pd.DataFrame  # train_loss, train_accuracy, learning_rate: finished epochs, then how the current one is
    chosen_on: pd.DataFrame  # val_loss, val_accuracy, val_macro_f1: finished epochs

    def series(self, measure: str, axis: str, smoothing: float = 0.0) -> tuple[pd.DataFrame, pd.DataFrame]:
        """A measure of Training and of what chose the epoch: tables of x ("epochs" or "minutes" by `axis`) and y.

        Training's is empty for macro-F1, which is not taken there.
        """
        column = "minutes" if axis == "time" else "x"
        found = []
        for table, name in ((self.training, f"train_{measure}"), (self.chosen_on, f"val_{measure}")):
            if name not in table:
                found.append(pd.DataFrame({"x": [], "y": []}))
                continue
            values = smoothed(table[name].to_numpy(float), smoothing)
            found.append(pd.DataFrame({"x": table[column].to_numpy(float), "y": values}))
        return found[0], found[1]


def read_curves(run: Run) -> Curves:
    """Read a run's events; what an older run did not write is NaN."""
    events = run.events()
    epochs = [{**event, "x": event["epoch"]} for event in events if event["event"] == "epoch"]
    done = epochs[-1]["step"] if epochs else 0
    total = run.document["recipe"]["epochs"]
    ticks = [
        {**event, "x": event["step"] * total / event["steps"]}
        for event in events
        if event["event"] == "tick" and event["step"] > done
    ]
    return Curves(
        run.id,
        run.document["protocol"]["val"]["name"],
        _table([*epochs, *ticks], _TRAINING),
        _table(epochs, _CHOSEN_ON),
    )


def _table(events: list[dict[str, float]], columns: list[str]) -> pd.DataFrame:
    minutes = [{**event, "minutes": event.get("seconds", np.nan) / 60} for event in events]
    return pd.DataFrame(minutes, columns=columns)


def smoothed(values: np.ndarray, weight: float) -> np.ndarray:
    """The exponential moving average, float64 (n,), that begins without a bias; `weight` in [0, 1), 0 changes nothing.

    Each value counts 1 - weight, what came before it weight; divided by the sum of the weights (Kingma and Ba 2015).
    """
    found, mean = np.array(values, float), 0.0
    for position, value in enumerate(found):
        mean = weight * mean + (1 - weight) * value
        found[position] = mean / (1 - weight ** (position + 1))
    return found
