"""What a piece of work is, and how far some of them are."""

from collections.abc import Callable

from fer_core.progress import Report

Task = Callable[[Report], None]
"""A piece of work that stores its own result. It travels to another process, so it must be picklable."""


class Tally:
    """How far each of some tasks is, told as one line."""

    def __init__(self, count: int, stage: str, report: Report) -> None:
        self.fractions = [0.0] * count
        self.stage, self.report = stage, report

    def heard(self, index: int, fraction: float) -> None:
        """What a task says of itself. Only its end makes it done."""
        self.fractions[index] = min(fraction, 0.999)

    def finished(self, index: int) -> None:
        self.fractions[index] = 1.0

    def tell(self) -> None:
        done, count = sum(fraction >= 1 for fraction in self.fractions), len(self.fractions)
        self.report(f"{self.stage}, {done} of {count} done", sum(self.fractions) / max(count, 1))
