"""Wall time until `shallow` at 48 reaches the paper's accuracy, 60.71 % on PublicTest.

    python -m benchmarks.time_to_paper fer2013 [--workspace data] [--recipe quick] [--seeds 3] [--threads 2]

Counted from the open data set to the first epoch whose PublicTest accuracy is at least the paper's, evaluation of every
epoch included; starting Python and importing are not. Printed: each seed's time and epoch, mean and standard deviation.
"""

import argparse
import contextlib
import json
import os
import resource
import statistics
import time
from pathlib import Path
from typing import Any

import torch

from fer_core.dataset.version import open_version
from fer_core.errors import Cancelled
from fer_core.evaluation.protocol import make_protocol
from fer_core.training.loop import Observer, Training, fit
from fer_core.training.machine import cpu
from fer_core.training.recipe import load_recipe
from fer_core.work.threads import set_threads
from fer_core.workspace import Workspace

PAPER = 0.6071  # Qalandarov and Kurbanov (2024), validation accuracy after 30 epochs


class Watch(Observer):
    """Stops at the first epoch that reaches the target."""

    def __init__(self, target: float) -> None:
        self.target = target
        self.started = time.perf_counter()
        self.best, self.reached, self.epoch = 0.0, None, None

    def epoch_done(self, training: Training, epoch: dict[str, Any]) -> None:
        self.best = max(self.best, epoch["val_accuracy"])
        if epoch["val_accuracy"] >= self.target:
            self.reached, self.epoch = time.perf_counter() - self.started, epoch["epoch"]
            raise Cancelled("reached")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("version")
    parser.add_argument("--workspace", type=Path, default=Path(os.environ.get("FERRET_WORKSPACE", "data")))
    parser.add_argument("--recipe", default="quick")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--threads", type=int)
    parser.add_argument("--target", type=float, default=PAPER)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    threads = set_threads(arguments.threads)
    version = open_version(Workspace(arguments.workspace.resolve()), arguments.version)
    protocol = make_protocol(version.dataset, version.rows(0), votetest=False)  # all of Training, as in the paper
    recipe = load_recipe(arguments.recipe)
    results = []
    for seed in range(arguments.seeds):
        watch = Watch(arguments.target)
        with contextlib.suppress(Cancelled):
            fit(
                version.images,
                version.labels,
                version.epoch(protocol.train),
                recipe,
                targets=version.targets,
                weights=version.weights,
                validation=protocol.val,
                seed=seed,
                observer=watch,
            )
        results.append({"seed": seed, "seconds": watch.reached, "epoch": watch.epoch, "best": watch.best})
        if not arguments.json:
            told = f"{watch.reached:.0f} s, epoch {watch.epoch}" if watch.reached else "not reached"
            print(f"seed {seed}: {told} (best {watch.best:.2%} on {protocol.val_name})", flush=True)
    if arguments.json:
        print(json.dumps({"cpu": cpu(), "threads": threads, "recipe": recipe.document(), "results": results}))
        return
    times = [result["seconds"] for result in results if result["seconds"]]
    spread = f", sd {statistics.stdev(times):.0f} s" if len(times) > 1 else ""
    mean = f"{statistics.mean(times):.0f} s{spread}" if times else "never"
    print(f"{arguments.target:.2%} reached by {len(times)} of {len(results)} seeds in {mean} ({recipe.name}, ", end="")
    print(f"{cpu()['name']}, {threads} threads, {' '.join(cpu()['flags'])}, torch {torch.__version__})")
    print(f"memory at most {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.2f} GB")


if __name__ == "__main__":
    main()
