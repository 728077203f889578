"""`votes` from the command line."""

import csv
import json

import numpy as np
import pytest

from fer_core.dataset.votes import FERPLUS, open_votes
from fer_core.review.judgement.agreement import krippendorff_alpha


@pytest.fixture
def file(demo, tmp_path):
    """Ten votes for each of 40 faces of the demo, most of them for the given label."""
    rng = np.random.default_rng(0)
    path = tmp_path / "votes.csv"
    with path.open("w", newline="") as handle:
        writer = csv.writer(handle)
        writer.writerow(["row", *FERPLUS])
        for row in range(0, 400, 10):
            shares = np.full(10, 0.04)
            shares[demo.labels[row]] += 0.6
            writer.writerow([row, *rng.multinomial(10, shares).tolist()])
    return path


def test_votes_are_taken_in_and_summed_up(call, demo, file) -> None:
    code, out, _ = call("votes", "demo", file, "--json")
    assert code == 0
    document = json.loads(out)
    kept = open_votes(demo)
    assert kept is not None
    assert (document["dataset"], document["images"], document["votes"]) == ("demo", 40, 400)
    assert document["alpha"] == pytest.approx(krippendorff_alpha(kept.counts), abs=1e-6)
    assert document["top_is_given"] > 0.8
    assert kept.counts[10].sum() == 10 and not kept.counts[11].any()

    code, out, _ = call("votes", "demo", file)
    assert code == 0 and "400 votes on 40 of the 420 images" in out and "alpha" in out


def test_other_votes_are_only_taken_on_demand(call, demo, file) -> None:
    assert call("votes", "demo", file)[0] == 0
    lines = file.read_text().splitlines()
    file.write_text("\n".join([lines[0], "5,0,0,0,7,0,0,0,0,0,0"]))
    code, out, err = call("votes", "demo", file)
    assert code == 2 and not out and "--replace" in err
    assert call("votes", "demo", file, "--replace")[0] == 0
    assert open_votes(demo).total.sum() == 7


def test_bad_lines_are_named_and_nothing_is_stored(call, demo, file) -> None:
    file.write_text(file.read_text() + "9999,1,0,0,0,0,0,0,0,0,0\n")
    code, _, err = call("votes", "demo", file)
    assert code == 1 and "line 42" in err and "row 9999" in err
    assert open_votes(demo) is None
