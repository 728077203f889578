"""How many of the demo's planted faults the audit finds, kind by kind.

    python -m benchmarks.demo_audit [--seeds 3]

Prints recall (planted images that are found) and precision (found images that are planted) per reason, and how well the
suspicion ranks the planted wrong labels. The truth is what the generator planted; the audit never sees it.
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.metrics import average_precision_score, roc_auc_score

from fer_core.audit.results import Audit, AuditSettings
from fer_core.audit.stages import run_audit
from fer_core.dataset.demo import create_demo, load_truth
from fer_core.dataset.store import Dataset
from fer_core.training.machine import cpu
from fer_core.training.threads import set_threads
from fer_core.workspace import Workspace


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    print(f"{cpu()['name']}, {set_threads(arguments.threads)} threads")
    tables = []
    for seed in range(arguments.seeds):
        with tempfile.TemporaryDirectory() as folder:
            demo = create_demo(Workspace(Path(folder)), seed=seed)
            audit = run_audit(demo, AuditSettings(seed=seed))
            tables.append(compare(demo, audit))
            print(f"seed {seed}: {len(demo):,} images, audit {audit.document['seconds']:.0f} s")
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
    """One line per reason: recall, precision, images planted; for labels also AUROC and AUPRC of the ranking."""
    truth = load_truth(demo)
    planted = {kind: truth["kinds"].str.contains(kind).to_numpy() for kind in ("flat", "blurred", "exact_copy")}
    conflict = truth["kinds"].str.contains("exact_conflict").to_numpy()
    leak = truth["kinds"].str.contains("exact_leak").to_numpy()
    partner = truth["partner"].to_numpy()
    wrong = (truth["true_label"] >= 0).to_numpy() & (truth["true_label"] != demo.labels).to_numpy()

    def with_partners(rows: np.ndarray) -> np.ndarray:
        """A copy and what it was copied from are both duplicates."""
        both = rows.copy()
        both[partner[rows]] = True
        return both

    expected = {
        "exact-duplicate": with_partners(planted["exact_copy"]),
        "label-conflict": with_partners(conflict),
        "split-leak": with_partners(leak),
        "flat": planted["flat"],
        "blurred": planted["blurred"],
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
    suspicion = audit.suspects.set_index("row")["suspicion"].sort_index().to_numpy()
    rows["label"] |= {"AUROC": roc_auc_score(wrong, suspicion), "AUPRC": average_precision_score(wrong, suspicion)}
    return pd.DataFrame.from_dict(rows, orient="index")


if __name__ == "__main__":
    main()
