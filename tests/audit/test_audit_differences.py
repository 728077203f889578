"""Two audits side by side, with ranks that were written by hand."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr

from fer_core.audit.differences import compare_audits
from fer_core.audit.results import Audit
from fer_core.errors import UsageError
from fer_core.files import write_json


def written(folder: Path, name: str, order: np.ndarray, labels: bool = True, dataset: str = "abc") -> Audit:
    """An audit whose most suspect image is `order[0]`, the next `order[1]` ..."""
    path = folder / name
    path.mkdir()
    table = pd.DataFrame({"row": order, "rank": np.arange(1, len(order) + 1)})
    table.to_parquet(path / "suspects.parquet")
    document = {
        "dataset_hash": dataset,
        "settings": {"strength": "fast", "network": "scout", "size": 48, "labels": labels},
    }
    write_json(path / "audit.json", document)
    return Audit(path, document)


def test_an_audit_and_itself_do_not_differ(tmp_path: Path) -> None:
    order = np.random.default_rng(0).permutation(1200)
    difference = compare_audits(written(tmp_path, "one", order), written(tmp_path, "same", order))
    assert difference.correlation == pytest.approx(1)
    assert difference.shared == {100: 1.0, 1000: 1.0}  # 3,000 are more than there are
    assert difference.appeared == difference.vanished == []
    assert difference.sentence() == (
        "one and same share 100% of the top 100, 100% of the top 1,000; their ranks correlate by 1.00."
    )


def test_what_moved_is_named_the_most_moved_first(tmp_path: Path) -> None:
    """Of 1,200 images the last three of the first audit become the second's 1st, 501st and 1,101st."""
    first = np.arange(1200)
    rest = first[:1197]
    second = np.concatenate([[1197], rest[:499], [1198], rest[499:1098], [1199], rest[1098:]])
    difference = compare_audits(written(tmp_path, "one", first), written(tmp_path, "two", second), moved=2)
    assert difference.images == 1200
    assert difference.appeared == [1197, 1198]  # 1199 is not among the second's top 1,000
    assert difference.vanished == [499, 500]  # two places down, which is as far as any of the first's top 1,000 fell
    assert difference.shared == {100: 0.99, 1000: 0.998}
    ranks = [np.argsort(order) for order in (first, second)]
    assert difference.correlation == pytest.approx(spearmanr(*ranks).statistic)
    assert difference.document()["appeared"] == [1197, 1198]


def test_opposite_orders_correlate_by_minus_one_and_share_by_chance(tmp_path: Path) -> None:
    order = np.arange(150)
    difference = compare_audits(written(tmp_path, "one", order), written(tmp_path, "back", order[::-1]))
    assert difference.correlation == pytest.approx(-1)
    assert difference.shared == {100: 0.5}
    assert difference.appeared[:3] == [149, 148, 147]
    assert difference.vanished[:3] == [0, 1, 2]


@pytest.mark.parametrize("count", [1, 2, 30])
def test_a_few_images_are_compared_in_a_whole_sentence(count: int, tmp_path: Path) -> None:
    order = np.arange(count)
    difference = compare_audits(written(tmp_path, "one", order), written(tmp_path, "two", order))
    assert difference.correlation == pytest.approx(1)
    assert difference.sentence() == f"one and two share all of their {count} images; their ranks correlate by 1.00."


def test_what_cannot_be_compared_is_refused(tmp_path: Path) -> None:
    one = written(tmp_path, "one", np.arange(5))
    with pytest.raises(UsageError, match="free did not look at labels"):
        compare_audits(one, written(tmp_path, "free", np.arange(5), labels=False))
    with pytest.raises(UsageError, match="one and strange are about different images"):
        compare_audits(one, written(tmp_path, "strange", np.arange(5), dataset="other"))
