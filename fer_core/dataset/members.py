"""The files inside a folder, a zip or a tar, read one by one and never unpacked into a folder.

A compressed tar is unpacked into one file without a name first: its pictures are read in another order than they stand
there, and each step back would begin at its start.

Names inside an archive are only ever parsed for class and split, so a hostile one (`../`, absolute, a link) leads
nowhere. Sizes come from the archive's headers and are held to limits before anything is decompressed.
"""

import bz2
import gzip
import lzma
import re
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO, Any

from fer_core.errors import InputRefused
from fer_core.files import IMAGE_SUFFIXES, MAX_IMAGE_BYTES

MAX_MEMBERS = 2_000_000
MAX_TOTAL_BYTES = 64 << 30
MAX_RATIO = 200  # a table of grey values in text packs 3 to 4 times, a picture not at all
MAX_TABLE_BYTES = 16 << 30

ARCHIVES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")
_UNPACK: dict[str, Callable[..., Any]] = {
    ".gz": gzip.open,
    ".tgz": gzip.open,
    ".bz2": bz2.open,
    ".xz": lzma.open,
}
# What the libraries raise for damaged bytes, unknown compression, encrypted members and odd numbers in headers.
_BROKEN = (
    zipfile.BadZipFile,
    tarfile.TarError,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    RuntimeError,
    OverflowError,
    MemoryError,
)


@dataclass(frozen=True)
class Member:
    """One file inside a source: its path there, its size in bytes, and how to open it."""

    path: PurePosixPath
    size: int
    open: Callable[[], IO[bytes]]

    def read(self) -> bytes:
        """Its bytes, when it is no larger than a picture may be."""
        if self.size > MAX_IMAGE_BYTES:
            raise InputRefused(f"{self.size >> 20} MB is too large for a picture")
        try:
            with self.open() as handle:
                return handle.read(MAX_IMAGE_BYTES + 1)
        except (OSError, *_BROKEN) as error:
            raise InputRefused(f"cannot be read from its archive ({error})") from error


def is_archive(path: Path) -> bool:
    return path.name.lower().endswith(ARCHIVES)


@contextmanager
def open_members(source: Path) -> Iterator[list[Member]]:
    """The regular files inside a folder or archive, in an order that depends on their names alone."""
    try:
        if source.is_dir():
            yield _in_order(_folder_members(source))
        elif source.name.lower().endswith(".zip"):
            with zipfile.ZipFile(source) as archive:
                yield _in_order(_zip_members(archive, source))
        else:
            with _plain_tar(source) as plain, tarfile.open(fileobj=plain, mode="r:") as tar:
                yield _in_order(_tar_members(tar, source))
    except _BROKEN as error:
        raise InputRefused(
            f"{source}: not an archive that can be read, an encrypted or a damaged one ({error})."
        ) from error


def _in_order(members: list[Member]) -> list[Member]:
    """FER2013's own file names carry the row (`Training_123.png`): pictures then in row order, other files behind them;
    without such names all by path. What a Mac puts beside files (`__MACOSX/`, `._x.png`) is left out."""
    ours = [member for member in members if not any(_is_macs(part) for part in member.path.parts)]
    by_path = sorted(ours, key=lambda member: str(member.path))
    pictures = [member for member in by_path if member.path.suffix.lower() in IMAGE_SUFFIXES]
    rows = [re.search(r"_(\d{1,9})$", member.path.stem) for member in pictures]
    numbers = [int(match[1]) if match else -1 for match in rows]
    if -1 in numbers or len(set(numbers)) < len(numbers):
        return by_path
    in_row_order = [member for _, member in sorted(zip(numbers, pictures, strict=True), key=lambda pair: pair[0])]
    return in_row_order + [member for member in by_path if member.path.suffix.lower() not in IMAGE_SUFFIXES]


def _is_macs(part: str) -> bool:
    return part == "__MACOSX" or part.startswith("._")


def _folder_members(source: Path) -> list[Member]:
    members = []
    for path in source.rglob("*"):
        if path.is_file() and path.resolve().is_relative_to(source.resolve()):  # a link out of the folder is not ours
            relative = PurePosixPath(path.relative_to(source).as_posix())
            members.append(Member(relative, path.stat().st_size, partial(_open_file, path)))
        _check_count(len(members), source)
    return members


def _open_file(path: Path) -> IO[bytes]:
    return path.open("rb")


def _zip_members(archive: zipfile.ZipFile, source: Path) -> list[Member]:
    _check_count(len(archive.infolist()), source)
    members = []
    for info in archive.infolist():
        if info.is_dir():
            continue
        if info.file_size > MAX_RATIO * max(info.compress_size, 1) and info.file_size > MAX_RATIO << 10:
            raise InputRefused(
                f"{source}: {info.filename[:80]!r} would unpack to {info.file_size / max(info.compress_size, 1):,.0f} "
                "times its size; such an archive is not opened."
            )
        members.append(Member(PurePosixPath(info.filename), info.file_size, partial(archive.open, info)))
    _check_total(members, source)
    return members


@contextmanager
def _plain_tar(source: Path) -> Iterator[IO[bytes]]:
    """The tar without its compression; nothing of it is left afterwards."""
    unpack = _UNPACK.get(source.suffix.lower())
    if unpack is None:
        with source.open("rb") as plain:
            yield plain
        return
    most = min(MAX_TOTAL_BYTES, MAX_RATIO * max(source.stat().st_size, 1 << 10))
    with tempfile.TemporaryFile() as plain:
        try:
            with unpack(source, "rb") as packed:
                while chunk := packed.read(1 << 20):
                    if plain.tell() + len(chunk) > most:
                        raise InputRefused(
                            f"{source}: would unpack to over {MAX_RATIO} times its size, or over "
                            f"{MAX_TOTAL_BYTES >> 30} GB; such an archive is not opened."
                        )
                    plain.write(chunk)
        except (gzip.BadGzipFile, OSError) as error:
            if isinstance(error, FileNotFoundError | PermissionError):
                raise
            raise InputRefused(f"{source}: not an archive that can be read, or a damaged one ({error}).") from error
        plain.seek(0)
        yield plain


def _tar_members(tar: tarfile.TarFile, source: Path) -> list[Member]:
    members, total, place = [], 0, -1
    for number, info in enumerate(tar, 1):  # folders and links count as well
        _check_count(number, source)
        total += info.size
        # Sizes below zero, also of the headers that only describe the next one, lead back: in a circle, in the end.
        if info.size < 0 or info.offset_data <= place or total > MAX_TOTAL_BYTES:
            raise InputRefused(f"{source}: a damaged archive, or one of more than {MAX_TOTAL_BYTES >> 30} GB.")
        place = info.offset_data
        if info.isreg():
            members.append(Member(PurePosixPath(info.name), info.size, partial(_tar_file, tar, info)))
    return members


def _tar_file(tar: tarfile.TarFile, info: tarfile.TarInfo) -> IO[bytes]:
    handle = tar.extractfile(info)
    if handle is None:
        raise tarfile.TarError(f"{info.name[:80]!r} is not a file")
    return handle


def _check_count(count: int, source: Path) -> None:
    if count > MAX_MEMBERS:
        raise InputRefused(f"{source}: more than {MAX_MEMBERS:,} files; split it.")


def _check_total(members: list[Member], source: Path) -> None:
    total = sum(member.size for member in members)
    if total > MAX_TOTAL_BYTES:
        raise InputRefused(f"{source}: would unpack to {total >> 30} GB (limit {MAX_TOTAL_BYTES >> 30} GB).")
