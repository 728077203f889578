"""VoteTest: which images are put aside, by which labels they are scored, and that nobody trains on them."""

import numpy as np
import pytest

from fer_core.dataset.store import PRIVATE_TEST, PUBLIC_TEST, TRAINING, Dataset, Images, create_dataset
from fer_core.dataset.votes import ANSWERS, CONTEMPT, NOT_A_FACE, VoteTable, store_votes
from fer_core.evaluation.protocol import make_protocol, protocol_key
from fer_core.evaluation.vote_test import vote_labels, vote_test
from fer_core.workspace import Workspace

NOBODY = np.zeros(0, np.int64)


def ballots(*votes: dict[str, int]) -> VoteTable:
    counts = np.zeros((len(votes), len(ANSWERS)), np.int32)
    for row, given in enumerate(votes):
        for answer, count in given.items():
            counts[row, ANSWERS.index(answer)] = count
    return VoteTable(counts, "hand")


def all_for(labels: np.ndarray) -> VoteTable:
    """Ten votes for one class each; for none where the label is -1."""
    return ballots(*({} if label < 0 else {ANSWERS[label]: 10} for label in labels))


def numbered(workspace: Workspace, name: str, numbers: list[int], splits: np.ndarray) -> Dataset:
    """Pictures that depend on their number alone; the label is the number modulo 7."""
    pixels = np.stack([np.random.default_rng(number).integers(0, 256, (48, 48), np.uint8) for number in numbers])
    labels = (np.array(numbers) % 7).astype(np.int8)
    return create_dataset(workspace, name, Images(pixels, labels, splits.astype(np.int8)), origin={})


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """900 Training rows, 10 PublicTest, 10 PrivateTest. Rows 2i and 2i + 1 are copies up to row 99; test rows 900 to
    904 repeat Training rows 200 to 204."""
    numbers = [i // 2 * 2 if i < 100 else i for i in range(900)] + [200 + i for i in range(5)] + list(range(905, 920))
    splits = np.repeat([TRAINING, PUBLIC_TEST, PRIVATE_TEST], [900, 10, 10])
    return numbered(Workspace(tmp_path_factory.mktemp("small") / "data"), "small", numbers, splits)


def test_a_clear_majority_is_more_than_half_of_all_votes() -> None:
    votes = ballots(
        {"happy": 6, "neutral": 4},
        {"happy": 5, "neutral": 5},
        {"sad": 5, CONTEMPT: 5},
        {"sad": 6, CONTEMPT: 2, NOT_A_FACE: 2},
        {NOT_A_FACE: 10},
        {"angry": 7},  # of one mind, but too few
        {"angry": 8},
        {},
    )
    assert vote_labels(votes).tolist() == [3, -1, -1, 4, -1, -1, 0, -1]


def test_the_smallest_hashes_are_chosen_one_of_each_group_and_none_that_touches_a_test(small: Dataset) -> None:
    labels = np.where(np.arange(920) % 3 == 0, -1, (small.labels + 1) % 7)
    labels[10:12] = [2, 5]  # two copies, two minds
    found = vote_test(small, all_for(labels), NOBODY)
    contents, expected = small.table["content"].to_numpy(), {}
    for row in range(900):
        tested = contents[row] in set(contents[900:])
        torn = contents[row] == contents[10]
        if labels[row] >= 0 and not tested and not torn:
            expected.setdefault(contents[row], row)
    chosen = sorted(expected[content] for content in sorted(expected)[:100])
    assert found.rows.tolist() == chosen
    assert found.labels.tolist() == labels[chosen].tolist()
    assert found.withheld.tolist() == [row for row in range(920) if contents[row] in set(contents[chosen])]
    assert len(found.withheld) > 100  # the copies, too


def test_the_same_images_are_chosen_whatever_the_order_and_what_else_there_is(
    small: Dataset, workspace: Workspace
) -> None:
    order = np.random.default_rng(0).permutation(900)
    numbers = [i // 2 * 2 if i < 100 else i for i in order] + list(range(905, 925))
    other = numbered(workspace, "other", numbers, np.repeat([TRAINING, PUBLIC_TEST], [900, 20]))
    voted = small.labels.copy()
    voted[200:205] = voted[900:905] = -1  # in `small`, the latter repeat the former
    one, two = vote_test(small, all_for(voted), NOBODY), vote_test(other, all_for(_of(small, voted, other)), NOBODY)
    assert set(small.table["content"][one.rows]) == set(other.table["content"][two.rows])


def _of(small: Dataset, voted: np.ndarray, other: Dataset) -> np.ndarray:
    """The same votes for the same pictures."""
    by_content = dict(zip(small.table["content"], voted, strict=True))
    return np.array([by_content.get(content, -1) for content in other.table["content"]])


@pytest.mark.parametrize(("voted", "expected"), [(69, None), (70, 70), (400, 100)])
def test_at_most_a_ninth_of_training_and_never_fewer_than_seventy(
    small: Dataset, voted: int, expected: int | None
) -> None:
    labels = np.full(920, -1)
    labels[300 : 300 + voted] = 3
    found = vote_test(small, all_for(labels), NOBODY)
    assert (None if found is None else len(found.rows)) == expected


def test_the_protocol_keeps_it_from_training_in_every_version_and_says_so(small: Dataset, workspace: Workspace) -> None:
    training = np.arange(900)
    before = make_protocol(small, training)
    assert before.votetest is None and before.roles == ("val", "test")
    store_votes(small, all_for(small.labels))
    try:
        whole, cut = make_protocol(small, training), make_protocol(small, np.r_[0:900:2, 1000:1005])
        without = make_protocol(small, training, votetest=False)
    finally:
        (small.path / "votes.parquet").unlink()
    aside = whole.votetest
    assert aside is not None and len(aside.rows) == 100
    assert whole.train.tolist() == sorted(set(training) - set(aside.withheld))
    assert not set(small.groups[whole.train]) & set(small.groups[aside.rows])
    assert cut.rows("votetest").tolist() == aside.rows.tolist()
    assert cut.train.tolist() == sorted({*range(0, 900, 2), *range(1000, 1005)} - set(aside.withheld))
    assert whole.val.tolist() == before.val.tolist() and whole.test.tolist() == before.test.tolist()
    assert "VoteTest (100 images of Training on which annotators agree) was put aside" in whole.sentence()
    assert whole.document()["votetest"] == {
        "name": "VoteTest",
        "images": 100,
        "use": "scored once, at the end, by vote labels",
        "withheld": len(aside.withheld),
        "hash": aside.hash,
    }
    assert without.train.tolist() == before.train.tolist()
    assert without.document()["key"] == before.document()["key"]
    assert cut.document()["key"] == whole.document()["key"] != before.document()["key"]


def test_runs_from_before_there_was_a_key_have_that_of_their_names_and_sizes() -> None:
    old = {
        "sentence": "...",
        "labels": "given",
        "train": {"name": "Training", "images": 28_709},
        "val": {"name": "PublicTest", "images": 3_589, "use": "chose the epoch"},
        "test": {"name": "PrivateTest", "images": 3_589, "use": "scored once, at the end"},
    }
    assert protocol_key(old) == "PublicTest 3589 / PrivateTest 3589"
    assert protocol_key({**old, "leaky": True}) == "LEAKY PublicTest 3589 / PrivateTest 3589"


def test_rows_that_are_held_out_in_place_of_a_test_split_are_not_chosen(workspace: Workspace) -> None:
    bare = numbered(workspace, "bare", list(range(1000)), np.zeros(1000))
    store_votes(bare, all_for(bare.labels))
    protocol = make_protocol(bare, np.arange(1000))
    parts = [protocol.rows(role) for role in ("train", "val", "test", "votetest")]
    assert sorted(np.concatenate(parts)) == list(range(1000))
    assert len(parts[3]) == 111


def test_a_picture_of_two_minds_is_not_chosen_though_its_hash_is_the_smallest(small: Dataset) -> None:
    labels = small.labels.astype(np.int64)
    pair = 2 * int(np.argmin(small.table["content"].to_numpy(str)[:100:2]))
    assert pair in vote_test(small, all_for(labels), NOBODY).rows
    labels[[pair, pair + 1]] = [2, 5]
    assert not {pair, pair + 1} & set(vote_test(small, all_for(labels), NOBODY).withheld.tolist())
