import hashlib
import os
import subprocess
import sys

import cv2
import numpy as np
import pytest
from sklearn.linear_model import RidgeClassifier

from fer_core.dataset.demo import KINDS, NOT_A_FACE, TRUTH, DemoSet, create_demo, draw_demo, load_truth
from fer_core.dataset.demo.plan import draw_plan
from fer_core.dataset.store import TRAINING, Images, create_dataset, open_dataset
from fer_core.emotions import NAMES
from fer_core.errors import NotFound, UsageError
from fer_core.workspace import REPOSITORY, Workspace


@pytest.fixture(scope="module")
def drawn() -> DemoSet:
    return draw_demo(seed=3, images=600)


def planted(drawn: DemoSet, kind: str) -> np.ndarray:
    """The rows with a kind of fault."""
    return np.flatnonzero([kind in kinds.split(";") for kinds in drawn.truth["kinds"]])


def test_the_same_seed_gives_the_same_bytes() -> None:
    one, same, other = draw_demo(5, 150), draw_demo(5, 150), draw_demo(6, 150)
    assert one.images.pixels.tobytes() == same.images.pixels.tobytes()
    assert one.images.labels.tolist() == same.images.labels.tolist()
    assert one.truth.equals(same.truth)
    assert one.images.pixels.tobytes() != other.images.pixels.tobytes()


def test_the_bytes_do_not_depend_on_what_the_processor_can_do() -> None:
    """Without the vector instructions of newer processors, in a process of its own: they are chosen at import."""
    plain = {
        "OPENCV_CPU_DISABLE": "AVX512-SKX,AVX2,FP16,AVX,SSE4.2,SSE4.1",
        "NPY_DISABLE_CPU_FEATURES": "X86_V4 X86_V3",
    }
    program = (
        "import hashlib; from fer_core.dataset.demo import draw_demo; "
        "print(hashlib.sha256(draw_demo(5, 150).images.pixels).hexdigest())"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=REPOSITORY, env=os.environ | plain, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.strip() == hashlib.sha256(draw_demo(5, 150).images.pixels).hexdigest()


def test_splits_have_the_proportions_of_fer2013(drawn: DemoSet) -> None:
    assert np.bincount(drawn.images.splits).tolist() == [480, 60, 60]


def test_every_class_is_in_every_split_with_disgust_rarest_and_happy_most_common(drawn: DemoSet) -> None:
    truth = drawn.truth["true_label"].to_numpy()
    for split in range(3):
        counts = np.bincount(truth[(truth >= 0) & (drawn.images.splits == split)], minlength=len(NAMES))
        assert counts.min() >= 1
    whole = np.bincount(truth[truth >= 0])
    assert NAMES[whole.argmin()] == "disgust"
    assert NAMES[whole.argmax()] == "happy"


def test_rows_are_shuffled(drawn: DemoSet) -> None:
    """No class and no split can be told from where a row stands."""
    half = len(drawn.truth) // 2
    for values in (drawn.images.splits, drawn.images.labels):
        first, second = np.bincount(values[:half]), np.bincount(values[half:])
        assert np.abs(first - second).max() < 0.15 * half


def test_as_many_faults_as_announced(drawn: DemoSet) -> None:
    counts = {kind: len(planted(drawn, kind)) for kind in KINDS}
    assert counts == {
        "wrong_label": 48,
        "exact_copy": 8 + 7 + 8,
        "exact_conflict": 7,
        "exact_leak": 8,
        "near_copy": 12,
        "blurred": 12,
        "black_and_white": 9,
        "not_a_face": 12,
        "flat": 4,
    }


def test_every_kind_that_occurs_is_explained(drawn: DemoSet) -> None:
    assert set(";".join(drawn.truth["kinds"]).split(";")) - {""} == set(KINDS)
    assert list(drawn.truth.columns) == list(TRUTH)


def test_labels_are_the_truth_except_where_planted(drawn: DemoSet) -> None:
    truth = drawn.truth["true_label"].to_numpy()
    differs = (drawn.images.labels != truth) & (truth != NOT_A_FACE)
    assert np.flatnonzero(differs).tolist() == planted(drawn, "wrong_label").tolist()
    assert np.flatnonzero(truth == NOT_A_FACE).tolist() == planted(drawn, "not_a_face").tolist()


def test_wrong_labels_are_more_often_plausible_ones() -> None:
    plan = draw_plan(3500, np.random.default_rng(1))
    wrong = plan[plan["kinds"].str.contains("wrong_label")]
    pairs = [{NAMES[true], NAMES[given]} for true, given in zip(wrong["true_label"], wrong["label"], strict=True)]
    for likely in ({"fear", "surprise"}, {"sad", "neutral"}, {"angry", "disgust"}):
        assert pairs.count(likely) > 2 * len(pairs) / 21  # twice its part if all 21 pairs were as likely
    assert len({frozenset(pair) for pair in pairs}) > 15  # and the odd ones occur too


def test_exact_copies_are_the_planted_ones_and_no_others(drawn: DemoSet) -> None:
    contents: dict[str, list[int]] = {}
    for row, image in enumerate(drawn.images.pixels):
        contents.setdefault(hashlib.sha256(image).hexdigest(), []).append(row)
    found = {frozenset(rows) for rows in contents.values() if len(rows) > 1}
    rows = planted(drawn, "exact_copy")
    assert found == {frozenset((row, drawn.truth["partner"][row])) for row in rows.tolist()}


def test_conflicting_copies_differ_in_label_and_leaks_cross_into_a_test_split(drawn: DemoSet) -> None:
    partner = drawn.truth["partner"].to_numpy()
    labels, splits = drawn.images.labels, drawn.images.splits
    conflicts, leaks = set(planted(drawn, "exact_conflict").tolist()), set(planted(drawn, "exact_leak").tolist())
    for row in planted(drawn, "exact_copy").tolist():
        assert (labels[row] != labels[partner[row]]) == (row in conflicts)
        assert (splits[row] != splits[partner[row]]) == (row in leaks)
    assert all(splits[row] != TRAINING and splits[partner[row]] == TRAINING for row in leaks)
    assert {int(splits[row]) for row in leaks} == {1, 2}


def test_near_copies_resemble_their_partner_more_than_any_other_image(drawn: DemoSet) -> None:
    small = np.stack([cv2.resize(image, (12, 12), interpolation=cv2.INTER_AREA) for image in drawn.images.pixels])
    flat = small.reshape(len(small), -1).astype(np.float64)
    flat -= flat.mean(axis=1, keepdims=True)
    flat /= np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1e-9)
    partner = drawn.truth["partner"].to_numpy()
    for row in planted(drawn, "near_copy"):
        likeness = flat @ flat[row]
        likeness[row] = -1
        closest = likeness.argmax()
        assert closest == partner[row] or (drawn.images.pixels[closest] == drawn.images.pixels[partner[row]]).all()


def test_spoilt_pictures_are_what_they_are_called(drawn: DemoSet) -> None:
    pixels = drawn.images.pixels
    sharpness = np.array([cv2.Laplacian(image, cv2.CV_64F).var() for image in pixels])
    sound = drawn.truth["kinds"].to_numpy() == ""
    assert sharpness[planted(drawn, "blurred")].max() < np.percentile(sharpness[sound], 1)
    for row in planted(drawn, "black_and_white"):
        assert set(np.unique(pixels[row])) == {0, 255}
        assert 0.1 < (pixels[row] > 0).mean() < 0.9
    contrast = pixels.std(axis=(1, 2))
    assert contrast[planted(drawn, "flat")].max() < 1
    assert contrast[sound].min() > 8


def test_the_seven_expressions_can_be_told_apart(drawn: DemoSet) -> None:
    """A linear classifier on gradient histograms, far weaker than a network, learns them from a few hundred faces."""
    hog = cv2.HOGDescriptor((48, 48), (12, 12), (6, 6), (6, 6), 9)
    features = np.stack([hog.compute(image).ravel() for image in drawn.images.pixels])
    sound = drawn.truth["kinds"].to_numpy() == ""
    fitted, held_out = sound & (drawn.images.splits == TRAINING), sound & (drawn.images.splits != TRAINING)
    model = RidgeClassifier(10).fit(features[fitted], drawn.images.labels[fitted])
    assert model.score(features[held_out], drawn.images.labels[held_out]) > 0.8


@pytest.mark.slow
def test_the_shallow_network_learns_the_expressions_from_the_labels_as_given() -> None:
    """At least 95 % of the sound held-out faces, from training images with all their planted faults."""
    from fer_core.evaluation.inference import predict_probabilities  # torch, for this test alone
    from fer_core.training.loop import fit
    from fer_core.training.recipe import load_recipe

    drawn = draw_demo()
    truth, splits = drawn.truth["true_label"].to_numpy(), drawn.images.splits
    rows = np.flatnonzero(splits == TRAINING)
    model = fit(drawn.images.pixels, drawn.images.labels, rows, load_recipe("quick"))
    held_out = np.flatnonzero((drawn.truth["kinds"].to_numpy() == "") & (splits != TRAINING))
    answers = predict_probabilities(model, drawn.images.pixels[held_out]).argmax(1)
    assert (answers == truth[held_out]).mean() >= 0.95


def test_a_stored_demo_says_that_it_is_synthetic_and_keeps_its_truth(tmp_path) -> None:
    workspace = Workspace(tmp_path)
    stages = []
    create_demo(workspace, "toy", seed=4, images=140, report=lambda stage, fraction: stages.append(fraction))
    dataset = open_dataset(workspace, "toy")
    drawn = draw_demo(4, 140)
    assert dataset.synthetic
    assert (dataset.images == drawn.images.pixels).all()
    assert load_truth(dataset).equals(drawn.truth)
    assert stages == sorted(stages)
    assert stages[-1] == 1.0
    with pytest.raises(UsageError, match="already"):
        create_demo(workspace, "toy", images=140)


def test_a_demo_too_small_for_its_faults_is_refused() -> None:
    with pytest.raises(UsageError, match="at least"):
        draw_demo(images=20)


def test_the_truth_of_other_data_sets_is_not_known(tmp_path) -> None:
    pixels = np.zeros((2, 48, 48), np.uint8)
    images = Images(pixels, np.zeros(2, np.int8), np.zeros(2, np.int8))
    dataset = create_dataset(Workspace(tmp_path), "real", images, origin={})
    with pytest.raises(NotFound, match="only a generated demo"):
        load_truth(dataset)
