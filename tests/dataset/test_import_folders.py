"""Class folders as Kaggle has them, plain and in archives: read by name, never by position."""

import json
import tarfile
import zipfile
from pathlib import Path, PurePosixPath

import numpy as np
import pytest
from PIL import Image

from fer_core.dataset.exporting import export_version
from fer_core.dataset.importing import import_dataset
from fer_core.dataset.read_folders import class_of, split_of
from fer_core.dataset.store import PRIVATE_TEST, PUBLIC_TEST, TRAINING, Dataset
from fer_core.dataset.version import as_imported
from fer_core.errors import InputRefused, RowsRefused
from fer_core.workspace import Workspace


def test_classes_are_read_by_name_in_any_of_their_forms() -> None:
    assert class_of(PurePosixPath("train/neutral/1.png")) == 6
    assert class_of(PurePosixPath("Train/Sadness/1.png")) == 4
    assert class_of(PurePosixPath("set/surprised/deep/1.png")) == 5
    assert class_of(PurePosixPath("train/contempt/1.png")) is None


def test_splits_come_from_file_names_before_folders() -> None:
    assert split_of(PurePosixPath("test/happy/PublicTest_7.jpg")) == PUBLIC_TEST
    assert split_of(PurePosixPath("test/happy/PrivateTest_7.jpg")) == PRIVATE_TEST
    assert split_of(PurePosixPath("test/happy/7.jpg")) == PRIVATE_TEST
    assert split_of(PurePosixPath("validation/happy/7.jpg")) == PUBLIC_TEST
    assert split_of(PurePosixPath("happy/7.jpg")) == TRAINING


@pytest.mark.parametrize("form", ["csv", "npz", "folder", "zip", "tar"])
def test_an_export_comes_back_as_the_same_data_set(form: str, demo: Dataset, workspace: Workspace, tmp_path) -> None:
    target = tmp_path / ("out" if form in ("folder", "zip", "tar") else f"out.{form}")
    assert export_version(as_imported(demo), target) == len(demo)
    source = target
    if form == "zip":
        source = tmp_path / "out.zip"
        with zipfile.ZipFile(source, "w") as archive:
            for file in target.rglob("*.png"):
                archive.write(file, file.relative_to(target))
    if form == "tar":
        source = tmp_path / "out.tar.gz"
        with tarfile.open(source, "w:gz") as archive:
            archive.add(target, "fer2013")
    again = import_dataset(workspace, source, f"from-{form}").dataset
    assert again.hash == demo.hash


def test_what_a_mac_puts_beside_pictures_changes_nothing(demo: Dataset, workspace: Workspace, tmp_path: Path) -> None:
    out = tmp_path / "out"
    export_version(as_imported(demo), out)
    (out / ".DS_Store").write_bytes(b"\0")
    assert import_dataset(workspace, out, "folder").dataset.hash == demo.hash
    with zipfile.ZipFile(tmp_path / "out.zip", "w") as archive:
        for file in out.rglob("*.png"):
            archive.write(file, file.relative_to(out))
            archive.writestr(f"__MACOSX/{file.relative_to(out).parent}/._{file.name}", b"\0\5\x16\7")
    assert import_dataset(workspace, tmp_path / "out.zip", "zip").dataset.hash == demo.hash


def test_a_table_inside_an_archive_is_found(demo: Dataset, workspace: Workspace, tmp_path: Path) -> None:
    export_version(as_imported(demo), tmp_path / "fer2013.csv")
    with tarfile.open(tmp_path / "fer2013.tar.gz", "w:gz") as archive:
        archive.add(tmp_path / "fer2013.csv", "fer2013/fer2013.csv")
    assert import_dataset(workspace, tmp_path / "fer2013.tar.gz", "again").dataset.hash == demo.hash


def folder_with(tmp_path: Path, files: dict[str, bytes | Image.Image]) -> Path:
    for name, content in files.items():
        path = tmp_path / "set" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            content.save(path)
    return tmp_path / "set"


def test_pictures_of_other_sizes_and_modes_become_grey_tiles(workspace: Workspace, tmp_path: Path) -> None:
    source = folder_with(
        tmp_path,
        {
            "train/happy/a.png": Image.new("RGB", (100, 80), (255, 0, 0)),
            "train/sad/b.jpg": Image.new("L", (48, 48), 90),
            "train/fear/c.png": Image.new("RGBA", (48, 48), (0, 0, 0, 0)),
            "train/fear/d.png": Image.fromarray(np.full((48, 48), 32768, np.uint16)),
        },
    )
    dataset = import_dataset(workspace, source, "set").dataset
    by_source = {path: dataset.images[row] for row, path in enumerate(dataset.table["source"])}
    assert np.unique(by_source["train/happy/a.png"]).tolist() == [76]  # ITU-R 601 weight of pure red
    assert by_source["train/sad/b.jpg"].mean() == pytest.approx(90, abs=1)
    assert by_source["train/fear/c.png"].min() == 255  # transparent is laid on white
    assert by_source["train/fear/d.png"].mean() == pytest.approx(128, abs=1)


def test_unusable_pictures_are_listed_by_path(workspace: Workspace, tmp_path: Path) -> None:
    source = folder_with(
        tmp_path,
        {
            "train/happy/good.png": Image.new("L", (48, 48), 3),
            "train/happy/broken.png": b"\x89PNG\r\n\x1a\n not really",
            "stray/lost.png": Image.new("L", (48, 48), 3),
            "readme.txt": b"no picture at all",
        },
    )
    with pytest.raises(RowsRefused) as refused:
        import_dataset(workspace, source, "set")
    assert {row.where for row in refused.value.rows} == {"train/happy/broken.png", "stray/lost.png"}
    assert len(import_dataset(workspace, source, "set", mode="lenient").dataset) == 1


def test_a_class_beside_the_seven_and_an_unlabelled_split_are_left_out_and_counted(workspace, tmp_path) -> None:
    face = Image.new("L", (48, 48), 3)
    names = ["CK/happy/a.png", "CK/contempt/b.png", "CK/contempt/deep/c.png", "CK/Test/d.png", "CK/train/sad/e.png"]
    source = folder_with(tmp_path, dict.fromkeys(names, face))
    imported = import_dataset(workspace, source, "set")
    assert imported.dataset.table["source"].tolist() == ["CK/happy/a.png", "CK/train/sad/e.png"]
    assert imported.rejected == []
    assert imported.sentences() == [
        "Left out: 2 x class contempt, which FER2013 does not have.",
        "Left out: 1 x Test is not labelled.",
    ]
    origin = json.loads((imported.dataset.path / "dataset.json").read_text())["origin"]
    assert origin["left_out"] == {"class contempt, which FER2013 does not have": 2, "Test is not labelled": 1}


def test_a_link_out_of_the_folder_is_not_followed(workspace: Workspace, tmp_path: Path) -> None:
    secret = tmp_path / "secret.png"
    Image.new("L", (48, 48), 200).save(secret)
    source = folder_with(tmp_path, {"train/happy/good.png": Image.new("L", (48, 48), 3)})
    (source / "train/happy/link.png").symlink_to(secret)
    assert len(import_dataset(workspace, source, "set").dataset) == 1


def test_hostile_names_in_an_archive_write_nothing(workspace: Workspace, tmp_path: Path) -> None:
    Image.new("L", (48, 48), 3).save(tmp_path / "face.png")
    with zipfile.ZipFile(tmp_path / "evil.zip", "w") as archive:
        for name in ("../../happy/up.png", "/happy/absolute.png", "C:\\happy\\x.png", "train/happy/good.png"):
            archive.write(tmp_path / "face.png", name)
    before = {path for path in tmp_path.rglob("*") if workspace.root not in path.parents}
    import_dataset(workspace, tmp_path / "evil.zip", "evil", mode="lenient")
    assert {path for path in tmp_path.rglob("*") if workspace.root not in path.parents} - {workspace.root} == before


def test_a_zip_bomb_is_refused_before_it_is_unpacked(workspace: Workspace, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("train/happy/bomb.png", bytes(50_000_000))
    with pytest.raises(InputRefused, match="times its size"):
        import_dataset(workspace, tmp_path / "bomb.zip", "bomb")


@pytest.mark.parametrize("name", ["x.zip", "x.tar", "x.tar.gz"])
def test_a_damaged_archive_is_refused_with_a_sentence(name: str, workspace: Workspace, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(b"PK\x03\x04 this is no archive" * 50)
    with pytest.raises(InputRefused, match="not an archive that can be read"):
        import_dataset(workspace, tmp_path / name, "x")
