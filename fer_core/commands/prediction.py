"""`predict`: every face in photos, with its seven probabilities, and where the network looked."""

import argparse
from pathlib import Path
from typing import Any

from fer_core.commands.console import Commands, Console
from fer_core.errors import UsageError
from fer_core.imaging.search import DETECTORS, HAAR
from fer_core.prediction.methods import AVERAGES, METHODS


def register(commands: Commands) -> None:
    parser = commands.add("predict", run_predict, "find the faces in photos and say what a network sees in them")
    parser.add_argument(
        "files",
        nargs="+",
        type=Path,
        metavar="FILE",
        help="PNG, JPEG, WebP or BMP; a folder with such pictures; a pattern such as 'album/**/*.jpg'",
    )
    parser.add_argument(
        "--run", metavar="R", action="append", default=[], help="the best checkpoint of this run; several are averaged"
    )
    parser.add_argument(
        "--model",
        metavar="NAME",
        action="append",
        default=[],
        help="a model that ships in models/ (default: the first of them); several are averaged",
    )
    parser.add_argument(
        "--tta",
        nargs="?",
        const="flip",
        default="none",
        choices=AVERAGES,
        metavar="MODE",
        help="average each face "
        + ", ".join(f"{words} ({mode})" for mode, words in AVERAGES.items() if mode != "none")
        + "; without MODE: flip",
    )
    parser.add_argument(
        "--faces", choices=DETECTORS, default=HAAR, help="how faces are found; yunet needs its weights in models/"
    )
    parser.add_argument("--whole", action="store_true", help="where no face is found, take the whole picture as one")
    parser.add_argument(
        "--labelled",
        action="store_true",
        help="the folders are named for what their pictures show (happy/a.jpg): say how often the network agrees",
    )
    parser.add_argument(
        "--explain", choices=METHODS, metavar="METHOD", help=f"draw where the network looked: {', '.join(METHODS)}"
    )
    parser.add_argument("--out", type=Path, metavar="DIR", help="where --explain writes its PNGs, one per face")


def run_predict(arguments: argparse.Namespace, console: Console) -> Any:
    if (arguments.explain is None) != (arguments.out is None):
        raise UsageError("--explain METHOD and --out DIR go together: what to draw, and where to put it.")
    from fer_core.prediction import album
    from fer_core.prediction.photos import expand
    from fer_core.work.address import cluster_address

    files = expand(arguments.files)
    photos = [album.Photo(path, name) for path, name in zip(files, _names(files), strict=True)]
    wish = album.Wish(
        console.workspace,
        tuple(arguments.run),
        tuple(arguments.model),
        arguments.tta,
        arguments.faces,
        arguments.whole,
        arguments.explain,
        arguments.out,
    )
    on_cluster = cluster_address() and len(photos) > album.CHUNK
    found = (album.answer_on_cluster if on_cluster else album.answer_here)(wish, photos, console.report)
    answers: list[dict[str, Any]] = []
    for answer in found:
        if "error" in answer.document:
            console.exit_code = 1
        for line in answer.lines:
            console.say(line)
        answers.append(answer.document)
    if arguments.explain:
        console.say(f"The maps ({METHODS[arguments.explain].title}) are in {arguments.out}.")
    return {"files": answers, "evaluation": _evaluation(console, files, answers)} if arguments.labelled else answers


def _evaluation(console: Console, files: list[Path], answers: list[dict[str, Any]]) -> dict[str, Any]:
    """How often the network agrees with the folders' names on the largest face of each photo."""
    import numpy as np

    from fer_core.emotions import NAMES
    from fer_core.prediction.photos import label_of
    from fer_core.prediction.scoring import score_answers

    said, predicted = [], []
    missing = {"without_label": 0, "without_face": 0}
    for path, answer in zip(files, answers, strict=True):
        label = label_of(path)
        answer["given"] = None if label is None else NAMES[label]
        if label is None:
            missing["without_label"] += 1
        elif not answer.get("faces"):
            missing["without_face"] += 1
        else:
            said.append(label)
            predicted.append([answer["faces"][0]["probabilities"][name] for name in NAMES])
    figures = {**score_answers(said, np.array(predicted, np.float32)), **missing}
    low, high = figures["intervals"]["accuracy"]
    console.say(
        f"Of {figures['n']:,} labelled faces it agrees on {figures['accuracy']:.1%} ({low:.1%} to {high:.1%}); "
        f"macro-F1 {figures['macro_f1']:.3f}. Not counted: {missing['without_face']:,} without a face, "
        f"{missing['without_label']:,} in no folder that is named for a class."
    )
    console.say(" " * 10 + "".join(f"{name:>9}" for name in NAMES) + "   (called)")
    for name, row in zip(NAMES, figures["confusion"], strict=True):
        console.say(f"{name:>10}" + "".join(f"{count:9,}" for count in row))
    return figures


def _names(files: list[Path]) -> list[str]:
    """What each file's overlays are called: its stem, with its position in front where any two files share one."""
    stems = [path.stem[:60] for path in files]
    if len(set(stems)) == len(stems):
        return stems
    return [f"{position}-{stem}" for position, stem in enumerate(stems, 1)]
