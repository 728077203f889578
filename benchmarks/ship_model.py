"""From a finished run to the model that ships: weights of eight bits and a model card with the run's own figures.

    python -m benchmarks.ship_model RUN [--workspace data] [--name resnet-s] [--to models]

Refuses a run on synthetic data, an unfinished one, and weights that lose more than 0.1 points of PublicTest in 8 bits.
"""

import argparse
import os
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

from fer_core.dataset.store import open_dataset
from fer_core.emotions import NAMES
from fer_core.evaluation.inference import predict_probabilities
from fer_core.files import atomic_path, sha256_file
from fer_core.networks.weights import load_model, save_model
from fer_core.prediction.cards import sureness_part
from fer_core.runs.card import class_table, figures_table, weak_spots
from fer_core.runs.run import ROLES, Run, open_run, probabilities
from fer_core.workspace import SHIPPED_MODELS, Workspace

MAX_BYTES = 3_200_000
MAX_LOSS = 0.001

CARD = """\
# {name}: a small network for facial expressions, 48 x 48

{parameters:,} parameters, 8 bits each, {megabytes:.2f} MB, sha256 `{sha256}`. Made with

    python -m fer_core train {version} --recipe {recipe} --seed {seed}
    python -m benchmarks.ship_model {run}

## What it is for

Trying FERret: seeing what a network sees in a face, and why. It gives probabilities of seven words that people chose
for still pictures of faces: {classes}.

**Expressions are not feelings.** The network repeats what annotators called a picture; what the person felt nobody
recorded. It must not be used for hiring, for proctoring or attendance, to identify anybody, for any diagnosis, or for
any decision about a person.

## Data and protocol

{data} Data-set hash `{dataset_hash}`.
{sentence}
The figures on {test} chose nothing.
Network: `{network}`{options}. Recipe `{recipe}`, {epochs} epochs (epoch {best}
chosen), seed {seed}, {minutes:.0f} minutes on {cpu} ({threads} threads, {precision}).

## How good it is, against the given labels where nothing else is said

Read these with the labels in mind: about a third of FER2013's given labels are not what ten annotators see, and people
were published to agree with the given labels on 65 +- 5 % of the images.

{figures}

Per class on the whole of {test}:

{classes_table}

In brackets: 95 % intervals (Wilson for shares, bootstrap for macro-F1 and the calibration error). A clean subset leaves
out every image with an exact copy in Training or the other test split, and keeps one of each group of copies. The
figures are those of the weights as float32. In eight bits it gives the same answer on {agreement:.2%} of {test}, and is
right on {small:.2%} instead of {whole:.2%}.

{sureness}

## Weak spots

On the whole of {test}:

{weak}

## Limits

Grey pictures of 48 x 48, found by web search in 2013: posed and acted faces, mostly frontal, unevenly spread over age,
skin colour and culture; nobody recorded how, so no figure by group can be given. Rare classes ({rare}) are the least
certain. It always answers, also for what is no face. Pictures that are framed otherwise than FER2013's are answered
worse.

## Licence

The weights come under this repository's licence. The licence of FER2013's images is unclear (research use); none of
them is distributed here.
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run")
    parser.add_argument("--workspace", type=Path, default=Path(os.environ.get("FERRET_WORKSPACE", "data")))
    parser.add_argument("--name", default="resnet-s")
    parser.add_argument("--to", type=Path, default=SHIPPED_MODELS)
    arguments = parser.parse_args()
    workspace = Workspace(arguments.workspace.resolve())
    run = open_run(workspace, arguments.run)
    if run.status != "done" or run.document["synthetic"]:
        sys.exit(f"{run.id}: only a finished run on real images ships (this one: {run.status}).")
    target = arguments.to / f"{arguments.name}.safetensors"
    full = run.model()
    about = {**full.spec.about, "name": arguments.name, "data": run.version}
    with atomic_path(target) as temporary:  # what ships now stays where this one is refused
        save_model(temporary, full.module, replace(full.spec, about=about), "int8")
        small = load_model(temporary)
        images = open_dataset(workspace, run.dataset).images
        packed = {role: predict_probabilities(small, images[run.predictions(role)["row"]]) for role in ("val", "test")}
        loss = _accuracy(run, "val") - _accuracy(run, "val", packed["val"])
        if temporary.stat().st_size > MAX_BYTES or loss > MAX_LOSS:
            sys.exit(f"Not shipped: {loss:.4f} of accuracy lost in eight bits, or larger than {MAX_BYTES:,} bytes.")
    target.chmod(0o644)
    with atomic_path(target.with_suffix(".md")) as temporary:
        temporary.write_text(_card(run, target, packed["test"]), encoding="utf-8")
    print(f"{target} ({target.stat().st_size:,} bytes) and its card")


def _accuracy(run: Run, role: str, said: np.ndarray | None = None) -> float:
    """Of these probabilities, or of those that the run stored."""
    table = run.predictions(role)
    return float(((probabilities(table) if said is None else said).argmax(1) == table["label"]).mean())


def _card(run: Run, target: Path, packed: np.ndarray) -> str:
    """packed: the probabilities for PrivateTest by the weights as they ship."""
    document, report = run.document, run.report()
    protocol, machine = document["protocol"], document["environment"]
    test = report["test"]["whole"]
    counts = {name: test["per_class"][name]["n"] for name in NAMES}
    total = sum(protocol[role]["images"] for role in ("train", *ROLES) if role in protocol)
    return CARD.format(
        name=target.stem,
        parameters=document["parameters"],
        megabytes=target.stat().st_size / 1e6,
        sha256=sha256_file(target),
        version=run.version,
        recipe=document["recipe"]["name"],
        network=document["network"],
        options="".join(f", {name} {value}" for name, value in document["recipe"]["options"].items()),
        seed=document["seed"],
        run=run.id,
        classes=", ".join(NAMES),
        data=f"`{run.version}`, {total:,} images used.",
        dataset_hash=document["dataset_hash"],
        sentence=protocol["sentence"],
        epochs=document["recipe"]["epochs"],
        best=document["best"]["epoch"],
        minutes=document["wall_s"] / 60,
        cpu=machine["cpu"]["name"],
        threads=machine["threads"],
        precision=machine["precision"],
        figures=figures_table(report),
        test=protocol["test"]["name"],
        classes_table=class_table(test),
        agreement=float((probabilities(run.predictions("test")).argmax(1) == packed.argmax(1)).mean()),
        whole=_accuracy(run, "test"),
        small=_accuracy(run, "test", packed),
        sureness=sureness_part(run),
        weak="\n".join(f"- {sentence}" for sentence in weak_spots(test)),
        rare=min(counts, key=lambda name: counts[name]),
    )


if __name__ == "__main__":
    main()
