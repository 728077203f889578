"""Simulated annotators in the real queues and a real log, on the demo, whose truth is known."""

import numpy as np
import pandas as pd
import pytest
from planted_faces import planted_audit, planted_dataset

from fer_core.dataset.votes import ANSWERS, CONTEMPT, NOT_A_FACE, UNKNOWN, VoteTable
from fer_core.errors import Cancelled, UsageError
from fer_core.review.estimates.estimate import estimate_errors
from fer_core.review.events.log import VerdictLog
from fer_core.review.judgement.consensus import consensus
from fer_core.review.queues.leases import LeaseBook
from fer_core.review.simulation.repairs import yardstick
from fer_core.review.simulation.simulate import Plan, by_score, simulate


def table(dataset, votes):
    """A vote table: {row: {answer: votes}}."""
    counts = np.zeros((len(dataset), len(ANSWERS)), np.int32)
    for row, answers in votes.items():
        for answer, number in answers.items():
            counts[row, ANSWERS.index(answer)] = number
    return VoteTable(counts, "made.csv")


def unanimous(dataset, classes):
    """Ten votes for these classes, int (N,)."""
    return VoteTable(np.eye(len(ANSWERS), dtype=np.int32)[classes] * 10, "made.csv")


@pytest.fixture
def stores(tmp_path):
    """Makes an empty log with leases, a new one every time."""
    made = []

    def make():
        folder = tmp_path / f"store-{len(made)}"
        folder.mkdir()
        made.append(folder)
        return VerdictLog(folder / "labels.db"), LeaseBook(folder / "leases.db")

    return make


def test_answers_are_the_votes_and_faces_without_votes_are_skipped(dataset, stores):
    log, leases = stores()
    votes = table(dataset, {0: {"sad": 10}, 1: {CONTEMPT: 4, UNKNOWN: 6}, 7: {NOT_A_FACE: 10}, 3: {"fear": 10}})
    done = simulate(dataset, log, leases, None, votes, Plan(1, 100, "random"))
    history = log.history(dataset)
    said = dict(zip(dataset.groups[history["row"]].tolist(), history["answer"], strict=True))
    assert said == {
        0: "sad",
        1: "unsure",
        7: "not_a_face",
        2: "fear",
        4: "skip",
        6: "skip",
        8: "skip",
        9: "skip",
        11: "skip",
    }
    assert (done.reviews, done.skipped) == (4, 5)
    assert set(history["annotator"]) == {"simulated-1"}
    assert set(history["seen"]) == {"blind"} and set(history["queue"]) == {"random"}
    timed = history["answer"] != "skip"
    assert (history.loc[timed, "active_ms"] > 0).all() and not history.loc[~timed, "active_ms"].any()
    assert history["active_ms"].sum() == pytest.approx(1000 * done.seconds)


def test_votes_are_drawn_in_their_shares(demo, stores):
    log, leases = stores()
    counts = np.zeros((len(demo), len(ANSWERS)), np.int32)
    counts[:, [3, 6]] = [3, 7]
    simulate(demo, log, leases, None, VoteTable(counts, "made"), Plan(1, 400, "random"))
    answers = log.history(demo)["answer"]
    assert set(answers) == {"happy", "neutral"}
    assert (answers == "neutral").mean() == pytest.approx(0.7, abs=0.08)


def test_people_share_a_queue_and_ask_for_second_opinions_where_a_label_is_doubted(demo, stores):
    log, leases = stores()
    wrong = np.zeros(len(demo), bool)
    wrong[::4] = True
    wrong = wrong[demo.groups]
    classes = np.where(wrong, (demo.labels + 1) % 7, demo.labels)[demo.groups]
    done = simulate(demo, log, leases, None, unanimous(demo, classes), Plan(3, 10_000, "random"))
    votes = log.verdicts(demo).assign(group=lambda frame: demo.groups[frame["row"]]).groupby("group").size()
    torn = pd.Series(demo.labels).groupby(demo.groups).nunique() > 1  # copies given as several classes
    pictures = votes.index[~torn[votes.index]]
    first = demo.labels[pictures] == classes[pictures]
    assert (votes[pictures][first] == 1).all()
    assert (votes[pictures][~first] >= 2).all() and (votes[pictures] <= 3).all()
    assert done.reviews == votes.sum() and set(votes.index) == set(demo.groups.tolist())
    people = consensus(demo, log.verdicts(demo))
    assert (people.label == classes).all()
    assert not leases.held(demo.hash, 1).annotators


def test_the_same_seed_gives_the_same_events(demo, stores):
    votes = VoteTable(np.random.default_rng(0).integers(0, 5, (len(demo), 10)).astype(np.int32), "made")
    logs = []
    for seed in (1, 1, 2):
        log, leases = stores()
        simulate(demo, log, leases, None, votes, Plan(2, 150, "random", seed))
        logs.append(log.history(demo))
    assert logs[0].equals(logs[1])
    assert not logs[0]["answer"].equals(logs[2]["answer"])


def test_a_second_simulation_goes_on_where_the_log_stands(demo, stores):
    log, leases = stores()
    votes = unanimous(demo, demo.labels)
    for _ in range(2):
        simulate(demo, log, leases, None, votes, Plan(1, 100, "random"))
    answers = log.verdicts(demo)
    assert len(answers) == 200 and not pd.Series(demo.groups[answers["row"]]).duplicated().any()


def test_it_counts_what_is_repaired_and_what_is_spoilt(dataset, log, say):
    # Rows 2 and 3, 6 and 10 show one picture; FER+ votes for each image by itself.
    votes = table(
        dataset,
        {
            0: {"sad": 8, "angry": 2},  # clear error, given angry
            1: {"sad": 7, "disgust": 3},  # too few
            7: {NOT_A_FACE: 9, "sad": 1},
            8: {"angry": 10},  # given angry: sound
            3: {"fear": 9, "sad": 1},  # given fear: sound
            11: {UNKNOWN: 8, "fear": 2},
        },
    )
    judge = yardstick(dataset, votes)
    assert judge.errors.tolist() == [0, 7, 11] and judge.sound.tolist() == [3, 8]
    said = [say(0, "sad"), say(7, "unusable"), say(11, "unsure"), say(8, "happy"), say(2, "not_a_face"), say(1, "sad")]
    log.record(dataset, said)
    people = consensus(dataset, log.verdicts(dataset))
    assert (judge.repaired(people), judge.spoilt(people, dataset.labels)) == (3, 2)
    log.record(dataset, [say(0, "fear", "bob"), say(8, "angry", "bob")])
    people = consensus(dataset, log.verdicts(dataset))
    assert (judge.repaired(people), judge.spoilt(people, dataset.labels)) == (2, 1)


def test_a_score_of_the_audit_is_a_queue_of_every_image(demo, stores):
    log, leases = stores()
    score = np.random.default_rng(0).random(len(demo))
    audit = planted_audit(demo, 1 - score, suspects=np.zeros(len(demo), bool))
    audit.scores["self_confidence"] = score
    order = by_score(audit, "self_confidence").suspects["row"].to_numpy()
    assert order.tolist() == np.argsort(-score).tolist()
    plan = Plan(1, 200, "self-confidence", audit_share=0.0)
    simulate(demo, log, leases, audit, unanimous(demo, demo.labels), plan)
    history = log.history(demo)
    assert set(history["queue"]) == {"self-confidence"}
    assert set(demo.groups[history["row"]][:120]) == set(pd.unique(demo.groups[order])[:120])
    assert audit.suspects["row"].tolist() == order[::-1].tolist()  # the audit itself is left as it was


def test_the_random_audit_is_mixed_in_under_its_own_name(demo, stores):
    log, leases = stores()
    audit = planted_audit(demo, np.linspace(1, 0, len(demo)))
    plan = Plan(1, 100, "suspects", audit_share=0.2)
    simulate(demo, log, leases, audit, unanimous(demo, demo.labels), plan)
    queues = log.history(demo)["queue"]
    assert set(queues) == {"suspects", "random"} and 10 <= (queues == "random").sum() <= 30


def test_what_cannot_be_simulated_is_said(demo, stores):
    log, leases = stores()
    with pytest.raises(UsageError, match="no queue 'best'"):
        Plan(queue="best")
    with pytest.raises(UsageError, match="at least one"):
        Plan(annotators=0)
    with pytest.raises(UsageError, match="audit"):
        simulate(demo, log, leases, None, unanimous(demo, demo.labels), Plan())


def test_stopping_leaves_what_was_stored_and_nobody_holding_faces(demo, stores):
    log, leases = stores()

    def report(stage, fraction):
        if fraction > 0.4:
            raise Cancelled

    with pytest.raises(Cancelled):
        simulate(demo, log, leases, None, unanimous(demo, demo.labels), Plan(2, 400, "random"), report)
    assert 100 <= len(log.history(demo)) < 400
    assert not leases.held(demo.hash, 1).annotators


def test_every_thousand_reviews_are_told(demo, stores):
    log, leases = stores()
    told = []
    votes = unanimous(demo, (demo.labels + 1) % 7)
    plan = Plan(5, 1200, "random")

    def reached(reviews):
        told.append((reviews, int((log.history(demo)["answer"] != "skip").sum())))

    done = simulate(demo, log, leases, None, votes, plan, reached=reached)
    assert told[-1] == (done.reviews, done.reviews)
    assert [reviews for reviews, _ in told[:-1]] == ([1000] if done.reviews > 1000 else [])


def test_the_whole_way_from_the_queues_to_the_error_rate(tmp_path, stores):
    """Three people, suspects with the random audit mixed in, second opinions, faces still in their hands at the end."""
    large = planted_dataset(tmp_path / "data", 1500)
    chance = np.random.default_rng(5).permutation(np.linspace(0, 1, len(large)) ** 2)
    wrong = np.random.default_rng(6).random(len(large)) < chance
    votes = unanimous(large, np.where(wrong, (large.labels + 1) % 7, large.labels))
    log, leases = stores()
    simulate(large, log, leases, planted_audit(large, chance), votes, Plan(3, 1200, "suspects", audit_share=0.3))
    found = estimate_errors(large, log.history(large))
    seen = large.groups[log.verdicts(large)["row"].unique()]
    assert wrong[seen].mean() > wrong.mean() + 0.1  # what counting every answer would say
    assert 150 < found.answered < len(seen)
    assert found.rate.low <= wrong.mean() <= found.rate.high
    assert found.rate.half < 0.08
    assert found.single < found.errors / 4  # what spoke against a label has mostly been confirmed by others
