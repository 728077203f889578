"""One of several programs that write to a log at once: log_writer.py WORKSPACE DATASET FILE, an event a line."""

import json
import sys
from pathlib import Path

from fer_core.dataset.store import open_dataset
from fer_core.review.events.log import VerdictLog
from fer_core.review.events.verdict import read_verdict
from fer_core.workspace import Workspace

if __name__ == "__main__":
    workspace = Workspace(Path(sys.argv[1]))
    dataset = open_dataset(workspace, sys.argv[2])
    for line in Path(sys.argv[3]).read_text().splitlines():
        receipt = VerdictLog(workspace.labels_db).record(dataset, [read_verdict(json.loads(line))])
        assert len(receipt.stored) == 1
