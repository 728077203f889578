"""From clips to a data set: a face per so many frames, cropped where it stood, labelled by folder, word or guess."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from drawn_films import drawn_face, scene, write_film

from fer_core.dataset.store import PRIVATE_TEST, TRAINING, Dataset, dataset_info
from fer_core.emotions import NAMES
from fer_core.errors import Cancelled, InputRefused, RowsRefused, UsageError
from fer_core.imaging.clips import Guesser
from fer_core.imaging.importing import Wishes, import_any
from fer_core.workspace import Workspace

EMPTY = np.full((240, 320), 110, np.uint8)


def moving(emotion: str, count: int = 12, person: int = 0) -> list[np.ndarray]:
    """Frames in which a face moves a little, so that no two crops are the same."""
    face = drawn_face(emotion, person)
    return [np.roll(scene([face]), 3 * number, axis=1) for number in range(count)]


def origin(dataset: Dataset) -> dict:
    return json.loads((dataset.path / "dataset.json").read_text())["origin"]


def sources(dataset: Dataset) -> list[str]:
    return dataset.table["source"].tolist()


def alike(one: np.ndarray, other: np.ndarray) -> float:
    """The correlation of two pictures, 1 for the same."""
    return float(np.corrcoef(one.ravel().astype(float), other.ravel().astype(float))[0, 1])


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seconds: a happy face, but for frames 8 to 15, which are empty."""
    frames = moving("happy", 20)
    frames[8:16] = [EMPTY] * 8
    return write_film(tmp_path_factory.mktemp("clips") / "clip.mp4", frames, 10)


def test_one_frame_in_so_many_gives_its_face_with_its_time(clip: Path, workspace: Workspace) -> None:
    imported = import_any(workspace, clip, "c", wishes=Wishes(every=4, label="happiness", equalise=False))
    dataset = imported.dataset
    assert sources(dataset) == [f"clip.mp4 {seconds} s face 1" for seconds in ("0.00", "0.40", "1.60")]
    assert dataset.labels.tolist() == [NAMES.index("happy")] * 3
    assert imported.sentences() == ["Left out: 2 x no face found."]
    assert [row.where for row in imported.left_out] == ["clip.mp4 0.80 s", "clip.mp4 1.20 s"]
    told = origin(dataset)
    assert (told["frames"], told["every"], told["format"], told["equalised"]) == (5, 4, "video", False)
    assert "labels" not in told and dataset_info(dataset).labels == ""
    face = cv2.resize(drawn_face("happy"), (48, 48), interpolation=cv2.INTER_AREA)
    assert min(alike(image[6:-6, 6:-6], face[6:-6, 6:-6]) for image in dataset.images) > 0.5


def test_faces_are_equalised_unless_one_says_no(clip: Path, workspace: Workspace) -> None:
    wishes = {"every": 4, "label": "happy"}
    as_they_are = import_any(workspace, clip, "plain", wishes=Wishes(**wishes, equalise=False)).dataset
    spread = import_any(workspace, clip, "spread", wishes=Wishes(**wishes)).dataset
    for plain, image in zip(as_they_are.images, spread.images, strict=True):
        np.testing.assert_array_equal(image, cv2.equalizeHist(np.array(plain)))
    assert origin(spread)["equalised"] is True


def test_a_clip_that_nobody_labels_is_guessed_for_review_and_says_so(clip: Path, workspace: Workspace) -> None:
    asked: list[np.ndarray] = []

    def classes(crops: np.ndarray) -> np.ndarray:
        asked.append(crops)
        return np.arange(len(crops))

    guesser = Guesser("some-model", classes)
    plain = import_any(workspace, clip, "plain", wishes=Wishes(every=4, label="sad", equalise=False)).dataset
    dataset = import_any(workspace, clip, "c", wishes=Wishes(every=4), find_guesser=lambda: guesser).dataset
    assert dataset.labels.tolist() == [0, 1, 2]
    np.testing.assert_array_equal(asked[0], plain.images)  # not the equalised ones that are stored
    assert origin(dataset)["labels"] == "guessed by some-model"
    assert dataset_info(dataset).labels == "guessed by some-model"
    with pytest.raises(InputRefused, match="--label"):
        import_any(workspace, clip, "nobody", wishes=Wishes(every=4))


def test_a_still_picture_gives_one_face(tmp_path: Path, workspace: Workspace) -> None:
    path = write_film(tmp_path / "still.avi", [scene([drawn_face("sad")])] * 12, 10, "MJPG")
    imported = import_any(workspace, path, "c", wishes=Wishes(every=3, label="sad"))
    assert sources(imported.dataset) == ["still.avi 0.00 s face 1"]
    assert imported.sentences() == ["Left out: 3 x the same pixels again."]


def test_the_largest_face_alone_or_all_of_them(tmp_path: Path, workspace: Workspace) -> None:
    small = cv2.resize(drawn_face("fear"), (112, 112), interpolation=cv2.INTER_AREA)
    path = write_film(tmp_path / "two.mp4", [scene([small, drawn_face("happy")], wide=640)] * 2)
    one = import_any(workspace, path, "one", wishes=Wishes(label="happy", equalise=False)).dataset
    assert sources(one) == ["two.mp4 0.00 s face 1"]
    both = import_any(workspace, path, "both", wishes=Wishes(label="happy", all_faces=True, equalise=False)).dataset
    assert sources(both) == ["two.mp4 0.00 s face 1", "two.mp4 0.00 s face 2"]
    np.testing.assert_array_equal(both.images[0], one.images[0])
    large, little = (cv2.resize(face, (48, 48), interpolation=cv2.INTER_AREA) for face in (drawn_face("happy"), small))
    assert alike(both.images[0], large) > alike(both.images[0], little)
    assert alike(both.images[1], little) > alike(both.images[1], large)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Clips in class folders, in two splits, with one of contempt and one that is no video."""
    folder = tmp_path_factory.mktemp("folder") / "own"
    write_film(folder / "train" / "happy" / "a.mp4", moving("happy", 4))
    write_film(folder / "train" / "Anger" / "b.avi", moving("angry", 4), codec="MJPG")
    write_film(folder / "test" / "surprised" / "c.mp4", moving("surprise", 4))
    write_film(folder / "train" / "contempt" / "d.mp4", moving("sad", 4))
    return folder


def test_clips_in_class_folders_keep_their_class_and_their_split(folder: Path, workspace: Workspace) -> None:
    imported = import_any(workspace, folder, "own", wishes=Wishes(every=2))
    table = imported.dataset.table
    clips = table["source"].str.split(" ").str[0]
    found = {clip: set(zip(rows["label"], rows["split"], strict=True)) for clip, rows in table.groupby(clips)}
    assert found == {
        "train/happy/a.mp4": {(NAMES.index("happy"), TRAINING)},
        "train/Anger/b.avi": {(NAMES.index("angry"), TRAINING)},
        "test/surprised/c.mp4": {(NAMES.index("surprise"), PRIVATE_TEST)},
    }
    assert len(table) == 6
    assert [row.where for row in imported.left_out] == ["train/contempt/d.mp4"]


def test_a_broken_clip_among_good_ones_is_a_bad_row(folder: Path, workspace: Workspace, tmp_path: Path) -> None:
    for clip in folder.rglob("happy/*.mp4"):
        write_film(tmp_path / "set" / "happy" / clip.name, moving("happy", 2))
    (tmp_path / "set" / "happy" / "bad.mp4").write_bytes(b"\0\0\0\x18ftypmp42" + bytes(500))
    with pytest.raises(RowsRefused, match=r"happy/bad\.mp4"):
        import_any(workspace, tmp_path / "set", "set")
    imported = import_any(workspace, tmp_path / "set", "set", mode="lenient")
    assert [row.where for row in imported.rejected] == ["happy/bad.mp4"]
    assert sources(imported.dataset) == ["happy/a.mp4 0.00 s face 1"]


def test_a_clip_that_breaks_off_is_refused_or_kept_up_to_there(workspace: Workspace, tmp_path: Path) -> None:
    path = write_film(tmp_path / "cut.avi", moving("happy", 20), 10, "MJPG")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    wishes = Wishes(every=4, label="happy")
    with pytest.raises(RowsRefused, match=r"breaks off at \d\.\d s of 2\.0 s.*--mode lenient"):
        import_any(workspace, path, "cut", wishes=wishes)
    kept = import_any(workspace, path, "cut", wishes=wishes, mode="lenient")
    assert 1 <= len(kept.dataset) <= 3
    assert [row.where for row in kept.rejected] == ["cut.avi"]


def test_a_clip_without_a_face_stores_nothing_and_says_why(tmp_path: Path, workspace: Workspace) -> None:
    path = write_film(tmp_path / "empty.mp4", [EMPTY] * 4)
    with pytest.raises(InputRefused, match=r"not one usable image \(4 x no face found\)"):
        import_any(workspace, path, "c", wishes=Wishes(every=1, label="sad"))
    assert not workspace.dataset("c").exists()


def test_somebody_who_stops_it_leaves_nothing_behind(clip: Path, workspace: Workspace) -> None:
    def stop(stage: str, fraction: float) -> None:
        if "faces" in stage:
            raise Cancelled("stopped")

    with pytest.raises(Cancelled):
        import_any(workspace, clip, "c", wishes=Wishes(label="sad"), report=stop)
    assert not workspace.dataset("c").exists()


def test_an_uploads_name_is_text_and_never_a_path(clip: Path, workspace: Workspace, tmp_path: Path) -> None:
    called = "../../<b>evil</b>.mp4"
    before = set(tmp_path.rglob("*"))
    dataset = import_any(workspace, clip, "c", wishes=Wishes(label="sad"), called=called).dataset
    assert sources(dataset)[0].startswith(called)
    assert origin(dataset)["source"] == called
    assert {path for path in tmp_path.rglob("*") if workspace.root not in path.parents} - before <= {workspace.root}


@pytest.mark.parametrize("wrong", [{"every": 0}, {"label": "contempt"}, {"faces": "some"}, {"peak": -1}])
def test_wishes_that_make_no_sense_are_wrong_use(wrong: dict) -> None:
    with pytest.raises(UsageError):
        Wishes(**wrong)


def test_wishes_that_mean_nothing_for_a_form_are_wrong_use(clip: Path, workspace: Workspace, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--peak, --split-subjects: means nothing for videos"):
        import_any(workspace, clip, "c", wishes=Wishes(peak=2, split_subjects=True))
    (tmp_path / "t.csv").write_text("emotion,pixels\n")
    with pytest.raises(UsageError, match="--every"):
        import_any(workspace, tmp_path / "t.csv", "c", wishes=Wishes(every=2))
