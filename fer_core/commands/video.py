"""`video`: what the faces in a video show over time, per person and for everybody together."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fer_core.commands.console import Commands, Console
from fer_core.errors import FerretError, UsageError

if TYPE_CHECKING:
    import numpy as np

    from fer_core.prediction.timeline import Timeline


def register(commands: Commands) -> None:
    parser = commands.add(
        "video", run_video, "follow the faces of a video and say what a network sees in them over time"
    )
    parser.add_argument("file", type=Path, metavar="FILE", help="MP4, MOV, AVI, MKV or WebM")
    parser.add_argument("--rate", type=float, default=5.0, metavar="N", help="frames a second to look at (default: 5)")
    parser.add_argument("--run", metavar="R", help="the best checkpoint of this run")
    parser.add_argument("--model", metavar="NAME", help="a model that ships in models/ (default: the first of them)")
    parser.add_argument(
        "--smooth", type=float, default=1.0, metavar="SECONDS", help="average over so many seconds (default: 1)"
    )
    parser.add_argument(
        "--small-faces", action="store_true", help="look for small faces in every frame, as of a whole class; slower"
    )
    parser.add_argument("--csv", type=Path, metavar="FILE", help="write a line per face and frame")


def run_video(arguments: argparse.Namespace, console: Console) -> dict[str, Any]:
    from fer_core.prediction.models import choose
    from fer_core.prediction.timeline import document, faces_csv
    from fer_core.prediction.watching import Watch, watch

    if not 0 <= arguments.smooth <= 600:
        raise UsageError("--smooth takes 0 to 600 seconds.")
    how = Watch(rate=arguments.rate, small=arguments.small_faces)
    asked = choose(console.workspace, arguments.run, arguments.model).open()
    timeline = watch(arguments.file, asked, how, console.report, str(arguments.file))
    _say(console, timeline, arguments.smooth)
    if arguments.csv:
        _write(arguments.csv, faces_csv(timeline, arguments.smooth))
        console.say(f"Every face in every frame is in {arguments.csv}.")
    return document(timeline, arguments.smooth)


def _say(console: Console, timeline: "Timeline", window: float) -> None:
    from fer_core.emotions import NAMES
    from fer_core.prediction.timeline import clock, overall, spells

    people = {0: "nobody was followed", 1: "1 person"}.get(timeline.people, f"{timeline.people} persons")
    console.say(f"{timeline.name}: {clock(timeline.length)}, {len(timeline.seconds):,} frames looked at, {people}")
    if timeline.broken_off:
        console.say("  The video ends long before the length that it says: it was cut off, or is damaged.")
    for person in range(timeline.people):
        console.say(f"  person {person + 1}: {_shares(overall(timeline, person))}")
        for spell in spells(timeline, person, window):
            console.say(f"    {clock(spell.start)} to {clock(spell.end)}  {NAMES[spell.index]}")
    if timeline.people:
        console.say(f"  everybody: {_shares(overall(timeline))}")


def _shares(shares: "np.ndarray") -> str:
    """The largest shares in words: "happy 61 %, neutral 22 %"."""
    from fer_core.emotions import NAMES

    largest = sorted(zip(shares.tolist(), NAMES, strict=True), reverse=True)
    return ", ".join(f"{name} {share * 100:.0f} %" for share, name in largest[:3] if share >= 0.01)


def _write(path: Path, text: str) -> None:
    from fer_core.files import atomic_path

    try:
        with atomic_path(path) as temporary:
            temporary.write_text(text, encoding="utf-8")
    except OSError as error:
        raise FerretError(f"{path}: cannot be written ({error.strerror or error}).") from error
