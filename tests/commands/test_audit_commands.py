"""`audit`, `suspects` and `audits` from the command line: documents, tables, and what wrong use is told."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from fer_core.audit.results import Audit, AuditSettings, latest_audit, list_audits, need_audit, preset
from fer_core.dataset.store import SPLITS, Dataset
from fer_core.dataset.version import as_imported, store_version
from fer_core.jobs import store
from fer_core.workspace import Workspace

BRIEF = 'epochs = 1\nbatch = 64\nprecision = "float32"\n'
QUICK = ("--network", "shallow", "--size", "16", "--folds", "2", "--threads", "1")


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    file = tmp_path / "brief.toml"
    file.write_text(BRIEF)
    return file


@pytest.fixture
def two(call, demo: Dataset, recipe: Path) -> tuple[Audit, Audit]:
    """Two audits of the demo's labels with other seeds."""
    audits = []
    for seed in (0, 1):
        code, out, _ = call("audit", "demo", "--recipe", recipe, "--seed", seed, *QUICK, "--json")
        assert code == 0
        audits.append(need_audit(as_imported(demo), json.loads(out)["audit"]))
    return audits[0], audits[1]


def test_audits_are_listed_compared_and_their_suspects_written(call, demo: Dataset, two, tmp_path: Path) -> None:
    code, out, _ = call("audits", "demo", "--json")
    assert code == 0
    listed = json.loads(out)["audits"]
    assert {audit["audit"] for audit in listed} == {audit.id for audit in two}
    assert all(audit["settings"]["folds"] == 2 and audit["images"] == len(demo) for audit in listed)
    _, out, _ = call("audits", "demo")
    assert out.count("\n") == 2 and two[0].id in out

    code, out, _ = call("audits", "demo", "--compare", two[0].id, two[1].id, "--json")
    document = json.loads(out)
    assert code == 0
    assert (document["first"], document["second"], document["images"]) == (two[0].id, two[1].id, len(demo))
    assert -1 <= document["correlation"] < 1
    first, second = (set(audit.suspects["row"].head(100)) for audit in two)
    assert document["shared"] == {"100": len(first & second) / 100}
    code, out, _ = call("audits", "demo", "--compare", two[0].id, two[1].id)
    assert code == 0
    assert "of the top 100; their ranks correlate by" in out

    for audit in two:
        file = tmp_path / f"{audit.id}.csv"
        code, out, _ = call("suspects", "demo", "--audit", audit.id, "--csv", file, "--top", 3, "--json")
        document = json.loads(out)
        assert code == 0
        assert (document["audit"], document["images"]) == (audit.id, len(demo))
        assert [line["row"] for line in document["top"]] == audit.suspects["row"].head(3).tolist()
        table = pd.read_csv(file, keep_default_na=False)
        assert table.columns.tolist() == [
            *("row", "content", "split", "label", "rank", "suspicion", "reasons", "suggestion")
        ]
        assert table["row"].tolist() == audit.suspects["row"].tolist()
        np.testing.assert_allclose(table["suspicion"], audit.suspects["suspicion"], atol=1e-6)
        assert set(table["split"]) == set(SPLITS)
    code, out, _ = call("suspects", "demo", "--json")
    assert json.loads(out)["audit"] == latest_audit(demo).id


def test_a_model_free_audit_says_what_it_found_and_cannot_be_compared(call, demo: Dataset, recipe: Path) -> None:
    code, out, err = call("audit", "demo", "--reasons", "model-free")
    assert code == 0
    assert "exact copies: 17 groups, 34 images, 17 redundant" in out
    assert "not-a-face" in out and "out-of-fold accuracy" not in out
    assert "comparing pixels" in err
    own = list_audits(demo)[0].id
    code, _, err = call("audits", "demo", "--compare", own, own)
    assert code == 2
    assert "did not look at labels" in err


def test_a_version_is_audited_under_its_name(call, demo: Dataset, workspace: Workspace) -> None:
    manifest = as_imported(demo).manifest.copy()
    row = int(np.flatnonzero(demo.splits == 0)[0])
    manifest.loc[row, "label"] = (manifest.loc[row, "label"] + 1) % 7
    store_version(workspace, demo, "mended", manifest, {})
    code, out, _ = call("audit", "demo@mended", "--reasons", "model-free", "--json")
    document = json.loads(out)
    assert code == 0
    assert (document["version"], document["dataset"]) == ("demo@mended", "demo")
    assert document["audit"].startswith("mended-modelfree-")
    code, _, err = call("suspects", "demo")  # the data set as imported has no audit yet
    assert code == 1
    assert "python -m fer_core audit demo" in err
    for arguments in (["demo", "--audit", document["audit"]], ["demo@mended"]):
        code, out, _ = call("suspects", *arguments, "--json")
        assert code == 0
        assert (json.loads(out)["images"], json.loads(out)["audit"]) == (len(demo), document["audit"])


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (["demo", "--folds", "1"], 2, "--folds: 1 is too small: at least 2"),
        (["demo", "--repeats", "0"], 2, "--repeats: 0 is too small"),
        (["demo", "--threads", "0"], 2, "--threads: 0 is too small"),
        (["demo", "--seed", "-1"], 2, "--seed: -1 is too small"),
        (["demo", "--strength", "huge"], 2, "invalid choice: 'huge'"),
        (["demo", "--recipe", "nope"], 1, "There is no recipe 'nope' (there: "),
        (["demo", "--recipe", "nope.toml"], 1, "There is no recipe file nope.toml"),
        (["demo", "--network", "nope"], 1, "There is no network 'nope' (there: "),
        (["demo", "--size", "47"], 2, "size must be even"),
        (["demo", "--size", "47"], 2, "'scout' cannot be built"),
        (["nope"], 1, "There is no data set 'nope'"),
        (["demo@nope"], 1, "demo has no version 'nope'"),
        (["demo", "--folds", "400", "--threads", "1"], 1, "too few for 400 folds"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_wrong_use_is_one_sentence(call, demo: Dataset, arguments: list[str], code: int, sentence: str) -> None:
    found, out, err = call("audit", *arguments)
    assert found == code
    assert not out
    assert sentence in err
    assert "Traceback" not in err
    if "400" not in arguments:
        assert not (demo.path / "audits").exists()  # said before any work


@pytest.mark.parametrize("command", [["suspects", "demo", "--audit", "x"], ["audits", "demo", "--compare", "x", "y"]])
def test_an_unknown_audit_is_said_with_those_there_are(call, demo: Dataset, command: list[str]) -> None:
    code, _, err = call(*command)
    assert code == 1
    assert "demo has no audit 'x' (there: none yet)." in err


def test_a_background_audit_is_queued_with_all_that_was_asked(call, demo: Dataset, workspace, monkeypatch) -> None:
    monkeypatch.setattr("fer_core.jobs.runner.ensure_worker", lambda *_, **__: False)
    asked = ["--strength", "strong", "--folds", "3", "--seed", "4", "--threads", "1", "--recipe", "quick"]
    code, out, _ = call("audit", "demo", *asked, "--background", "--json")
    assert code == 0
    job = store.open_job(workspace, json.loads(out)["job"])
    assert job.arguments[:2] == ["audit", "demo"]
    line = " ".join(job.arguments)
    for option in ("--strength strong", "--folds 3", "--seed 4", "--threads 1", "--recipe quick"):
        assert option in line
    assert "--background" not in line
    assert latest_audit(demo) is None
    code, _, err = call("audit", "demo", "--recipe", "nope", "--background")
    assert code == 1 and "nope" in err  # said now, not by a job later
    assert len(store.list_jobs(workspace)) == 1


def test_the_help_says_what_each_strength_means(call) -> None:
    _, out, _ = call("audit", "--help")
    words = " ".join(out.split())
    fast, strong = preset("fast"), preset("strong")
    for setting in ("folds", "repeats", "size"):
        assert f"(fast: {getattr(fast, setting)}, strong: {getattr(strong, setting)})" in words
    assert fast == AuditSettings()
