"""Twenty annotators on one server, each a browser's side of Streamlit's websocket.

    python -m benchmarks.sessions [--minutes 10] [--training]

Starts `streamlit run app.py` over a demo that is large enough. Each annotator opens the Review page, gets faces,
answers one about every --pace seconds and sends answers as the card does (60 ms after the key, all that is not
acknowledged, again after 2.5 s, more faces when they run low). Printed are n, p50, p95 and the largest of a stored
verdict, from the key to the acknowledgement; how many were lost or doubled; and of the server its processor time and
its memory (without the pages of files) at the start, with everybody seated, and from minute to minute. --training
trains a network on the demo beside it. Linux.
"""

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
from websockets.asyncio.client import ClientConnection, connect

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "browser")]

from serving import Server  # noqa: E402
from streamlit.proto.BackMsg_pb2 import BackMsg  # noqa: E402
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg  # noqa: E402

from fer_core.dataset.demo import create_demo  # noqa: E402
from fer_core.dataset.store import open_dataset  # noqa: E402
from fer_core.emotions import NAMES  # noqa: E402
from fer_core.identity import COOKIE, sign, signing_key  # noqa: E402
from fer_core.review.events.log import VerdictLog  # noqa: E402
from fer_core.workspace import Workspace  # noqa: E402

CARD = "ferret_review_queue"
LOW = 80  # these four as in queue.js and answering.js
SEND_AFTER, RETRY_AFTER = 0.06, 2.5  # seconds
MOST_AT_ONCE = 400
FACES_HELD = 240  # by an annotator, at most: what the demo must have beyond the answers
LARGEST = 64 << 20  # bytes of a message
PATIENCE = 120.0  # seconds for a page, and for the last answers, on a busy machine


@dataclass
class Annotator:
    """One person at the review card, over one connection."""

    name: str
    socket: ClientConnection
    instance: str = field(default_factory=lambda: str(uuid4()))
    component: str = ""  # the card's id
    fragment: str = ""
    about: dict[str, Any] = field(default_factory=dict)  # data set, annotator and round, as the card is told them
    hand: list[dict[str, Any]] = field(default_factory=list)
    dealt: set[int] = field(default_factory=set)
    waiting: dict[str, dict[str, Any]] = field(default_factory=dict)  # events that are not acknowledged, by id
    pressed: dict[str, float] = field(default_factory=dict)
    given: list[str] = field(default_factory=list)  # ids that were acknowledged
    stored_ms: list[float] = field(default_factory=list)
    problems: Counter[str] = field(default_factory=Counter)
    want: bool = False
    complete: bool = False  # the server has no more faces
    stamp: int = 0
    sent_at: float | None = None  # of the message that is not acknowledged
    received: int = 0  # bytes

    async def listen(self) -> None:
        """Take in whatever the server says, until the connection ends."""
        async for message in self.socket:
            self.received += len(message)
            forward = ForwardMsg.FromString(message if isinstance(message, bytes) else message.encode())
            kind = forward.WhichOneof("type")
            if kind == "delta" and forward.delta.WhichOneof("type") == "new_element":
                element = forward.delta.new_element
                if element.WhichOneof("type") == "bidi_component" and element.bidi_component.component_name == CARD:
                    self.fragment = forward.delta.fragment_id
                    self.component = element.bidi_component.id
                    self.take(json.loads(element.bidi_component.json or element.bidi_component.mixed.json))
                elif element.WhichOneof("type") == "exception":
                    self.problems[element.exception.message] += 1

    def take(self, data: dict[str, Any]) -> None:
        self.about = data["event"]
        ack = data["ack"]
        if ack:
            now = time.perf_counter()
            for one in (*ack["stored"], *ack["refused"]):
                if self.waiting.pop(one, None) is not None and one in ack["stored"]:
                    self.given.append(one)
                    self.stored_ms.append(1000 * (now - self.pressed[one]))
            self.problems.update(filter(None, [ack["error"], *ack["refused"].values()]))
            if not ack["error"] and ack["stamp"] == self.stamp:
                self.sent_at = None
        if data["deal"]:
            cards = [card for card in data["deal"]["cards"] if card["row"] not in self.dealt]
            self.hand += cards
            self.dealt.update(card["row"] for card in cards)
            self.complete = data["deal"]["last"]
            self.want = False

    async def open(self, query: str) -> None:
        """The Review page, until the card has faces."""
        back = BackMsg()
        back.rerun_script.query_string = query
        back.rerun_script.page_name = "review"
        await self.socket.send(back.SerializeToString())
        async with asyncio.timeout(PATIENCE):
            while not self.hand:
                await asyncio.sleep(0.05)

    async def work(self, until: float, pace: float) -> None:
        """Answer at a person's pace; then wait for what is not acknowledged yet."""
        chance = np.random.default_rng(int(self.name.split()[-1]))
        courier = asyncio.create_task(self.carry())
        while time.monotonic() < until:
            await asyncio.sleep(pace * chance.uniform(0.5, 1.5))
            if not self.hand:
                self.problems["no face to answer"] += 1
                continue
            card = self.hand.pop(0)
            answer = str(chance.choice(NAMES)) if chance.random() < 0.1 else card["reveal"]["given"]
            event = {
                "id": str(uuid4()),
                "kind": "answer",
                **self.about,
                **card["log"],
                "row": card["row"],
                "content": card["content"],
                "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
                "answer": answer,
                "key": str(1 + NAMES.index(answer)),
                "seen": "blind",
                "active_ms": round(1000 * pace),
            }
            self.waiting[event["id"]] = event
            self.pressed[event["id"]] = time.perf_counter()
        deadline = time.monotonic() + PATIENCE
        while self.waiting and time.monotonic() < deadline:
            await asyncio.sleep(0.1)
        courier.cancel()

    async def carry(self) -> None:
        """Send what waits, as the card's courier does."""
        while True:
            await asyncio.sleep(SEND_AFTER)
            self.want = self.want or (len(self.hand) <= LOW and not self.complete)
            late = self.sent_at is not None and time.monotonic() - self.sent_at < RETRY_AFTER
            if late or not (self.waiting or self.want):
                continue
            self.stamp += 1
            self.sent_at = time.monotonic()
            outbox = {
                "instance": self.instance,
                "stamp": self.stamp,
                "events": list(self.waiting.values())[:MOST_AT_ONCE],
                "want": self.want,
                "fresh": False,
                "held": [card["row"] for card in self.hand] if self.want else [],
                "alive": True,
                "leaving": False,
            }
            back = BackMsg()
            back.rerun_script.page_name = "review"
            back.rerun_script.fragment_id = self.fragment
            state = back.rerun_script.widget_states.widgets.add()
            state.id, state.json_value = self.component, json.dumps({"outbox": outbox})
            await self.socket.send(back.SerializeToString())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--annotators", type=int, default=20)
    parser.add_argument("--pace", type=float, default=1.5, help="seconds between two answers of a person")
    parser.add_argument("--training", action="store_true", help="train a network on the demo meanwhile")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        workspace = Workspace(Path(folder) / "data")
        faces = arguments.annotators * (1.1 * 60 * arguments.minutes / arguments.pace + FACES_HELD)
        create_demo(workspace, "demo", images=int(faces))
        server = Server(workspace, Path(folder) / "server.log")
        server.start()
        training = train(workspace) if arguments.training else None
        try:
            asyncio.run(session(server, arguments))
            if training is not None:
                print(f"the training was {'still at work' if training.poll() is None else 'over before the end'}")
        finally:
            server.kill()
            if training is not None:
                training.terminate()
                training.wait()


def train(workspace: Workspace) -> subprocess.Popen[bytes]:
    line = [
        sys.executable,
        "-m",
        "fer_core",
        "train",
        "demo",
        "--network",
        "scout",
        "--epochs",
        "10000",
        "--threads",
        "1",
    ]
    quiet = subprocess.DEVNULL
    return subprocess.Popen([*line, "--workspace", str(workspace.root)], cwd=ROOT, stdout=quiet, stderr=quiet)


async def session(server: Server, arguments: argparse.Namespace) -> None:
    memory = [("start", held(server))]
    listeners: list[asyncio.Task[None]] = []
    people: list[Annotator] = []
    opened = []
    for number in range(arguments.annotators):
        name = f"person {number}"
        note = sign(name, signing_key(server.workspace.root), time.time())
        address = f"ws://127.0.0.1:{server.port}/_stcore/stream"
        cookie = {"Cookie": f"{COOKIE}={note}", "Origin": server.url}
        socket = await connect(address, additional_headers=cookie, subprotocols=["streamlit"], max_size=LARGEST)  # type: ignore[list-item]
        people.append(Annotator(name, socket))
        listeners.append(asyncio.create_task(people[-1].listen()))
        started = time.perf_counter()
        await people[-1].open("dataset=demo")
        opened.append(time.perf_counter() - started)
    memory.append(("everybody seated", held(server)))
    worked = -busy(server)
    watch = asyncio.create_task(watch_memory(server, memory))
    until = time.monotonic() + 60 * arguments.minutes
    await asyncio.gather(*(person.work(until, arguments.pace) for person in people))
    watch.cancel()
    memory.append(("end", held(server)))
    worked += busy(server)
    for person in people:
        await person.socket.close()
    await asyncio.gather(*listeners)
    report(server.workspace, people, opened, memory, worked)


async def watch_memory(server: Server, memory: list[tuple[str, float]]) -> None:
    minute = 0
    while True:
        await asyncio.sleep(60)
        minute += 1
        memory.append((f"minute {minute}", held(server)))


def held(server: Server) -> float:
    """Megabytes that the server's process holds for itself."""
    assert server.process is not None
    status = Path(f"/proc/{server.process.pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in status if line.startswith("RssAnon")) * 1024 / 1e6


def busy(server: Server) -> float:
    """Seconds of processor time that the server has used."""
    assert server.process is not None
    fields = Path(f"/proc/{server.process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def report(
    workspace: Workspace,
    people: list[Annotator],
    opened: list[float],
    memory: list[tuple[str, float]],
    worked: float,
) -> None:
    """What was acknowledged against what is in the log."""
    history = VerdictLog(workspace.labels_db).history(open_dataset(workspace, "demo"))
    kept = Counter(history["id"])
    made = sum(len(person.pressed) for person in people)
    given = [one for person in people for one in person.given]
    times = np.array([ms for person in people for ms in person.stored_ms])
    print(f"{len(people)} annotators, {made:,} answers, {len(given):,} acknowledged")
    print(f"in the log {len(history):,}; lost {made - len(kept)}, of acknowledged ones {len(set(given) - set(kept))};")
    doubled = sum(count - 1 for count in kept.values()) + len(given) - len(set(given))
    faces = Counter(zip(history["annotator"], history["row"], strict=True))
    print(f"doubled {doubled}; faces answered twice by one person {sum(count > 1 for count in faces.values())}")
    p50, p95 = np.percentile(times, [50, 95])
    print(
        f"stored and acknowledged: n {len(times):,}, p50 {p50:.0f} ms, p95 {p95:.0f} ms, largest {times.max():.0f} ms"
    )
    print(
        f"page opened until it had faces: n {len(opened)}, median {np.median(opened):.2f} s, "
        f"largest {max(opened):.2f} s"
    )
    print(f"processor time of the server: {1000 * worked / max(made, 1):.0f} ms for each answer")
    print("memory of the server: " + ", ".join(f"{when} {megabytes:.0f} MB" for when, megabytes in memory))
    print(f"sent to each browser: {np.mean([person.received for person in people]) / 1e6:.1f} MB")
    for problem, count in sum((person.problems for person in people), Counter()).most_common():
        print(f"told to annotators {count} times: {problem}")


if __name__ == "__main__":
    main()
