"""How the time and the memory of the model-free audit grow with the number of images.

    python -m benchmarks.audit_growth [DATASET] [--workspace data] [--large] [--plot growth.html]

The images are those of DATASET (default: a demo drawn for this) turned, scaled, moved and exposed at random; one in
twenty is an exact copy, one in fifty a near one: moved by a pixel, with grain, half of them mirrored. Each reason runs
in a process of its own on images that stay on disk. Printed are seconds, the peak of the memory that the process holds
for itself (without the pages of the file), findings, and, for near duplicates, how many of the planted ones are found.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import plotly.graph_objects as go

from fer_core.audit import duplicates, near_duplicates, quality
from fer_core.dataset.demo import draw_demo
from fer_core.dataset.store import SIDE, open_dataset
from fer_core.emotions import CLASSES
from fer_core.training.machine import cpu
from fer_core.workspace import Workspace

SIZES = (9_000, 36_000, 100_000)
LARGE = (300_000, 1_000_000)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("dataset", nargs="?")
    parser.add_argument("--workspace", type=Path, default=Path("data"))
    parser.add_argument("--large", action="store_true", help=f"also {' and '.join(f'{n:,}' for n in LARGE)} images")
    parser.add_argument("--sizes", type=int, nargs="+", help="other numbers of images")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="draw the times as a page of their own")
    parser.add_argument("--one", choices=REASONS, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        print(json.dumps(run(arguments.one, arguments.folder)))
        return
    if arguments.dataset:
        source = open_dataset(Workspace(arguments.workspace), arguments.dataset).images
    else:
        source = draw_demo().images.pixels
    print(f"{cpu()['name']}, {cpu()['cores']} cores; images from {arguments.dataset or 'the demo'}")
    rows = []
    for size in arguments.sizes or SIZES + (LARGE if arguments.large else ()):
        with tempfile.TemporaryDirectory() as folder:
            make(source, size, Path(folder))
            for reason in REASONS:
                told = measure(reason, Path(folder))
                print(f"{size:>9,}  {reason:<16}{'  '.join(f'{key} {value:,}' for key, value in told.items())}")
                rows.append({"images": size, "reason": reason, **told})
    if arguments.plot:
        table = pd.DataFrame(rows)
        figure = go.Figure()
        for reason, own in table.groupby("reason", sort=False):
            figure.add_scatter(
                x=own["images"], y=own["seconds"].clip(lower=0.05), name=str(reason), mode="lines+markers"
            )
        figure.update_xaxes(type="log", title="images")
        figure.update_yaxes(type="log", title="seconds")
        figure.write_html(arguments.plot)


def make(source: np.ndarray, size: int, folder: Path) -> None:
    """images.npy, groups.npy, planted.npy (rows of near copies), labels.npy and splits.npy in `folder`."""
    rng = np.random.default_rng(size)
    cv2.setNumThreads(1)
    images = np.lib.format.open_memmap(folder / "images.npy", "w+", np.uint8, (size, SIDE, SIDE))
    kinds = rng.choice(3, size, p=[0.93, 0.05, 0.02])  # 0 new, 1 exact copy, 2 near copy
    kinds[:1000] = 0
    groups, partners = np.arange(size), np.full(size, -1)
    for row, kind in enumerate(kinds):
        if not kind:
            images[row] = jitter(source[rng.integers(len(source))], rng)
            continue
        partner = rng.integers(row)
        while kinds[partner]:
            partner = rng.integers(row)
        if kind == 1:
            groups[row] = partner
            images[row] = images[partner]
        else:
            partners[row] = partner
            images[row] = near_copy(images[partner], rng)
    images.flush()
    np.save(folder / "groups.npy", groups)
    np.save(folder / "partners.npy", partners)
    np.save(folder / "labels.npy", rng.integers(0, CLASSES, size, np.int8))
    np.save(folder / "splits.npy", rng.integers(0, 3, size, np.int8))


def jitter(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Another photograph of much the same kind, uint8 (48, 48)."""
    turn = cv2.getRotationMatrix2D((SIDE / 2, SIDE / 2), rng.uniform(-25, 25), rng.uniform(0.8, 1.3))
    turn[:, 2] += rng.uniform(-5, 5, 2)
    moved = cv2.warpAffine(image, turn, (SIDE, SIDE), borderMode=cv2.BORDER_REFLECT)
    return cv2.convertScaleAbs(moved, alpha=rng.uniform(0.7, 1.1), beta=rng.uniform(0, 30))


def near_copy(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """`image` moved by a pixel, with grain, perhaps mirrored."""
    moved = np.roll(image, rng.integers(-1, 2, 2), axis=(0, 1)).astype(np.float32)
    grain = moved + rng.normal(0, 3, image.shape)
    return np.clip(grain, 0, 255).astype(np.uint8)[:, :: rng.choice([-1, 1])]


def measure(reason: str, folder: Path) -> dict[str, float]:
    """Seconds, megabytes and findings of one reason, from a process of its own."""
    command = [sys.executable, "-m", "benchmarks.audit_growth", "--one", reason, "--folder", str(folder)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    peak = 0
    while process.poll() is None:
        status = Path(f"/proc/{process.pid}/status").read_text()
        peak = max([peak, *(int(line.split()[1]) for line in status.splitlines() if line.startswith("RssAnon"))])
        time.sleep(0.02)
    assert process.returncode == 0 and process.stdout is not None
    told = json.loads(process.stdout.read())
    return {"seconds": told.pop("seconds"), "MB": round(peak / 1e3), **told}


def run(reason: str, folder: Path) -> dict[str, float]:
    """What `--one` does: one reason, timed without the start of Python."""
    images = np.load(folder / "images.npy", mmap_mode="r")
    arrays = {name: np.load(folder / f"{name}.npy") for name in ("groups", "labels", "splits", "partners")}
    started = time.perf_counter()
    told = REASONS[reason](images, arrays)
    return {"seconds": round(time.perf_counter() - started, 1), **told}


def exact(images: np.ndarray, arrays: dict[str, np.ndarray]) -> dict[str, float]:
    groups, labels, splits = arrays["groups"], arrays["labels"], arrays["splits"]
    found = [
        duplicates.exact_duplicates(groups),
        duplicates.label_conflicts(groups, labels),
        duplicates.split_leaks(groups, splits),
    ]
    duplicates.summarise(groups, labels, splits)
    return {"findings": sum(map(len, found))}


def near(images: np.ndarray, arrays: dict[str, np.ndarray]) -> dict[str, float]:
    pairs = near_duplicates.near_duplicate_pairs(images, arrays["groups"])
    found = near_duplicates.near_duplicates(pairs, arrays["labels"], arrays["splits"])
    planted = np.flatnonzero(arrays["partners"] >= 0)
    both = pd.MultiIndex.from_frame(pairs[["row", "partner"]])
    recall = pd.MultiIndex.from_arrays([arrays["partners"][planted], planted]).isin(both).mean()
    return {"findings": len(found), "planted found": round(float(recall), 4)}


def poor(images: np.ndarray, arrays: dict[str, np.ndarray]) -> dict[str, float]:
    measures = quality.measure_quality(images)
    return {"findings": sum(len(quality.quality_findings(measures, check)) for check in quality.CHECKS)}


REASONS: dict[str, Callable[[np.ndarray, dict[str, np.ndarray]], dict[str, float]]] = {
    "exact copies": exact,
    "near duplicates": near,
    "quality": poor,
}

if __name__ == "__main__":
    main()
