"""Tensors on disk: safetensors, with a JSON document in the metadata.

Nothing is unpickled. A file carries the sha256 of its tensors, so a torn or foreign file is refused with a sentence
instead of giving wrong answers.
"""

import errno
import hashlib
import json
import re
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from fer_core.errors import InputRefused, NotFound
from fer_core.files import atomic_path

FORMAT = "ferret-model-1"
MAX_HEADER_BYTES = 8 << 20  # a few KB, and about 400 for each epoch of a checkpoint; parsed before anything is checked


def write_tensors(path: Path, tensors: Mapping[str, Tensor], document: dict[str, Any]) -> None:
    """Store tensors and a JSON document in one safetensors file, atomically, with the sha256 of the tensors.

    Raises StoreError when there is no room.
    """
    stored = {name: tensor.detach().cpu().contiguous().clone() for name, tensor in tensors.items()}
    metadata = {"format": FORMAT, "sha256": _digest(stored), "document": json.dumps(document, ensure_ascii=False)}
    with atomic_path(path) as temporary:
        try:
            save_file(stored, temporary, metadata=metadata)
        except SafetensorError as error:  # the number of the system's error stands in its sentence only
            number = re.search(r"os error (\d+)", str(error))
            raise OSError(int(number[1]) if number else errno.EIO, str(error), str(path)) from error


def read_tensors(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """The tensors and the document of a file that `write_tensors` made, checked against its sha256."""
    _check_header(path)
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            if metadata.get("format") != FORMAT:
                raise InputRefused(f"{path}: a safetensors file, but not one of FERret's models.")
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a dict)
            document = json.loads(metadata["document"])
    except (SafetensorError, KeyError, ValueError) as error:
        raise InputRefused(f"{path}: damaged ({error}). Restore it from a backup or train again.") from error
    if _digest(tensors) != metadata.get("sha256"):
        raise InputRefused(f"{path}: damaged, its content does not match its sha256. Restore it or train again.")
    return tensors, document


def _check_header(path: Path) -> None:
    """Refuse by the first eight bytes (the header's length), before any parser sees the rest."""
    if not path.is_file():
        raise NotFound(f"There is no model file {path}.")
    with path.open("rb") as handle:
        start = handle.read(9)
    if len(start) < 9 or start[8:9] != b"{":
        raise InputRefused(f"{path}: not a safetensors file. Models are loaded from .safetensors only.")
    length = struct.unpack("<Q", start[:8])[0]
    if length > min(MAX_HEADER_BYTES, path.stat().st_size - 8):
        raise InputRefused(f"{path}: its header claims {length:,} bytes; it is damaged or not one of FERret's models.")


def _digest(tensors: Mapping[str, Tensor]) -> str:
    """sha256 over names, types, shapes and bytes, in the order of the names."""
    digest = hashlib.sha256()
    for name in sorted(tensors):
        tensor = tensors[name]
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)};".encode())
        digest.update(tensor.reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()
