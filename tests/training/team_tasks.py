"""What a process of a team does in the tests: a few trainings with the other one, and what came out as a file."""

import os
from datetime import timedelta
from pathlib import Path

import numpy as np
import torch
from learnable import EXACT, patterns
from torch import distributed

from fer_core.errors import Cancelled, UsageError
from fer_core.networks.registry import build_network
from fer_core.progress import Report
from fer_core.training.checkpoints import resume, save_checkpoint
from fer_core.training.loop import Observer, Training, fit
from fer_core.training.recipe import Recipe
from fer_core.training.team import Team

PATIENCE = timedelta(seconds=60)  # for the other one; they are never more than one step apart
# 110 images make batches of 36 and 37.
SMOOTH = EXACT.changed(learning_rate=0.003, label_smoothing=0.1)
NORMED = SMOOTH.changed(network="scout", options={"dropout": 0.0}, epochs=1, batch=160, average=0.0)


class Stopper(Observer):
    """The second process is asked to stop after the third step."""

    def stepped(self, training: Training, batch: torch.Tensor, logits: torch.Tensor) -> None:
        if training.team and not training.team.leads and training.progress.step == 3:
            training.team.stopping = True


def fresh(recipe: Recipe, team: Team | None = None) -> Training:
    return Training(recipe, 110, seed=0, team=team)


def learnt(
    recipe: Recipe, team: Team | None, observer: Observer | None = None, checkpoint: Path | None = None
) -> Training:
    """A training on 110 bars, with 40 to evaluate on. `checkpoint`: where it goes on."""
    pixels, labels = patterns(150, seed=0)
    training = fresh(recipe, team)
    if checkpoint:
        resume(checkpoint, training)
    try:
        fit(
            pixels,
            labels,
            np.arange(110),
            recipe,
            validation=np.arange(110, 150),
            training=training,
            observer=observer,
        )
    except Cancelled:
        assert observer
    return training


def numbers(training: Training) -> dict[str, np.ndarray]:
    """The state of the network, what the epochs said, and how many steps were made."""
    state = {name: tensor.numpy() for name, tensor in training.module.state_dict().items()}
    keys = ("train_loss", "train_accuracy", "val_loss", "val_accuracy", "val_macro_f1")
    said = np.array([[epoch[key] for key in keys] for epoch in training.progress.history])
    return {**state, "said": said, "step": np.array(training.progress.step)}


def train(rank: int, size: int, folder: Path, report: Report) -> None:
    os.environ["GLOO_SOCKET_IFNAME"] = "lo"
    meeting = f"file://{folder}/meet"
    distributed.init_process_group("gloo", timeout=PATIENCE, init_method=meeting, rank=rank, world_size=size)
    device = torch.device("cpu")
    module = build_network("shallow", 16, dense=8)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.fill_(rank)
    Team(device).align(module)
    assert not any(parameter.any() for parameter in module.parameters())  # the leader's
    try:
        learnt(SMOOTH.changed(batch=3), Team(device))
    except UsageError as error:
        (folder / f"refused-{rank}.txt").write_text(str(error))
    np.savez(folder / f"exact-{rank}.npz", **numbers(learnt(SMOOTH, Team(device))))
    np.savez(folder / f"normed-{rank}.npz", **numbers(learnt(NORMED, Team(device))))
    stopped = learnt(SMOOTH, Team(device), Stopper())
    np.savez(folder / f"stopped-{rank}.npz", **numbers(stopped))
    # The second one still sees what stood there before: storage that machines share may lag behind.
    checkpoint = folder / f"last-{rank}.safetensors"
    save_checkpoint(checkpoint, stopped if rank == 0 else fresh(SMOOTH))
    np.savez(folder / f"resumed-{rank}.npz", **numbers(learnt(SMOOTH, Team(device), checkpoint=checkpoint)))
    distributed.destroy_process_group()
