"""Where a command speaks: text for people or one JSON document on standard output, progress on standard error."""

import argparse
import json
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fer_core.progress import Report
from fer_core.workspace import Workspace

Run = Callable[[argparse.Namespace, "Console"], Any]


@dataclass
class Console:
    """One command's surroundings. `exit_code` may be set to 1 by a command that answered only in part."""

    workspace: Workspace
    as_json: bool
    report: Report
    exit_code: int = 0

    def say(self, text: str) -> None:
        """A line for people; silent under --json, where standard output holds one document and nothing else."""
        if not self.as_json:
            print(text, flush=True)

    def finish(self, document: Any) -> None:
        """Print the command's document under --json."""
        if self.as_json:
            print(json.dumps(document, ensure_ascii=False, indent=1), flush=True)


@dataclass
class Commands:
    """Collects the parsers of all floors; each command gets --json and --workspace."""

    subparsers: Any
    runs: dict[str, Run] = field(default_factory=dict)

    def add(self, name: str, run: Run, summary: str) -> argparse.ArgumentParser:
        """Add a command of one or two words (`jobs cancel` is added as "jobs" with an argument of its own)."""
        parser: argparse.ArgumentParser = self.subparsers.add_parser(
            name, help=summary.replace("%", "%%"), description=summary
        )
        parser.add_argument("--json", action="store_true", help="print one JSON document on standard output")
        parser.add_argument(
            "--workspace",
            type=Path,
            default=Path(os.environ.get("FERRET_WORKSPACE", "data")),
            metavar="DIR",
            help="the folder with data sets, verdicts and runs (default: what FERRET_WORKSPACE says, else data)",
        )
        self.runs[name] = run
        return parser


def whole_number(least: int, most: int | None = None) -> Callable[[str], int]:
    """How argparse reads a whole number from `least` to `most`, and refuses another with exit code 2."""

    def integer(text: str) -> int:
        number = int(text)
        if number < least:
            raise argparse.ArgumentTypeError(f"{number} is too small: at least {least}")
        if most is not None and number > most:
            raise argparse.ArgumentTypeError(f"{number:,} is too large: at most {most:,}")
        return number

    return integer


COUNT = whole_number(1)
SEED = whole_number(0, 2**32 - 1)  # what all generators take


class ProgressBar:
    """A report on standard error: a bar on a terminal, a line per stage elsewhere."""

    def __init__(self) -> None:
        self._terminal = sys.stderr.isatty()
        self._stage = ""
        self._drawn = 0.0

    def __call__(self, stage: str, fraction: float) -> None:
        if not self._terminal:
            if stage != self._stage:
                print(f"{stage} ...", file=sys.stderr, flush=True)
            self._stage = stage
            return
        now = time.monotonic()
        if stage == self._stage and fraction < 1 and now - self._drawn < 0.1:
            return
        self._stage, self._drawn = stage, now
        done = round(24 * min(max(fraction, 0.0), 1.0))
        print(f"\r\033[K{'█' * done}{'░' * (24 - done)} {fraction:4.0%}  {stage}", end="", file=sys.stderr, flush=True)

    def close(self) -> None:
        """Clear the bar, so that what is said next starts on a clean line."""
        if self._terminal and self._stage:
            print("\r\033[K", end="", file=sys.stderr, flush=True)
