"""`version`, `diff`, `export` and `import` of versions from the command line."""

import json

import numpy as np
import pytest

from fer_core.audit.results import AuditSettings
from fer_core.audit.stages import run_audit
from fer_core.dataset.demo import load_truth
from fer_core.dataset.store import TRAINING, open_dataset
from fer_core.dataset.version import as_imported, list_versions, open_version
from fer_core.dataset.votes import ANSWERS, VoteTable, read_votes, store_votes


@pytest.fixture
def voted(demo):
    """Ten imported votes on each of the first 60 images: seven for sad, three for fear."""
    counts = np.zeros((len(demo), len(ANSWERS)), np.int32)
    counts[:60, 4], counts[:60, 2] = 7, 3
    store_votes(demo, VoteTable(counts, "votes.csv"))
    return demo


BARE = ("--policy", "relabel-only")


def test_every_part_of_a_policy_has_a_flag_and_the_effect_is_json(call, workspace, voted):
    code, out, _ = call("demo", "--name", "extra", "--seed", "5", "--images", "140", "--json")
    assert code == 0
    flags = ("--votes", "--soft", "--ambiguous", "soft", "--balance", "weights", "--supplement", "extra:disgust")
    code, out, _ = call("version", "demo", "--name", "v", *BARE, *flags, "--min-votes", "5", "--json")
    document = json.loads(out)
    assert code == 0 and document["version"] == "demo@v"
    version = open_version(workspace, "demo@v")
    relabelled = int((version.own_labels != voted.labels).sum())
    assert sum(count for *_, count in document["relabelled"]) == relabelled > 0
    assert {new for _, new, _ in document["relabelled"]} == {"sad"}
    soft = int(version.softened.sum())
    assert document["soft"]["images"] == soft > 0
    expected = -(0.7 * np.log2(0.7) + 0.3 * np.log2(0.3))
    assert document["soft"]["mean_entropy_bits"] == pytest.approx(expected, abs=1e-3)
    extra = open_dataset(workspace, "extra")
    taken = document["supplements"][0]
    assert taken["taken"] == version.added > 0
    assert taken["taken"] + taken["twice"] + taken["in_test"] + taken["in_training"] == (extra.labels == 1).sum()
    assert document["weights"]["disgust"] > document["weights"]["happy"]
    assert document["balance"]["disgust"][1] == (version.labels[version.rows(TRAINING)] == 1).sum()


def test_a_dry_run_stores_nothing_and_says_the_hash_that_a_cut_has(call, demo):
    code, out, _ = call("version", "demo", *BARE, "--balance", "drop", "--balance-to", "20", "--dry-run", "--json")
    planned = json.loads(out)
    assert code == 0 and planned["version"] is None and not list_versions(demo)
    assert max(after for _, after in planned["balance"].values()) == 20
    code, out, _ = call("version", "demo", *BARE, "--balance", "drop", "--balance-to", "20", "--name", "v", "--json")
    assert json.loads(out)["hash"] == planned["hash"]


def test_wrong_use_is_said_with_exit_code_2(call, demo):
    for flags, words in (
        ((), "--name"),
        (("--name", "v", "--votes"), "none. Import one first"),
        (("--name", "v", "--balance", "drop", "--balance-to", "few"), "a number of images"),
        (("--name", "v", "--supplement", "demo:happy"), "another data set"),
        (("--name", "v", "--supplement", "happy"), "DATASET:CLASS"),
    ):
        code, _, err = call("version", "demo", *BARE, *flags)
        assert code == 2 and words in err and err.count("\n") == 1


def test_two_versions_are_compared(call, workspace, voted, tmp_path):
    call("version", "demo", "--name", "a", *BARE)
    call("version", "demo", "--name", "b", *BARE, "--votes", "--drop-leaks")
    code, out, _ = call("diff", "demo@a", "demo@b", "--csv", tmp_path / "changes.csv", "--json")
    document = json.loads(out)
    version = open_version(workspace, "demo@b")
    assert code == 0 and document["rows"]["relabelled"] == np.flatnonzero(version.own_labels != voted.labels).tolist()
    assert document["counts"]["dropped"] == (~version.kept).sum() > 0
    assert len((tmp_path / "changes.csv").read_text().splitlines()) == 1 + sum(document["counts"].values())
    code, out, _ = call("diff", "demo@a", "demo@b")
    assert "relabelled: another class in B" in out and "policy: votes: False / True" in out
    assert call("diff", "demo@a", "demo@c")[0] == 1


@pytest.mark.parametrize("name", ["out.parquet", "out.zip"])
def test_new_forms_go_out_and_come_back(name, call, workspace, demo, tmp_path):
    code, out, _ = call("export", "demo", tmp_path / name, "--json")
    assert code == 0 and json.loads(out)["form"] == name.split(".")[1]
    code, out, _ = call("import", tmp_path / name, "--name", "again", "--json")
    assert code == 0 and json.loads(out)["hash"] == demo.hash


def test_votes_go_out_as_a_table(call, voted, tmp_path):
    code, _, err = call("export", "demo", tmp_path / "out.csv", "--with-imported")
    assert code == 2 and "--form votes" in err
    code, out, _ = call("export", "demo", tmp_path / "out.csv", "--form", "votes", "--with-imported", "--json")
    assert code == 0 and json.loads(out)["votes"] == 600
    assert read_votes(voted, tmp_path / "out.csv").counts[:60, 4].tolist() == [7] * 60


def test_black_and_white_pictures_leave_training_as_the_five_layer_paper_asks(call, workspace, demo):
    """What the demo drew as black and white, found by the audit, dropped by the policy and by the flag alike."""
    run_audit(as_imported(demo), AuditSettings(labels=False))
    assert call("version", "demo", "--name", "five", "--policy", "five-layer")[0] == 0
    assert (
        call("version", "demo", "--name", "flag", *BARE, "--no-relabel", "--drop-findings", "black-and-white")[0] == 0
    )
    five, flag = (open_version(workspace, f"demo@{name}") for name in ("five", "flag"))
    assert five.hash == flag.hash
    planted = load_truth(demo)["kinds"].str.contains("black_and_white").to_numpy()
    training = demo.splits == TRAINING
    assert (planted & training).any()
    np.testing.assert_array_equal(~five.kept & planted, training & planted)
    assert (~five.kept & ~planted).sum() <= 0.01 * training.sum()
