"""How long a video takes: a drawn 60 s clip of 1280 x 720 at 25 frames a second, looked at five times a second.

    python -m benchmarks.video                   a clip with three people
    python -m benchmarks.video --small-faces     every frame searched at full size, as for a whole class

Aim: at most 60 s on two cores. The model is loaded before the clock starts; the decoder's process is counted.
"""

import argparse
import os
import resource
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np
import torch

from fer_core.dataset.demo.film import draw_film
from fer_core.prediction.models import choose
from fer_core.prediction.watching import Watch, watch
from fer_core.workspace import Workspace


def used() -> float:
    """Processor seconds of this process and of the decoders that have ended."""
    times = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in times)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workspace", type=Path, default=Path(os.environ.get("FERRET_WORKSPACE", "data")))
    parser.add_argument("--run", help="a run's best checkpoint instead of the shipped model")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--rate", type=float, default=5.0)
    parser.add_argument("--small-faces", action="store_true")
    arguments = parser.parse_args()
    asked = choose(Workspace(arguments.workspace.resolve()), arguments.run).open()
    asked.probabilities(np.zeros((64, 48, 48), np.uint8))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "clip.mp4"
        draw_film(path, arguments.seconds)
        print(
            f"model {asked.name}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, "
            f"{torch.get_num_threads()} torch threads, {cv2.getNumThreads()} OpenCV threads"
        )
        start, before = time.perf_counter(), used()
        timeline = watch(path, asked, Watch(arguments.rate, arguments.small_faces))
        wall, processor = time.perf_counter() - start, used() - before
    frames = len(timeline.seconds)
    print(f"{timeline.length:.0f} s of video, {frames} frames, {len(timeline.frames)} faces, {timeline.people} persons")
    print(f"wall {wall:.1f} s ({1000 * wall / frames:.0f} ms a frame), processor {processor:.1f} s")


if __name__ == "__main__":
    main()
