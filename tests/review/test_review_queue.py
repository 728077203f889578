"""Which faces come, in which order, and which do not come again."""

import numpy as np
import pandas as pd

from fer_core.dataset.store import Images, create_dataset
from fer_core.review.queue import BATCH, order_seed, random_queue, skipped_queue, suspects_queue, waiting


def ranked(dataset, reasons):
    """A suspects table in row order, the first row most suspect."""
    count = len(dataset)
    return pd.DataFrame({"row": range(count), "suspicion": np.linspace(1, 0, count), "reasons": reasons})


def test_every_picture_comes_once_however_many_copies_there_are(dataset):
    queue = random_queue(dataset, seed=1)
    assert len(queue) == 9
    assert set(dataset.groups[queue.rows]) == set(dataset.groups)


def test_suspects_hold_what_a_person_can_settle(dataset):
    reasons = [
        "label",
        "",
        "exact-duplicate",
        "",
        "exact-duplicate;label-conflict",
        "label-conflict",
        "split-leak",
        *[""] * 5,
    ]
    queue = suspects_queue(dataset, ranked(dataset, reasons), "shallow48", seed=3)
    assert sorted(queue.rows) == [0, 4]  # row 5 is the same picture as row 4
    assert queue.scores[list(queue.rows).index(0)] == 1.0


def test_the_worst_come_first_but_in_no_telling_order(workspace):
    pixels = np.random.default_rng(0).integers(0, 256, (3 * BATCH, 48, 48), dtype=np.uint8)
    flat = np.zeros(3 * BATCH, np.int8)
    dataset = create_dataset(workspace, "many", Images(pixels, flat, flat), origin={})
    queue = suspects_queue(dataset, ranked(dataset, "label"), "m", seed=3)
    assert set(queue.rows[:BATCH]) == set(range(BATCH))
    assert list(queue.rows[:BATCH]) != list(range(BATCH))
    assert np.allclose(queue.scores, 1 - queue.rows / (3 * BATCH - 1))  # each score stays with its face
    again = suspects_queue(dataset, ranked(dataset, "label"), "m", seed=3)
    assert (again.rows == queue.rows).all()


def test_answered_pictures_and_held_faces_do_not_come_again(dataset):
    queue = random_queue(dataset, seed=1)
    left = queue.rows[waiting(dataset, queue, answered=[3, 0], held=[1])]
    assert not set(left) & {0, 1, 2, 3}  # row 2 shows the picture of row 3
    assert len(left) == 6
    assert list(left) == [row for row in queue.rows if row in set(left)]  # in the queue's order


def test_people_and_rounds_have_orders_of_their_own(dataset):
    seeds = {order_seed(dataset, who, round_) for who in ("ada", "bob") for round_ in (1, 2)}
    assert len(seeds) == 4


def test_skipped_faces_can_be_brought_back(log, dataset, say):
    log.record(dataset, [say(0, "skip"), say(1, "sad"), say(7, "skip"), say(7, "happy")])
    assert skipped_queue(log.answered(dataset, "ada", 1)).rows.tolist() == [0]
