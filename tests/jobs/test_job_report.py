"""What a job says about itself, and how it hears that it should stop."""

import os
import sqlite3
import time
from pathlib import Path

import pytest
from waiting import wait_until

from fer_core.errors import Cancelled
from fer_core.jobs import store
from fer_core.jobs.process import find_process
from fer_core.jobs.report import TICK, job_report


@pytest.fixture
def job(yard, monkeypatch):
    """A job that this test's process runs, as the leader of its group."""
    monkeypatch.setattr(os, "getpgid", lambda _: os.getpid())
    added = store.add_job(yard, ["x"], "x", Path("/"))
    store.take_job(yard, find_process(os.getppid()))
    return added


def test_the_last_of_many_reports_arrives_and_few_are_written(yard, job):
    with sqlite3.connect(yard.jobs_db) as connection:
        connection.execute("CREATE TABLE written (stage TEXT)")
        connection.execute("CREATE TRIGGER note AFTER UPDATE ON jobs BEGIN INSERT INTO written VALUES (new.stage); END")
    report = job_report(yard, job.id)
    begun = time.monotonic()
    for step in range(20_000):
        report("training", step / 20_000)
    report("scoring", 1.7)
    wait_until(lambda: store.open_job(yard, job.id).stage == "scoring", "the last report to arrive")
    possible = (time.monotonic() - begun) / TICK + 3  # the claim and the two ends
    assert store.open_job(yard, job.id).fraction == 1.0
    assert connection.execute("SELECT count(*) FROM written").fetchone()[0] <= possible
    connection.close()


def test_it_estimates_the_time_left(yard, job):
    report = job_report(yard, job.id)
    report("training", 0.0)
    report("training", 0.9)
    wait_until(lambda: store.open_job(yard, job.id).eta is not None, "an estimate")
    assert 0 < store.open_job(yard, job.id).eta < 60


def test_it_beats_without_news(yard, job):
    job_report(yard, job.id)
    first = store.open_job(yard, job.id).heartbeat
    wait_until(lambda: store.open_job(yard, job.id).heartbeat > first, "a heartbeat without any report")


def test_it_raises_once_cancel_is_requested(yard, job):
    report = job_report(yard, job.id)
    report("training", 0.5)
    store.request_cancel(yard, job.id)

    def stopped():
        try:
            report("training", 0.6)
        except Cancelled:
            return True
        return False

    wait_until(stopped, "the report to raise Cancelled")
    with pytest.raises(Cancelled):
        report("training", 0.7)


def test_a_locked_database_does_not_stop_the_work_and_cancel_is_heard_after(yard, job):
    report = job_report(yard, job.id)
    blocker = sqlite3.connect(yard.jobs_db, isolation_level=None)
    blocker.execute("BEGIN IMMEDIATE")
    for step in range(1000):
        report("training", step / 1000)  # returns at once, every time
    blocker.execute("UPDATE jobs SET cancel_requested = 1")
    blocker.execute("COMMIT")
    blocker.close()
    with pytest.raises(Cancelled):
        wait_until(lambda: report("training", 1.0), "cancel to be heard")
