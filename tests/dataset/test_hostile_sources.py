"""Archives and arrays from strangers that would fill the memory, turn in circles or are damaged: a sentence each."""

import gzip
import io
import os
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fer_core.dataset import read_csv as reader
from fer_core.dataset.exporting import export_version
from fer_core.dataset.importing import import_dataset
from fer_core.dataset.version import as_imported
from fer_core.errors import InputRefused


def picture(seed: int) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(np.random.default_rng(seed).integers(0, 256, (48, 48), np.uint8)).save(buffer, "PNG")
    return buffer.getvalue()


def add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    info = tarfile.TarInfo(name)
    info.size = len(content)
    tar.addfile(info, io.BytesIO(content))


def test_a_compressed_tar_in_another_order_than_its_rows_is_read_whole(workspace, tmp_path):
    with tarfile.open(tmp_path / "faces.tar.gz", "w:gz") as tar:
        for number in (3, 1, 2, 0):
            add(tar, f"train/happy/Training_{number}.png", picture(number))
    dataset = import_dataset(workspace, tmp_path / "faces.tar.gz", "faces").dataset
    for number in range(4):
        expected = np.random.default_rng(number).integers(0, 256, (48, 48), np.uint8)
        assert (dataset.images[number] == expected).all()


def test_a_tar_whose_sizes_lead_in_a_circle_is_refused(workspace, tmp_path):
    with tarfile.open(tmp_path / "ring.tar", "w") as tar:
        add(tar, "train/happy/a.png", b"")
    header = bytearray((tmp_path / "ring.tar").read_bytes())
    header[124:136] = (-512).to_bytes(12, "big", signed=True)  # GNU's form of a size below zero
    header[156:157] = b"Z"  # a kind that nobody knows
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header[:512])
    (tmp_path / "ring.tar").write_bytes(header)
    with pytest.raises(InputRefused, match="a damaged archive"):
        import_dataset(workspace, tmp_path / "ring.tar", "ring")


def test_a_tar_that_unpacks_to_many_times_its_size_is_refused(workspace, tmp_path):
    with gzip.open(tmp_path / "bomb.tar.gz", "wb") as packed:
        packed.write(bytes(64 << 20))
    with pytest.raises(InputRefused, match="would unpack to over 200 times its size"):
        import_dataset(workspace, tmp_path / "bomb.tar.gz", "bomb")


@pytest.mark.parametrize("ending", ["tar.gz", "tar.bz2", "tar.xz"])
def test_a_torn_compressed_tar_is_refused(workspace, tmp_path, ending):
    path = tmp_path / f"torn.{ending}"
    with tarfile.open(path, f"w:{ending.removeprefix('tar.')}") as tar:
        add(tar, "train/happy/a.png", picture(0))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(InputRefused, match="damaged"):
        import_dataset(workspace, path, "torn")


def test_arrays_that_would_fill_the_memory_are_refused(workspace, tmp_path):
    pixels, emotion = np.zeros((40_000, 48, 48), np.uint8), np.zeros(40_000, np.int8)
    np.savez_compressed(tmp_path / "zeros.npz", pixels=pixels, emotion=emotion)
    with pytest.raises(InputRefused, match="would unpack to 87 MB"):
        import_dataset(workspace, tmp_path / "zeros.npz", "zeros")


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 torn", b"\x93NUMPY\x01\x00"])
def test_what_only_calls_itself_npz_is_refused(workspace, tmp_path, content):
    (tmp_path / "x.npz").write_bytes(content)
    with pytest.raises(InputRefused, match="in a whole"):
        import_dataset(workspace, tmp_path / "x.npz", "x")


def test_an_encrypted_table_is_refused(workspace, tmp_path):
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr("fer2013.csv", "emotion,pixels,Usage\n")
    content = bytearray((tmp_path / "x.zip").read_bytes())
    content[6] |= 1  # says that the member is encrypted, in both places
    content[content.index(b"PK\x01\x02") + 8] |= 1
    (tmp_path / "x.zip").write_bytes(content)
    with pytest.raises(InputRefused, match="encrypted"):
        import_dataset(workspace, tmp_path / "x.zip", "x")


def test_a_table_of_nothing_but_bad_rows_ends_early(workspace, tmp_path, monkeypatch):
    monkeypatch.setattr(reader, "MOST_BAD", 10)
    (tmp_path / "x.csv").write_text("emotion,pixels,Usage\n" + "x\n" * 50)
    with pytest.raises(InputRefused, match="more than 10 bad rows, the first of them line 2"):
        import_dataset(workspace, tmp_path / "x.csv", "x", mode="lenient")


def test_a_source_whose_own_path_is_not_utf8_is_imported(workspace, demo, tmp_path):
    source = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.csv"))
    export_version(as_imported(demo), source)
    assert import_dataset(workspace, source, "x").dataset.hash == demo.hash


def test_names_that_are_not_utf8_do_not_sink_the_import(workspace, tmp_path):
    with tarfile.open(tmp_path / "x.tar", "w", format=tarfile.GNU_FORMAT, encoding="latin-1") as tar:
        add(tar, "train/happy/J\u00fcrgen.png", picture(0))
        add(tar, "train/happy/M\u00fcller.png", b"no picture")
    found = import_dataset(workspace, tmp_path / "x.tar", "x", mode="lenient")
    assert len(found.dataset) == 1 and len(found.rejected) == 1
