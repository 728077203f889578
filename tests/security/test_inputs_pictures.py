"""Pictures from strangers: each is decoded or refused with a sentence, in bounded time and memory."""

import json
import struct
import subprocess
import sys
import zlib
from itertools import islice
from pathlib import Path

import bad_pictures
import pytest
from bad_pictures import GROWTH, SLOW
from PIL import ImageFile

from fer_core.errors import ImageRefused
from fer_core.files import decode_image

PATIENCE = 10  # times the time that a picture may take, on a busy machine


def test_every_sound_picture_is_taken() -> None:
    sound = bad_pictures.sound()
    assert bad_pictures.judge(iter(sound))["taken"] == len(sound) > 15


def test_bad_pictures_are_decoded_or_refused() -> None:
    for found in (
        bad_pictures.judge(islice(bad_pictures.mutations(), 400), PATIENCE * SLOW),
        bad_pictures.judge(islice(bad_pictures.curated(), 320), PATIENCE * SLOW),
    ):
        assert found["wrong"] == [] and found["slow"] == 0
        assert found["refused"] > found["taken"] > 0


@pytest.mark.slow
def test_ten_thousand_mutations_and_a_thousand_curated_pictures() -> None:
    """In a process of its own: what it takes at its peak is measured, which only ever grows."""
    program = [sys.executable, str(Path(bad_pictures.__file__)), "10000"]
    document = json.loads(subprocess.run(program, capture_output=True, check=True, text=True).stdout)
    for name, count in (("mutations", 10_000), ("curated", 1_000)):
        found = document[name]
        assert found["taken"] + found["refused"] == count and found["wrong"] == []
        assert found["worst_s"] <= PATIENCE * SLOW and found["growth"] <= GROWTH


def huge_png() -> bytes:
    """A real one of 13,000 x 13,000 white pixels; Pillow alone warns and decodes 169 MB."""
    pack = zlib.compressobj(9)
    row = b"\0" + b"\xff" * 13_000
    data = b"".join(pack.compress(row * 100) for _ in range(130)) + pack.flush()
    chunks = [(b"IHDR", struct.pack(">IIBBBBB", 13_000, 13_000, 8, 0, 0, 0, 0)), (b"IDAT", data), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body)) for name, body in chunks
    )


def test_a_huge_picture_is_refused_before_it_is_decoded(monkeypatch) -> None:
    decoded = []
    load = ImageFile.ImageFile.load
    monkeypatch.setattr(ImageFile.ImageFile, "load", lambda self: (decoded.append(self.size), load(self))[1])
    content = huge_png()
    assert len(content) < 200_000
    with pytest.raises(ImageRefused, match="13,000 x 13,000 pixels is too large"):
        decode_image(content, "huge.png")
    assert decoded == []
    decode_image(bad_pictures.sound()[0])
    assert decoded  # the watch itself works
