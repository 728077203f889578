"""How soon the Runs page is there with 50 runs: python benchmarks/runs_page.py --workspace data --dataset fer2013

Works on a copy of the workspace, in which 50 runs are made from one finished run of the data set: other ids, seeds,
recipes and curves, predictions perturbed, all figures computed from them. Times, in a real browser: opening the page in
a tab of its own until the matrix of the best run is painted, and a click on another run until its matrix is.
The server is warm: everything was opened once before. Prints n, median and 95th percentile.
"""

import argparse
import json
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "browser")]

from playwright.sync_api import Page, sync_playwright  # noqa: E402
from serving import Server  # noqa: E402

from fer_core.evaluation.metrics import score  # noqa: E402
from fer_core.files import write_json  # noqa: E402
from fer_core.runs.run import PROBABILITIES, SUBSETS, Run, list_runs, probabilities  # noqa: E402
from fer_core.training.machine import cpu  # noqa: E402
from fer_core.workspace import Workspace  # noqa: E402

RECIPES = (
    {"name": "quick", "learning_rate": 1e-3, "epochs": 12},
    {"name": "thorough", "learning_rate": 2e-3, "epochs": 30},
    {"name": "paper-littlevgg", "learning_rate": 1e-3, "epochs": 40, "balance": "weights"},
    {"name": "best", "learning_rate": 0.1, "epochs": 60, "optimiser": "nesterov"},
)
NETWORKS = ("shallow", "littlevgg", "resnet-s", "vggnet", "covpool")
SEEDS = 3  # of each training
# Until a run's matrix is there: that of the key that names it, with all of its cells.
PAINTED = """run => {
  const shown = document.querySelector('.st-key-shown_run');
  const place = document.querySelector(`.st-key-matrices [class*="matrix_A_Row-shares_${run}"]`);
  const matrix = place?.querySelector('[data-testid=stBidiComponentIsolated]')?.shadowRoot;
  return shown?.textContent.includes(run) && matrix?.querySelectorAll('td button').length === 49
    && document.querySelector("[data-testid='stApp'][data-test-script-state='notRunning']") !== null;
}"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workspace", type=Path, default=Path("data"))
    parser.add_argument("--dataset", default="fer2013")
    parser.add_argument("--runs", type=int, default=50)
    parser.add_argument("--times", type=int, default=20)
    parser.add_argument("--make-only", type=Path, metavar="DIR", help="leave the workspace with the runs there")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        target = Workspace((arguments.make_only or Path(folder) / "data").resolve())
        shutil.copytree(arguments.workspace.resolve(), target.root, dirs_exist_ok=True)
        make_runs(target, arguments.dataset, arguments.runs)
        if not arguments.make_only:
            measure(target, arguments.dataset, arguments.times, Path(folder) / "server.log")


def make_runs(workspace: Workspace, dataset: str, count: int) -> None:
    """Make synthetic runs from a finished one until there are `count` of that data set."""
    known = [run for run in list_runs(workspace) if run.dataset == dataset and run.status == "done"]
    if not known:
        sys.exit(f"There is no finished run on {dataset} to begin with: python -m fer_core train {dataset}")
    for number in range(count - len(known)):
        _make_run(workspace, known[0], number)


def _make_run(workspace: Workspace, model: Run, number: int) -> None:
    """One run: its probabilities are the model's, mixed with noise that depends on the training and on the seed."""
    training, seed = divmod(number, SEEDS)
    recipe, network = RECIPES[training % len(RECIPES)], NETWORKS[training % len(NETWORKS)]
    rng, kind = np.random.default_rng(number), np.random.default_rng(1000 + training)
    run_id = f"{network}48-20261120-{10 + number // 60:02d}{number % 60:02d}-{number:04x}"
    target = workspace.run(run_id)
    shutil.copytree(model.path, target, ignore=shutil.ignore_patterns("last.safetensors"))
    table = pd.read_parquet(target / "predictions.parquet")
    logits = np.log(np.clip(table[PROBABILITIES].to_numpy(float), 1e-4, 1))
    sharpness, noise = kind.uniform(0.8, 1.6), kind.uniform(0.3, 1.2)
    logits = sharpness * logits + kind.normal(0, 0.25, 7) + rng.normal(0, noise, logits.shape)
    shares = np.exp(logits - logits.max(1, keepdims=True))
    table[PROBABILITIES] = (shares / shares.sum(1, keepdims=True)).astype(np.float32)
    table.to_parquet(target / "predictions.parquet")
    report = model.report()
    result = {role: dict(model.document["result"][role]) for role in ("val", "test")}
    for role in result:
        part = table[table["split"] == role]
        for subset in SUBSETS:
            kept = part if subset == "whole" else part.head(report[role]["clean"]["n"])  # a stand-in of its size
            report[role][subset] = score(probabilities(kept), kept["label"].to_numpy())
            result[role][subset] = {key: report[role][subset][key] for key in ("n", "accuracy", "macro_f1", "ece")}
    write_json(target / "report.json", report)
    _bend_curves(target / "events.jsonl", kind, rng)
    document = model.document | {"id": run_id, "network": network, "seed": seed, "result": result}
    document["recipe"] = model.document["recipe"] | recipe | {"network": network, "batch": 64 + training}
    document["wall_s"] = model.document["wall_s"] * float(kind.uniform(0.4, 3))
    document["started"] = f"2026-11-{1 + number % 20:02d}T10:00:00+00:00"
    document["best"] = model.document["best"] | {"val_accuracy": result["val"]["whole"]["accuracy"]}
    write_json(target / "run.json", document)


def _bend_curves(file: Path, kind: np.random.Generator, rng: np.random.Generator) -> None:
    """Other learning curves: those of the model, shifted by the training and shaken by the seed."""
    shift, lines = kind.uniform(-0.08, 0.08), []
    for line in file.read_text(encoding="utf-8").splitlines():
        event = json.loads(line)
        for key in [key for key in event if key.startswith(("train_", "val_"))]:
            event[key] = float(event[key] * (1 + shift + rng.normal(0, 0.01)))
        lines.append(json.dumps(event) + "\n")
    file.write_text("".join(lines), encoding="utf-8")


def measure(workspace: Workspace, dataset: str, times: int, log: Path) -> None:
    server = Server(workspace, log)
    server.start()
    try:
        with sync_playwright() as playwright:
            chromium = os.environ.get("CHROMIUM") or shutil.which("chromium")
            browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
            context = browser.new_context(viewport={"width": 1440, "height": 1000})
            runs = len(list_runs(workspace))
            print(f"{cpu()['name']}, {cpu()['cores']} cores; {dataset}, {runs} runs")
            opened, switched = [], []
            for turn in range(times + 1):
                page = context.new_page()
                began = time.perf_counter()
                page.goto(f"{server.url}/runs?dataset={dataset}", wait_until="commit")
                page.wait_for_function(PAINTED, arg="", timeout=60_000, polling="raf")
                opened.append(time.perf_counter() - began)
                if turn == 0:  # everything once: the figures of 50 runs are computed when they are first asked for
                    switches(page, runs)
                    switched = switches(page, runs)
                page.close()
            _say("page opened", opened[1:], 1.5)
            _say("another run", switched, 0.4)
            print(f"first opening after the start of the server: {opened[0]:.2f} s")
            browser.close()
    finally:
        server.kill()


def switches(page: Page, runs: int) -> list[float]:
    """Click the runs' names one after the other; seconds until each one's matrix is painted."""
    buttons, found = page.locator("[data-run]"), []
    for position in range(1, min(runs, buttons.count())):
        button = buttons.nth(position)
        button.scroll_into_view_if_needed()
        run = button.get_attribute("data-run")
        began = time.perf_counter()
        button.click()
        page.wait_for_function(PAINTED, arg=run, timeout=60_000, polling="raf")
        found.append(time.perf_counter() - began)
    return found


def _say(what: str, seconds: list[float], asked: float) -> None:
    median, high = np.percentile(seconds, [50, 95])
    print(f"{what}: median {median:.2f} s, p95 {high:.2f} s (n = {len(seconds)}); asked for <= {asked} s")


if __name__ == "__main__":
    main()
