"""People's votes as a table in FER+'s form, and back."""

import csv

import numpy as np
import pytest

from fer_core.dataset.version import as_imported
from fer_core.dataset.votes import ANSWERS, VoteTable, read_votes, store_votes
from fer_core.errors import InputRefused, UsageError
from fer_core.review.events.log import VerdictLog
from fer_core.review.judgement.vote_export import export_votes, vote_counts
from fer_core.review.policy import POLICIES, cut_version


@pytest.fixture
def answered(dataset, log, say):
    said = [say(0, "happy", "ada"), say(0, "happy", "bob"), say(0, "unsure", "eve"), say(1, "unusable", "ada")]
    said += [say(7, "keep", "ada"), say(2, "skip", "ada"), say(6, "not_a_face", "bob")]
    # One person, one picture (rows 2 and 3 are copies), one vote: the newest, where it was cast.
    said += [say(2, "sad", "bob"), say(3, "fear", "bob")]
    said += [say(8, "fear", "eve", queue="adjudication")]  # a decision is no vote
    log.record(dataset, said)


EXPECTED = {
    (0, "happy"): 2,
    (0, "unknown"): 1,
    (1, "not a face"): 1,
    (7, "neutral"): 1,
    (6, "not a face"): 1,
    (3, "fear"): 1,
}


def test_votes_are_counted_where_they_were_cast(dataset, log, answered):
    counts = vote_counts(dataset, log)
    found = {(int(row), ANSWERS[place]): int(counts[row, place]) for row, place in zip(*counts.nonzero(), strict=True)}
    assert found == EXPECTED


def test_the_table_has_fer_pluss_form_and_is_read_back(workspace, dataset, answered, tmp_path):
    assert export_votes(workspace, as_imported(dataset), tmp_path / "votes.csv") == 7
    lines = list(csv.reader((tmp_path / "votes.csv").read_text().splitlines()))
    assert lines[0][:3] == ["Usage", "Image name", "neutral"] and lines[0][-1] == "NF"
    assert len(lines) == 1 + len(dataset) and lines[1][:2] == ["Training", "fer0000000.png"]
    again = read_votes(dataset, tmp_path / "votes.csv")
    np.testing.assert_array_equal(again.counts, vote_counts(dataset, VerdictLog(workspace.labels_db)))


def test_votes_in_another_order_than_the_images_are_refused(workspace, dataset, answered, tmp_path):
    file = tmp_path / "votes.csv"
    export_votes(workspace, as_imported(dataset), file)
    lines = file.read_text().splitlines()
    test = next(place for place, line in enumerate(lines) if line.startswith("PrivateTest"))
    lines[1], lines[test] = lines[test], lines[1]
    file.write_text("\n".join(lines))
    with pytest.raises(InputRefused, match=r"line 2 is of PrivateTest, but image 0 .* another order"):
        read_votes(dataset, file)


def test_imported_counts_can_be_added(workspace, dataset, answered, tmp_path):
    with pytest.raises(UsageError, match="no imported vote table"):
        export_votes(workspace, as_imported(dataset), tmp_path / "votes.csv", with_imported=True)
    imported = np.ones((len(dataset), len(ANSWERS)), np.int32)
    store_votes(dataset, VoteTable(imported, "x.csv"))
    export_votes(workspace, as_imported(dataset), tmp_path / "votes.csv", with_imported=True)
    expected = imported + vote_counts(dataset, VerdictLog(workspace.labels_db))
    np.testing.assert_array_equal(read_votes(dataset, tmp_path / "votes.csv").counts, expected)


def test_a_versions_votes_are_those_it_was_cut_from(workspace, dataset, log, say, answered, tmp_path):
    version = cut_version(workspace, dataset, "v", POLICIES["relabel-only"])
    log.record(dataset, [say(8, "sad", "ada")])
    assert export_votes(workspace, version, tmp_path / "then.csv") == 7
    assert export_votes(workspace, as_imported(dataset), tmp_path / "now.csv") == 8
