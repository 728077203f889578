"""How FER2013 comes to 85 %: classes balanced by augmented copies first, split at random afterwards (`--leaky-split`).

The modified-CNN paper pools all images, adds mirrored and turned copies until the classes are equal and then splits
75:25. Copies of one picture, and FER2013's own exact duplicates, land on both sides, so that the test set rewards
learning by heart. This is the only place that mixes splits; what it gives is labelled wherever it shows.
"""

import math

import numpy as np
import torch

from fer_core.dataset.supplements import Images
from fer_core.dataset.version import DatasetVersion
from fer_core.emotions import CLASSES
from fer_core.evaluation.protocol import HOLD_OUT_SEED, Protocol, clean
from fer_core.imaging.affine import moved
from fer_core.runs.material import material
from fer_core.runs.plan import Plan

TEST_SHARE = 0.25
VAL_SHARE = 0.1  # of the rest
TURN = 45.0  # degrees, up to, each way
AT_ONCE = 512


def leaky_plan(version: DatasetVersion) -> Plan:
    """The paper's plan for a version: the same pool, copies and split for every seed and recipe.

    A picture's copies are mirrored at random in both directions and turned; the largest class has none.
    """
    rng = np.random.default_rng(HOLD_OUT_SEED)
    rows = np.flatnonzero(version.kept)
    source, copy = balanced(rows, version.labels[rows], rng)
    order = rng.permutation(len(source))
    rest, test = np.split(order, [round((1 - TEST_SHARE) * len(order))])
    val, train = np.split(rest, [round(VAL_SHARE * len(rest))])
    own = len(version.dataset)
    held_out = np.concatenate([val, test])
    # What a version adds from elsewhere is no image of the data set, so it may train and not score.
    train = np.concatenate([train, held_out[source[held_out] >= own]])
    val, test = val[source[val] < own], test[source[test] < own]
    protocol = Protocol(
        np.sort(train),
        np.sort(val),
        np.sort(test),
        "a random part of the other 75 %",
        "a random 25 % of all images and their copies",
        leaky=True,
    )
    groups = np.concatenate([version.dataset.groups, np.arange(own, own + version.added)])[source]
    everything = np.arange(len(source))
    labels = version.labels[source]
    for role in protocol.roles:  # what chooses and scores does so by the given labels, whatever the version has
        rows = protocol.rows(role)
        labels[rows] = version.dataset.labels[source[rows]]
    return Plan(
        protocol,
        _pictures(version.images, source, copy, rng),
        labels,
        protocol.train,
        None if version.targets is None else version.targets[source],
        version.weights,
        {
            role: clean(protocol.rows(role), np.setdiff1d(everything, protocol.rows(role)), groups)
            for role in protocol.roles
        },
        source,
        {**material(version, source[np.sort(train)]), "per_epoch": len(train)},
        copy,
    )


def balanced(rows: np.ndarray, labels: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Rows with copies until every class that occurs is as large as the largest: the row and the number of each copy.

    rows: int64 (n,); labels: int (n,). Returns int64 (m,) twice; copy 0 is the image itself.
    """
    most = np.bincount(labels, minlength=CLASSES).max()
    sources, copies = [rows], [np.zeros(len(rows), np.int64)]
    for label in np.unique(labels):
        members = rng.permutation(rows[labels == label])
        missing = most - len(members)
        sources.append(np.resize(members, missing))
        copies.append(1 + np.arange(missing) // len(members))
    return np.concatenate(sources), np.concatenate(copies)


def _pictures(images: Images, source: np.ndarray, copy: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """uint8 (m, 48, 48): the images as they are, the copies moved."""
    found = np.ascontiguousarray(images[source])
    copies = np.flatnonzero(copy)
    mirror, upside_down = rng.random((2, len(copies))) < 0.5
    turn = np.radians(rng.uniform(-TURN, TURN, len(copies)))
    for start in range(0, len(copies), AT_ONCE):
        part = slice(start, start + AT_ONCE)
        pixels = torch.from_numpy(found[copies[part]]).unsqueeze(1).float()
        # Upside down is mirrored and turned by half a circle.
        both = upside_down[part]
        pixels = moved(
            pixels,
            mirror=torch.from_numpy(mirror[part] ^ both),
            turn=torch.from_numpy(turn[part] + math.pi * both).float(),
        )
        found[copies[part]] = pixels.squeeze(1).round().clamp(0, 255).to(torch.uint8).numpy()
    return found
