"""How fast a photo is answered, and how FER2013 frames its faces.

    python -m benchmarks.predict                         one 1280 x 720 photo with one face, model warm (median of 30)
    python -m benchmarks.predict --framing fer2013      a FER2013 image's width over that of the cascade's box on it

Aims: at most 150 ms for a prediction from the file's bytes, 400 ms with Grad-CAM, on two cores.
"""

import argparse
import os
import statistics
import time
from io import BytesIO
from pathlib import Path

import cv2
import numpy as np
import torch
from PIL import Image

from fer_core.dataset.store import TRAINING, open_dataset
from fer_core.files import decode_image
from fer_core.imaging.faces import find_faces
from fer_core.imaging.sample import sample_photo
from fer_core.prediction.explanation import explain, overlay
from fer_core.prediction.methods import METHODS
from fer_core.prediction.models import choose
from fer_core.workspace import Workspace


def scene() -> bytes:
    """A 1280 x 720 JPEG with one face."""
    photo = Image.new("RGB", (1280, 720), (112, 120, 128))
    photo.paste(decode_image(sample_photo()).convert("RGB").resize((700, 700)), (300, 10))
    stored = BytesIO()
    photo.save(stored, "JPEG", quality=92)
    return stored.getvalue()


def median_ms(action, repeats: int) -> tuple[float, float]:
    """Median and worst time of an action in milliseconds, after three rounds to warm up."""
    times = []
    for turn in range(repeats + 3):
        start = time.perf_counter()
        action()
        if turn >= 3:
            times.append(1000 * (time.perf_counter() - start))
    return statistics.median(times), max(times)


def speed(workspace: Workspace, run: str | None, repeats: int) -> None:
    predictor = choose(workspace, run).open()
    content = scene()
    print(f"model {predictor.name}, {os.cpu_count()} cores, {torch.get_num_threads()} torch threads, {repeats} rounds")

    def predict():
        prediction = predictor.predict(decode_image(content))
        assert len(prediction.faces) == 1
        return prediction.faces[0]

    print("prediction         median {:6.1f} ms   worst {:6.1f} ms".format(*median_ms(predict, repeats)))
    print("  with mirror      median {:6.1f} ms   worst {:6.1f} ms".format(
        *median_ms(lambda: predictor.predict(decode_image(content), tta=True), repeats)))  # fmt: skip
    for method in METHODS:

        def both(method: str = method):
            face = predict()
            return overlay(face.crop, explain(predictor, face.crop, face.index, method))

        print("  with {:<12}median {:6.1f} ms   worst {:6.1f} ms".format(method, *median_ms(both, repeats)))


def framing(workspace: Workspace, name: str, sample: int = 1500) -> None:
    """Find the face in padded, enlarged Training images, and compare the box with the image."""
    dataset = open_dataset(workspace, name)
    rows = np.random.default_rng(0).choice(np.flatnonzero(dataset.splits == TRAINING), sample, replace=False)
    ratios, shifts = [], []
    for row in np.sort(rows):
        padded = cv2.copyMakeBorder(dataset.images[row], 24, 24, 24, 24, cv2.BORDER_REPLICATE)
        boxes = find_faces(cv2.resize(padded, None, fx=3, fy=3, interpolation=cv2.INTER_CUBIC))
        if len(boxes) == 1:
            x, y, width, height = np.array(boxes[0]) / 3
            ratios.append(48 / width)
            shifts.append((x + width / 2 - 48, y + height / 2 - 48))
    low, middle, high = np.percentile(ratios, [10, 50, 90])
    print(f"{len(ratios):,} of {sample:,} images with one box: image / box = {middle:.2f} ({low:.2f} to {high:.2f})")
    print("centre of the box from the centre of the image: {:+.1f}, {:+.1f} pixels".format(*np.median(shifts, axis=0)))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workspace", type=Path, default=Path(os.environ.get("FERRET_WORKSPACE", "data")))
    parser.add_argument("--run", help="a run's best checkpoint instead of the shipped model")
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--framing", metavar="DATASET")
    arguments = parser.parse_args()
    home = Workspace(arguments.workspace.resolve())
    if arguments.framing:
        framing(home, arguments.framing)
    else:
        speed(home, arguments.run, arguments.rounds)
