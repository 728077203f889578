"""Importing tables: what users have is read in row order, and every broken row is named by its line."""

import csv
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from fer_core.__main__ import main
from fer_core.dataset.importing import import_dataset
from fer_core.dataset.read_csv import parse_pixels
from fer_core.dataset.store import SPLITS, open_dataset
from fer_core.errors import InputRefused, RowsRefused, UsageError
from fer_core.workspace import Workspace


@pytest.fixture
def faces() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Random pixels, labels and splits of 60 images; values of one, two and three digits all occur."""
    rng = np.random.default_rng(3)
    pixels = rng.integers(0, 256, (60, 48, 48), dtype=np.uint8)
    return pixels, rng.integers(0, 7, 60), rng.integers(0, 3, 60)


def text(image: np.ndarray) -> str:
    return " ".join(map(str, image.ravel()))


def write_fer2013(path: Path, faces: tuple[np.ndarray, np.ndarray, np.ndarray]) -> list[str]:
    """fer2013.csv as pandas would write it; returns its lines."""
    pixels, labels, splits = faces
    frame = pd.DataFrame(
        {"emotion": labels, "pixels": [text(image) for image in pixels], "Usage": [SPLITS[s] for s in splits]}
    )
    frame.to_csv(path, index=False)
    return path.read_text().splitlines()


def test_fer2013_csv_keeps_rows_pixels_labels_and_splits(workspace: Workspace, tmp_path: Path, faces) -> None:
    write_fer2013(tmp_path / "fer2013.csv", faces)
    dataset = import_dataset(workspace, tmp_path / "fer2013.csv", "fer").dataset
    np.testing.assert_array_equal(dataset.images, faces[0])
    np.testing.assert_array_equal(dataset.labels, faces[1])
    np.testing.assert_array_equal(dataset.splits, faces[2])


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("quoting", [csv.QUOTE_MINIMAL, csv.QUOTE_NONNUMERIC])
def test_icml_face_data_with_blanks_in_its_header(workspace, tmp_path, faces, newline, quoting) -> None:
    pixels, labels, splits = faces
    path = tmp_path / "icml_face_data.csv"
    with path.open("w", newline="") as handle:
        handle.write(f"emotion, Usage, pixels{newline}")
        writer = csv.writer(handle, lineterminator=newline, quoting=quoting)
        for image, label, split in zip(pixels, labels, splits, strict=True):
            writer.writerow([str(label), SPLITS[split], text(image)])
    dataset = import_dataset(workspace, path, "icml").dataset
    np.testing.assert_array_equal(dataset.images, pixels)
    np.testing.assert_array_equal(dataset.labels, labels)
    np.testing.assert_array_equal(dataset.splits, splits)


def test_train_csv_without_usage_is_all_training(workspace, tmp_path, faces) -> None:
    path = tmp_path / "train.csv"
    path.write_text("emotion,pixels\n" + "\n".join(f"{y},{text(x)}" for x, y in zip(faces[0], faces[1], strict=True)))
    dataset = import_dataset(workspace, path, "train").dataset
    assert len(dataset) == 60
    assert set(dataset.splits) == {0}


def write_part(path: Path, faces, rows: slice, columns: str = "emotion,pixels") -> Path:
    """A table without Usage of some of the faces; a header that starts with pixels has nothing else."""
    lines = [
        text(image) if columns == "pixels" else f"{label},{text(image)}"
        for image, label in zip(faces[0][rows], faces[1][rows], strict=True)
    ]
    path.write_text("\n".join([columns, *lines]))
    return path


def test_test_csv_alone_is_private_test_by_its_name(workspace, tmp_path, faces) -> None:
    path = write_part(tmp_path / "test.csv", faces, slice(0, 20))
    assert set(import_dataset(workspace, path, "test").dataset.splits) == {2}


def test_kaggles_test_csv_without_labels_is_refused_and_says_where_they_are(workspace, tmp_path, faces) -> None:
    path = write_part(tmp_path / "test.csv", faces, slice(0, 20), "pixels")
    with pytest.raises(InputRefused, match=r"no column emotion.*icml_face_data\.csv"):
        import_dataset(workspace, path, "test")


def test_a_folder_of_parts_is_one_data_set_with_a_split_for_each(workspace, tmp_path, faces) -> None:
    folder = tmp_path / "parts"
    folder.mkdir()
    write_part(folder / "train.csv", faces, slice(0, 30))
    write_part(folder / "val.csv", faces, slice(30, 45))
    write_part(folder / "test.csv", faces, slice(45, 60))
    dataset = import_dataset(workspace, folder, "parts").dataset
    found = {split: sorted(image.tobytes() for image in dataset.images[dataset.splits == split]) for split in range(3)}
    for split, rows in ((0, slice(0, 30)), (1, slice(30, 45)), (2, slice(45, 60))):
        assert found[split] == sorted(image.tobytes() for image in faces[0][rows])


def test_train_csv_beside_an_unlabelled_test_csv_is_read_and_the_other_is_named(workspace, tmp_path, faces) -> None:
    folder = tmp_path / "kaggle"
    folder.mkdir()
    write_part(folder / "train.csv", faces, slice(0, 30))
    write_part(folder / "test.csv", faces, slice(30, 60), "pixels")
    imported = import_dataset(workspace, folder, "kaggle")
    np.testing.assert_array_equal(imported.dataset.images, faces[0][:30])
    assert [row.where for row in imported.left_out] == ["test.csv"]


def test_a_byte_order_mark_is_no_obstacle(workspace, tmp_path, faces) -> None:
    lines = write_fer2013(tmp_path / "plain.csv", faces)
    (tmp_path / "bom.csv").write_text("\ufeff" + "\n".join(lines), encoding="utf-8")
    plain = import_dataset(workspace, tmp_path / "plain.csv", "plain").dataset
    assert import_dataset(workspace, tmp_path / "bom.csv", "bom").dataset.hash == plain.hash


BREAKS = {
    "2,303 pixels": lambda e, p, u: f"{e},{' '.join(p.split()[:-1])},{u}",
    "2,305 pixels": lambda e, p, u: f"{e},{p} 7,{u}",
    "out of range": lambda e, p, u: f"{e},{'256 ' + p.split(' ', 1)[1]},{u}",
    "not a number from": lambda e, p, u: f"{e},{'-1 ' + p.split(' ', 1)[1]},{u}",
    "'NaN', not a number": lambda e, p, u: f"{e},{'NaN ' + p.split(' ', 1)[1]},{u}",
    "'1.5', not a number": lambda e, p, u: f"{e},{'1.5 ' + p.split(' ', 1)[1]},{u}",
    "'1234', out of range": lambda e, p, u: f"{e},{'1234 ' + p.split(' ', 1)[1]},{u}",
    "unknown class '7'": lambda e, p, u: f"7,{p},{u}",
    "unknown class ''": lambda e, p, u: f",{p},{u}",
    "unknown Usage 'Private'": lambda e, p, u: f"{e},{p},Private",
    "2 columns": lambda e, p, u: f"{e},{p}",
    "KB long": lambda e, p, u: f"{e},{p.replace(' ', ' ' * 70_000, 1)},{u}",
}


@pytest.mark.parametrize("why", BREAKS)
def test_a_broken_row_is_named_by_its_line_and_the_others_are_kept(workspace, tmp_path, faces, why) -> None:
    path = tmp_path / "fer2013.csv"
    lines = write_fer2013(path, faces)
    lines[17] = BREAKS[why](*lines[17].split(","))
    path.write_text("\n".join(lines) + "\n")

    with pytest.raises(RowsRefused) as refused:
        import_dataset(workspace, path, "strict")
    assert [row.where for row in refused.value.rows] == ["line 18"]
    assert why in refused.value.rows[0].why
    assert not workspace.dataset("strict").exists()

    imported = import_dataset(workspace, path, "lenient", mode="lenient")
    assert [row.where for row in imported.rejected] == ["line 18"]
    good = np.delete(np.arange(60), 16)
    np.testing.assert_array_equal(imported.dataset.images, faces[0][good])
    np.testing.assert_array_equal(imported.dataset.labels, faces[1][good])
    assert imported.dataset.table["source"][16] == "line 19"


def test_pixels_missing_in_one_row_and_left_over_in_the_next_are_two_bad_rows(workspace, tmp_path, faces) -> None:
    """Together the two rows have the right number of pixels; a reader that only counts would shift an image."""
    path = tmp_path / "fer2013.csv"
    lines = write_fer2013(path, faces)
    lines[5] = BREAKS["2,303 pixels"](*lines[5].split(","))
    lines[6] = BREAKS["2,305 pixels"](*lines[6].split(","))
    path.write_text("\n".join(lines))
    imported = import_dataset(workspace, path, "fer", mode="lenient")
    assert [row.where for row in imported.rejected] == ["line 6", "line 7"]


def test_double_blanks_between_pixels_are_read_not_refused(workspace, tmp_path, faces) -> None:
    path = tmp_path / "fer2013.csv"
    lines = write_fer2013(path, faces)
    lines[3] = lines[3].replace(" ", "  ", 1)
    path.write_text("\n".join(lines))
    np.testing.assert_array_equal(import_dataset(workspace, path, "fer").dataset.images, faces[0])


def test_every_value_is_parsed_as_python_parses_it() -> None:
    values = np.arange(2304, dtype=np.int64) % 256
    np.testing.assert_array_equal(parse_pixels([text(values).encode()])[0].ravel(), values)


def test_a_table_of_something_else_is_refused(workspace, tmp_path) -> None:
    path = tmp_path / "prices.csv"
    path.write_text("day,price\n1,2\n")
    with pytest.raises(InputRefused, match="must name the columns"):
        import_dataset(workspace, path, "prices")


def test_a_taken_name_is_refused_and_the_old_data_set_stays(workspace, tmp_path, faces) -> None:
    write_fer2013(tmp_path / "fer2013.csv", faces)
    first = import_dataset(workspace, tmp_path / "fer2013.csv", "fer").dataset
    with pytest.raises(UsageError, match="already"):
        import_dataset(workspace, tmp_path / "fer2013.csv", "fer")
    assert open_dataset(workspace, "fer").hash == first.hash


@pytest.mark.parametrize("name", ["../up", "a/b", "", ".hidden", "x" * 65, "C:\\x"])
def test_a_name_that_is_no_file_name_is_wrong_use(workspace, tmp_path, faces, name, capsys) -> None:
    write_fer2013(tmp_path / "fer2013.csv", faces)
    arguments = ["import", str(tmp_path / "fer2013.csv"), "--name", name, "--workspace", str(workspace.root)]
    assert main(arguments) == 2
    assert "cannot be the name" in capsys.readouterr().err
    assert not workspace.datasets.exists()


def test_the_command_prints_one_json_document(workspace, tmp_path, faces, capsys) -> None:
    write_fer2013(tmp_path / "fer2013.csv", faces)
    arguments = ["import", str(tmp_path / "fer2013.csv"), "--name", "fer", "--workspace", str(workspace.root)]
    assert main([*arguments, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["images"] == 60
    assert sum(document["counts"]["Training"].values()) == int((faces[2] == 0).sum())


def test_the_command_exits_1_with_one_line_for_a_bad_file(workspace, tmp_path, faces, capsys) -> None:
    path = tmp_path / "fer2013.csv"
    lines = write_fer2013(path, faces)
    path.write_text("\n".join([*lines, "0,1 2 3,Training"]))
    assert main(["import", str(path), "--name", "fer", "--workspace", str(workspace.root)]) == 1
    error = capsys.readouterr().err.strip().splitlines()[-1]
    assert error.startswith("ferret: ") and "line 62" in error
