"""Several programs that write to a log at once: log_writer.py WORKSPACE DATASET FILE..., one for each file of events.

Forked, so that what they all need is loaded once, and they begin at the same moment.
"""

import json
import multiprocessing
import sys
from multiprocessing.synchronize import Barrier
from pathlib import Path

from fer_core.dataset.store import open_dataset
from fer_core.review.events.log import VerdictLog
from fer_core.review.events.verdict import read_verdict
from fer_core.workspace import Workspace


def write(workspace: Workspace, name: str, file: Path, start: Barrier) -> None:
    dataset = open_dataset(workspace, name)
    start.wait()
    for line in file.read_text().splitlines():
        receipt = VerdictLog(workspace.labels_db).record(dataset, [read_verdict(json.loads(line))])
        assert len(receipt.stored) == 1


if __name__ == "__main__":
    workspace, name, files = Workspace(Path(sys.argv[1])), sys.argv[2], [Path(file) for file in sys.argv[3:]]
    fork = multiprocessing.get_context("fork")
    start = fork.Barrier(len(files))
    writers = [fork.Process(target=write, args=(workspace, name, file, start), daemon=True) for file in files]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    sys.exit(sum(writer.exitcode != 0 for writer in writers))
