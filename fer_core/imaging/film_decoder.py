"""The process that decodes one video: started by `film.open_film` as a script of its own, killed by it at any time.

A video comes from a stranger and its decoders are a million lines of C, so they run where a crash, a loop or a flood of
memory takes nobody else along: under limits on memory, processor time and files, unable to write any, allowed to read
the containers and codecs below from one local file and nothing else. Imports nothing of ours.

    python film_decoder.py SETTINGS    (JSON: the fields of film.Sampling and film.Limits, and `path`)

What it says on standard output is a row of messages: a header (HEADER: kind, seconds, height, width, bytes), then so
many bytes. INFO comes first, JSON; each FRAME is RGB, uint8 (height, width, 3); BEAT says that it still works; DONE
(JSON) or FAIL (a sentence's end) is the last.
"""

import json
import math
import os
import resource
import struct
import sys
import time
from collections.abc import Iterator
from typing import Any

HEADER = struct.Struct("<cdIII")
INFO, FRAME, BEAT, DONE, FAIL = b"I", b"F", b"B", b"D", b"X"
BEAT_EVERY = 1.0  # seconds
# FFmpeg opens by content what a file holds, so a playlist under another name could make it read other files.
FFMPEG_OPTIONS = "protocol_whitelist;file|format_whitelist;mov,mp4,m4a,3gp,3g2,mj2,avi,matroska,webm"


class Refused(Exception):
    """Why a video is not decoded, as the end of a sentence that begins with its name."""


def main() -> None:
    settings = json.loads(sys.argv[1])
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # whatever a library prints does not get between the messages
    limit(settings)
    import cv2

    def say(kind: bytes, content: bytes = b"", seconds: float = 0.0, height: int = 0, width: int = 0) -> None:
        out.write(HEADER.pack(kind, seconds, height, width, len(content)))
        out.write(content)
        out.flush()

    try:
        capture = cv2.VideoCapture(
            settings["path"],
            cv2.CAP_FFMPEG,
            [cv2.CAP_PROP_HW_ACCELERATION, cv2.VIDEO_ACCELERATION_NONE, cv2.CAP_PROP_N_THREADS, settings["threads"]],
        )
        info = describe(cv2, capture, settings)
        say(INFO, json.dumps(info).encode())
        last = 0.0
        for seconds, frame in frames(cv2, capture, settings, info, lambda: say(BEAT)):
            say(FRAME, frame.tobytes(), seconds, frame.shape[0], frame.shape[1])
            last = seconds
        say(DONE, json.dumps({"last": last, "ended_early": info.get("ended_early")}).encode())
    except Refused as reason:
        say(FAIL, str(reason).encode())
    except MemoryError:
        say(FAIL, b"takes more memory than a video may")
    except cv2.error as error:
        say(FAIL, f"cannot be decoded ({str(error).strip()[:120]})".encode())


def limit(settings: dict[str, Any]) -> None:
    """Hold this process to its limits; a system that lacks one (macOS has no limit on memory) goes without it."""
    for name, most in (
        ("RLIMIT_AS", settings["memory"]),
        ("RLIMIT_CPU", settings["processor_seconds"]),
        ("RLIMIT_FSIZE", 0),
        ("RLIMIT_CORE", 0),
    ):
        if sys.platform == "linux" or name != "RLIMIT_AS":
            resource.setrlimit(getattr(resource, name), (most, most))
    os.environ["OPENCV_FFMPEG_CAPTURE_OPTIONS"] = FFMPEG_OPTIONS


def describe(cv2: Any, capture: Any, settings: dict[str, Any]) -> dict[str, Any]:
    """What the container says of itself, checked before a frame is decoded; sizes are those of upright frames."""
    if not capture.isOpened():
        raise Refused("holds no video that can be decoded; if it is one, it is damaged")
    capture.set(cv2.CAP_PROP_ORIENTATION_AUTO, 1)  # phones store a sideways picture and a note on how to turn it
    rate = capture.get(cv2.CAP_PROP_FPS)
    rate = rate if math.isfinite(rate) and 0 < rate <= 1000 else 25.0
    count = capture.get(cv2.CAP_PROP_FRAME_COUNT)
    seconds = count / rate if math.isfinite(count) and 0 < count < 1e9 else None
    width, height = int(capture.get(cv2.CAP_PROP_FRAME_WIDTH)), int(capture.get(cv2.CAP_PROP_FRAME_HEIGHT))
    check_size(height, width, settings)
    if seconds is not None and seconds > settings["seconds"] and settings["stop"] is None:
        raise Refused(f"is {seconds / 60:,.0f} minutes long (limit {settings['seconds'] / 60:,.0f}); cut it")
    turned = int(capture.get(cv2.CAP_PROP_ORIENTATION_META))
    return {"width": width, "height": height, "rate": rate, "seconds": seconds, "turned": turned}


def check_size(height: int, width: int, settings: dict[str, Any]) -> None:
    if height * width > settings["pixels"]:
        raise Refused(f"has {width:,} x {height:,} pixels (limit {settings['pixels']:,} in all); make it smaller")


def frames(cv2: Any, capture: Any, settings: dict[str, Any], info: dict[str, Any], beat: Any) -> Iterator[Any]:
    """The wanted frames as (seconds, RGB). Notes in `info` when the film ends long before its container says."""
    start, stop, every, rate = settings["start"], settings["stop"], settings["every"], settings["rate"]
    due, number, seen, seconds, beaten = start, 0, 0, -1.0, time.monotonic()
    while capture.grab():
        if time.monotonic() - beaten > BEAT_EVERY:
            beat()
            beaten = time.monotonic()
        told = capture.get(cv2.CAP_PROP_POS_MSEC) / 1000
        # Some containers tell no time; then the frames are counted. Time never runs backwards.
        seconds = max(seconds, told if math.isfinite(told) and (told > 0 or number == 0) else number / info["rate"])
        number += 1
        if seconds > settings["seconds"]:
            raise Refused(f"is longer than {settings['seconds'] / 60:,.0f} minutes; cut it")
        if stop is not None and seconds >= stop:
            return
        if seconds < start - 1e-6:
            continue
        wanted = seen % every == 0 if every else seconds >= due - 1e-6
        seen += 1
        if not wanted:
            continue
        if rate:
            due += (math.floor((seconds + 1e-6 - due) * rate) + 1) / rate
        held, frame = capture.retrieve()
        if not held or frame is None:
            continue
        check_size(frame.shape[0], frame.shape[1], settings)
        yield seconds, cv2.cvtColor(shrunk(cv2, frame, settings["side"]), cv2.COLOR_BGR2RGB)
    if number == 0:
        raise Refused("has not one frame that can be decoded; it is damaged")
    if info["seconds"] is not None and seconds + 2 / info["rate"] < 0.9 * info["seconds"]:
        info["ended_early"] = seconds


def shrunk(cv2: Any, frame: Any, side: int | None) -> Any:
    """At most `side` pixels on the long side."""
    long_side = max(frame.shape[:2])
    if side is None or long_side <= side:
        return frame
    height, width = (max(1, round(length * side / long_side)) for length in frame.shape[:2])
    return cv2.resize(frame, (width, height), interpolation=cv2.INTER_AREA)


if __name__ == "__main__":
    main()
