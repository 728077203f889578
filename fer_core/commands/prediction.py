"""`predict`: every face in photos, with its seven probabilities, and where the network looked."""

import argparse
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fer_core.commands.console import Commands, Console
from fer_core.errors import FerretError, ImageRefused, UsageError
from fer_core.prediction.methods import METHODS

if TYPE_CHECKING:
    from PIL import Image

    from fer_core.prediction.predictor import Prediction, Predictor


def register(commands: Commands) -> None:
    parser = commands.add("predict", run_predict, "find the faces in photos and say what a network sees in them")
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="PNG, JPEG, WebP or BMP")
    parser.add_argument("--run", metavar="R", help="the best checkpoint of this run")
    parser.add_argument("--model", metavar="NAME", help="a model that ships in models/ (default: the first of them)")
    parser.add_argument("--tta", action="store_true", help="average over each face and its mirror image")
    parser.add_argument("--whole", action="store_true", help="where no face is found, take the whole picture as one")
    parser.add_argument(
        "--explain", choices=METHODS, metavar="METHOD", help=f"draw where the network looked: {', '.join(METHODS)}"
    )
    parser.add_argument("--out", type=Path, metavar="DIR", help="where --explain writes its PNGs, one per face")


def run_predict(arguments: argparse.Namespace, console: Console) -> list[dict[str, Any]]:
    if (arguments.explain is None) != (arguments.out is None):
        raise UsageError("--explain METHOD and --out DIR go together: what to draw, and where to put it.")
    from fer_core.prediction.answer import document, refusal
    from fer_core.prediction.models import choose

    predictor = choose(console.workspace, arguments.run, arguments.model).open()
    names = _names(arguments.files)
    answers = []
    for position, path in enumerate(arguments.files):
        console.report(f"looking at {path.name}", position / len(arguments.files))
        try:
            prediction = predictor.predict(_decode(path), arguments.tta, arguments.whole)
        except ImageRefused as error:
            console.exit_code = 1
            answers.append(refusal(str(path), error))
            console.say(str(error))
            continue
        answer = document(str(path), prediction, predictor.name)
        _say(console, path, prediction)
        if arguments.explain:
            drawn = _draw(predictor, prediction, arguments.explain, arguments.out, names[position])
            for face, target in zip(answer["faces"], drawn, strict=True):
                face["overlay"] = str(target)
        answers.append(answer)
    if arguments.explain:
        console.say(f"The maps ({METHODS[arguments.explain].title}) are in {arguments.out}.")
    return answers


def _decode(path: Path) -> "Image.Image":
    from fer_core.files import decode_image

    try:
        return decode_image(path)
    except OSError as error:  # missing, a folder, not allowed
        raise ImageRefused(f"{path}: cannot be read ({error.strerror or error}).") from error


def _say(console: Console, path: Path, prediction: "Prediction") -> None:
    from fer_core.prediction.answer import in_words

    count = len(prediction.faces)
    found = {0: "no face found", 1: "1 face"}.get(count, f"{count} faces")
    console.say(f"{path}: {prediction.width} x {prediction.height}, {found}")
    for number, face in enumerate(prediction.faces, 1):
        x, y, width, height = face.box
        console.say(f"  {number}  {in_words(face.probabilities)}  [{width} x {height} at {x}, {y}]")


def _draw(predictor: "Predictor", prediction: "Prediction", method: str, folder: Path, name: str) -> list[Path]:
    """Write one overlay per face, each whole or not there; returns their paths."""
    from PIL import Image

    from fer_core.files import atomic_path
    from fer_core.prediction.explanation import explain, overlay

    targets = []
    for number, face in enumerate(prediction.faces, 1):
        heat = explain(predictor, face.crop, face.index, method)
        target = folder / f"{name}-face{number}-{face.label}.png"
        try:
            with atomic_path(target) as temporary:
                Image.fromarray(overlay(face.crop, heat)).save(temporary, "PNG")
        except OSError as error:
            raise FerretError(f"{target}: cannot be written ({error.strerror or error}).") from error
        targets.append(target)
    return targets


def _names(files: list[Path]) -> list[str]:
    """What each file's overlays are called: its stem, with its position where two files share one."""
    stems = [path.stem[:60] for path in files]
    shared = Counter(stems)
    return [stem if shared[stem] == 1 else f"{position}-{stem}" for position, stem in enumerate(stems, 1)]
