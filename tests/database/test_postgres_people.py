"""Three app processes with eight annotators each on one server: leases, verdicts and jobs stay right."""

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from fer_core.dataset.store import Images, create_dataset
from fer_core.jobs.store import list_jobs
from fer_core.review.events.log import VerdictLog
from fer_core.workspace import REPOSITORY

APP = Path(__file__).with_name("pg_people.py")
APPS, PEOPLE = "abc", 8


@pytest.mark.parametrize("answers", [5, pytest.param(100, marks=pytest.mark.slow)])
def test_three_apps_with_eight_people_each(answers, server, workspace, tmp_path):
    images = len(APPS) * PEOPLE * (answers + 10)
    drawn = np.random.default_rng(5).integers(0, 256, (images, 48, 48), dtype=np.uint8)
    flat = np.zeros(images, np.int8)
    dataset = create_dataset(workspace, "small", Images(drawn, flat, flat), origin={})
    command = [sys.executable, APP, workspace.root, "small", APPS, str(PEOPLE), str(answers), tmp_path]
    done = subprocess.run(command, env={**os.environ, "PYTHONPATH": str(REPOSITORY)}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    said = [json.loads((tmp_path / f"{letter}.json").read_text()) for letter in APPS]
    given = [name for one in said for name in one["given"]]
    log = VerdictLog(workspace.labels_db)
    history = log.history(dataset)
    assert Counter(history["id"]) == Counter(given) and len(given) >= len(APPS) * PEOPLE * answers
    assert history["seq"].is_monotonic_increasing
    hands: dict[int, set[str]] = {}
    for one in said:
        for person, row in one["dealt"]:
            hands.setdefault(row, set()).add(person)
    assert all(len(people) == 1 for people in hands.values())  # nobody doubts, so no face is asked for twice
    taken = [job for one in said for job in one["taken"]]
    assert sorted(number for number, _ in taken) == sorted(int(job.id) for job in list_jobs(workspace))
    assert len(taken) == len(APPS) * PEOPLE
    assert all(one["taken"] == sorted(one["taken"], key=lambda job: job[1]) for one in said)  # in the queue's order
