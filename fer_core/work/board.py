"""A board on the head node: tasks write how far they are, and whoever started them reads it."""

from types import ModuleType
from typing import Any

from fer_core.work.connection import HEAD


class Board:
    """Lives in a process of its own, as a Ray actor."""

    def __init__(self) -> None:
        self.news: dict[int, tuple[str, float]] = {}
        self.failure: tuple[str, str] | None = None
        self.stop = False

    def tell(self, who: int, stage: str, fraction: float) -> bool:
        """News of a task; answers whether it should stop."""
        self.news[who] = stage, fraction
        return self.stop

    def heard(self) -> dict[int, tuple[str, float]]:
        """The latest stage and fraction of everybody who has said something."""
        return self.news

    def ask_to_stop(self) -> None:
        self.stop = True

    def fail(self, kind: str, sentence: str) -> None:
        """The first failure that a person can do something about stays."""
        self.failure = self.failure or (kind, sentence)

    def failed(self) -> tuple[str, str] | None:
        return self.failure


def put_up(ray: ModuleType) -> Any:
    """A handle on a new board. It is gone with the process that put it up."""
    return ray.remote(num_cpus=0, resources=HEAD)(Board).remote()
