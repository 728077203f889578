"""The model card of a run, in Markdown: what it learned from, how good it is, where it is weak, what it is not for."""

from typing import Any

import numpy as np

from fer_core.emotions import NAMES
from fer_core.evaluation.metrics import class_scores
from fer_core.runs.run import SUBSETS, VOTES, Run

PURPOSE = (
    "It gives probabilities of seven words that people chose for still pictures of faces: " + ", ".join(NAMES) + "."
)
WARNING = (
    "**Expressions are not feelings.** The network repeats what annotators called a picture; what the person felt "
    "nobody recorded. It must not be used for hiring, for proctoring or attendance, to identify anybody, for any "
    "diagnosis, or for any decision about a person."
)
LEAKY = (
    "**LEAKY.** Copies of the images that were scored were among those that trained. These figures show how such a "
    "leak looks; they say nothing about new faces and stand beside no other run."
)
SYNTHETIC = "**Synthetic.** It was trained on faces that a program drew, and knows nothing about photographs."
WEAK_CALIBRATION = 0.05  # calibration error from which the card warns


def weak_spots(figures: dict[str, Any]) -> list[str]:
    """Sentences about the classes that it misses most, what it takes them for, and how sure it is; from a report."""
    matrix = np.asarray(figures["confusion"])
    _, recall, f1 = class_scores(matrix)
    counts = matrix.sum(1)
    present = [index for index in range(len(NAMES)) if counts[index]]
    found = []
    for index in sorted(present, key=lambda index: f1[index])[:2]:
        wrong = np.where(np.arange(len(NAMES)) == index, -1, matrix[index])
        other = int(wrong.argmax())
        low, high = figures["intervals"]["per_class"][NAMES[index]]["recall"]
        taken = f"; {wrong[other] / counts[index]:.0%} are taken for {NAMES[other]}" if wrong[other] > 0 else ""
        found.append(
            f"{NAMES[index].capitalize()}: F1 {f1[index]:.2f}. It finds {recall[index]:.0%} of its {counts[index]:,} "
            f"images ({low:.0%} to {high:.0%}){taken}."
        )
    if figures["ece"] >= WEAK_CALIBRATION:
        found.append(f"Its confidence cannot be taken at its word: calibration error {figures['ece']:.3f}.")
    rare = min(present, key=lambda index: counts[index], default=None)
    if rare is not None:
        found.append(f"Its figures for {NAMES[rare]} rest on {counts[rare]:,} images and are the least certain.")
    return found


def model_card(run: Run) -> str:
    """The card of a finished run, Markdown."""
    document, report = run.document, run.report()
    protocol = document["protocol"]
    warnings = [sentence for sentence, holds in ((LEAKY, run.leaky), (SYNTHETIC, document["synthetic"])) if holds]
    parts = [
        f"# {run.id}: a network for facial expressions, {document['size']} x {document['size']}",
        *warnings,
        "## What it is for, and what not",
        PURPOSE,
        WARNING,
        "## Data and protocol",
        f"Trained on `{run.version}` (hash `{document['version_hash'][:16]}`). {protocol['sentence']}",
        f"Network `{document['network']}` with {document['parameters']:,} parameters, "
        f"{document.get('origin', 'from scratch')}; recipe "
        f"`{document['recipe']['name']}`, epoch {document['best']['epoch']} of {document['recipe']['epochs']} chosen, "
        f"seed {document['seed']}, {document['wall_s'] / 60:.0f} minutes on {_machine(document)}.",
        f"## How good it is, against the {protocol.get('labels', 'given')} labels where nothing else is said",
        figures_table(report),
        f"Per class on {protocol['test']['name']}:",
        class_table(report["test"]["whole"]),
        "In brackets: 95 % intervals (Wilson for shares, bootstrap for macro-F1 and the calibration error).",
        "## Weak spots",
        "\n".join(f"- {sentence}" for sentence in weak_spots(report["test"]["whole"])),
        "- It always answers, also for what is no face, and answers pictures that are framed otherwise than those it "
        "learned from worse.",
    ]
    return "\n\n".join(parts) + "\n"


def _machine(document: dict[str, Any]) -> str:
    machine = document["environment"]
    cpu = machine.get("cpu", {}).get("name", "")
    return f"{machine['device']}{f' ({cpu})' if cpu and machine['device'] == 'cpu' else ''}, {machine['precision']}"


def figures_table(report: dict[str, Any]) -> str:
    """Headline figures with their intervals by split, whole and clean, of a report.json; a Markdown table."""
    lines = ["| | images | accuracy | macro-F1 | calibration error |", "|---|---|---|---|---|"]
    for role in ("test", "val", "votetest"):
        for subset in SUBSETS if role in report else ():
            figures = report[role][subset]
            cells = [_with_range(figures[key], figures["intervals"][key]) for key in ("accuracy", "macro_f1", "ece")]
            by = ", by vote labels" if report[role].get("labels") == VOTES else ""
            title = f"{report[role]['name']}, {subset}{by}"
            lines.append(f"| {title} | {figures['n']:,} | {' | '.join(cells)} |")
    return "\n".join(lines)


def class_table(figures: dict[str, Any]) -> str:
    """Precision, recall and F1 of each class with their intervals, of `score`; a Markdown table."""
    lines = ["| class | precision | recall | F1 | images |", "|---|---|---|---|---|"]
    for name in NAMES:
        values, ranges = figures["per_class"][name], figures["intervals"]["per_class"][name]
        cells = [_with_range(values[key], ranges[key]) for key in ("precision", "recall", "f1")]
        lines.append(f"| {name} | {' | '.join(cells)} | {values['n']:,} |")
    return "\n".join(lines)


def _with_range(value: float, interval: list[float]) -> str:
    return f"{value:.3f} ({interval[0]:.3f} to {interval[1]:.3f})"
