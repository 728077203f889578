"""Trains the four networks of `fer_core/audit/crowd.py`: python -m benchmarks.train_crowd fer2013 VOTES.csv --part 0

One call a part (0 to 3), most of an hour of one core each; the last one packs all four into
`models/crowd/ferplus.safetensors`. For every part a teacher, of four times the student's size, learns from the pictures
of the three other quarters: the given labels of all Training images there, and the vote shares where there are votes,
with two heads on one trunk. The student, which ships, learns what its teacher would say of all these pictures, and the
votes as well where there are any. So neither knows the quarter that it is blind to, and nothing is chosen by looking
there; both are judged there, once, at the end: cross-entropy to the vote shares, and how often the most voted answer is
met. A finished teacher is kept, so a call that was stopped goes on with the student.
"""

import argparse
import copy
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from benchmarks.votes import Votes, read_votes
from fer_core.audit.crowd import INPUT, PARTS, VIEWS, WIDTH, blind_part, said
from fer_core.audit.expected_votes import CROWD
from fer_core.dataset.store import TRAINING, Dataset, open_dataset
from fer_core.dataset.votes import ANSWERS
from fer_core.emotions import CLASSES
from fer_core.networks.packing import packed, unpacked
from fer_core.networks.scout import Scout
from fer_core.networks.tensors import read_tensors, write_tensors
from fer_core.training.augmentation import augment
from fer_core.training.machine import default_device
from fer_core.training.randomness import mixed
from fer_core.training.recipe import Recipe
from fer_core.training.schedule import learning_rate
from fer_core.training.state import resolve_precision
from fer_core.work.threads import set_threads
from fer_core.workspace import Workspace

RECIPE = Recipe(
    name="crowd",
    network="scout",
    epochs=40,
    learning_rate=3e-3,
    weight_decay=0.05,
    average=0.998,
    shift=0.1,
    rotation=12.0,
    zoom=0.1,
    brightness=0.2,
    contrast=0.2,
    erase=0.5,
)
TEACHER, STUDENT = RECIPE, replace(RECIPE, epochs=60, weight_decay=0.02, rotation=10.0, erase=0.3)
TEACHER_WIDTH = 1.0
DROPOUT, STUDENT_DROPOUT = 0.3, 0.1
VOTED = 0.5  # the votes' own share in what a student learns of a picture that has them
GIVEN_WEIGHT = 0.5  # of the loss against the given labels, beside that against the votes
SMOOTHING = 0.1  # of the given labels


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("dataset")
    parser.add_argument("votes", type=Path)
    parser.add_argument("--part", type=int, choices=range(PARTS), required=True)
    parser.add_argument("--workspace", type=Path, default=Path("data"))
    parser.add_argument(
        "--keep", type=Path, default=Path("data/crowd"), help="where finished parts wait for the others"
    )
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    set_threads(arguments.threads)
    dataset = open_dataset(Workspace(arguments.workspace.resolve()), arguments.dataset)
    votes = read_votes(arguments.votes)
    part, keep = arguments.part, arguments.keep
    parts = blind_part(dataset.table["content"].tolist())
    rows = np.flatnonzero((dataset.splits == TRAINING) & (parts != part))
    shares = np.zeros((len(dataset), len(ANSWERS)), np.float32)
    shares[votes.rows] = votes.shares

    stored = keep / f"teacher-{part}.safetensors"
    teacher = Scout(INPUT.size, TEACHER_WIDTH, outputs=len(ANSWERS)).to(memory_format=torch.channels_last).eval()
    if stored.exists():
        teacher.load_state_dict(read_tensors(stored)[0])
    else:
        teacher = train(TEACHER, TEACHER_WIDTH, DROPOUT, dataset, rows, shares, GIVEN_WEIGHT, part)
        write_tensors(stored, packed(teacher.state_dict(), "float16"), {})
    print(f"teacher, {judged(teacher, dataset, votes, part)}", flush=True)

    taught = opinions(teacher, dataset.images[rows])
    voted = shares[rows].sum(axis=1) > 0
    taught[voted] = VOTED * shares[rows][voted] + (1 - VOTED) * taught[voted]
    shares[rows] = taught
    student = train(STUDENT, WIDTH, STUDENT_DROPOUT, dataset, rows, shares, 0.0, part)
    print(f"student, {judged(student, dataset, votes, part)}", flush=True)
    write_tensors(keep / f"{part}.safetensors", packed(student.state_dict(), "float16"), {})
    files = [keep / f"{part}.safetensors" for part in range(PARTS)]
    if all(file.exists() for file in files):
        together = {
            f"{part}.{name}": tensor
            for part, file in enumerate(files)
            for name, tensor in packed(unpacked(read_tensors(file)[0]), "int8").items()
        }
        write_tensors(CROWD, together, {"learnt_from": f"{len(votes.rows)} vote counts", "answers": list(ANSWERS)})
        print(f"packed into {CROWD}")


def train(
    recipe: Recipe,
    width: float,
    dropout: float,
    dataset: Dataset,
    rows: np.ndarray,
    shares: np.ndarray,
    given_weight: float,
    seed: int,
) -> Scout:
    """A network that learns from `rows`; the moving average of its weights, with the head for the votes alone.

    `shares`: float32 (N, 10), of votes for ANSWERS by row, all zero where there are none.
    """
    device = default_device()
    images = torch.from_numpy(dataset.images[rows]).to(device)
    given = torch.from_numpy(dataset.labels[rows].astype(np.int64)).to(device)
    targets = torch.from_numpy(shares[rows]).to(device)
    voted = targets.sum(1) > 0

    torch.manual_seed(seed)
    network = Scout(INPUT.size, width, dropout, CLASSES + len(ANSWERS))
    network = network.to(device).to(memory_format=torch.channels_last)
    average = copy.deepcopy(network).eval().requires_grad_(False)
    decayed = [value for value in network.parameters() if value.ndim > 1]
    others = [value for value in network.parameters() if value.ndim <= 1]
    groups = [{"params": decayed, "weight_decay": recipe.weight_decay}, {"params": others, "weight_decay": 0.0}]
    optimiser = torch.optim.AdamW(groups, recipe.learning_rate)
    fast = resolve_precision(recipe, device) == "bfloat16"
    per_epoch = -(-len(rows) // recipe.batch)
    step, steps, started = 0, recipe.epochs * per_epoch, time.perf_counter()
    for epoch in range(recipe.epochs):
        generator = torch.Generator().manual_seed(mixed(seed, epoch))
        for batch in torch.randperm(len(rows), generator=generator).tensor_split(per_epoch):
            chosen = batch.to(device)
            for group in optimiser.param_groups:
                group["lr"] = learning_rate(recipe, step, steps)
            pixels = augment(INPUT.tensor(images[chosen]), recipe, generator)
            network.train()
            with torch.autocast(torch.device(device).type, torch.bfloat16, enabled=fast):
                outputs = network(pixels.contiguous(memory_format=torch.channels_last))
            outputs, there = outputs.float(), voted[chosen]
            loss = given_weight * F.cross_entropy(outputs[:, :CLASSES], given[chosen], label_smoothing=SMOOTHING)
            if there.any():
                loss = loss + F.cross_entropy(outputs[there, CLASSES:], targets[chosen][there])
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            optimiser.step()
            step += 1
            follow(average, network, recipe.average, step)
        print(
            f"width {width}, epoch {epoch + 1}: loss {loss.item():.3f}, {time.perf_counter() - started:.0f} s",
            flush=True,
        )
    head = nn.Linear(average.fc.in_features, len(ANSWERS))
    head.load_state_dict({name: value[CLASSES:] for name, value in average.fc.state_dict().items()})
    average.fc = head
    return average.cpu()


@torch.no_grad()
def follow(average: nn.Module, network: nn.Module, keep: float, step: int) -> None:
    """Move the average towards the weights, faster at first."""
    decay = min(keep, (1 + step) / (10 + step))
    torch._foreach_lerp_(list(average.parameters()), list(network.parameters()), 1 - decay)
    for mean, value in zip(average.buffers(), network.buffers(), strict=True):
        mean.copy_(value)


@torch.inference_mode()
def opinions(network: Scout, images: np.ndarray) -> np.ndarray:
    """What it says of uint8 (N, 48, 48) in the mean over all VIEWS: float32 (N, 10)."""
    with torch.autocast("cpu", torch.bfloat16, enabled=resolve_precision(RECIPE, "cpu") == "bfloat16"):
        parts = [said(network, INPUT.tensor(some), len(VIEWS)) for some in torch.from_numpy(images).split(256)]
    return torch.cat(parts).float().numpy()


def judged(network: Scout, dataset: Dataset, votes: Votes, part: int) -> str:
    """How well the network meets the votes for pictures to which it is blind."""
    contents = dataset.table["content"].to_numpy()[votes.rows]
    away = blind_part(contents.tolist()) == part
    rows, shares = votes.rows[away], votes.shares[away]
    with torch.inference_mode():
        pixels = INPUT.tensor(dataset.images[rows])
        logs = torch.cat([torch.log_softmax(network(some), 1) for some in pixels.split(256)]).numpy()
    loss = -(shares * logs).sum(1).mean()
    hits = (logs.argmax(1) == shares.argmax(1)).mean()
    return f"part {part}: {len(rows):,} pictures with votes, cross-entropy {loss:.4f}, most voted answer met {hits:.1%}"


if __name__ == "__main__":
    main()
