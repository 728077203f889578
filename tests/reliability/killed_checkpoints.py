"""killed_checkpoints.py FOLDER KILLS SEED: a program stores `best` and `last` without pause, and is killed as with -9.

After each kill both must load, with the sha256 that they carry, and stand at a step that was told to be stored or a
later one; what it left half written goes when the next one begins. Prints the sums as JSON. Forked, so that torch is
loaded once.
"""

import json
import os
import random
import signal
import sys
import time
from pathlib import Path

import torch

from fer_core.files import sweep_temporaries
from fer_core.networks.weights import load_model, save_model
from fer_core.training.checkpoints import restore_checkpoint, save_checkpoint
from fer_core.training.recipe import Recipe
from fer_core.training.state import Training

RECIPE = Recipe("small", size=16, precision="float32", average=0.9, options={"dense": 64})


def begun(images: int = 64) -> Training:
    """A training after its first step, so that the optimiser has something to keep."""
    torch.set_num_threads(1)
    training = Training(RECIPE, images, seed=0)
    training.advance(torch.zeros(32, 48, 48, dtype=torch.uint8), torch.zeros(32, dtype=torch.int64))
    return training


def die_at(syncs: int) -> None:
    """Be killed at this call of `os.fsync`, counted from 1: that of a file just written, or that of its folder."""
    sync, left = os.fsync, syncs

    def counted(handle: int) -> None:
        nonlocal left
        left -= 1
        if not left:
            os.kill(os.getpid(), signal.SIGKILL)
        sync(handle)

    os.fsync = counted


def store_for_ever(folder: Path, training: Training, told: int) -> None:
    while True:
        training.progress.step += 1
        save_model(folder / "best.safetensors", training.model().module, training.spec)
        save_checkpoint(folder / "last.safetensors", training)
        os.write(told, b".")


def main() -> None:
    folder, (kills, seed) = Path(sys.argv[1]), map(int, sys.argv[2:])
    chance, torn, behind, stale = random.Random(seed), 0, 0, 0
    training, fresh = begun(), Training(RECIPE, 64, seed=0)
    for number in range(kills):
        chosen = number % 2 == 0  # every other one dies at a chosen step, the others at some moment
        hear, tell = os.pipe()
        pid = os.fork()
        if pid == 0:
            if chosen:
                die_at(5 + number // 2 % 4)
            store_for_ever(folder, training, tell)
        os.close(tell)
        told = len(os.read(hear, 1))
        if not chosen:
            time.sleep(chance.uniform(0, 0.05))
            os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        told += len(os.read(hear, 1 << 10))
        os.close(hear)
        load_model(folder / "best.safetensors")
        restore_checkpoint(folder / "last.safetensors", fresh)
        behind += fresh.progress.step < training.progress.step + told
        torn += any(folder.glob(".partial-*"))
        sweep_temporaries(folder)
        stale += len(list(folder.glob(".partial-*")))
        training.progress.step = fresh.progress.step
    print(json.dumps({"kills": kills, "torn": torn, "behind": behind, "stale": stale}))


if __name__ == "__main__":
    main()
