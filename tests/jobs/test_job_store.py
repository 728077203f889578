"""The job store without processes of its own: dead owners, reused numbers, other machines, damaged files."""

import math
import os
import sqlite3
import subprocess
import time
from dataclasses import replace
from pathlib import Path

import pytest

from fer_core.database import open_database
from fer_core.errors import NotFound, StoreError
from fer_core.jobs import store
from fer_core.jobs.outcome import Outcome, job_files, outcome
from fer_core.jobs.process import find_process
from fer_core.jobs.runner import ensure_worker
from fer_core.jobs.store import add_job, list_jobs, open_job, take_job

ME = find_process(os.getpid())
pytestmark = pytest.mark.usefixtures("engine")  # SQLite and PostgreSQL
sqlite_only = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)


def running(workspace, worker=ME):
    add_job(workspace, ["x"], "x", Path("/"))
    return take_job(workspace, worker)


def change(workspace, words):
    with open_database(workspace.jobs_db, store.SCHEMA).writing() as connection:
        connection.exec_driver_sql(f"UPDATE jobs SET {words}")  # noqa: S608 - our own words


@sqlite_only
def test_a_process_is_known_by_number_and_start_time():
    assert ME.here
    assert ME.alive()
    assert not replace(ME, started="12").alive()
    child = subprocess.Popen(["sleep", "600"])
    process = find_process(child.pid)
    assert process.alive()
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)  # dead, not yet taken note of: a zombie
    assert not process.alive()
    child.wait()
    assert find_process(child.pid) is None


def test_a_living_owner_keeps_its_job_and_a_reused_number_does_not(yard):
    kept = running(yard)
    lost = running(yard, replace(ME, started="12"))  # our number, but another process had it then
    assert open_job(yard, kept.id).state == "running"
    assert open_job(yard, lost.id).state == "interrupted"


def test_a_heartbeat_of_another_machine_counts_until_it_is_stale(yard):
    job = running(yard, replace(ME, host="elsewhere"))
    assert open_job(yard, job.id).state == "running"
    change(yard, f"heartbeat = {time.time() - store.STALE - 1}")
    assert open_job(yard, job.id).state == "interrupted"


def test_a_clock_that_jumps_makes_no_orphan_here(yard):
    job = running(yard)
    change(yard, "heartbeat = 0, started = started + 1e6")
    assert open_job(yard, job.id).state == "running"


def test_a_dead_job_is_concluded_from_what_it_left(yard):
    done, failed, cut, stopped = (add_job(yard, ["x"], name, Path("/")) for name in "abcd")
    for _ in range(4):
        take_job(yard, replace(ME, started="12"))
    job_files(yard, done.id).output.parent.mkdir()
    job_files(yard, done.id).output.write_text('{"accuracy": 0.5}')
    job_files(yard, cut.id).output.write_text('{"accura')
    job_files(yard, failed.id).log.write_text("reading ...\nferret: the disk is full\n")
    change(yard, f"cancel_requested = 1 WHERE number = {stopped.id}")
    ended = {job.id: job for job in list_jobs(yard)}
    assert (ended[done.id].state, ended[done.id].result) == ("done", {"accuracy": 0.5})
    assert ended[cut.id].state == "interrupted"
    assert (ended[failed.id].state, ended[failed.id].error) == ("failed", "the disk is full")
    assert ended[stopped.id].state == "cancelled"


@sqlite_only
def test_exit_codes_become_states(yard):
    files = job_files(yard, "1")
    files.log.parent.mkdir(parents=True)
    files.log.write_text("")
    assert outcome(files, 0, cancel_requested=True).state == "done"  # it had finished before it heard
    assert outcome(files, 1, cancel_requested=True).state == "cancelled"
    assert outcome(files, -9, cancel_requested=False).state == "interrupted"
    assert "SIGSEGV" in outcome(files, -11, cancel_requested=False).error
    assert "exit code 3" in outcome(files, 3, cancel_requested=False).error


def test_jobs_are_taken_in_order_and_a_resumed_one_goes_to_the_end(yard):
    first, second, third = (add_job(yard, ["x"], name, Path("/")) for name in "abc")
    store.request_cancel(yard, first.id)
    store.requeue(yard, first.id)
    assert [take_job(yard, ME).id for _ in range(3)] == [second.id, third.id, first.id]
    assert take_job(yard, ME) is None


def test_what_runs_is_listed_however_much_waits(yard):
    first = add_job(yard, ["x"], "a", Path("/"))
    take_job(yard, ME)
    waiting = [add_job(yard, ["x"], "b", Path("/")).id for _ in range(3)]
    assert [job.id for job in store.list_jobs(yard, limit=2)] == [waiting[2], waiting[1], first.id]


def test_an_attempt_that_was_overtaken_changes_nothing(yard):
    before = running(yard, replace(ME, started="12"))
    assert open_job(yard, before.id).state == "interrupted"
    store.requeue(yard, before.id)
    now = take_job(yard, ME)
    store.conclude(yard, before, outcome(job_files(yard, before.id), -9, False))
    assert open_job(yard, now.id).state == "running"


def test_a_resumed_job_is_not_concluded_from_what_the_last_attempt_left(yard):
    for name, text in (("output", '{"accuracy": 0.5}'), ("log", "ferret: the disk is full\n")):
        job = running(yard)
        store.conclude(yard, job, Outcome("cancelled"))
        file = getattr(job_files(yard, job.id), name)
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)
        store.requeue(yard, job.id)
        take_job(yard, replace(ME, started="12"))  # a worker that is killed before it has started anything
        assert open_job(yard, job.id).state == "interrupted"


def test_looking_never_makes_a_database(yard):
    assert list_jobs(yard) == []
    assert not store.has_work(yard)
    with pytest.raises(NotFound):
        open_job(yard, "1")
    with pytest.raises(NotFound):
        open_job(yard, "../1")
    assert not yard.root.exists()


@sqlite_only
def test_a_restored_database_file_is_read_anew(yard, tmp_path):
    add_job(yard, ["x"], "kept", Path("/"))
    with sqlite3.connect(yard.jobs_db) as source, sqlite3.connect(tmp_path / "copy") as copy:
        source.backup(copy)
    source.close()
    copy.close()
    add_job(yard, ["x"], "lost", Path("/"))
    for extra in yard.root.glob("jobs.db-*"):
        extra.unlink()
    (tmp_path / "copy").replace(yard.jobs_db)
    assert [job.title for job in list_jobs(yard)] == ["kept"]


@sqlite_only
def test_a_foreign_or_newer_file_is_refused_in_a_sentence(yard):
    yard.root.mkdir()
    yard.jobs_db.write_bytes(b"this is no database, only some text that is long enough to be taken for one" * 20)
    with pytest.raises(StoreError, match=r"jobs\.db is damaged or no job list"):
        list_jobs(yard)
    yard.jobs_db.unlink()
    with sqlite3.connect(yard.jobs_db) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(StoreError, match="newer FERret"):
        list_jobs(yard)
    yard.jobs_db.unlink()


def test_a_result_may_hold_what_is_no_json_for_others(yard):
    job = running(yard)
    said = {"loss": math.nan, "best": math.inf, "said": "a\0b \\0 \\"}
    store.conclude(yard, job, Outcome("done", None, said))
    found = open_job(yard, job.id).result
    assert math.isnan(found["loss"]) and found["best"] == math.inf and found["said"] == said["said"]
    store.beat(yard, add_job(yard, ["x"], "b\\0\0\\", Path("/")).id)
    assert list_jobs(yard)[0].title == "b\\0\0\\"


def test_a_number_that_no_column_holds_is_no_job(yard):
    add_job(yard, ["x"], "x", Path("/"))
    with pytest.raises(NotFound):
        open_job(yard, "9" * 30)


def test_a_job_whose_worker_lives_wants_no_other(yard):
    """Else each look at the jobs would start a process that finds nothing to do, and that one the next."""
    assert not store.has_work(yard)
    add_job(yard, ["x"], "x", Path("/"))
    assert store.has_work(yard)
    assert take_job(yard, ME) is not None
    assert not store.has_work(yard)
    assert not ensure_worker(yard)
    change(yard, f"host = 'elsewhere', heartbeat = {time.time()}")  # the worker of another machine
    assert not store.has_work(yard)
    change(yard, "heartbeat = heartbeat - 3600")  # which has not been heard of for an hour
    assert store.has_work(yard)


def test_a_job_that_was_stopped_and_resumed_is_not_stopped_again(yard):
    job = running(yard)
    store.request_cancel(yard, job.id)
    store.conclude(yard, open_job(yard, job.id), Outcome("cancelled", None, None))
    store.requeue(yard, job.id)
    assert take_job(yard, ME).id == job.id
    assert not store.should_stop(yard, job.id)
