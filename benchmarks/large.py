"""A large data set from its import to its suspects: seconds and peak memory of every step, each in its own process.

    python -m benchmarks.large --images 100000 [--workspace DIR] [--steps import open ...] [--json FILE]
    python -m benchmarks.large --table 10k.json 100k.json 1m.json

The images are the drawn faces of the demo turned, scaled, moved and exposed at random (audit_growth.py; one in twenty
an exact copy, one in fifty a near one), the same for the same --images. They are written as Parquet with PNG bytes and
come in through `import`. A step is timed from its call to its end, without the start of Python; the peak is that of the
process, with the pages of the images that it has touched. A workspace named by --workspace stays, and its steps can be
run one by one; without it all is gone afterwards. Linux.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
NAME = "large"
DRAWN = 3500  # faces that the images are made from
BATCH = 4096  # images in a row group of the source
ANSWERS = 20_000
DEALS = 30  # for each queue
CLOCK = [time.perf_counter]  # or process_time: --processor-time
PAGES = {"overview": "overview.py", "review": "review.py"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=10_000)
    parser.add_argument("--workspace", type=Path, help="where the data set is made, or is from an earlier run")
    parser.add_argument("--steps", nargs="+", choices=STEPS, default=list(STEPS), metavar="STEP")
    parser.add_argument("--processor-time", action="store_true", help="instead of the clock's, on a busy machine")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures, for --table")
    parser.add_argument("--table", type=Path, nargs="+", metavar="FILE", help="join such files to one table")
    parser.add_argument("--one", choices=("source", *STEPS), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.table:
        print(table([json.loads(file.read_text()) for file in arguments.table]))
        return
    if arguments.processor_time:
        CLOCK[0] = time.process_time
    if arguments.one:
        print(json.dumps(timed(arguments.one, arguments.workspace, arguments.images)))
        return
    folder = arguments.workspace or Path(tempfile.mkdtemp(prefix="ferret-large-"))
    try:
        document = measure(folder.resolve(), arguments.images, arguments.steps)
    finally:
        if arguments.workspace is None:
            shutil.rmtree(folder)
    if arguments.json:
        arguments.json.write_text(json.dumps(document, indent=1) + "\n")
    print(table([document]))


def measure(workspace: Path, images: int, steps: list[str]) -> dict[str, Any]:
    """Run the steps one after the other; the document that --json writes."""
    if "import" in steps:
        in_own_process("source", workspace, images)
    figures = {}
    for step in steps:
        figures[step] = in_own_process(step, workspace, images)
        print(f"{images:,} images, {step}: {figures[step]}", file=sys.stderr, flush=True)
    if "import" in steps:
        (workspace / "source.parquet").unlink()
    machine = f"{processor()}, {len(os.sched_getaffinity(0))} cores"
    return {
        "images": images,
        "machine": machine,
        "clock": "processor time" if CLOCK[0] is time.process_time else "wall time",
        "measured": datetime.now(UTC).date().isoformat(),
        "steps": figures,
    }


def in_own_process(step: str, workspace: Path, images: int) -> dict[str, Any]:
    line = ["--one", step, "--workspace", str(workspace), "--images", str(images)]
    line += ["--processor-time"] if CLOCK[0] is time.process_time else []
    command = [sys.executable, "-m", "benchmarks.large", *line]
    told = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, cwd=ROOT)
    return dict(json.loads(told.stdout.splitlines()[-1]))


def timed(step: str, workspace: Path, images: int) -> dict[str, Any]:
    """One step in this process. `seconds`, `cpu` (seconds of all its threads), `peak_mb`, and what the step tells."""
    run = source if step == "source" else STEPS[step]
    started, busy = CLOCK[0](), time.process_time()
    told = run(workspace, images)
    seconds, busy = CLOCK[0]() - started, time.process_time() - busy
    status = Path("/proc/self/status").read_text().splitlines()
    peak = next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))
    return {"seconds": round(seconds, 3), "cpu": round(busy, 3), "peak_mb": round(peak * 1024 / 1e6)} | told


def source(workspace: Path, images: int) -> dict[str, Any]:
    """source.parquet in the workspace, a batch of images at a time."""
    import cv2
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    from benchmarks.audit_growth import make
    from fer_core.dataset.demo import draw_demo
    from fer_core.dataset.store import SPLITS

    workspace.mkdir(parents=True, exist_ok=True)
    picture = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    schema = pa.schema([("image", picture), ("label", pa.int64()), ("split", pa.string())])
    fast = [cv2.IMWRITE_PNG_COMPRESSION, 1]
    with tempfile.TemporaryDirectory(dir=workspace) as folder:
        make(draw_demo(images=DRAWN).images.pixels, images, Path(folder))
        pixels = np.load(Path(folder) / "images.npy", mmap_mode="r")
        labels, splits = (np.load(Path(folder) / f"{name}.npy") for name in ("labels", "splits"))
        with pq.ParquetWriter(workspace / "source.parquet", schema) as writer:
            for start in range(0, images, BATCH):
                here = slice(start, start + BATCH)
                names = range(start, start + len(labels[here]))
                encoded = [cv2.imencode(".png", image, fast)[1].tobytes() for image in pixels[here]]
                cells = [{"bytes": own, "path": f"{name}.png"} for own, name in zip(encoded, names, strict=True)]
                columns = [cells, labels[here].astype(np.int64), [SPLITS[split] for split in splits[here]]]
                arrays = [pa.array(column, field.type) for column, field in zip(columns, schema, strict=True)]
                writer.write_batch(pa.RecordBatch.from_arrays(arrays, schema=schema))
    return {}


def import_(workspace: Path, images: int) -> dict[str, Any]:
    command("import", str(workspace / "source.parquet"), "--name", NAME, workspace=workspace)
    return {}


def open_(workspace: Path, images: int) -> dict[str, Any]:
    """Until the data set is open; the modules are loaded before."""
    from fer_core.dataset.store import open_dataset
    from fer_core.workspace import Workspace

    started = CLOCK[0]()
    dataset = open_dataset(Workspace(workspace), NAME)
    seconds = CLOCK[0]() - started
    assert len(dataset) == images
    return {"seconds": round(seconds, 3)}


def audit(workspace: Path, images: int) -> dict[str, Any]:
    command("audit", NAME, "--reasons", "model-free", workspace=workspace)
    found = next((workspace / "datasets" / NAME / "audits").glob("*/audit.json"))
    document = json.loads(found.read_text())
    clocked = CLOCK[0] is time.perf_counter  # what the audit itself tells
    return {"stages": document["seconds"]} if clocked else {}


def queue(workspace: Path, images: int) -> dict[str, Any]:
    """The very first deal of 120 faces, and the slowest queue's p95 and largest, among `ANSWERS` answers."""
    import numpy as np

    from benchmarks.review_queues import PEOPLE, answer_at_random, time_deals
    from fer_core.audit.results import latest_audit
    from fer_core.dataset.store import open_dataset
    from fer_core.review.events.log import VerdictLog
    from fer_core.review.queues.kinds import KINDS
    from fer_core.review.queues.leases import LeaseBook
    from fer_core.workspace import Workspace

    place = Workspace(workspace)
    dataset, log, leases = open_dataset(place, NAME), VerdictLog(place.labels_db), LeaseBook(place.leases_db)
    if not log.watermark():
        answer_at_random(log, dataset, ANSWERS)
    audited = latest_audit(dataset)
    gold = np.full(len(dataset), -1, np.int8)
    gold[:: max(1, len(dataset) // 400)] = 0
    kinds = [kind.name for kind in KINDS if audited is not None or not kind.needs_audit]
    each = {name: time_deals(dataset, log, leases, audited, name, gold, DEALS, CLOCK[0])[0] for name in kinds}
    steady = {name: np.array(times[1:]) for name, times in each.items()}
    slowest = max(steady, key=lambda name: np.percentile(steady[name], 95))
    return {
        "people": len(PEOPLE),
        "first_ms": round(max(times[0] for times in each.values())),
        "slowest": slowest,
        "p95_ms": round(float(np.percentile(steady[slowest], 95)), 1),
        "largest_ms": round(max(float(times.max()) for times in steady.values()), 1),
    }


def page(name: str) -> Callable[[Path, int], dict[str, Any]]:
    """First run of a page in a server that has its modules loaded; again by somebody else; again after one answer."""

    def run(workspace: Path, images: int) -> dict[str, Any]:
        import logging

        from streamlit.testing.v1 import AppTest

        from benchmarks.review_queues import said
        from fer_core.dataset.store import open_dataset
        from fer_core.review.events.log import VerdictLog
        from fer_core.workspace import Workspace

        logging.disable(logging.WARNING)  # Streamlit's, about running without a server

        def seconds(of: Path) -> float:
            os.environ["FERRET_WORKSPACE"] = str(of)
            app = AppTest.from_file(str(ROOT / "pages" / "_shell.py"), default_timeout=600)
            app.session_state["annotator_name"] = "somebody"
            started = CLOCK[0]()
            app.run() if name == "overview" else app.run().switch_page(PAGES[name]).run()
            took = CLOCK[0]() - started
            assert not app.exception and not app.error, (app.exception, app.error)
            return took

        with tempfile.TemporaryDirectory() as empty:
            warm = Workspace(Path(empty))
            from fer_core.dataset.demo import create_demo

            create_demo(warm, "demo", images=140)
            idle = seconds(warm.root)
            idle = seconds(warm.root)
        first, second = seconds(workspace), seconds(workspace)
        place = Workspace(workspace)
        dataset = open_dataset(place, NAME)
        VerdictLog(place.labels_db).record(dataset, [said(dataset, 0, "somebody else")])
        after = seconds(workspace)
        figures = {"first_s": first, "again_s": second, "after_answer_s": after, "of_140_images_s": idle}
        return {key: round(value, 3) for key, value in figures.items()}

    return run


def suspects(workspace: Path, images: int) -> dict[str, Any]:
    file = workspace / "suspects.csv"
    command("suspects", NAME, "--csv", str(file), workspace=workspace)
    size = file.stat().st_size
    file.unlink()
    return {"file_mb": round(size / 1e6)}


STEPS: dict[str, Callable[[Path, int], dict[str, Any]]] = {
    "import": import_,
    "open": open_,
    "audit": audit,
    "queue": queue,
    "overview": page("overview"),
    "review": page("review"),
    "suspects": suspects,
}


def command(*line: str, workspace: Path) -> None:
    """A command of the product, in this process."""
    from fer_core.__main__ import main as ferret

    assert ferret([*line, "--workspace", str(workspace)]) == 0


def processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return next((line.split(": ")[1] for line in lines if line.startswith("model name")), "unknown processor")


def table(documents: list[dict[str, Any]]) -> str:
    """A line for each figure, a column for each size, as Markdown."""
    documents = sorted(documents, key=lambda document: document["images"])
    head = ["", *(f"{document['images']:,} images" for document in documents)]
    lines = [head, ["---", *("---:" for _ in documents)]]
    for title, figure in LINES:
        cells = [figure(document["steps"]) for document in documents]
        if any(cells):
            lines.append([title, *(cell or "–" for cell in cells)])
    text = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    return (
        text + "\n\n" + "; ".join(sorted({f"{one['machine']}, {one['clock']}, {one['measured']}" for one in documents}))
    )


def told(step: str, form: str) -> Callable[[dict[str, Any]], str]:
    """A figure of a step as text, empty where the step was not run."""
    return lambda steps: form.format(**steps[step], gb=steps[step]["peak_mb"] / 1000) if step in steps else ""


def stage(name: str) -> Callable[[dict[str, Any]], str]:
    """The seconds of a part of the audit, empty where they were not taken."""
    return lambda steps: f"{steps['audit']['stages'][name]:.0f} s" if "stages" in steps.get("audit", {}) else ""


LINES: list[tuple[str, Callable[[dict[str, Any]], str]]] = [
    ("import (Parquet with PNG pictures)", told("import", "{seconds:.1f} s")),
    ("its peak memory", told("import", "{gb:.2f} GB")),
    ("open", told("open", "{seconds:.2f} s")),
    ("its peak memory", told("open", "{gb:.2f} GB")),
    ("model-free audit", told("audit", "{seconds:.0f} s")),
    ("of it comparing pixels, and quality", stage("pixels")),
    ("of it looking for faces", stage("faces")),
    ("its peak memory", told("audit", "{gb:.2f} GB")),
    ("next 120 faces, slowest queue, p95", told("queue", "{p95_ms:.0f} ms")),
    ("the very first 120 faces of a queue, at most", told("queue", "{first_ms:.0f} ms")),
    ("its peak memory", told("queue", "{gb:.2f} GB")),
    ("Overview page, first run of a server", told("overview", "{first_s:.2f} s")),
    ("by the next person", told("overview", "{again_s:.2f} s")),
    ("after one more answer", told("overview", "{after_answer_s:.2f} s")),
    ("its peak memory", told("overview", "{gb:.2f} GB")),
    ("Review page, first run of a server", told("review", "{first_s:.2f} s")),
    ("by the next person", told("review", "{again_s:.2f} s")),
    ("its peak memory", told("review", "{gb:.2f} GB")),
    ("suspects written as CSV", told("suspects", "{seconds:.1f} s")),
    ("its peak memory", told("suspects", "{gb:.2f} GB")),
]

if __name__ == "__main__":
    main()
