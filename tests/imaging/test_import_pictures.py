"""Class folders of film frames and photographs: the face is found in large pictures and never looked for in tiles."""

import zipfile
from pathlib import Path

import cv2
import numpy as np
import pytest
from drawn_films import drawn_face, scene, write_film

from fer_core.dataset.exporting import export_version
from fer_core.dataset.importing import import_dataset
from fer_core.dataset.store import PUBLIC_TEST, TRAINING, Images, create_dataset
from fer_core.dataset.version import as_imported
from fer_core.emotions import NAMES
from fer_core.errors import InputRefused, RowsRefused
from fer_core.imaging.importing import Wishes, import_any
from fer_core.workspace import Workspace


def write(path: Path, picture: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), picture)


@pytest.fixture(scope="module")
def sfew(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """SFEW's layout: film frames in Train and Val by class, Test without labels."""
    folder = tmp_path_factory.mktemp("pictures") / "SFEW"
    write(folder / "Train" / "Angry" / "one.png", scene([drawn_face("angry")]))
    write(folder / "Train" / "Happy" / "empty.png", scene([]))
    write(folder / "Val" / "Surprise" / "two.png", scene([drawn_face("surprise"), drawn_face("happy")], wide=640))
    write(folder / "Test" / "three.png", scene([drawn_face("fear")]))
    return folder


def found(workspace: Workspace, source: Path, **wishes: object):
    imported = import_any(workspace, source, "set", wishes=Wishes(**wishes))
    rows = zip(imported.dataset.table["source"], imported.dataset.labels, imported.dataset.splits, strict=True)
    return imported, {source: (NAMES[label], split) for source, label, split in rows}


def test_film_frames_become_faces_and_what_has_none_is_counted(sfew: Path, workspace: Workspace) -> None:
    imported, rows = found(workspace, sfew)
    assert rows == {
        "Train/Angry/one.png": ("angry", TRAINING),
        "Val/Surprise/two.png": ("surprise", PUBLIC_TEST),
    }
    assert {(row.where, row.why) for row in imported.left_out} == {
        ("Test/three.png", "Test is not labelled"),
        ("Train/Happy/empty.png", "no face found (--faces never takes pictures whole)"),
    }
    assert [(row.where, row.why) for row in imported.remarks] == [
        ("Val/Surprise/two.png", "several faces, the largest was taken")
    ]
    face = cv2.resize(drawn_face("angry"), (48, 48), interpolation=cv2.INTER_AREA)[8:-8, 8:-8]
    assert cv2.matchTemplate(np.array(imported.dataset.images[0]), face, cv2.TM_CCOEFF_NORMED).max() > 0.5


def test_faces_can_be_left_alone_or_equalised(sfew: Path, workspace: Workspace) -> None:
    _, rows = found(workspace, sfew, faces="never")
    assert set(rows) == {"Train/Angry/one.png", "Train/Happy/empty.png", "Val/Surprise/two.png"}
    plain = import_any(workspace, sfew, "plain").dataset
    spread = import_any(workspace, sfew, "spread", wishes=Wishes(equalise=True)).dataset
    np.testing.assert_array_equal(spread.images[0], cv2.equalizeHist(np.array(plain.images[0])))


def test_tiles_are_never_searched_unless_one_insists(workspace: Workspace, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    images = Images(
        rng.integers(0, 256, (14, 48, 48), np.uint8), np.arange(14, dtype=np.int8) % 7, np.zeros(14, np.int8)
    )
    tiles = create_dataset(workspace, "tiles", images, origin={})
    export_version(as_imported(tiles), tmp_path / "out")
    assert import_any(workspace, tmp_path / "out", "auto").dataset.hash == tiles.hash
    assert import_dataset(workspace, tmp_path / "out", "floor").dataset.hash == tiles.hash
    with pytest.raises(InputRefused, match="14 x no face found"):
        import_any(workspace, tmp_path / "out", "always", wishes=Wishes(faces="always"))


def test_pictures_of_one_class_without_a_folder_take_the_label_that_is_said(
    workspace: Workspace, tmp_path: Path
) -> None:
    """Extra images of one class, as they come from a search."""
    for number in range(3):
        write(tmp_path / "extra" / f"{number}.png", np.full((48, 48), number, np.uint8))
    with pytest.raises(RowsRefused, match="no folder named after one of the seven"):
        import_any(workspace, tmp_path / "extra", "set")
    _, rows = found(workspace, tmp_path / "extra", label="disgusted")
    assert rows == {f"{number}.png": ("disgust", TRAINING) for number in range(3)}


def test_videos_are_not_read_inside_archives_nor_mixed_in_with_pictures(workspace: Workspace, tmp_path: Path) -> None:
    clip = write_film(tmp_path / "set" / "happy" / "clip.mp4", [scene([drawn_face("happy")])] * 2)
    with zipfile.ZipFile(tmp_path / "clips.zip", "w") as archive:
        archive.write(clip, "../happy/clip.mp4")
    with pytest.raises(InputRefused, match="not read inside archives"):
        import_any(workspace, tmp_path / "clips.zip", "set")
    write(tmp_path / "set" / "sad" / "a.png", np.zeros((48, 48), np.uint8))
    imported, rows = found(workspace, tmp_path / "set")
    assert list(rows) == ["sad/a.png"]
    assert [row.where for row in imported.left_out] == ["happy/clip.mp4"]
    assert len(import_any(workspace, tmp_path / "set", "films", format="video").dataset) == 1


def test_what_is_none_of_all_this_is_a_sentence(workspace: Workspace, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("nothing")
    with pytest.raises(InputRefused, match=r"import a \.csv.*a video \(MP4"):
        import_any(workspace, tmp_path / "notes.txt", "x")
    with pytest.raises(InputRefused, match="neither pictures"):
        import_any(workspace, tmp_path, "x")
    with pytest.raises(InputRefused, match="not a video that can be read"):
        import_any(workspace, tmp_path / "notes.txt", "x", format="video", wishes=Wishes(label="sad"))
    with pytest.raises(InputRefused, match="CK\\+ is a folder"):
        import_any(workspace, tmp_path / "notes.txt", "x", format="ckplus")
