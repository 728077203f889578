"""Archives of strangers in every hostile form that is known, drawn from a seed; each holds one good face."""

import bz2
import gzip
import io
import lzma
import stat
import struct
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

GOOD = "train/happy/good.png"
# Names that lead out of a folder on one system or another. {} is one of the drawn tails.
NAMES = (
    "../{}", "../../../{}", "train/happy/../../../{}", "/{}", "//host/share/{}", "/etc/happy/{}", "~/happy/{}",
    "C:\\happy\\{}", "C:/happy/{}", "\\\\host\\share\\happy\\{}", "..\\..\\happy\\{}", "\\\\?\\C:\\happy\\{}",
    "train/happy/CON", "train/happy/{}:stream", "train/happy/{}\n.png", "train/happy/\x1b[2J{}", "./././happy/{}",
    "train/happy/" + "x" * 250 + "{}", "a/" * 400 + "happy/{}", "train/happy/{} ", "file:///etc/{}", "$HOME/happy/{}",
    "train/happy/`id`{}", "train/happy/;id;{}", "train/happy/%2e%2e%2f{}", "train/happy/\u202e{}",
)  # fmt: skip
TAILS = ("evil.png", "passwd", "labels.db", ".bashrc.png", "évil.png")
Draw = np.random.Generator
Maker = Callable[[Path, Draw], None]


def face(seed: int = 0) -> bytes:
    """A PNG of 48 x 48 grey values."""
    buffer = io.BytesIO()
    Image.fromarray(np.random.default_rng(seed).integers(0, 256, (48, 48), np.uint8)).save(buffer, "PNG")
    return buffer.getvalue()


def _name(draw: Draw) -> str:
    return str(draw.choice(NAMES)).format(draw.choice(TAILS))


def _zip(path: Path, members: list[tuple[str | zipfile.ZipInfo, bytes]], kind: int = zipfile.ZIP_STORED) -> None:
    with zipfile.ZipFile(path, "w", kind) as archive:
        for name, content in [(GOOD, face()), *members]:
            archive.writestr(name, content)


def _tar(path: Path, members: list[tuple[tarfile.TarInfo, bytes]], mode: str = "w") -> None:
    with tarfile.open(path, mode) as tar:
        for info, content in [(tarfile.TarInfo(GOOD), face()), *members]:
            info.size = len(content) if info.isreg() else info.size
            tar.addfile(info, io.BytesIO(content) if content else None)


def names_in_zip(path: Path, draw: Draw) -> None:
    _zip(path, [(name, face(1)) for name in dict.fromkeys(_name(draw) for _ in range(4))])


def names_in_tar(path: Path, draw: Draw) -> None:
    _tar(path, [(tarfile.TarInfo(_name(draw)), face(1)) for _ in range(4)])


def link_in_zip(path: Path, draw: Draw) -> None:
    info = zipfile.ZipInfo("train/happy/link.png")
    info.create_system, info.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    _zip(path, [(info, b"../" * int(draw.integers(1, 9)) + b"etc/passwd"), ("train/happy/link.png/x.png", face(1))])


def link_in_tar(path: Path, draw: Draw) -> None:
    link = tarfile.TarInfo("train/happy/link.png")
    link.type = (tarfile.SYMTYPE, tarfile.LNKTYPE)[draw.integers(2)]
    link.linkname = str(draw.choice(["/etc/passwd", "../../../../etc/passwd", "link.png", GOOD]))
    folder = tarfile.TarInfo("train/sad")
    folder.type, folder.linkname = tarfile.SYMTYPE, "/tmp"  # noqa: S108 - what the archive says
    _tar(path, [(link, b""), (folder, b""), (tarfile.TarInfo("train/sad/out.png"), face(1))])


def device_in_tar(path: Path, draw: Draw) -> None:
    members = []
    for kind in (tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE, tarfile.DIRTYPE, b"S", b"Z"):
        info = tarfile.TarInfo(f"train/happy/device{draw.integers(9)}.png")
        info.type, info.devmajor, info.devminor = kind, 1, 5  # /dev/zero
        members.append((info, b""))
    _tar(path, members)


def same_name(path: Path, draw: Draw) -> None:
    others = ("train/HAPPY/GOOD.PNG", "train/Happy/good.PNG", "train/happy/good.png.", "train/happy//good.png")
    with zipfile.ZipFile(path, "w") as archive:
        for seed, name in enumerate((GOOD, *draw.permutation(others))):
            archive.writestr(str(name), face(seed))


def bomb_in_zip(path: Path, draw: Draw) -> None:
    name = str(draw.choice(["train/happy/bomb.png", "fer2013.csv", "bomb.bin"]))
    _zip(path, [(name, bytes(int(draw.integers(4, 8)) << 20))], zipfile.ZIP_DEFLATED)


def bomb_around_tar(path: Path, draw: Draw) -> None:
    pack = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}[path.suffix]
    with pack(path, "wb") as packed:
        packed.write(bytes(int(draw.integers(4, 8)) << 20))


def many_members(path: Path, draw: Draw, count: int = 2_000) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(GOOD, face())
        for number in range(count):
            archive.writestr(f"train/sad/{draw.integers(1 << 30)}-{number}.txt", b"")


def nested(path: Path, draw: Draw) -> None:
    content = face(1)
    for _ in range(int(draw.integers(2, 12))):
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("train/happy/inner.zip", content)
        content = buffer.getvalue()
    _zip(path, [("train/happy/inner.zip", content), ("train/happy/inner.png", content)])


def lying_zip(path: Path, draw: Draw) -> None:
    """The directory says other sizes, methods, offsets or flags than the members have."""
    _zip(path, [("train/sad/a.png", face(1)), ("train/sad/b.png", face(2))], zipfile.ZIP_DEFLATED)
    content = bytearray(path.read_bytes())
    entry = content.rindex(b"PK\x01\x02")
    field, size = [(8, 2), (10, 2), (16, 4), (20, 4), (24, 4), (28, 2), (30, 2), (42, 4)][draw.integers(8)]
    content[entry + field : entry + field + size] = struct.pack("<I", int(draw.choice([0, 1, 99, 2**31, 2**32 - 1])))[
        :size
    ]
    path.write_bytes(content)


def lying_tar(path: Path, draw: Draw) -> None:
    """A header that claims a size or a kind which it does not have, with a checksum that holds."""
    _tar(path, [(tarfile.TarInfo("train/sad/a.png"), face(1))])
    content = bytearray(path.read_bytes())
    header = content.index(b"train/sad/a.png")
    size = int(draw.choice([-1, -512, 2**33, 2**62, 10**18]))
    content[header + 124 : header + 136] = size.to_bytes(12, "big", signed=True)
    content[header + 124] |= 0x80
    content[header + 156 : header + 157] = bytes(draw.choice([[ord("0")], [ord("Z")], [ord("S")], [ord("x")]]).tolist())
    content[header + 148 : header + 156] = b" " * 8
    content[header + 148 : header + 156] = b"%06o\0 " % sum(content[header : header + 512])
    path.write_bytes(content)


def overlapping_zip(path: Path, draw: Draw) -> None:
    """Many entries of the directory share the bytes of one member, which unpacks to many times its size."""
    _zip(path, [("train/sad/a.png", face(1) + bytes(150 << 10))], zipfile.ZIP_DEFLATED)
    content = path.read_bytes()
    entry, end = content.rindex(b"PK\x01\x02"), content.rindex(b"PK\x05\x06")
    copies = int(draw.integers(100, 1000))
    directory = content[entry:end] * copies
    tail = struct.pack("<HHII", copies, copies, len(directory), entry) + b"\0\0"
    path.write_bytes(content[:entry] + directory + b"PK\x05\x06\0\0\0\0" + tail)


def changed(path: Path, draw: Draw) -> None:
    """A sound archive with some bytes changed, or cut."""
    (_tar if path.name.endswith(".tar") else _zip)(path, [])
    content = bytearray(path.read_bytes())
    for _ in range(int(draw.integers(1, 20))):
        content[int(draw.integers(len(content)))] = int(draw.integers(256))
    path.write_bytes(content[: int(draw.choice([len(content), draw.integers(len(content))]))])


KINDS: list[tuple[Maker, str]] = [
    (names_in_zip, ".zip"), (names_in_zip, ".zip"), (names_in_tar, ".tar"), (names_in_tar, ".tar"),
    (link_in_zip, ".zip"), (link_in_tar, ".tar"), (device_in_tar, ".tar"), (same_name, ".zip"),
    (bomb_in_zip, ".zip"), (bomb_around_tar, ".tar.gz"), (bomb_around_tar, ".tar.bz2"), (bomb_around_tar, ".tar.xz"),
    (many_members, ".zip"), (nested, ".zip"), (lying_zip, ".zip"), (lying_zip, ".zip"), (lying_tar, ".tar"),
    (overlapping_zip, ".zip"), (changed, ".zip"), (changed, ".tar"),
]  # fmt: skip
