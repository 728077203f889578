"""How long work says where it is, and hears that it should stop.

Whatever takes more than a second takes a `report`. It calls it with the stage in words and the fraction done; the
command line draws a bar, a background job writes it to the job store. A report may raise `Cancelled`: work lets it
through, after leaving what it has stored in a state that can be resumed.
"""

from collections.abc import Callable

Report = Callable[[str, float], None]
"""`report(stage, fraction)`: stage as a short phrase ("training fold 2 of 4"), fraction of ALL the work in [0, 1]."""


def silent(stage: str, fraction: float) -> None:
    """The report of work that nobody watches."""


def part(report: Report, start: float, end: float) -> Report:
    """A report for one stage of larger work: its 0 to 1 becomes `start` to `end` of the whole."""

    def inner(stage: str, fraction: float) -> None:
        report(stage, start + (end - start) * fraction)

    return inner
