"""How long an import of the whole fer2013.csv takes, process start and storing included, and its memory.

    python -m benchmarks.import_time fer2013.csv [--repeats 5]

Each repeat is a fresh process that imports into a fresh workspace; printed is the median (least to most).
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from fer_core.training.machine import cpu


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", type=Path)
    parser.add_argument("--repeats", type=int, default=5)
    arguments = parser.parse_args()
    print(
        f"{cpu()['name']}, {cpu()['cores']} cores; {arguments.file} with {arguments.file.stat().st_size / 1e6:.0f} MB"
    )
    seconds, peaks = zip(*(measure(arguments.file) for _ in range(arguments.repeats)), strict=True)
    print(f"seconds {statistics.median(seconds):.2f} ({min(seconds):.2f} to {max(seconds):.2f}), n {len(seconds)}")
    print(f"peak memory {max(peaks) / 1e3:.0f} MB")


def measure(file: Path) -> tuple[float, int]:
    """Wall seconds and peak resident kilobytes of one import."""
    with tempfile.TemporaryDirectory() as workspace:
        command = [sys.executable, "-m", "fer_core", "import", str(file), "--name", "fer2013", "--workspace", workspace]
        started = time.perf_counter()
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        elapsed = time.perf_counter() - started
    assert os.waitstatus_to_exitcode(status) == 0
    return elapsed, usage.ru_maxrss


if __name__ == "__main__":
    main()
