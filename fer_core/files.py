"""Files that are whole or not there, names that stay in their folder, and pictures from strangers."""

import errno
import fcntl
import hashlib
import json
import os
import re
import shutil
import struct
import tempfile
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import IO, Any, BinaryIO

import numpy as np
from PIL import Image, ImageOps

from fer_core.errors import ImageRefused, InputRefused, StoreError, UsageError

IMAGE_FORMATS = ("PNG", "JPEG", "WEBP", "BMP")
IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".bmp")
MAX_PIXELS = 50_000_000  # a 50-megapixel camera; decoded as RGB it takes 150 MB
MAX_IMAGE_BYTES = 64 << 20

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_TEMPORARY = ".partial-"
_TRIES, _BETWEEN = 10, 0.05  # of a lock, and seconds between two
_SHORT_WRITE = re.compile(r"\d+ requested and \d+ written")
_DECODER_ERRORS = (
    OSError,
    ValueError,
    SyntaxError,
    EOFError,
    IndexError,
    TypeError,
    KeyError,
    struct.error,
    MemoryError,
)


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """A temporary path in the same folder that takes the place of `path` when the block ends well.

    The content is on the disk before the name changes (fsync of file and folder), so after a crash there is the
    old file or the new one, never half of one. Raises StoreError when there is no room, or no place for a file.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError, PermissionError) as error:
        raise StoreError(f"{path} cannot be written: {error.filename}: {error.strerror}.") from error
    if path.is_dir():
        raise StoreError(f"{path} cannot be written: it is a folder; name a file.")
    temporary = temporary_path(path)
    try:
        yield temporary
        with temporary.open("rb") as written:
            os.fsync(written.fileno())
        temporary.replace(path)
        sync_folder(path.parent)
    except OSError as error:
        if not is_full(error):
            raise
        raise StoreError(
            f"The disk is full: {path} could not be written, and what stood there before still does. "
            "Make room, then try again."
        ) from error
    finally:
        temporary.unlink(missing_ok=True)


def temporary_path(path: Path) -> Path:
    """A new name beside `path` for what is not finished. It carries this process's number, so that it can be swept."""
    return path.with_name(f"{_TEMPORARY}{os.getpid()}-{os.urandom(4).hex()}-{path.name}")


@contextmanager
def temporary_folder(path: Path) -> Iterator[Path]:
    """A folder beside `path` for what is needed while the block lasts."""
    folder = temporary_path(path)
    folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def is_full(error: OSError) -> bool:
    """Whether the system says that there is no room: a full disk, a quota, a limit on the size of files."""
    short = _SHORT_WRITE.fullmatch(str(error))  # NumPy tells no number
    return bool(short) or error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def sync_folder(folder: Path) -> None:
    """Make a rename in `folder` survive a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sync_files(folder: Path) -> None:
    """Bring the files of a folder to the disk, before the folder takes a name that promises them whole."""
    for path in folder.rglob("*"):
        if path.is_file():
            with path.open("rb") as written:
                os.fsync(written.fileno())


def finished(folder: Path, pattern: str) -> list[Path]:
    """The files that a pattern such as `*.json` fits, by name, without those that `atomic_path` has not finished."""
    return sorted(path for path in folder.glob(pattern) if not path.name.startswith(_TEMPORARY))


@contextmanager
def locked(path: Path, refusal: str = "") -> Iterator[None]:
    """Hold the lock of the file `path` until the block ends. The system lets go of it when the process ends, however.

    Where another process holds it: StoreError with `refusal`; without one, wait for it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as lock:
        if refusal:
            _lock_or_refuse(lock, refusal)
        else:
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _lock_or_refuse(lock: IO[str], refusal: str) -> None:
    for left in reversed(range(_TRIES)):
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except OSError as error:
            if not left:
                raise StoreError(refusal) from error
        time.sleep(_BETWEEN)  # perhaps somebody only looks: see `is_locked`


def is_locked(path: Path) -> bool:
    """Whether some process holds the lock of this file; where there is no file, nobody does."""
    try:
        with path.open("r") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return False


def sweep_temporaries(folder: Path) -> None:
    """Remove what a killed process left behind in `folder` (SIGKILL skips every `finally`)."""
    for stale in folder.glob(f"{_TEMPORARY}*"):
        owner = stale.name.removeprefix(_TEMPORARY).split("-", 1)[0]
        if owner.isdecimal() and not lives(int(owner)) and stale.is_file():
            stale.unlink(missing_ok=True)


@contextmanager
def kept_briefly(purpose: str) -> Iterator[Path]:
    """A temporary folder for what people send, gone afterwards; those of processes that were killed go first."""
    folder = brief_folder(purpose)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def brief_folder(purpose: str) -> Path:
    """A temporary folder `ferret-PURPOSE-PID-...`; its maker deletes it, or else whoever asks for the next one."""
    prefix = f"ferret-{purpose}-"
    for folder in Path(tempfile.gettempdir()).glob(f"{prefix}*-*"):
        owner = folder.name.removeprefix(prefix).split("-", 1)[0]
        if owner.isdecimal() and not lives(int(owner)):
            shutil.rmtree(folder, ignore_errors=True)
    return Path(tempfile.mkdtemp(prefix=f"{prefix}{os.getpid()}-"))


def lives(pid: int) -> bool:
    """Whether a process of this number runs on this machine, whoever's it is."""
    try:
        os.kill(pid, 0)  # asks, and kills nobody
    except ProcessLookupError:
        return False
    except PermissionError:  # somebody else's
        return True
    return True


def write_json(path: Path, document: Any) -> None:
    """Store a JSON document atomically, indented for people."""
    with atomic_path(path) as temporary:
        temporary.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def read_json(path: Path) -> Any:
    """Read a JSON document of ours; a broken one is refused with its place."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise InputRefused(f"{path}: not a JSON document ({error}). Restore it from a backup.") from error


def check_name(name: str, what: str) -> str:
    """`name` itself when it can safely be a file name on any system, else a UsageError that says what can."""
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"{name!r} cannot be the name of a {what}: use up to 64 letters, digits, '.', '_' or '-', "
            "beginning with a letter or digit."
        )
    return name


def sha256_file(path: Path) -> str:
    """The sha256 of a file's bytes, as hex."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def decode_image(source: Path | bytes, name: str | None = None) -> Image.Image:
    """Decode a picture from a stranger: PNG, JPEG, WebP or BMP, turned upright by its EXIF orientation.

    The size is checked from the header before any pixel is decoded. `name` is what messages call a picture that
    comes as bytes. Raises ImageRefused with a sentence.
    """
    label = name or (str(source) if isinstance(source, Path) else "this picture")
    size = source.stat().st_size if isinstance(source, Path) else len(source)
    if size > MAX_IMAGE_BYTES:
        raise ImageRefused(f"{label}: {size >> 20} MB is too large a file (limit {MAX_IMAGE_BYTES >> 20} MB).")
    try:
        with source.open("rb") if isinstance(source, Path) else BytesIO(source) as stream:
            return _decode(stream, label)
    except ImageRefused:
        raise
    # Pillow's decoders raise many kinds for broken bytes; all of them mean the same to the person.
    except _DECODER_ERRORS as error:
        raise ImageRefused(
            f"{label}: not a picture that can be read. Use PNG, JPEG, WebP or BMP; if it is one, it is damaged."
        ) from error
    except Image.DecompressionBombError as error:
        raise ImageRefused(f"{label}: too large a picture (limit {MAX_PIXELS // 1_000_000} megapixels).") from error


def grey_pixels(image: Image.Image) -> np.ndarray:
    """A decoded picture as grey values, uint8 (height, width): 16-bit scaled, transparency laid on white."""
    if image.mode.startswith(("I", "F")):
        values = np.asarray(image, np.float64)
        return (values * (255 / 65535 if values.max(initial=0) > 255 else 1)).clip(0, 255).round().astype(np.uint8)
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return np.asarray(image.convert("L"))


def _decode(stream: BinaryIO, label: str) -> Image.Image:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of sizes, for which we have a limit of our own, and of damaged EXIF
        image = Image.open(stream, formats=IMAGE_FORMATS)
        width, height = image.size
        if width * height > MAX_PIXELS:
            raise ImageRefused(
                f"{label}: {width:,} x {height:,} pixels is too large (limit {MAX_PIXELS // 1_000_000} megapixels). "
                "Make it smaller and try again."
            )
        image.load()
        return ImageOps.exif_transpose(image)
