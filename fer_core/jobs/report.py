"""What a running job says about itself, and how it hears that it should stop.

The work never waits for the database: its calls leave the news in memory, and a thread of its own carries them to
the job store at most four times a second, and a sign of life at least every two seconds when there is no news.
"""

import os
import threading
import time

from fer_core.errors import Cancelled, StoreError
from fer_core.jobs.process import find_process
from fer_core.jobs.store import beat, claim, should_stop
from fer_core.progress import Report
from fer_core.workspace import Workspace

TICK = 0.25  # seconds between two writes, and between two looks whether to stop
BEAT = 2.0  # seconds between two signs of life without news


def job_report(workspace: Workspace, job_id: str) -> Report:
    """The report of a process that runs as job `job_id`. It raises `Cancelled` once the job should stop.

    The job belongs to the process group that the worker started, so whatever the job starts may report for it too.
    A process that the job does not belong to is stopped at its first report.
    """
    leader = find_process(os.getpgid(0))
    reporter = _Reporter(workspace, job_id)
    if leader is None or not claim(workspace, job_id, leader, os.getppid()):
        reporter.stop = True
    else:
        threading.Thread(target=reporter.carry, name="job report", daemon=True).start()
    return reporter


class _Reporter:
    def __init__(self, workspace: Workspace, job_id: str) -> None:
        self.workspace = workspace
        self.job_id = job_id
        self.stop = False
        self.news = ("", 0.0)
        self.first: tuple[float, float] | None = None  # time and fraction of the first call, for the estimate

    def __call__(self, stage: str, fraction: float) -> None:
        fraction = min(max(fraction, 0.0), 1.0)
        self.first = self.first or (time.monotonic(), fraction)
        self.news = (stage, fraction)
        if self.stop:
            raise Cancelled("cancelled; what was finished is stored")

    def carry(self) -> None:
        carried, last = ("", 0.0), 0.0
        while True:
            news, now = self.news, time.monotonic()
            try:
                if news != carried or now - last >= BEAT:
                    beat(self.workspace, self.job_id, stage=news[0], fraction=news[1], eta=self._eta(news[1]))
                    carried, last = news, now
                self.stop = self.stop or should_stop(self.workspace, self.job_id)
            except StoreError:
                # Progress is chatter: a busy or full disk must not stop the work. The next turn tries again.
                last = 0.0
            time.sleep(TICK)

    def _eta(self, fraction: float) -> float | None:
        """Seconds left if it goes on as since the first call; None before anything can be told."""
        if self.first is None:
            return None
        start, at_start = self.first
        gained = fraction - at_start
        return (time.monotonic() - start) * (1 - fraction) / gained if gained > 0.005 else None
