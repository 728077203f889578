"""Every form that a version is exported in comes back with the same pixels, labels and splits."""

import json
import tempfile
import zipfile
from io import BytesIO
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from fer_core.dataset.exporting import FORMS, SUFFIXES, export_version
from fer_core.dataset.importing import import_dataset
from fer_core.dataset.store import Images, content_hashes, create_dataset
from fer_core.dataset.supplements import Supplements
from fer_core.dataset.version import SOFT, as_imported, open_version, store_version
from fer_core.emotions import NAMES
from fer_core.errors import InputRefused, RowsRefused, UsageError
from fer_core.workspace import Workspace

# What a form cannot say: class folders have one test folder, but FER2013's file names carry the split.
ROWS = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 2), st.booleans()), min_size=1, max_size=12)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@pytest.mark.parametrize("form", FORMS)
@given(rows=ROWS, seed=st.integers(0, 2**32 - 1), added=st.integers(0, 3))
def test_import_of_an_export_is_identical(form: str, rows: list[tuple[int, int, bool]], seed: int, added: int) -> None:
    """Whatever the labels and splits, with rows dropped, labels changed, copies, and images from elsewhere."""
    rng = np.random.default_rng(seed)
    with tempfile.TemporaryDirectory() as folder:
        workspace = Workspace(Path(folder) / "data")
        labels, splits, kept = (np.array(column) for column in zip(*rows, strict=True))
        pixels = rng.integers(0, 256, (len(rows), 48, 48), np.uint8)
        pixels[-1] = pixels[0]
        dataset = create_dataset(
            workspace, "d", Images(pixels, labels.astype(np.int8), splits.astype(np.int8)), origin={}
        )
        manifest = as_imported(dataset).manifest
        manifest["kept"] = kept | (splits != 0)
        manifest.loc[splits == 0, "label"] = rng.integers(0, 7, (splits == 0).sum()).astype(np.int8)
        more = rng.integers(0, 256, (added, 48, 48), np.uint8)
        table = pd.DataFrame({"content": content_hashes(more), "dataset": "e", "row": np.arange(added)})
        supplements = Supplements(more, table.assign(label=rng.integers(0, 7, added).astype(np.int8)))
        version = store_version(workspace, dataset, "v", manifest, {}, supplements)
        expected = np.flatnonzero(version.kept)
        if not len(expected):
            return
        target = Path(folder) / f"out{SUFFIXES[form]}"
        assert export_version(version, target) == len(expected)
        again = import_dataset(workspace, target, "again").dataset
        np.testing.assert_array_equal(again.images, version.images[expected])
        np.testing.assert_array_equal(again.labels, version.labels[expected])
        np.testing.assert_array_equal(again.splits, version.splits[expected])


@pytest.fixture
def version(workspace: Workspace):
    """Seven images, one per class and with a source; soft labels on the first."""
    pixels = np.random.default_rng(1).integers(0, 256, (7, 48, 48), np.uint8)
    splits = np.array([0, 0, 0, 0, 0, 1, 2], np.int8)
    images = Images(pixels, np.arange(7, dtype=np.int8), splits, [f"film/{row}.png" for row in range(7)])
    dataset = create_dataset(workspace, "seven", images, origin={})
    targets = np.eye(7, dtype=np.float32)
    targets[0, :2] = 0.5
    manifest = as_imported(dataset).manifest.assign(**{name: targets[:, place] for place, name in enumerate(SOFT)})
    store_version(workspace, dataset, "soft", manifest, {})
    return open_version(workspace, "seven@soft")


def test_parquet_is_what_hugging_face_reads(version, tmp_path: Path) -> None:
    export_version(version, tmp_path / "out.parquet")
    table = pq.read_table(tmp_path / "out.parquet")
    features = json.loads(table.schema.metadata[b"huggingface"])["info"]["features"]
    assert list(features) == table.column_names == ["image", "label", "row", "split", "source", "soft"]
    assert features["image"] == {"_type": "Image"}
    assert features["label"] == {"_type": "ClassLabel", "names": list(NAMES)}
    first = table.slice(0, 1).to_pylist()[0]
    assert (first["label"], first["row"], first["split"], first["source"]) == (0, 0, "Training", "film/0.png")
    assert first["soft"] == [0.5, 0.5, 0, 0, 0, 0, 0]
    decoded = Image.open(BytesIO(first["image"]["bytes"]))
    assert decoded.format == "PNG"
    np.testing.assert_array_equal(np.asarray(decoded), version.images[np.array([0])][0])


def test_sources_come_back_with_parquet(version, workspace: Workspace, tmp_path: Path) -> None:
    export_version(version, tmp_path / "out.parquet")
    again = import_dataset(workspace, tmp_path / "out.parquet", "again").dataset
    assert again.table["source"].tolist() == version.dataset.table["source"].tolist()


def png(value: int) -> bytes:
    buffer = BytesIO()
    Image.fromarray(np.full((48, 48), value, np.uint8)).save(buffer, "PNG")
    return buffer.getvalue()


def write(path: Path, columns: dict, names: list[str] | None = None) -> Path:
    table = pa.table(columns)
    if names:
        info = {"info": {"features": {"label": {"_type": "ClassLabel", "names": names}}}}
        table = table.replace_schema_metadata({"huggingface": json.dumps(info)})
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, path)
    return path


def imported(workspace: Workspace, source: Path, **options):
    return import_dataset(workspace, source, "p", **options)


def test_class_numbers_follow_the_names_that_the_file_gives_them(workspace: Workspace, tmp_path: Path) -> None:
    """Hugging Face numbers class folders by the alphabet: there neutral comes before sad."""
    names = ["angry", "disgust", "fear", "happy", "neutral", "sad", "surprise"]
    images = [{"bytes": png(value), "path": None} for value in (1, 2, 3)]
    file = write(tmp_path / "a.parquet", {"image": images, "label": [4, 5, 6]}, names)
    assert imported(workspace, file).dataset.labels.tolist() == [6, 4, 5]


@pytest.mark.parametrize("labels", [[6, 0], ["neutral", "angry"], ["Neutral", "anger"]])
def test_labels_by_number_and_by_name(labels, workspace: Workspace, tmp_path: Path) -> None:
    file = write(tmp_path / "a.parquet", {"img_bytes": [png(1), png(2)], "labels": labels})
    assert imported(workspace, file).dataset.labels.tolist() == [6, 0]


def test_a_folder_of_files_has_its_splits_in_their_names(workspace: Workspace, tmp_path: Path) -> None:
    for number, name in enumerate(("train-00000-of-00001", "validation-00000-of-00001", "test-00000-of-00001")):
        images = [{"bytes": png(number), "path": f"{number}.png"}]
        write(tmp_path / "hf" / "data" / f"{name}.parquet", {"image": images, "label": [number]})
    (tmp_path / "hf" / "README.md").write_text("a card")
    dataset = imported(workspace, tmp_path / "hf").dataset
    assert sorted(zip(dataset.labels.tolist(), dataset.splits.tolist(), strict=True)) == [(0, 0), (1, 1), (2, 2)]
    assert set(dataset.table["source"]) == {"0.png", "1.png", "2.png"}


def test_pictures_of_another_size_or_in_colour_become_48_grey(workspace: Workspace, tmp_path: Path) -> None:
    buffer = BytesIO()
    Image.new("RGB", (96, 96), (255, 255, 255)).save(buffer, "JPEG")
    file = write(tmp_path / "a.parquet", {"image": [{"bytes": buffer.getvalue(), "path": None}], "label": [3]})
    assert imported(workspace, file).dataset.images[0].min() >= 250


def test_bad_rows_are_named_and_the_good_ones_kept(workspace: Workspace, tmp_path: Path) -> None:
    images = [{"bytes": png(1), "path": None}, {"bytes": None, "path": "/etc/passwd"}, {"bytes": b"GIF", "path": None}]
    images += [{"bytes": png(2), "path": None}] * 2
    file = write(tmp_path / "a.parquet", {"image": images, "label": [0, 1, 2, 7, 3], "split": ["train"] * 4 + ["dev"]})
    with pytest.raises(RowsRefused):
        imported(workspace, file)
    result = imported(workspace, file, mode="lenient")
    assert result.dataset.labels.tolist() == [0]
    assert [row.where for row in result.rejected] == [f"a.parquet, row {row}" for row in (1, 2, 3, 4)]
    reasons = [row.why for row in result.rejected]
    assert "holds no bytes" in reasons[0] and "not a picture" in reasons[1]
    assert "label 7" in reasons[2] and "split 'dev'" in reasons[3]


def test_rows_of_a_class_that_fer2013_lacks_are_left_out_by_name(workspace: Workspace, tmp_path: Path) -> None:
    images = [{"bytes": png(value), "path": None} for value in (1, 2, 3)]
    file = write(tmp_path / "a.parquet", {"image": images, "label": [0, 1, 0]}, ["happy", "contempt"])
    result = imported(workspace, file)
    assert result.dataset.labels.tolist() == [3, 3] and result.rejected == []
    assert [(row.where, row.why) for row in result.left_out] == [
        ("a.parquet, row 1", "class contempt, which FER2013 does not have")
    ]


def test_what_is_no_parquet_is_said(workspace: Workspace, tmp_path: Path) -> None:
    (tmp_path / "a.parquet").write_bytes(b"PAR1 not really PAR1")
    with pytest.raises(InputRefused, match="not a Parquet file"):
        imported(workspace, tmp_path / "a.parquet")
    file = write(tmp_path / "b.parquet", {"picture": [png(1)], "label": [0]})
    with pytest.raises(InputRefused, match=r"no column of pictures .* it has picture, label"):
        imported(workspace, file)
    with pytest.raises(UsageError, match="--format is one of"):
        imported(workspace, file, format="orc")


def test_a_zip_export_has_names_that_stay_inside(version, tmp_path: Path) -> None:
    export_version(version, tmp_path / "out.zip")
    names = zipfile.ZipFile(tmp_path / "out.zip").namelist()
    assert names[0] == "train/angry/Training_0000000.png" and names[-1] == "test/neutral/PrivateTest_0000006.png"


def test_a_form_may_be_named_and_an_unknown_one_is_refused(version, workspace: Workspace, tmp_path: Path) -> None:
    export_version(version, tmp_path / "out.dat", form="npz")
    assert np.load(tmp_path / "out.dat")["emotion"].tolist() == list(range(7))
    with pytest.raises(UsageError, match=r"\.parquet"):
        export_version(version, tmp_path / "out.xlsx")
