"""The panels on how many labels are wrong and on what the next reviews bring."""

import re

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from fer_core.emotions import NAMES
from fer_core.review.events.log import VerdictLog
from fer_core.review.events.verdict import Verdict
from fer_core.review.policy import POLICIES, cut_version
from fer_core.review.queues.stream import random_stream


def panels():
    from fer_core.audit.results import latest_audit
    from fer_core.dataset.store import open_dataset
    from fer_core.review.events.log import VerdictLog
    from pages import _shared
    from pages._estimate import budget_panel, estimate_panel

    workspace = _shared.workspace()
    dataset = open_dataset(workspace, "demo")
    log = VerdictLog(workspace.labels_db)
    estimate_panel(dataset, log, latest_audit(dataset))
    budget_panel(dataset, log, latest_audit(dataset))


@pytest.fixture
def opened(demo, workspace, monkeypatch):
    monkeypatch.setenv("FERRET_WORKSPACE", str(workspace.root))

    def run():
        app = AppTest.from_function(panels, default_timeout=60).run()
        assert not app.exception
        return app, " ".join(element.value for element in [*app.markdown, *app.caption])

    return run


@pytest.fixture
def answer(demo, workspace):
    """Answers the first pictures of the random audit; every fourth speaks against the label."""

    def give(count, annotator="ada"):
        rows = random_stream(demo)
        rows = rows[np.sort(np.unique(demo.groups[rows], return_index=True)[1])][:count]
        said = []
        for number, row in enumerate(rows.tolist()):
            label = (demo.labels[row] + (number % 4 == 0)) % 7
            said.append(
                Verdict(
                    id=f"{len(annotator):08x}-0000-4000-8000-{row:012x}",
                    kind="answer",
                    dataset=demo.name,
                    dataset_hash=demo.hash,
                    row=row,
                    content=demo.table["content"].iat[row],
                    annotator=annotator,
                    round=1,
                    answer=NAMES[label],
                    time="2026-07-01T10:00:00+00:00",
                    queue="random",
                    active_ms=2000,
                )
            )
        assert not VerdictLog(workspace.labels_db).record(demo, said).refused

    return give


def test_before_any_answer_the_panels_say_what_to_do(opened):
    app, words = opened()
    assert "Not known yet" in words and "Random audit" in words
    assert "Nothing to go by yet" in words
    assert not app.metric


def test_the_rate_is_shown_with_its_interval_and_what_it_rests_on(opened, answer):
    answer(200)
    app, words = opened()
    metrics = {metric.label: metric.value for metric in app.metric}
    rate = float(metrics["Wrong among the given labels"].rstrip("%"))
    assert 20 <= rate <= 30
    low, high = map(int, re.search(r"95 % interval (\d+) to (\d+) %", words).groups())
    assert low < rate < high and high - low < 12
    assert int(metrics["Random images answered blind"]) >= 200  # copies count with their picture
    assert f"about **{rate:.0f}** are wrong" in words and "what one person said" in words
    assert "rest on one person" in words and "more faces of the random audit" in words
    assert "200 timed reviews" in words
    assert "Random audit" in app.dataframe[0].value["queue"].tolist()
    assert "Simulated" not in words


def test_the_newest_version_stands_beside_it(opened, answer, demo, workspace):
    answer(200)
    opened()
    cut_version(workspace, demo, "v1", POLICIES["relabel-only"])
    app, words = opened()
    metrics = {metric.label: float(metric.value.rstrip("%")) for metric in app.metric}
    assert metrics["Wrong in version v1"] < metrics["Wrong among the given labels"]
    assert re.search(r"Version v1: \d+ wrong labels put right", words)


def test_answers_that_come_in_change_the_figures(opened, answer):
    answer(100)
    before = {metric.label: metric.value for metric in opened()[0].metric}
    answer(250, "bobby")
    after = {metric.label: metric.value for metric in opened()[0].metric}
    assert int(before["Random images answered blind"]) < 200 < int(after["Random images answered blind"])


def test_simulated_answers_are_said_to_be_simulated(opened, answer):
    answer(60, "simulated-1")
    assert "Simulated annotators have answered" in opened()[1]
