"""How fast photos are answered, and how FER2013 frames its faces.

    python -m benchmarks.predict                         one photo with one face, model warm (median of 30)
    python -m benchmarks.predict --many 100              so many photos by command line, after start-up
    python -m benchmarks.predict --crowd 200             explained requests of 8 threads on one model
    python -m benchmarks.predict --framing fer2013      a FER2013 image's width over that of the cascade's box on it

Aims, on two cores, from the file's bytes: 1280 x 720 at most 150 ms for a prediction and 400 ms with Grad-CAM; 12
megapixels at most 400 ms; one face on one core, from its crop, 4 ms; by command line at least 15 photos of 1280 x
720 a second.
"""

import argparse
import contextlib
import io
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
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
from fer_core.prediction.methods import AVERAGES, METHODS
from fer_core.prediction.models import choose
from fer_core.prediction.predictor import Predictor
from fer_core.work.threads import torch_threads
from fer_core.workspace import Workspace

PHOTO, LARGE = (1280, 720), (4000, 3000)
THREADS = 8


def scene(size: tuple[int, int] = PHOTO, shift: int = 0) -> bytes:
    """A JPEG with one face; `shift` moves it by so many pixels, so that no two photos are the same."""
    side = round(size[1] * 0.97)
    photo = Image.new("RGB", size, (112, 120, 128))
    photo.paste(decode_image(sample_photo()).convert("RGB").resize((side, side)), (size[0] // 4 + shift, 10))
    stored = BytesIO()
    photo.save(stored, "JPEG", quality=92)
    return stored.getvalue()


def median_ms(action: Callable[[], object], repeats: int) -> str:
    """Median and worst time of an action in milliseconds, after three rounds to warm up."""
    times = []
    for turn in range(repeats + 3):
        start = time.perf_counter()
        action()
        if turn >= 3:
            times.append(1000 * (time.perf_counter() - start))
    return f"median {statistics.median(times):6.1f} ms   worst {max(times):6.1f} ms"


def speed(predictor: Predictor, repeats: int) -> None:
    photo, large = scene(), scene(LARGE)

    def predict(content: bytes = photo, tta: str = "none"):
        prediction = predictor.predict(decode_image(content), tta)
        assert len(prediction.faces) == 1
        return prediction.faces[0]

    print(f"1280 x 720           {median_ms(predict, repeats)}")
    for mode, words in AVERAGES.items():
        if mode != "none":
            print(f"  {words:<19}{median_ms(lambda mode=mode: predict(photo, mode), repeats)}")
    for method in METHODS:

        def both(method: str = method):
            face = predict()
            return overlay(face.crop, explain(predictor, face.crop, face.index, method))

        print(f"  {method:<19}{median_ms(both, repeats)}")
    print(f"12 megapixels        {median_ms(lambda: predict(large), max(3, repeats // 3))}")
    decoded = decode_image(photo)
    print("of which             1280 x 720          12 megapixels")
    print(f"  decoding           {median_ms(lambda: decode_image(photo).load(), repeats)}", end="   ")
    print(median_ms(lambda: decode_image(large).load(), max(3, repeats // 3)))
    print(f"  the rest           {median_ms(lambda: predictor.predict(decoded), repeats)}")
    crop = predict().crop[None]
    with torch_threads(1):
        print(f"one face, one core   {median_ms(lambda: predictor.probabilities(crop), 10 * repeats)}")


def many(workspace: Workspace, count: int) -> None:
    """Photos of 1280 x 720 by the command itself, within this process, so that its start-up is not counted."""
    from fer_core.__main__ import main

    with tempfile.TemporaryDirectory() as folder:
        for number in range(count):
            (Path(folder) / f"{number:03}.jpg").write_bytes(scene(shift=number))
        call = ["predict", "--workspace", str(workspace.root), "--json"]
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            main([*call, str(Path(folder) / "000.jpg")])  # loads torch and the model
            start = time.perf_counter()
            code = main([*call, folder])
        seconds = time.perf_counter() - start
    assert code == 0
    print(f"{count} photos by command line in {seconds:.1f} s: {count / seconds:.1f} a second")


def crowd(predictor: Predictor, requests: int) -> None:
    """Explained requests of several threads on one model: every map must be the one that it is alone."""
    crops = np.random.default_rng(0).integers(0, 256, (20, 48, 48), dtype=np.uint8)
    work = [(turn % len(crops), turn % 7, list(METHODS)[turn % len(METHODS)]) for turn in range(requests)]
    alone = {task: explain(predictor, crops[task[0]], task[1], task[2]) for task in set(work)}
    start = time.perf_counter()
    with ThreadPoolExecutor(THREADS) as pool:
        maps = list(pool.map(lambda task: explain(predictor, crops[task[0]], task[1], task[2]), work))
    seconds = time.perf_counter() - start
    wrong = sum(not np.allclose(found, alone[task], atol=1e-5) for task, found in zip(work, maps, strict=True))
    print(f"{requests} requests of {THREADS} threads in {seconds:.1f} s, {wrong} maps mixed up")


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
    parser.add_argument("--many", type=int, metavar="PHOTOS")
    parser.add_argument("--crowd", type=int, metavar="REQUESTS")
    parser.add_argument("--framing", metavar="DATASET")
    arguments = parser.parse_args()
    home = Workspace(arguments.workspace.resolve())
    if arguments.framing:
        framing(home, arguments.framing)
    elif arguments.many:
        many(home, arguments.many)
    else:
        model = choose(home, arguments.run).open()
        print(f"model {model.name}, {os.cpu_count()} cores, {torch.get_num_threads()} torch threads")
        if arguments.crowd:
            crowd(model, arguments.crowd)
        else:
            speed(model, arguments.rounds)
