"""Which pictures stand on a grid, in which order, and which are left out."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from fer_core.audit.results import Audit
from fer_core.dataset.store import Dataset, Images, create_dataset
from fer_core.emotions import NAMES
from fer_core.errors import UsageError
from fer_core.review.cards.grid import (
    COPIES,
    DOUBTFUL,
    GIVEN,
    NEAR,
    SETS_AHEAD,
    SUGGESTED,
    GridDeal,
    View,
    deal_sheets,
    sheet_order,
)
from fer_core.review.events.log import VerdictLog
from fer_core.review.events.verdict import ADJUDICATION

# Of tests/review/conftest.py: rows 2, 3 and 4, 5 and 6, 10 show the same picture; 4 (happy) and 5 (sad) are in
# conflict; 6 (surprise) stands in Training and 10 (surprise) in PrivateTest.


def rows_of(deal: GridDeal) -> list[list[int]]:
    return [[face.row for face in sheet.faces] for sheet in deal.sheets]


@pytest.fixture
def deal(dataset: Dataset, log: VerdictLog) -> Callable[..., GridDeal]:
    def dealt(view: View, audit: Audit | None = None, **more: Sequence[int]) -> GridDeal:
        return deal_sheets(dataset, log, sheet_order(dataset, audit, view, seed=1), "ada", 1, **more)

    return dealt


@pytest.fixture
def audit(dataset: Dataset, tmp_path: Path) -> Audit:
    """Suspicion falls with the row number, from .9 on; every even row is suggested as fear."""
    rows = np.arange(len(dataset))
    table = pd.DataFrame({"row": rows, "label": [NAMES[label] for label in dataset.labels]})
    table["suspicion"] = (0.9 - 0.05 * rows).astype(np.float32)
    table["suggestion"] = np.where(rows % 2 == 0, "fear", "")
    table.sort_values("suspicion", ascending=False).to_parquet(tmp_path / "suspects.parquet")
    pairs = {"row": [0, 1, 4], "partner": [1, 7, 8], "correlation": [0.99, 0.98, 0.97], "mirrored": False}
    pd.DataFrame(pairs).to_parquet(tmp_path / "near_pairs.parquet")
    return Audit(tmp_path, {"settings": {"strength": "fast", "network": "scout", "size": 44, "labels": True}})


def test_a_class_grid_holds_each_picture_of_the_class_once(deal: Callable[..., GridDeal]) -> None:
    dealt = deal(View(GIVEN, "fear"))
    assert sorted(rows_of(dealt)[0]) == [2, 11]  # row 3 is a copy of row 2
    assert {face.row: face.copies for face in dealt.sheets[0].faces} == {2: 2, 11: 1}
    assert (dealt.done, dealt.total, dealt.last) == (0, 2, True)
    assert dealt.sheets[0].emotion == "fear"


def test_the_least_suspect_come_first_or_last(deal: Callable[..., GridDeal], audit: Audit) -> None:
    assert rows_of(deal(View(GIVEN, "fear"), audit)) == [[11, 3]]
    assert rows_of(deal(View(GIVEN, "fear", order=DOUBTFUL), audit)) == [[2, 11]]
    face = deal(View(GIVEN, "fear"), audit).sheets[0].faces[0]
    assert face.score == pytest.approx(0.35) and face.model == "fast-scout44"


def test_a_suggested_class_begins_where_the_given_label_is_most_suspect(
    deal: Callable[..., GridDeal], audit: Audit
) -> None:
    assert rows_of(deal(View(SUGGESTED, "fear"), audit)) == [[0, 2, 4, 6, 8]]  # row 10 is a copy of row 6
    assert rows_of(deal(View(SUGGESTED, "fear", order=DOUBTFUL), audit)) == [[10, 8, 4, 2, 0]]


def test_what_needs_an_audit_says_so(dataset: Dataset) -> None:
    for view in (View(SUGGESTED, "fear"), View(NEAR)):
        with pytest.raises(UsageError, match="Audit page"):
            sheet_order(dataset, None, view, 0)


def test_copies_come_one_group_at_a_time_conflicts_then_leaks_first(deal: Callable[..., GridDeal]) -> None:
    dealt = deal(View(COPIES))
    assert rows_of(dealt) == [[4, 5], [6, 10], [2, 3]]
    assert [(face.given, face.split) for face in dealt.sheets[1].faces] == [
        ("surprise", "Training"),
        ("surprise", "PrivateTest"),
    ]
    assert dealt.total == 3 and all(sheet.emotion == "" for sheet in dealt.sheets)


def test_near_copies_that_hang_together_are_one_sheet(deal: Callable[..., GridDeal], audit: Audit) -> None:
    assert sorted(map(sorted, rows_of(deal(View(NEAR), audit)))) == [[0, 1, 7], [4, 8]]


def test_near_copies_of_a_long_chain_are_one_sheet(dataset: Dataset, audit: Audit) -> None:
    chain = [0, 11, 1, 9, 7, 8]  # in no order of rows
    ends = {"row": np.minimum(chain[:-1], chain[1:]), "partner": np.maximum(chain[:-1], chain[1:])}
    pd.DataFrame({**ends, "correlation": 0.99, "mirrored": False}).to_parquet(audit.path / "near_pairs.parquet")
    order = sheet_order(dataset, audit, View(NEAR), 0)
    assert order.rows.tolist() == sorted(chain) and set(order.sets) == {0}


def test_what_is_answered_held_or_with_somebody_else_is_not_dealt(
    deal: Callable[..., GridDeal], dataset: Dataset, log: VerdictLog, say: Callable
) -> None:
    log.record(dataset, [say(3, "skip"), say(0, "angry", annotator="bob"), say(9, "happy", annotator="bob")])
    fear = deal(View(GIVEN, "fear"))
    assert rows_of(fear) == [[11]] and (fear.done, fear.total) == (1, 2)  # skipped, in the copy
    assert rows_of(deal(View(GIVEN, "angry"))) == [[8]]  # Bob agrees with the label of 0
    assert sorted(rows_of(deal(View(GIVEN, "disgust")))[0]) == [1, 9]  # Bob alone is against the label of 9
    assert rows_of(deal(View(GIVEN, "disgust"), held=[1], leave_out=[9])) == []
    assert rows_of(deal(View(COPIES), held=[5], leave_out=[10])) == []
    assert deal(View(COPIES), held=[5]).total == 3


def test_what_was_undone_is_dealt_again(
    deal: Callable[..., GridDeal], dataset: Dataset, log: VerdictLog, say: Callable
) -> None:
    answer = say(7, "neutral")
    log.record(dataset, [answer])
    assert deal(View(GIVEN, "neutral")).sheets == []
    log.record(dataset, [say(7, kind="undo", undoes=answer.id)])
    again = deal(View(GIVEN, "neutral"))
    assert rows_of(again) == [[7]]
    assert again.sheets[0].faces[0].based_on == log.history(dataset)["id"].iloc[-1]


def test_what_was_decided_is_not_dealt_and_a_new_round_deals_all(
    deal: Callable[..., GridDeal], dataset: Dataset, log: VerdictLog, say: Callable
) -> None:
    log.record(dataset, [say(1, "sad", "eve", queue=ADJUDICATION), say(9, "disgust", "ada", round=2)])
    assert rows_of(deal(View(GIVEN, "disgust"))) == [[9]]
    log.record(dataset, [say(9, "disgust", "ada")])
    third = deal_sheets(dataset, log, sheet_order(dataset, None, View(GIVEN, "disgust"), 1), "ada", 3)
    assert rows_of(third) == [[9]]


def test_sheets_are_cut_to_size_and_the_last_one_is_announced(workspace) -> None:
    drawn = np.random.default_rng(3).integers(0, 256, (130, 48, 48), dtype=np.uint8)
    dataset = create_dataset(
        workspace, "many", Images(drawn, np.full(130, 2, np.int8), np.zeros(130, np.int8)), origin={}
    )
    log = VerdictLog(workspace.labels_db)
    order = sheet_order(dataset, None, View(GIVEN, "fear", 24), seed=4)
    first = deal_sheets(dataset, log, order, "ada", 1)
    assert [len(sheet.faces) for sheet in first.sheets] == [24] * 5 and not first.last
    held = [row for sheet in rows_of(first) for row in sheet]
    rest = deal_sheets(dataset, log, order, "ada", 1, held=held)
    assert [len(sheet.faces) for sheet in rest.sheets] == [10] and rest.last
    assert sorted(held + rows_of(rest)[0]) == list(range(130))
    assert sheet_order(dataset, None, View(GIVEN, "fear", 24), seed=4).rows.tolist() == order.rows.tolist()
    assert sheet_order(dataset, None, View(GIVEN, "fear", 24), seed=5).rows.tolist() != order.rows.tolist()


def test_many_groups_of_copies_are_dealt_in_parts(workspace) -> None:
    drawn = np.random.default_rng(3).integers(0, 256, (SETS_AHEAD + 2, 48, 48), dtype=np.uint8)
    images = Images(np.repeat(drawn, 2, axis=0), np.zeros(2 * len(drawn), np.int8), np.zeros(2 * len(drawn), np.int8))
    dataset = create_dataset(workspace, "pairs", images, origin={})
    log = VerdictLog(workspace.labels_db)
    order = sheet_order(dataset, None, View(COPIES), 0)
    first = deal_sheets(dataset, log, order, "ada", 1)
    assert len(first.sheets) == SETS_AHEAD and not first.last
    rest = deal_sheets(dataset, log, order, "ada", 1, held=[sheet[0] for sheet in rows_of(first)])
    assert rows_of(rest) == [[24, 25], [26, 27]] and rest.last
