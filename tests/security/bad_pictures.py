"""Bad pictures in any number, and what comes of decoding them, as JSON: python tests/security/bad_pictures.py 10000

`mutations`: sound pictures of every kind with a few bytes changed, cut, doubled or moved. `curated`: headers that lie,
formats that are not on the list, polyglots, pictures torn at every place. Both are the same for the same seed.
"""

import io
import json
import resource
import struct
import sys
import time
import zlib
from collections.abc import Iterator
from itertools import chain, islice
from pathlib import Path

import numpy as np
from PIL import Image, PngImagePlugin

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from fer_core.dataset.read_folders import tile
from fer_core.errors import ImageRefused
from fer_core.files import MAX_PIXELS, decode_image

SEED = 2013
SLOW = 0.25  # seconds that one picture may take
GROWTH = 256 << 20  # bytes of memory that all of them together may take at their peak


def sound() -> list[bytes]:
    """Pictures of every format and mode that is taken, 40 to 60 pixels wide."""
    rng = np.random.default_rng(SEED)
    grey = Image.fromarray(rng.integers(0, 256, (48, 56), np.uint8))
    colour = Image.fromarray(rng.integers(0, 256, (44, 52, 3), np.uint8))
    alpha = Image.fromarray(rng.integers(0, 256, (40, 48, 4), np.uint8))
    deep = Image.fromarray(rng.integers(0, 65536, (48, 48), np.uint16))
    exif = Image.Exif()
    exif[0x0112] = 6  # lies on its side
    text = PngImagePlugin.PngInfo()
    text.add_text("note", "x" * 500, zip=True)
    kinds: list[tuple[Image.Image, str, dict[str, object]]] = [
        *((image, "PNG", {}) for image in (grey, colour, alpha, deep, grey.convert("1"), colour.quantize(16))),
        (grey, "PNG", {"pnginfo": text}),
        (colour, "JPEG", {"quality": 60, "exif": exif}),
        (colour, "JPEG", {"progressive": True, "optimize": True}),
        (grey, "JPEG", {}),
        (colour.convert("CMYK"), "JPEG", {}),
        (alpha, "WEBP", {"lossless": True}),
        (colour, "WEBP", {"quality": 40}),
        (colour, "WEBP", {"save_all": True, "append_images": [colour.rotate(90)], "duration": 40}),
        *((image, "BMP", {}) for image in (grey, colour, alpha, grey.convert("1"), colour.quantize(16))),
    ]
    return [_saved(image, form, options) for image, form, options in kinds]


def mutations(seed: int = SEED) -> Iterator[bytes]:
    """Endless: each a sound picture with one to eight changes."""
    rng = np.random.default_rng([seed, 1])
    pictures = sound()
    while True:
        content = bytearray(pictures[rng.integers(len(pictures))])
        for _ in range(rng.integers(1, 9)):
            _change(content, pictures, rng)
        yield bytes(content)


def _change(content: bytearray, pictures: list[bytes], rng: np.random.Generator) -> None:
    place = int(rng.integers(0, max(1, min(len(content), (len(content), 64)[rng.integers(2)]))))
    size = int(rng.integers(1, 65))
    match rng.integers(7):
        case 0:
            content[place : place + 1] = bytes([rng.integers(256)])
        case 1 if place < len(content):
            content[place] ^= 1 << int(rng.integers(8))
        case 2:  # sizes and counts are numbers of four bytes
            number = int(rng.choice([0, 1, 255, 65535, 2**31 - 1, 2**31, 2**32 - 1]))
            content[place : place + 4] = struct.pack((">I", "<I")[rng.integers(2)], number)
        case 3:
            del content[place + size :]
        case 4:
            del content[place : place + size]
        case 5:
            content[place:place] = content[place : place + size]
        case 6:
            other = pictures[rng.integers(len(pictures))]
            begin = int(rng.integers(len(other)))
            content[place : place + size] = other[begin : begin + size]


def curated(seed: int = SEED) -> Iterator[bytes]:
    """1,000 by hand: no pictures, lying headers, and every kind of sound picture torn at many places."""
    rng = np.random.default_rng([seed, 2])
    yield from (b"", b"\0", b"GIF89a", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"BM", b"RIFF\xff\xff\xff\xffWEBPVP8 ")
    small = Image.new("RGB", (48, 48), "grey")
    for form in ("GIF", "TIFF", "PPM", "ICO", "TGA", "PCX", "SGI", "ICNS", "JPEG2000", "PDF", "EPS", "DDS", "MPO"):
        yield _saved(small, form, {})
    yield b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
    yield b"\x80\x04\x95cos\nsystem\n"  # the beginning of a pickle
    yield b"%!PS\n(/etc/passwd) (r) file"
    sides = (0, 1, 2, 7071, 13_000, 65_535, 65_536, 2**24, 2**31 - 1, 2**31, 2**32 - 1)
    for width in sides:
        for height in sides:
            if width * height > MAX_PIXELS or 0 in (width, height):
                yield png(width, height)
                yield bmp(width, height)
    for depth, kind in ((8, 1), (3, 0), (16, 3), (32, 2), (1, 6)):
        yield png(48, 48, depth, kind)
    for length in (0, 1, 2**31 - 1, 2**32 - 1):
        yield png(48, 48)[:33] + struct.pack(">I", length) + b"IDAT"
    # Text and profiles that unpack to a thousand times their size.
    for name in (b"zTXt", b"iTXt", b"iCCP"):
        head = {b"zTXt": b"a\0\0", b"iTXt": b"a\0\1\0\0\0", b"iCCP": b"a\0\0"}[name]
        yield png(48, 48, before=[(name, head + zlib.compress(bytes(64 << 20), 9))])
    yield png(48, 48, before=[(b"tEXt", b"a\0b")] * 5000)
    pictures = sound()
    while True:  # torn, and torn with zeros or another picture behind
        whole = pictures[rng.integers(len(pictures))]
        torn = whole[: rng.integers(1, len(whole))]
        yield torn + (b"", bytes(len(whole) - len(torn)), pictures[rng.integers(len(pictures))])[rng.integers(3)]


def png(
    width: int, height: int, depth: int = 8, kind: int = 2, before: list[tuple[bytes, bytes]] | None = None
) -> bytes:
    """A PNG that claims a size and has the data of 48 grey rows."""
    header = struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, 0)
    data = zlib.compress(bytes(48 * 49))
    parts = [(b"IHDR", header), *(before or ()), (b"IDAT", data), (b"IEND", b"")]
    chunks = [
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body)) for name, body in parts
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def bmp(width: int, height: int) -> bytes:
    """A BMP that claims a size, as far as its header has room for it, and has no data."""
    header = struct.pack("<IIIHHIIIIII", 40, width & 0xFFFFFFFF, height & 0xFFFFFFFF, 1, 24, 0, 0, 0, 0, 0, 0)
    return b"BM" + struct.pack("<IHHI", 54, 0, 0, 54) + header


def _saved(image: Image.Image, form: str, options: dict[str, object]) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()


def judge(pictures: Iterator[bytes], limit: float = SLOW) -> dict[str, object]:
    """Decode each as an import does. Anything but a grey tile or ImageRefused is `wrong`; `slow` took over `limit`."""
    taken = refused = slow = 0
    worst, wrong, peak = 0.0, [], _peak()
    for number, content in enumerate(pictures):
        begin = time.perf_counter()
        try:
            grey = tile(decode_image(content, "bad.png"))
            taken += 1
            if grey.shape != (48, 48) or grey.dtype != np.uint8:
                wrong.append(f"{number}: {grey.dtype} {grey.shape}")
        except ImageRefused as error:
            refused += 1
            if not str(error).startswith("bad.png: "):
                wrong.append(f"{number}: {error}")
        except BaseException as error:  # noqa: BLE001 - the very thing that is looked for
            wrong.append(f"{number}: {type(error).__name__}: {error}")
        took = time.perf_counter() - begin
        worst, slow = max(worst, took), slow + (took > limit)
    growth = _peak() - peak
    return {"taken": taken, "refused": refused, "slow": slow, "worst_s": worst, "growth": growth, "wrong": wrong}


def _peak() -> int:
    """The most memory that this process has ever held, in bytes."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most << 10


if __name__ == "__main__":
    count = int(sys.argv[1])
    judge(islice(chain(iter(sound())), 30))  # what the libraries take once, for every picture
    print(json.dumps({
        "mutations": judge(islice(mutations(), count)),
        "curated": judge(islice(curated(), max(count // 10, 300))),
    }))  # fmt: skip
