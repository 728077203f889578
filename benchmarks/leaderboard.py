"""The leaderboard: each paper's network by its recipe and by ours, trained and scored under one protocol.

    python -m benchmarks.leaderboard train DATASET [ROW ...] [--workspace data] [--seeds 0 1 2] [--quick] [--threads N]
    python -m benchmarks.leaderboard table [--out docs/leaderboard.md]

`train` goes through the rows (all of them, or those named) and seeds; what is done is skipped, what was stopped goes
on, and each finished one becomes a file in `benchmarks/leaderboard/`. With `--quick` only rows that two cores train
within an hour each. With FER_CLUSTER set, as many rows are trained at once as the cluster has room for (workspace and
checkout lie on storage that its nodes share). `table` writes the table from those files. DATASET is FER2013, with or
without votes: rows under unlike protocols stand in tables of their own.
"""

import argparse
import statistics
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from fer_core.commands.console import ProgressBar
from fer_core.dataset.store import TRAINING, Dataset, open_dataset
from fer_core.dataset.version import DatasetVersion, open_version
from fer_core.evaluation.metrics import wilson
from fer_core.evaluation.protocol import make_protocol
from fer_core.files import read_json, write_json
from fer_core.progress import Report
from fer_core.review.policy import Policy, cut_version
from fer_core.runs.results import evaluation
from fer_core.runs.session import train_version
from fer_core.training.machine import cpu, default_device
from fer_core.training.recipe import Recipe, load_recipe
from fer_core.work.tasks import run_tasks
from fer_core.work.threads import default_threads
from fer_core.workspace import Workspace

FOLDER = Path(__file__).parent / "leaderboard"
# Model-free cleaning, the same on every machine: no verdicts of people are needed for it.
VERSIONS = {
    "cleaned": Policy(drop_findings=()),
    "balanced": Policy(drop_findings=(), balance="drop", balance_to="median"),
}


@dataclass(frozen=True)
class Row:
    """A line of the table: a recipe, what is other in it, and what it is trained on."""

    recipe: str
    source: str  # whose system it is
    tta: str = "flip"
    version: str = ""  # "" as imported, or of VERSIONS
    changes: dict[str, Any] = field(default_factory=dict)  # of the recipe
    options: dict[str, Any] = field(default_factory=dict)  # of the network
    quick: bool = False  # two cores train it within an hour


def _shallow_224(version: str, resize: str) -> Row:
    changes = {"size": 224, "resize": resize}
    return Row("paper-shallow", "Qalandarov and Kurbanov (2024)", "none", version, changes)


def _covpool(pooling: str, layers: int) -> Row:
    return Row("tuned-covpool", "Lou and Li", options={"pooling": pooling, "fc_layers": layers})


ROWS = {
    "shallow-quick": Row("quick", "Qalandarov and Kurbanov (2024)", quick=True),
    "shallow-thorough": Row("thorough", "Qalandarov and Kurbanov (2024)", quick=True),
    "shallow-paper-48": Row("paper-shallow", "Qalandarov and Kurbanov (2024)", "none", quick=True),
    "littlevgg-paper": Row("paper-littlevgg", "Tekula", "samples"),
    "littlevgg-tuned": Row("tuned-littlevgg", "Tekula", "samples", quick=True),
    "littlevgg-tuned-20": Row(
        "tuned-littlevgg", "Tekula", "samples", changes={"epochs": 20, "plain_epochs": 3}, quick=True
    ),
    "modified-paper": Row("paper-modified", "Yousaf et al. (2024)", "none"),
    "modified-tuned": Row("tuned-modified", "Yousaf et al. (2024)", quick=True),
    "covpool-paper": Row("paper-covpool", "Lou and Li", "none"),
    "covpool-tuned": Row("tuned-covpool", "Lou and Li", quick=True),
    "vggnet-paper": Row("paper-vggnet", "Khaireddin and Chen (2021)", "crops"),
    "vgg16-paper": Row("paper-vgg16", "Nurmakhan, Mukhametsharip and Khamitova"),
    "resnet": Row("best", "ours", "crops"),
    "resnet-s": Row("best", "ours", "crops", changes={"network": "resnet-s"}),
    "resnet-s-compact": Row("compact", "ours", quick=True),
    **{
        f"shallow-224-{version or 'original'}-{resize}": _shallow_224(version, resize)
        for version in ("", *VERSIONS)
        for resize in ("bicubic", "espcn")
    },
    **{
        f"covpool-{pooling}-{layers}": _covpool(pooling, layers)
        for pooling in ("max", "mean", "covariance")
        for layers in (1, 2, 3)
    },
}
PUBLISHED = [
    ("VGGNet, Khaireddin and Chen (2021)", "73.28 %", "is PublicTest, steered by PrivateTest"),
    ("ResNet, from scratch", "73.70 %", "the best epoch on PrivateTest itself"),
    ("ResNet, from ImageNet", "74.14 %", "its users get 71 to 73.6"),
    ("five layers, Tekula", "64.35 %", "PublicTest and PrivateTest together, 10 samples averaged"),
    ("shallow CNN, Qalandarov and Kurbanov (2024)", "60.71 %", "validation after 30 epochs, on a cleaned data set"),
    ("modified CNN, Yousaf et al. (2024)", "85.4 %", "balanced by copies before the random split: leaks"),
    ("covariance pooling, Lou and Li", "about 62 %", "split not said"),
]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    actions = parser.add_subparsers(dest="action", required=True)
    train = actions.add_parser("train")
    train.add_argument("dataset")
    train.add_argument("rows", nargs="*", metavar="ROW")
    train.add_argument("--workspace", type=Path, default=Path("data"))
    train.add_argument("--seeds", type=int, nargs="+", default=[0])
    train.add_argument("--quick", action="store_true")
    train.add_argument("--threads", type=int)
    table = actions.add_parser("table")
    table.add_argument("--out", type=Path, default=Path("docs/leaderboard.md"))
    arguments = parser.parse_args()
    if arguments.action == "table":
        arguments.out.write_text(table_text([read_json(file) for file in sorted(FOLDER.glob("*.json"))]))
        return
    unknown = set(arguments.rows) - set(ROWS)
    if unknown:
        parser.error(f"no row {', '.join(sorted(unknown))}; there are {', '.join(ROWS)}")
    workspace = Workspace(arguments.workspace.resolve())
    dataset = open_dataset(workspace, arguments.dataset)
    names = arguments.rows or [name for name, row in ROWS.items() if row.quick or not arguments.quick]
    train_rows(workspace, dataset, names, arguments.seeds, arguments.threads)


def train_rows(workspace: Workspace, dataset: Dataset, names: list[str], seeds: list[int], threads: int | None) -> None:
    """Train the rows that have no figures yet, a row and a seed as one task."""
    versions = {name: str(version_of(workspace, dataset, ROWS[name])) for name in names}  # cut here, by one process
    FOLDER.mkdir(exist_ok=True)
    tasks = [
        partial(write_row, workspace, dataset, versions[name], name, seed, FOLDER)
        for seed in seeds
        for name in names
        if not (FOLDER / f"{stem(dataset, name, seed)}.json").exists()
    ]

    bar = ProgressBar()
    if tasks:
        run_tasks(tasks, "Rows", 1, threads or default_threads(), bar, [workspace.root, FOLDER])
    bar.close()


def stem(dataset: Dataset, name: str, seed: int) -> str:
    """The name of a row's file and run: of the data set, with VoteTest or without, the row and the seed."""
    votetest = make_protocol(dataset, np.flatnonzero(dataset.splits == TRAINING)).votetest
    return f"{dataset.name}-{f'votes-{votetest.hash}' if votetest else 'given'}-{name}-{seed}"


def write_row(
    workspace: Workspace, dataset: Dataset, version: str, name: str, seed: int, folder: Path, report: Report
) -> None:
    """Train a row with a seed on the threads that torch has, or go on with it, and write its figures to `folder`."""
    row = ROWS[name]
    run = train_version(
        workspace,
        open_version(workspace, version),
        recipe_of(row),
        seed=seed,
        thread_count=torch.get_num_threads(),
        run_id=stem(dataset, name, seed),
        report=report,
    )
    roles = ("val", "test", "votetest") if "votetest" in run.document["protocol"] else ("val", "test")
    figures = {}
    for role in roles:
        figures[role] = _headline(evaluation(workspace, run, role))
        figures[role]["clean"] = _headline(evaluation(workspace, run, role, "clean"))
        if row.tta != "none":
            figures[role]["tta"] = _headline(evaluation(workspace, run, role, tta=row.tta))
    keys = ("parameters", "origin", "version", "protocol", "recipe", "environment", "best", "wall_s")
    document = {"row": name, "seed": seed, "tta": row.tta, "source": row.source, "figures": figures}
    write_json(folder / f"{stem(dataset, name, seed)}.json", document | {key: run.document[key] for key in keys})
    print(
        f"\n{name}, seed {seed}: PrivateTest {figures['test']['accuracy']:.2%} on {cpu()['name']}, {default_device()}"
    )


def recipe_of(row: Row) -> Recipe:
    recipe = load_recipe(row.recipe).changed(**row.changes)
    return recipe.changed(options={**recipe.options, **row.options}) if row.options else recipe


def version_of(workspace: Workspace, dataset: Dataset, row: Row) -> DatasetVersion:
    if not row.version:
        return open_version(workspace, dataset.name)
    return cut_version(workspace, dataset, f"leaderboard-{row.version}", VERSIONS[row.version])


def _headline(document: dict[str, Any]) -> dict[str, Any]:
    figures = {key: document[key] for key in ("n", "accuracy", "macro_f1", "ece")}
    return {**figures, "interval": document["intervals"]["accuracy"]}


def table_text(documents: list[dict[str, Any]]) -> str:
    """docs/leaderboard.md: a table for each protocol, seeds as one line, the best on PublicTest first."""
    lines = ["# Leaderboard", "", "Made by `python -m benchmarks.leaderboard table` from `benchmarks/leaderboard/`."]
    lines += ["PublicTest chose every epoch and orders the rows; PrivateTest chose nothing. Accuracies in %, in"]
    lines += ["brackets 95 % intervals over images; ± the standard deviation over seeds. macro-F1: of PrivateTest.", ""]
    for key in sorted({document["protocol"]["key"] for document in documents}):
        rows: dict[str, list[dict[str, Any]]] = {}
        for document in documents:
            if document["protocol"]["key"] == key:
                rows.setdefault(document["row"], []).append(document)
        ordered = sorted(rows, key=lambda name: -_mean(rows[name], "val"))
        lines += [
            f"## {key}",
            "",
            "| row | seeds | PublicTest | PrivateTest | clean | with TTA | VoteTest | macro-F1 | time |",
        ]
        lines += ["|---|---|---|---|---|---|---|---|---|", *(_line(name, rows[name]) for name in ordered), ""]
    missing = sorted(set(ROWS) - {document["row"] for document in documents})
    if missing:
        lines += [
            "Not trained yet (`python -m benchmarks.leaderboard train fer2013 ROW`, hours on a processor for most):"
        ]
        lines += [f"{', '.join(missing)}.", ""]
    lines += [
        "## Published figures, and what their protocols were",
        "",
        "| system | figure | protocol |",
        "|---|---|---|",
    ]
    return "\n".join([*lines, *(f"| {' | '.join(one)} |" for one in PUBLISHED), ""])


def _line(name: str, runs: list[dict[str, Any]]) -> str:
    n = runs[0]["figures"]["test"]["n"]
    low, high = (100 * bound for bound in wilson(round(_mean(runs, "test") * n), n))
    votes = _cell(runs, "votetest") if "votetest" in runs[0]["figures"] else "–"
    augmented = _cell(runs, "test", "tta") + f" ({runs[0]['tta']})" if runs[0]["tta"] != "none" else "–"
    f1 = statistics.mean(run["figures"]["test"]["macro_f1"] for run in runs)
    minutes = statistics.mean(run["wall_s"] for run in runs) / 60
    private = f"{_cell(runs, 'test')} ({low:.1f} to {high:.1f})"
    cells = (name, str(len(runs)), _cell(runs, "val"), private, _cell(runs, "test", "clean"), augmented, votes)
    machine = runs[0]["environment"]
    on = machine["device"]
    if on == "cpu":
        on = f"{machine['threads']} core{'s' if machine['threads'] != 1 else ''}"
    return f"| {' | '.join(cells)} | {f1:.3f} | {minutes:.0f} min, {on} |"


def _mean(runs: list[dict[str, Any]], role: str, kind: str | None = None) -> float:
    return statistics.mean(_figure(run, role, kind) for run in runs)


def _cell(runs: list[dict[str, Any]], role: str, kind: str | None = None) -> str:
    values = [100 * _figure(run, role, kind) for run in runs]
    spread = f" ± {statistics.stdev(values):.1f}" if len(values) > 1 else ""
    return f"{statistics.mean(values):.1f}{spread}"


def _figure(run: dict[str, Any], role: str, kind: str | None) -> float:
    figures = run["figures"][role]
    return float((figures[kind] if kind else figures)["accuracy"])


if __name__ == "__main__":
    from benchmarks import leaderboard  # under this name a node of a cluster finds its functions as well

    leaderboard.main()
