"""Finished runs without a training: run folders with predictions that are drawn, and figures computed from them."""

import json

import numpy as np
import pandas as pd

from fer_core.dataset.store import PRIVATE_TEST, PUBLIC_TEST, TRAINING, Dataset
from fer_core.evaluation.metrics import score
from fer_core.evaluation.protocol import make_protocol
from fer_core.runs.run import PROBABILITIES, Run, open_run
from fer_core.training.recipe import Recipe
from fer_core.workspace import Workspace


def make_run(
    workspace: Workspace,
    dataset: Dataset,
    run_id: str,
    *,
    skill: float = 2.0,
    seed: int = 0,
    leaky: bool = False,
    recipe: Recipe | None = None,
    status: str = "done",
    version: str = "",
) -> Run:
    """A run whose logits are noise, with `skill` added for the label: the more, the more it has right."""
    folder = workspace.run(run_id)
    folder.mkdir(parents=True)
    rng = np.random.default_rng([seed, int(1000 * skill)])
    tables, report = [], {}
    for role, split in (("val", PUBLIC_TEST), ("test", PRIVATE_TEST)):
        rows = np.flatnonzero(dataset.splits == split)
        labels = dataset.labels[rows].astype(np.int64)
        logits = rng.normal(0, 1, (len(rows), 7))
        logits[np.arange(len(rows)), labels] += skill
        shares = np.exp(logits)
        table = pd.DataFrame(shares / shares.sum(1, keepdims=True), columns=PROBABILITIES).astype(np.float32)
        figures = score(table.to_numpy(), labels)
        report[role] = {"name": "PublicTest" if role == "val" else "PrivateTest", "whole": figures, "clean": figures}
        tables.append(pd.concat([pd.DataFrame({"row": rows, "split": role, "label": labels}), table], axis=1))
    pd.concat(tables, ignore_index=True).to_parquet(folder / "predictions.parquet")
    (folder / "report.json").write_text(json.dumps(report))
    protocol = make_protocol(dataset, np.flatnonzero(dataset.splits == TRAINING)).document()
    recipe = recipe or Recipe("made", network="shallow", epochs=3)
    best = {"epoch": 2, "val_accuracy": report["val"]["whole"]["accuracy"], "val_macro_f1": 0.5, "val_loss": 1.0}
    document = {
        "id": run_id,
        "status": status,
        "network": recipe.network,
        "size": recipe.size,
        "version": version or dataset.name,
        "version_hash": dataset.hash,
        "seed": seed,
        "recipe": recipe.document(),
        "dataset": dataset.name,
        "dataset_hash": dataset.hash,
        "synthetic": dataset.synthetic,
        "parameters": 1234,
        "protocol": protocol | ({"leaky": True, "key": f"LEAKY {protocol['key']}"} if leaky else {}),
        "environment": {"device": "cpu", "precision": "float32"},
        "started": f"2026-01-0{1 + seed}T10:00:00+00:00",
        "wall_s": 90.0,
        "best": best,
        "result": {
            role: {subset: {key: report[role][subset][key] for key in ("n", "accuracy", "macro_f1", "ece")}
                   for subset in ("whole", "clean")}
            for role in report
        },
    }  # fmt: skip
    (folder / "run.json").write_text(json.dumps(document))
    events = [
        {"event": "epoch", "epoch": 1, "step": 10, "seconds": 30.0, "train_loss": 1.8, "train_accuracy": 0.3,
         "val_loss": 1.6, "val_accuracy": 0.4, "val_macro_f1": 0.3},
        {"event": "epoch", "epoch": 2, "step": 20, "seconds": 60.0, "train_loss": 1.4, "train_accuracy": 0.5,
         "val_loss": 1.2, "val_accuracy": 0.6, "val_macro_f1": 0.5},
        {"event": "tick", "epoch": 3, "step": 15, "steps": 30, "seconds": 45.0, "train_loss": 9.0},
        {"event": "tick", "epoch": 3, "step": 25, "steps": 30, "seconds": 75.0, "train_loss": 1.2,
         "train_accuracy": 0.6},
    ]  # fmt: skip
    (folder / "events.jsonl").write_text("".join(json.dumps(event) + "\n" for event in events))
    return open_run(workspace, run_id)
