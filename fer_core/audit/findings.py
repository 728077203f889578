"""A finding: an image, a reason, a score, the evidence in words, and a partner where the reason is another image."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

REASONS = {
    "exact-duplicate": "The same pixels stand in the data set more than once.",
    "label-conflict": "Exact copies of this image carry different labels.",
    "split-leak": "An exact copy of this image stands in another split.",
    "near-duplicate": "Nearly the same pixels, or their mirror image, stand in the data set as well.",
    "flat": "One grey value, or nearly so: there is nothing to see.",
    "blurred": "No fine detail, even for 48x48 pixels.",
    "dark": "Even its lighter parts are nearly black.",
    "bright": "Even its darker parts are nearly white.",
    "low-information": "So few grey values that hardly a photograph can be in it.",
    "black-and-white": "Nearly every pixel is black or white, as in a drawing or writing.",
    "not-a-face": "An icon, writing, a thing, or a head so cut or turned that no face shows.",
    "label": "Another answer is expected, judging by networks that never saw the image.",
}
COLUMNS = ("row", "reason", "score", "evidence", "partner")


def findings(
    rows: np.ndarray,
    reason: str,
    scores: np.ndarray | float,
    evidence: Sequence[str],
    partners: np.ndarray | None = None,
) -> pd.DataFrame:
    """A table of findings of one reason. `rows` and `partners`: int (n,); `scores`: in [0, 1], 1 = no doubt."""
    return pd.DataFrame(
        {
            "row": rows.astype(np.int64),
            "reason": reason,
            "score": np.broadcast_to(np.asarray(scores, np.float32), len(rows)),
            "evidence": list(evidence),
            "partner": np.full(len(rows), -1) if partners is None else partners.astype(np.int64),
        },
        columns=COLUMNS,
    )
