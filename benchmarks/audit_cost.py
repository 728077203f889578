"""What one audit costs, stage by stage, in seconds and memory (Linux): python benchmarks/audit_cost.py fer2013 --seed 7

Runs `python -m fer_core audit` as people do and adds up, twice a second, the proportional set sizes (smaps_rollup:
pages shared by several processes are counted once) of it and of all processes it starts. A seed that was audited before
takes over the finished stages and folds, so give one that was not.
"""

import argparse
import subprocess
import sys
import time
from pathlib import Path

from fer_core.training.machine import cpu

EVERY_S = 0.5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dataset", nargs="?", default="fer2013")
    parser.add_argument("--workspace", default="data")
    parser.add_argument("--strength", default="fast")
    parser.add_argument("--seed", default="0")
    arguments = parser.parse_args()
    command = [sys.executable, "-m", "fer_core", "audit", arguments.dataset, "--workspace", arguments.workspace]
    started = time.perf_counter()
    process = subprocess.Popen([*command, "--strength", arguments.strength, "--seed", arguments.seed])
    peak, processes = 0, 0
    while process.poll() is None:
        tree = descendants(process.pid)
        peak, processes = max(peak, sum(map(resident_bytes, tree))), max(processes, len(tree))
        time.sleep(EVERY_S)
    seconds = time.perf_counter() - started
    print(f"{cpu()['name']}, {cpu()['cores']} cores; {arguments.strength} audit of {arguments.dataset}:", end=" ")
    print(f"{seconds:.0f} s, peak {peak / 1e9:.2f} GB over {processes} processes (exit {process.returncode})")


def descendants(pid: int) -> list[int]:
    """The process and all that come from it."""
    children = Path(f"/proc/{pid}/task/{pid}/children")
    try:
        below = [int(child) for child in children.read_text().split()]
    except OSError:
        below = []
    return [pid, *(each for child in below for each in descendants(child))]


def resident_bytes(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:  # it has ended since it was listed
        return 0
    return sum(1024 * int(line.split()[1]) for line in lines if line.startswith("Pss:"))


if __name__ == "__main__":
    main()
