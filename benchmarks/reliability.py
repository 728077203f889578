"""What is promised under fire, the tests that hold it, and their figures:

    python -m benchmarks.reliability run labels     # or jobs, or inputs: the full counts; goes on where it was stopped
    python -m benchmarks.reliability table          # writes the figures between the marks of docs/reliability.md

`make test-full PART=labels` is the first. Each finished test case leaves a line in `.reliability/PART.jsonl`, with what
it counted and measured; a case that passed is not run again until the part is over, one that failed is. `run PART
--again` begins anew.
"""

import argparse
import json
import os
import platform
import sys
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from benchmarks.reliability_promises import PARTS, PROMISES, Promise
from fer_core.files import read_json, write_json

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / ".reliability"
DOCUMENT = ROOT / "docs" / "reliability.md"
BEGIN, END = "<!-- figures -->", "<!-- /figures -->"


class Memory:
    """A part's finished test cases, one JSON line each; a pytest plugin that leaves out what has passed."""

    def __init__(self, part: str) -> None:
        self.file = RESULTS / f"{part}.jsonl"
        self.file.parent.mkdir(exist_ok=True)
        self.passed = {line["test"] for line in lines(part) if line["outcome"] == "passed"}
        # Open from now on: a test of read-only folders has put root's rights down when it is reported.
        self.book = self.file.open("a", encoding="utf-8", buffering=1)

    @pytest.hookimpl(tryfirst=True)  # before `-k` leaves some out
    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        write_json(self.file.with_name(f"{self.file.stem}-cases.json"), [item.nodeid for item in items])
        done = [item for item in items if item.nodeid in self.passed]
        config.hook.pytest_deselected(items=done)
        items[:] = [item for item in items if item.nodeid not in self.passed]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call" or report.outcome in ("failed", "skipped"):
            line = {"test": report.nodeid, "outcome": report.outcome, "seconds": round(report.duration, 1)}
            line |= {"full": "slow" in report.keywords, "figures": dict(report.user_properties)}
            line |= {"day": f"{datetime.now(UTC):%Y-%m-%d}"}
            self.book.write(json.dumps(line) + "\n")

    def pytest_unconfigure(self) -> None:
        self.book.close()


def lines(part: str) -> list[dict[str, Any]]:
    """What is remembered of a part; of a case that was run again only the last."""
    file = RESULTS / f"{part}.jsonl"
    found = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()] if file.exists() else []
    return list({line["test"]: line for line in found}.values())


def cases(part: str) -> list[str]:
    """All test cases of a part, as pytest found them when it was run."""
    file = RESULTS / f"{part}-cases.json"
    return read_json(file) if file.exists() else []


def names_of(part: str) -> list[str]:
    """What pytest calls the tests of a part."""
    return [f"tests/{test}" for promise in PROMISES if promise.part == part for test in promise.tests]


def run(part: str, only: str) -> int:
    os.chdir(ROOT)
    memory = Memory(part)
    print(f"{len(memory.passed)} test cases of {part} have passed before and are not run again (--again runs them).")
    code = pytest.main(["-q", "-p", "no:cacheprovider", "-k", only, *names_of(part)], plugins=[memory])
    return 0 if code == pytest.ExitCode.NO_TESTS_COLLECTED and memory.passed else int(code)


def table() -> None:
    """Rewrite what stands between the marks of docs/reliability.md."""
    before, rest = DOCUMENT.read_text(encoding="utf-8").split(BEGIN)
    after = rest.split(END)[1]
    rows = "\n".join(row_of(promise) for promise in PROMISES)
    head = (
        "| | promise | `make test` | `make test-full` | figure of the full count | tests |\n|---|---|---|---|---|---|"
    )
    text = f"{before}{BEGIN}\n{machine()}\n\n{head}\n{rows}\n{END}{after}"
    DOCUMENT.write_text(text, encoding="utf-8")


def machine() -> str:
    import sqlite3

    from fer_core.training.machine import cpu

    days = sorted(line["day"] for part in PARTS for line in lines(part)) or ["never"]
    when = days[0] if days[0] == days[-1] else f"{days[0]} to {days[-1]}"
    return f"{cpu()['name']}, SQLite {sqlite3.sqlite_version}, Python {platform.python_version()}; run {when}."


def row_of(promise: Promise) -> str:
    tests = ", ".join(f"`{test}`" for test in dict.fromkeys(test.split("::")[0] for test in promise.tests))
    cells = (promise.number, promise.words, promise.usual, promise.full or "the same", figure_of(promise), tests)
    return f"| {' | '.join(cells)} |"


def figure_of(promise: Promise) -> str:
    """What the tests of a promise have counted, or that they have not been run (to their end)."""
    done = [line for line in lines(promise.part) if any(belongs(line["test"], test) for test in promise.tests)]
    failed = sum(line["outcome"] == "failed" for line in done)
    if failed:
        return f"**{failed} of {len(done)} cases failed**"
    wanted = {case for case in cases(promise.part) if any(belongs(case, test) for test in promise.tests)}
    if not wanted or not wanted <= {line["test"] for line in done}:
        return f"not run to the end ({len(done)} of {len(wanted)} cases)" if done else "not run"
    words = promise.figure.format(**gathered(done)) if promise.figure else "held"
    minutes = sum(line["seconds"] for line in done) / 60
    skipped = sum(line["outcome"] == "skipped" for line in done)
    return f"{words} ({len(done) - skipped} cases, {minutes:.1f} min{f'; {skipped} skipped' if skipped else ''})"


def belongs(case: str, test: str) -> bool:
    """Whether a test case is one of a test: a file, or a function with or without parameters."""
    return case.removeprefix("tests/").split("[")[0] == test or case.startswith(f"tests/{test}::")


def gathered(done: list[dict[str, Any]]) -> dict[str, float]:
    """The figures of test cases: of those of the full counts, where there are such. Times are the worst, paces the
    least, the rest sums.
    """
    full = [line for line in done if line["full"]] or done
    values = defaultdict(list)
    for line in full:
        for name, value in line["figures"].items():
            values[name].append(value)
    ways = {"ms": max, "s": max, "second": min}
    return {name: ways.get(name.rsplit("_", 1)[-1], sum)(found) for name, found in values.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    actions = parser.add_subparsers(dest="action", required=True)
    runs = actions.add_parser("run")
    runs.add_argument("part", choices=PARTS)
    runs.add_argument("--again", action="store_true", help="also what has passed before")
    runs.add_argument("-k", default="", dest="only", help="only tests whose names hold this, as with pytest")
    actions.add_parser("table")
    arguments = parser.parse_args()
    if arguments.action == "table":
        return table()
    if arguments.again:
        (RESULTS / f"{arguments.part}.jsonl").unlink(missing_ok=True)
    sys.exit(run(arguments.part, arguments.only))


if __name__ == "__main__":
    main()
