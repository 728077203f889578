"""Runs where annotators voted: what they train on, what stands in their files, and runs from before the votes."""

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks import ship_model
from fer_core.dataset.store import Dataset, Images, create_dataset, open_dataset
from fer_core.dataset.version import as_imported, store_version
from fer_core.dataset.votes import ANSWERS, VoteTable, store_votes
from fer_core.errors import Cancelled, InputRefused, UsageError
from fer_core.evaluation.metrics import score
from fer_core.runs import session
from fer_core.runs.elsewhere import on_dataset
from fer_core.runs.results import comparison, evaluation
from fer_core.runs.run import Run, open_run, probabilities
from fer_core.runs.session import train_version
from fer_core.training import loop
from fer_core.training.recipe import Recipe
from fer_core.workspace import Workspace


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory, many_bars: Images, brief: Recipe) -> Workspace:
    """800 Training rows, 60 and 60 test rows. Every second label of a test row is wrong; the votes are all right.

    The run `before` was trained before the votes came, `after` on them, both on the data set as imported.
    """
    workspace = Workspace(tmp_path_factory.mktemp("voted") / "data")
    truth = many_bars.labels
    given = np.where((np.arange(920) >= 800) & (np.arange(920) % 2 == 0), (truth + 1) % 7, truth).astype(np.int8)
    dataset = create_dataset(workspace, "bars", Images(many_bars.pixels, given, many_bars.splits), origin={})
    train_version(workspace, as_imported(dataset), brief, thread_count=1, run_id="before")
    counts = np.zeros((920, len(ANSWERS)), np.int32)
    counts[np.arange(920), truth] = 10
    counts[860:870] = 0  # PrivateTest rows that nobody voted on
    store_votes(dataset, VoteTable(counts, "hand"))
    train_version(workspace, as_imported(dataset), brief, thread_count=1, run_id="after")
    return workspace


@pytest.fixture
def runs(shared: Workspace) -> tuple[Run, Run]:
    return open_run(shared, "before"), open_run(shared, "after")


def test_the_run_says_what_was_put_aside(runs: tuple[Run, Run]) -> None:
    before, after = runs
    assert before.document["protocol"]["train"]["images"] == 800
    assert "votetest" not in before.document["protocol"]
    protocol = after.document["protocol"]
    assert protocol["train"]["images"] == 800 - protocol["votetest"]["withheld"]
    assert (protocol["votetest"]["images"], protocol["leaky"]) == (88, False)
    assert protocol["key"] == after.protocol_key != before.protocol_key
    assert after.document["origin"] == "from scratch"


def test_the_report_scores_it_by_votes_and_the_rest_by_both(shared: Workspace, runs: tuple[Run, Run]) -> None:
    report = runs[1].report()
    assert [report[role]["labels"] for role in ("val", "test", "votetest")] == ["given", "given", "votes"]
    assert {report["votetest"][subset]["n"] for subset in ("whole", "clean")} == {88}
    assert report["test"]["whole"]["n"] == 60
    assert report["test"]["votes"]["whole"]["n"] == 50
    # The network has learnt the bars: the wrong half of the given labels is what it loses.
    assert report["test"]["votes"]["whole"]["accuracy"] > 0.9 > 0.6 > report["test"]["whole"]["accuracy"]
    assert report["votetest"]["whole"]["accuracy"] > 0.9
    result = runs[1].document["result"]
    assert result["votetest"]["whole"]["accuracy"] == report["votetest"]["whole"]["accuracy"]
    assert result["test"]["votes"]["n"] == 50 and "votes" not in runs[0].document["result"]["test"]
    json.dumps(report)


def test_its_predictions_are_of_images_that_nobody_trained_on(
    shared: Workspace, runs: tuple[Run, Run], brief: Recipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Watched, not read off the protocol: also in a version that relabels every Training row."""
    dataset = open_dataset(shared, "bars")
    aside = runs[1].predictions("votetest")
    assert aside["voted"].tolist() == dataset.labels[aside["row"]].tolist()
    shown = []
    fit = session.fit

    def watched(images, labels, rows, recipe, **more):  # type: ignore[no-untyped-def]
        shown.append(set(rows.tolist()))
        return fit(images, labels, rows, recipe, **more)

    monkeypatch.setattr(session, "fit", watched)
    manifest = as_imported(dataset).manifest
    manifest.loc[:799, "label"] = (manifest.loc[:799, "label"] + 3) % 7
    manifest.loc[::5, "kept"] = manifest.loc[::5].index >= 800
    version = store_version(shared, dataset, "turned", manifest, {})
    run = train_version(shared, version, brief, thread_count=1, run_id="turned")
    assert shown and not shown[0] & set(aside["row"])
    assert max(shown[0]) < 800
    pd.testing.assert_frame_equal(
        run.predictions("votetest")[["row", "label", "voted"]], aside[["row", "label", "voted"]]
    )
    assert run.report()["votetest"]["whole"]["accuracy"] < 0.1  # it learnt the turned labels
    shutil.rmtree(run.path)


def test_evaluate_by_either_label_set(shared: Workspace, runs: tuple[Run, Run]) -> None:
    after = runs[1]
    aside = evaluation(shared, after, "votetest")
    assert (aside["labels"], aside["n"]) == ("votes", 88)
    assert evaluation(shared, after, "votetest", labels="given")["labels"] == "given"
    table = after.predictions("test")
    voted = table[table["voted"] >= 0]
    expected = score(probabilities(voted), voted["voted"].to_numpy())
    by_votes = evaluation(shared, after, "test", labels="votes")
    assert (by_votes["confusion"], by_votes["n"]) == (expected["confusion"], 50)
    assert evaluation(shared, after, "test")["n"] == 60
    with pytest.raises(UsageError, match="choose given or votes"):
        evaluation(shared, after, labels="people")


def test_what_ships_is_scored_by_both_label_sets_and_a_refused_model_replaces_nothing(
    shared: Workspace, runs: tuple[Run, Run], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shipped = tmp_path / "bars.safetensors"
    shipped.write_bytes(b"what shipped before")
    arguments = ["ship_model", "after", "--workspace", str(shared.root), "--name", "bars", "--to", str(tmp_path)]
    monkeypatch.setattr("sys.argv", arguments)
    monkeypatch.setattr(ship_model, "MAX_BYTES", 1_000)
    with pytest.raises(SystemExit, match="Not shipped"):
        ship_model.main()
    assert shipped.read_bytes() == b"what shipped before"
    assert list(tmp_path.iterdir()) == [shipped]

    monkeypatch.setattr(ship_model, "MAX_BYTES", 10_000_000)
    ship_model.main()
    card = shipped.with_suffix(".md").read_text()
    given, voted = (runs[1].report()[role]["whole"]["accuracy"] for role in ("test", "votetest"))
    assert f"| PrivateTest, whole | 60 | {given:.3f} (" in card
    assert f"| VoteTest, whole, by vote labels | 88 | {voted:.3f} (" in card


def test_a_run_from_before_the_votes_has_no_votetest_score_and_says_why(
    shared: Workspace, runs: tuple[Run, Run]
) -> None:
    before, after = runs
    with pytest.raises(InputRefused, match="trained before the votes came, on these very images"):
        evaluation(shared, before, "votetest")
    # Its test rows were never trained on, so today's votes score them.
    assert evaluation(shared, before, "test", labels="votes")["n"] == 50
    document = comparison(shared, [before, after], labels="votes")
    assert document["pairs"][0]["n"] == 50
    assert document["pairs"][0]["sentence"].endswith("on PrivateTest, vote labels.")
    assert document["protocols"].startswith("These runs are under unlike protocols: PublicTest 60 / PrivateTest 60")
    with pytest.raises(InputRefused, match="before has no VoteTest score"):
        comparison(shared, [before, after], "votetest")


def test_without_votes_the_sentence_names_the_command(workspace: Workspace, bars: Dataset, tiny: Recipe) -> None:
    run = train_version(workspace, as_imported(bars), tiny.changed(epochs=1), thread_count=1, run_id="plain")
    for role in ("test", "votetest"):
        with pytest.raises(InputRefused, match=r"bars has no vote labels; .*fer_core votes bars FILE"):
            evaluation(workspace, run, role, labels="votes")


def test_a_training_that_began_before_the_votes_goes_on_as_it_began(
    shared: Workspace, brief: Recipe, runs: tuple[Run, Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset = open_dataset(shared, "bars")
    votes, aside = dataset.path / "votes.parquet", dataset.path / "aside.parquet"
    votes.rename(aside)
    monkeypatch.setattr(loop, "REPORT_SECONDS", 0.0)
    calls = iter(range(12))

    def cancel(stage: str, fraction: float) -> None:
        if next(calls, None) is None:
            raise Cancelled("stop")

    try:
        with pytest.raises(Cancelled):
            train_version(shared, as_imported(dataset), brief, thread_count=1, run_id="half", report=cancel)
    finally:
        aside.rename(votes)
    run = train_version(shared, as_imported(dataset), brief, thread_count=1, run_id="half")
    assert run.document["protocol"] == runs[0].document["protocol"]
    assert run.document["result"]["test"]["whole"] == runs[0].document["result"]["test"]["whole"]
    shutil.rmtree(run.path)


def test_another_data_set_is_scored_by_its_own_votes(
    shared: Workspace, runs: tuple[Run, Run], many_bars: Images
) -> None:
    """The first data set is the other's copy with some rows of its own: what was trained on is left out when clean."""
    pixels = np.array(many_bars.pixels[:300])
    pixels[100:] = 255 - pixels[100:]  # never seen
    dataset = create_dataset(shared, "other", Images(pixels, many_bars.labels[:300], np.zeros(300, np.int8)), origin={})
    try:
        with pytest.raises(InputRefused, match="--split all"):
            on_dataset(shared, runs[1], "other")
        assert on_dataset(shared, runs[1], "other", "all")["n"] == 300
        assert on_dataset(shared, runs[1], "other", "all", "clean")["n"] == 200
        with pytest.raises(InputRefused, match="other has no vote labels"):
            on_dataset(shared, runs[1], "other", "all", labels="votes")
        counts = np.zeros((300, len(ANSWERS)), np.int32)
        counts[:40, 3] = 10
        store_votes(dataset, VoteTable(counts, "hand"))
        document = on_dataset(shared, list(runs), "other", "all", labels="votes", tta="flip")
        assert (document["n"], document["tta"], document["members"]) == (40, "flip", ["before", "after"])
        assert np.array(document["confusion"])[3].sum() == 40
        assert document["gain"]["cost"]["views"] == 4
        with pytest.raises(InputRefused, match="Too few clear votes"):
            on_dataset(shared, runs[1], "other", "votetest")
    finally:
        shutil.rmtree(dataset.path)
