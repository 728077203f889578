"""An archive from anywhere: every name, size and sha256 is checked against its list before anything is used.

A backup is a zip file. Its last member, manifest.json, says what it is and names every other member:

    {"format": "ferret backup 1", "ferret": "0.1.0", "made": "2026-11-21T10:15:00+00:00", "scope": "workspace",
     "left_out": ["3 runs ..."], "files": {"datasets/demo/images.npy": ["sha256 as hex", bytes], ...}}
"""

import hashlib
import json
import lzma
import re
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from fer_core.errors import InputRefused
from fer_core.keeping.contents import LABELS, WORKSPACE, fits

MANIFEST = "manifest.json"
FORMAT = "ferret backup "
FORMAT_VERSION = 1
CHUNK = 1 << 20  # bytes
_MOST_FILES = 200_000
_LARGEST_MANIFEST = 64 << 20  # bytes
_DIGEST = re.compile(r"[0-9a-f]{64}")
# What zipfile raises for broken bytes, unknown compression and encrypted members.
_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    RuntimeError,
    ValueError,
    OverflowError,
)


@dataclass(frozen=True)
class Manifest:
    """What an archive says of itself; `files` maps names to sha256 and bytes."""

    format: str
    ferret: str  # the version of the program that made it
    made: str  # ISO 8601
    scope: str  # contents.WORKSPACE or LABELS
    left_out: list[str]
    files: dict[str, tuple[str, int]]

    def document(self) -> dict[str, Any]:
        return asdict(self)

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(size for _, size in self.files.values())

    def datasets(self) -> list[str]:
        """The names of the data sets that it holds something of."""
        return [
            PurePosixPath(name).parts[1] for name in self.files if re.fullmatch(r"datasets/[^/]+/dataset\.json", name)
        ]


@dataclass(frozen=True)
class Archive:
    """An opened archive whose names and sizes agree with its manifest."""

    path: Path
    members: zipfile.ZipFile
    manifest: Manifest

    def extract(self, name: str, target: Path) -> None:
        """Write a member to the new file `target`; InputRefused where its bytes are not those that were stored."""
        digest, size = self.manifest.files[name]
        found, left = hashlib.sha256(), size
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            with self.members.open(name) as member, target.open("xb") as file:
                while chunk := member.read(min(CHUNK, left + 1)):
                    left -= len(chunk)
                    if left < 0:
                        break
                    found.update(chunk)
                    file.write(chunk)
        except FileExistsError as error:
            raise InputRefused(
                f"{self.path} holds two names that this disk takes for one: {name}. Restore it on another disk."
            ) from error
        except _BROKEN as error:
            raise self._damaged(name) from error
        if left or found.hexdigest() != digest:
            raise self._damaged(name)

    def _damaged(self, name: str) -> InputRefused:
        return InputRefused(f"{self.path} is damaged: {name} is not what was stored. Use another backup.")


@contextmanager
def open_archive(path: Path) -> Iterator[Archive]:
    """A backup, its list checked; InputRefused for what is no backup of ours, is damaged, or would lead elsewhere."""
    if not path.is_file():
        raise InputRefused(f"{path}: there is no such file.")
    try:
        with path.open("rb") as stream:
            begins = stream.read(4)
        members = zipfile.ZipFile(path)
    except _BROKEN as error:
        what = "is damaged: its end is missing" if begins == b"PK\x03\x04" else "is no backup: not a zip file"
        raise InputRefused(f"{path} {what}. Use another file.") from error
    with members:
        yield Archive(path, members, _checked(path, members))


def _checked(path: Path, members: zipfile.ZipFile) -> Manifest:
    infos = {info.filename: info for info in members.infolist()}
    if MANIFEST not in infos:
        raise InputRefused(f"{path} is no backup of FERret: it has no {MANIFEST}. `import` reads archives of pictures.")
    if infos[MANIFEST].file_size > _LARGEST_MANIFEST or len(infos) > _MOST_FILES:
        raise InputRefused(f"{path} lists more than a workspace holds; it is not opened.")
    try:
        manifest = _manifest(path, json.loads(members.read(MANIFEST)))
    except (*_BROKEN, KeyError, TypeError, AttributeError) as error:
        raise InputRefused(f"{path} is damaged: its {MANIFEST} cannot be read. Use another backup.") from error
    del infos[MANIFEST]
    odd = next((name for name in [*infos, *manifest.files] if not fits(name, manifest.scope)), None)
    if odd is not None:
        place = "among labels" if manifest.scope == LABELS else "in a workspace"
        raise InputRefused(f"{path} holds {odd[:200]!r}, which has no place {place}; nothing of it is used.")
    if len(members.infolist()) != len(infos) + 1 or infos.keys() != manifest.files.keys():
        other = sorted(infos.keys() ^ manifest.files.keys())
        raise InputRefused(
            f"{path} is damaged: {other[0] if other else 'a file'} is missing or there without being listed. "
            "Use another backup."
        )
    if any(info.file_size != manifest.files[name][1] for name, info in infos.items()):
        raise InputRefused(f"{path} is damaged: files are not as long as its list says. Use another backup.")
    folders = {str(parent) for name in infos for parent in PurePosixPath(name).parents}
    if folders & infos.keys():
        raise InputRefused(f"{path} holds two files of one name; nothing of it is used.")
    return manifest


def _manifest(path: Path, document: Any) -> Manifest:
    """Raises KeyError, TypeError, ValueError or AttributeError for what is not one."""
    kind = str(document["format"])
    number = kind.removeprefix(FORMAT)
    if not kind.startswith(FORMAT) or not number.isdecimal():
        raise InputRefused(f"{path} is no backup of FERret ({kind[:60]!r}).")
    if int(number) > FORMAT_VERSION:
        raise InputRefused(f"{path} was made by a newer FERret ({str(document['ferret'])[:20]}). Update FERret.")
    files = {str(name): (str(digest), int(size)) for name, (digest, size) in document["files"].items()}
    if any(not _DIGEST.fullmatch(digest) or size < 0 for digest, size in files.values()):
        raise ValueError("a digest or size that cannot be one")
    if document["scope"] not in (WORKSPACE, LABELS):
        raise ValueError("no such scope")
    left_out = [str(words) for words in document["left_out"]]
    return Manifest(kind, str(document["ferret"]), str(document["made"]), document["scope"], left_out, files)
