"""Consensus: cases are decided by a click, people are compared, votes come in and show where faces are ambiguous."""

import csv
import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest
from verdicts import verdict

from fer_core.dataset.store import Dataset
from fer_core.dataset.votes import ANSWERS, FERPLUS, VoteTable, open_votes, store_votes
from fer_core.emotions import NAMES
from fer_core.review.events.log import VerdictLog
from fer_core.review.judgement.consensus import STATES, consensus
from fer_core.workspace import Workspace

SHELL = str(Path(__file__).resolve().parents[2] / "pages" / "_shell.py")


@pytest.fixture
def log(demo: Dataset, workspace: Workspace) -> VerdictLog:
    return VerdictLog(workspace.labels_db)


@pytest.fixture
def page(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> Callable[..., AppTest]:
    """Opens the Consensus page as Ada, with query parameters."""
    monkeypatch.setenv("FERRET_WORKSPACE", str(workspace.root))

    def run(**query: str) -> AppTest:
        app = AppTest.from_file(SHELL, default_timeout=60)
        app.session_state["annotator_name"] = "Ada"
        app.run()
        app.switch_page("consensus.py")
        for name, value in query.items():
            app.query_params[name] = value
        app.run()
        assert not app.exception
        return app

    return run


def single(demo: Dataset) -> np.ndarray:
    """Rows of pictures without copies."""
    return np.flatnonzero(np.bincount(demo.groups, minlength=len(demo))[demo.groups] == 1)


def table(demo: Dataset, rows: dict[int, dict[str, int]]) -> VoteTable:
    counts = np.zeros((len(demo), len(ANSWERS)), np.int32)
    for row, answers in rows.items():
        for name, count in answers.items():
            counts[row, ANSWERS.index(name)] = count
    return VoteTable(counts, "ten.csv")


def words(app: AppTest) -> str:
    return "\n".join(element.value for element in (*app.markdown, *app.caption, *app.text, *app.subheader, *app.error))


def tiles(app: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in app.metric}


def test_with_no_answer_every_view_says_what_it_is_for(page, demo: Dataset) -> None:
    assert tiles(page())["Untouched"] == "420"
    assert "Nobody has answered yet" in words(page(show="People"))
    assert "No votes yet" in words(page(show="Votes"))


def test_a_case_shows_everything_that_was_said(page, demo: Dataset, log: VerdictLog) -> None:
    row = int(single(demo)[0])
    comment = "<b>look</b> at the *mouth*"
    log.record(
        demo,
        [
            verdict(demo, row, "sad", comment=comment, active_ms=2300),
            verdict(demo, row, "keep", "Bob", seen="revealed", time="2026-07-02T08:30:00+00:00"),
        ],
    )
    store_votes(demo, table(demo, {row: {"sad": 5, "fear": 4, "unknown": 1}}))
    app = page(docket="Disputed")
    given = NAMES[demo.labels[row]]
    texts = [text.value for text in app.text]
    assert {"Ada: sad", f"Bob: {given}, as given (after the reveal)", f"“{comment}”"} <= set(texts)
    captions = [caption.value for caption in app.caption]
    assert "01 Jul 2026, 10:00, in 2.3 s" in captions and "02 Jul 2026, 08:30" in captions
    assert "Imported votes: sad 5 · fear 4 · unknown 1" in captions
    assert f"**{given.capitalize()}** · row {row:,}" in words(app)


def test_copies_in_conflict_are_what_one_sees_first(page, workspace: Workspace, demo: Dataset, log: VerdictLog) -> None:
    groups, labels = demo.groups, demo.labels
    conflict = {int(row) for row in groups if len(set(labels[groups == row].tolist())) > 1}
    assert conflict  # the demo plants some
    row = int(single(demo)[0])
    log.record(demo, [verdict(demo, row, "sad"), verdict(demo, row, "fear", "Bob")])
    app = page()
    assert app.session_state["docket"] == "conflicts"
    assert "given as different classes" in words(app)
    decided = min(conflict)
    app.pills(key=f"decide-{decided}-").select("unsure").run()
    assert not app.exception
    people = consensus(demo, log.verdicts(demo))
    assert people.decided[groups == decided].all() and STATES[people.state[decided]] == "ambiguous"


def test_one_click_decides_and_somebody_who_was_faster_is_named(page, demo: Dataset, log: VerdictLog) -> None:
    row = int(single(demo)[0])
    votes = [verdict(demo, row, "sad"), verdict(demo, row, "fear", "Bob")]
    log.record(demo, votes)
    app = page(docket="Disputed")
    log.record(demo, [verdict(demo, row, "happy", "Cy", queue="adjudication", based_on=votes[1].id)])
    app.pills(key=f"decide-{row}-{votes[1].id}").select("sad").run()
    assert "Cy has decided this face in the meantime" in app.warning[0].value
    assert consensus(demo, log.verdicts(demo)).label[row] == NAMES.index("happy")
    assert "Nobody disagrees" in words(app)


def test_a_decision_is_found_again_and_can_be_replaced(page, demo: Dataset, log: VerdictLog) -> None:
    row = int(single(demo)[0])
    first = verdict(demo, row, "happy", "Cy", queue="adjudication")
    log.record(demo, [first])
    app = page(docket="Decided")
    assert "Decided before: happy" in words(app)
    app.pills(key=f"decide-{row}-{first.id}").select("sad").run()
    assert not app.exception and not app.warning
    assert consensus(demo, log.verdicts(demo)).label[row] == NAMES.index("sad")
    assert "Decided before: sad" in words(app)


def test_a_long_docket_has_pages(page, demo: Dataset, log: VerdictLog) -> None:
    rows = single(demo)[:9].tolist()
    log.record(demo, [verdict(demo, row, said, who) for row in rows for said, who in (("sad", "Ada"), ("fear", "Bob"))])
    app = page(docket="Disputed")
    assert len(app.pills) == 6
    app.number_input(key="disputed_page").set_value(2).run()
    assert len(app.pills) == 3


def test_people_are_compared_on_gold_with_each_other_and_by_pace(page, demo: Dataset, log: VerdictLog) -> None:
    rows = single(demo)[:20].tolist()
    said = []
    for place, row in enumerate(rows):
        said += [
            verdict(demo, row, "sad", "Ada", active_ms=1500),
            verdict(demo, row, "sad", "Bob", active_ms=3000),
            verdict(demo, row, "sad" if place % 2 else "fear", "<i>Cy</i>"),
        ]
    log.record(demo, said)
    store_votes(demo, table(demo, {row: {"sad": 10} for row in rows[:10]}))
    app = page(show="People")
    shown = tiles(app)
    assert shown["People"] == "3" and shown["Answered by two or more"] == "20" and shown["Gold pictures"] == "10"
    people = app.dataframe[0].value.set_index("annotator")
    assert people.loc["Ada", "per_hour"] == 2400 and people.loc["Bob", "per_hour"] == 1200
    assert people.loc["Ada", "gold"].startswith("100% (72%") and people.loc["<i>Cy</i>", "gold"].startswith("50% (")
    assert people.loc["Ada", "others"] == "100% of 10"  # where Bob and Cy agree
    assert people.loc["<i>Cy</i>", "others"] == "50% of 20"
    assert "20 pictures with two or more answers" in words(app) and "tied on 0" in words(app)
    assert "no audit of its labels" in words(app)  # why CROWDLAB is missing


def test_a_tie_is_no_majority(page, demo: Dataset, log: VerdictLog) -> None:
    rows = single(demo)[:8].tolist()
    log.record(demo, [verdict(demo, row, "sad", who) for row in rows[:6] for who in ("Ada", "Bob")])
    log.record(
        demo, [verdict(demo, row, said, who) for row in rows[6:] for said, who in (("sad", "Ada"), ("fear", "Bob"))]
    )
    assert "8 pictures with two or more answers" in words(app := page(show="People"))
    assert "majority and Dawid-Skene for 75%; the majority is tied on 2" in words(app)


def test_votes_are_taken_in_on_the_page(page, demo: Dataset) -> None:
    lines = io.StringIO()
    writer = csv.writer(lines)
    writer.writerow(["row", *FERPLUS])
    rng = np.random.default_rng(0)
    for row in range(50):
        shares = np.full(10, 0.04)
        shares[demo.labels[row]] += 0.6
        writer.writerow([row, *rng.multinomial(10, shares).tolist()])

    def upload(app: AppTest, name: str, text: str) -> AppTest:
        app.file_uploader(key="votes_upload").set_value((name, text.encode(), "text/csv"))
        next(button for button in app.button if button.label == "Take these votes").click().run()
        assert not app.exception
        return app

    app = upload(page(show="Votes"), "bad.csv", "row,anger\n1,2\n")
    assert "bad.csv: no column" in app.error[0].value and open_votes(demo) is None
    app = upload(app, "ferplus <x>.csv", lines.getvalue())
    assert open_votes(demo).source == "ferplus _x_.csv"
    assert tiles(app)["Images with votes"] == "50" and tiles(app)["Votes"] == "500"
    app = upload(app, "others.csv", "\n".join(lines.getvalue().splitlines()[:11]))
    assert tiles(app)["Images with votes"] == "10"
    assert tiles(page())["Untouched"] != "420"  # the votes count in the consensus


def test_what_methods_say_is_told_apart() -> None:
    from pages._agreement import caption

    assert caption({"majority": "fear", "dawid-skene": "sad", "crowdlab": "sad"}) == "fear → sad"
    assert caption({"majority": "fear", "dawid-skene": "sad", "crowdlab": "fear"}) == "fear → sad (D)"
    assert caption({"majority": "fear", "dawid-skene": "sad", "crowdlab": "happy"}) == "fear → sad (D), happy (C)"
    assert caption({"majority": "fear", "dawid-skene": "sad"}) == "fear → sad"
