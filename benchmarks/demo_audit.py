"""How many of the demo's planted faults the audit finds, kind by kind.

    python -m benchmarks.demo_audit [--seeds 3]

Prints recall (planted images that are found) and precision (found images that are planted) per reason, and how well the
suspicion and the other scores rank the planted wrong labels. The truth is what the generator planted; the audit never
sees it. `--images 420 --recipe FILE.toml` is a small one, to see that it works.
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.metrics import average_precision_score, roc_auc_score

from fer_core.audit.results import Audit, preset
from fer_core.audit.scores import SCORES
from fer_core.audit.stages import run_audit
from fer_core.dataset.demo import create_demo, load_truth
from fer_core.dataset.store import Dataset
from fer_core.dataset.version import as_imported
from fer_core.training.machine import cpu
from fer_core.work.threads import set_threads
from fer_core.workspace import Workspace


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--images", type=int, default=3500)
    parser.add_argument("--recipe", help="default: audit")
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    print(f"{cpu()['name']}, {set_threads(arguments.threads)} threads")
    tables = []
    for seed in range(arguments.seeds):
        with tempfile.TemporaryDirectory() as folder:
            demo = create_demo(Workspace(Path(folder)), seed=seed, images=arguments.images)
            settings = preset("fast").changed(seed=seed, recipe=arguments.recipe)
            audit = run_audit(as_imported(demo), settings, cores=arguments.threads)
            tables.append(compare(demo, audit))
            print(f"seed {seed}: {len(demo):,} images, audit {audit.document['seconds']['all']:.0f} s")
    table = pd.concat(tables).groupby(level=0, sort=False).agg(["mean", "min", "max"])
    print(f"\nmean (least to most) over {arguments.seeds} demos")
    for reason, row in table.iterrows():
        cells = "  ".join(
            f"{measure} {row[measure, 'mean']:.3f} ({row[measure, 'min']:.3f} to {row[measure, 'max']:.3f})"
            for measure in table.columns.get_level_values(0).unique()
            if not np.isnan(row[measure, "mean"])
        )
        print(f"{reason:<18}{cells}")


def compare(demo: Dataset, audit: Audit) -> pd.DataFrame:
    """One line per reason: recall and precision. One per score of labels: AUROC and AUPRC of the wrong labels."""
    truth = load_truth(demo)
    partner = truth["partner"].to_numpy()
    wrong = (truth["true_label"] >= 0).to_numpy() & (truth["true_label"] != demo.labels).to_numpy()

    def planted(*kinds: str) -> np.ndarray:
        """bool (N,): images with one of these kinds; a copy and what it was copied from are both duplicates."""
        own = truth["kinds"].str.split(";").map(lambda said: not set(kinds).isdisjoint(said)).to_numpy(bool, copy=True)
        own[partner[own & (partner >= 0)]] = True
        return own

    expected = {
        "exact-duplicate": planted("exact_copy"),
        "label-conflict": planted("exact_conflict"),
        "split-leak": planted("exact_leak"),
        "near-duplicate": planted("near_copy"),
        "flat": planted("flat"),
        "blurred": planted("blurred"),
        "black-and-white": planted("black_and_white"),
        "not-a-face": planted("not_a_face"),
        "label": wrong,
    }
    rows = {}
    for reason, true in expected.items():
        found = np.zeros(len(demo), bool)
        found[audit.findings.loc[audit.findings["reason"] == reason, "row"]] = True
        rows[reason] = {
            "recall": (found & true).sum() / true.sum(),
            "precision": (found & true).sum() / max(found.sum(), 1),
        }
    for name in SCORES:
        score = audit.scores[name].to_numpy()
        rows[name] = {"AUROC": roc_auc_score(wrong, score), "AUPRC": average_precision_score(wrong, score)}
    return pd.DataFrame.from_dict(rows, orient="index")


if __name__ == "__main__":
    main()
