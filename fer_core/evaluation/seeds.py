"""Runs that differ only in their seed, as one: the mean of each figure and its standard deviation."""

import json
import statistics
from collections.abc import Mapping, Sequence
from typing import Any

from fer_core.evaluation.protocol import protocol_key

Document = Mapping[str, Any]
"""A run.json."""


def seed_key(document: Document) -> str:
    """What runs share that differ only in their seed: version, protocol, and the recipe but for its name and note."""
    recipe = {key: value for key, value in document["recipe"].items() if key not in ("name", "note")}
    return json.dumps([document["version_hash"], protocol_key(document["protocol"]), recipe], sort_keys=True)


def seed_groups(documents: Sequence[Document]) -> list[list[int]]:
    """The positions of documents in groups that differ only in the seed; groups and members in the order given.

    A seed that was trained twice counts once, by the first of the two: it shows nothing about chance.
    """
    groups: dict[str, dict[int, int]] = {}
    for position, document in enumerate(documents):
        groups.setdefault(seed_key(document), {}).setdefault(document["seed"], position)
    return [list(members.values()) for members in groups.values()]


def spread(values: Sequence[float]) -> dict[str, Any]:
    """Mean and standard deviation (n - 1) of a figure over seeds; the deviation of a single one is None."""
    return {
        "mean": statistics.fmean(values),
        "sd": statistics.stdev(values) if len(values) > 1 else None,
        "values": list(values),
    }


def seed_row(documents: Sequence[Document]) -> dict[str, Any]:
    """One row for finished runs of a group: who they are, and each headline figure as `spread`.

    `result` has the shape of run.json's, with a spread for each figure that all of them have; `n` stays a number.
    """
    first = documents[0]
    results = [document["result"] for document in documents]
    return {
        "runs": [document["id"] for document in documents],
        "seeds": [document["seed"] for document in documents],
        **{key: first[key] for key in ("network", "size", "version", "dataset", "dataset_hash")},
        "recipe": first["recipe"]["name"],
        "protocol": protocol_key(first["protocol"]),
        "result": {
            role: {
                subset: _figures([result[role][subset] for result in results])
                for subset in results[0][role]
                if all(subset in result[role] for result in results)
            }
            for role in results[0]
            if all(role in result for result in results)
        },
    }


def _figures(found: list[Mapping[str, Any]]) -> dict[str, Any]:
    """n, and the spread of every other figure that all have."""
    shared = [key for key in found[0] if key != "n" and all(key in figures for figures in found)]
    return {"n": found[0]["n"], **{key: spread([figures[key] for figures in found]) for key in shared}}
