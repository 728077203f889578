"""Waiting on conditions, with a deadline and never for a fixed time."""

import time
from collections.abc import Callable

DEADLINE = 240.0


def wait_until(condition: Callable[[], object], what: str) -> None:
    """Return as soon as `condition` holds; fail when it does not within the deadline."""
    deadline = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < deadline, f"waited {DEADLINE:.0f} s in vain for: {what}"
        time.sleep(0.02)
