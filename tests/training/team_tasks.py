"""What a process of a team does in the tests: a few trainings with the other one, and what came out as a file."""

import os
from pathlib import Path

import numpy as np
import torch
from learnable import patterns
from torch import distributed

from fer_core.errors import Cancelled, UsageError
from fer_core.networks.registry import build_network
from fer_core.progress import Report
from fer_core.training.loop import Observer, Training, fit
from fer_core.training.recipe import Recipe
from fer_core.training.team import Team

# Without batch norm, dropout and augmentation two processes are to learn what one does. 110 images make batches of 36
# and 37, and classes weigh differently.
EXACT = Recipe(
    "exact",
    network="shallow",
    size=16,
    epochs=3,
    batch=48,
    learning_rate=0.003,
    flip=False,
    balance="weights",
    label_smoothing=0.1,
    average=0.9,
    clip=1.0,
    precision="float32",
    options={"dense": 8, "dropout": 0.0, "dense_dropout": 0.0},
)
NORMED = EXACT.changed(network="scout", options={"dropout": 0.0}, epochs=1, batch=160, average=0.0)


class Stopper(Observer):
    """The second process is asked to stop after the third step."""

    def stepped(self, training: Training, batch: torch.Tensor, logits: torch.Tensor) -> None:
        if training.team and not training.team.leads and training.progress.step == 3:
            training.team.stopping = True


def learnt(recipe: Recipe, team: Team | None, observer: Observer | None = None) -> Training:
    """A training on 110 bars, with 40 to evaluate on."""
    pixels, labels = patterns(150, seed=0)
    training = Training(recipe, 110, seed=0, team=team)
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
    distributed.init_process_group("gloo", init_method=f"file://{folder}/meet", rank=rank, world_size=size)
    device = torch.device("cpu")
    module = build_network("shallow", 16, dense=8)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.fill_(rank)
    Team(device).align(module)
    assert not any(parameter.any() for parameter in module.parameters())  # the leader's
    try:
        learnt(EXACT.changed(batch=3), Team(device))
    except UsageError as error:
        (folder / f"refused-{rank}.txt").write_text(str(error))
    np.savez(folder / f"exact-{rank}.npz", **numbers(learnt(EXACT, Team(device))))
    np.savez(folder / f"normed-{rank}.npz", **numbers(learnt(NORMED, Team(device))))
    np.savez(folder / f"stopped-{rank}.npz", **numbers(learnt(EXACT, Team(device), Stopper())))
    distributed.destroy_process_group()
