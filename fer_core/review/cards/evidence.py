"""What an audit says about single faces, found without going through its tables each time."""

from dataclasses import dataclass
from itertools import islice

import numpy as np
import pandas as pd

from fer_core.audit.results import Audit
from fer_core.review.kept import Kept


@dataclass(frozen=True)
class Evidence:
    """An audit's words by row. `found_rows` is sorted; `found_words[i]` is the evidence of a finding on it."""

    place: np.ndarray  # int32 (N,): where each row stands among the suspects
    suggestions: pd.Series  # text, in the order of the suspects; "" where the label itself is likeliest
    found_rows: np.ndarray  # int64 (f,)
    found_words: pd.Series  # text (f,)

    def suggestion(self, rows: np.ndarray) -> list[str]:
        """The class that networks see in each of these rows (int64 (n,)), "" where that is the given one."""
        return [str(text) for text in self.suggestions.iloc[self.place[rows]]]

    def reasons(self, rows: np.ndarray) -> list[tuple[str, ...]]:
        """The findings on each of these rows (int64 (n,)), in sentences."""
        first, last = (np.searchsorted(self.found_rows, rows, side) for side in ("left", "right"))
        spans = [np.arange(start, end) for start, end in zip(first, last, strict=True)]
        words = iter(self.found_words.iloc[np.concatenate([*spans, np.zeros(0, np.int64)])])  # all in one go
        return [tuple(str(text) for text in islice(words, len(span))) for span in spans]


_kept: Kept[Evidence] = Kept(2)


def evidence(audit: Audit) -> Evidence:
    """The evidence of an audit; read once."""
    return _kept.get((audit.path, audit.document["finished"]), lambda: _evidence(audit.suspects, audit.findings))


def _evidence(suspects: pd.DataFrame, findings: pd.DataFrame) -> Evidence:
    place = np.empty(len(suspects), np.int32)
    place[suspects["row"].to_numpy(np.int64)] = np.arange(len(suspects))
    found = findings.sort_values("row", kind="stable")
    return Evidence(place, suspects["suggestion"], found["row"].to_numpy(np.int64), found["evidence"])
