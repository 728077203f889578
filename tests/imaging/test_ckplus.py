"""CK+ as it is distributed, on small drawn sequences: the first frame is neutral, the last ones are the expression."""

import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
from drawn_films import drawn_face

from fer_core.dataset.store import PRIVATE_TEST, TRAINING, Dataset
from fer_core.emotions import NAMES
from fer_core.errors import InputRefused, RowsRefused
from fer_core.imaging.importing import Imported, Wishes, import_any
from fer_core.imaging.taking import NO_FACE_LARGE
from fer_core.workspace import Workspace


def picture(emotion: str) -> np.ndarray:
    """A frame as a laboratory's camera takes it, uint8 (245, 320): CK+'s at half its size."""
    frame = np.full((245, 320), 90, np.uint8)
    frame[50:194, 80:224] = drawn_face(emotion)
    return frame


def write_sequence(folder: Path, subject: str, number: str, emotion: str, frames: int, code: str | None) -> None:
    images = folder / "cohn-kanade-images" / subject / number
    images.mkdir(parents=True)
    for frame in range(1, frames + 1):
        shown = picture(emotion if frame > 2 else "neutral")
        shown[0, 0] = frame  # no two are the same
        cv2.imwrite(str(images / f"{subject}_{number}_{frame:08d}.png"), shown)
    labels = folder / "Emotion" / subject / number
    labels.mkdir(parents=True)  # a sequence without a label has an empty folder there
    if code is not None:
        (labels / f"{subject}_{number}_{frames:08d}_emotion.txt").write_text(f"   {code}\n")


@pytest.fixture(scope="module")
def ckplus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ck") / "CK+"
    write_sequence(folder, "S005", "001", "disgust", 6, "3.0000000e+00")
    write_sequence(folder, "S010", "002", "surprise", 5, "7.0000000e+00")
    write_sequence(folder, "S010", "003", "sad", 4, "2.0000000e+00")  # contempt
    write_sequence(folder, "S011", "001", "happy", 4, None)
    write_sequence(folder, "S022", "001", "angry", 3, "1.0000000e+00")
    (folder / "cohn-kanade-images" / ".DS_Store").write_bytes(b"\0")
    return folder


def imported(workspace: Workspace, source: Path, **wishes: object) -> Imported:
    return import_any(workspace, source, "ck", wishes=Wishes(**wishes))


def taken(dataset: Dataset) -> dict[str, list[tuple[int, str]]]:
    """Sequence to its images: (number of the frame, class)."""
    found: dict[str, list[tuple[int, str]]] = {}
    for source, label in zip(dataset.table["source"], dataset.labels, strict=True):
        stem = Path(source).stem.split("_")
        found.setdefault("/".join(stem[:2]), []).append((int(stem[2]), NAMES[label]))
    return found


def test_the_first_frame_is_neutral_and_the_last_three_the_expression(ckplus: Path, workspace: Workspace) -> None:
    result = imported(workspace, ckplus)
    assert taken(result.dataset) == {
        "S005/001": [(1, "neutral"), (4, "disgust"), (5, "disgust"), (6, "disgust")],
        "S010/002": [(1, "neutral"), (3, "surprise"), (4, "surprise"), (5, "surprise")],
        "S022/001": [(1, "neutral"), (2, "angry"), (3, "angry")],  # never the neutral frame as the expression
    }
    assert set(result.dataset.splits) == {TRAINING}
    assert sorted((row.where, row.why.split(",")[0]) for row in result.left_out) == [
        ("S010/003", "class contempt"),
        ("S011/001", "sequence without a label file"),
    ]
    told = json.loads((result.dataset.path / "dataset.json").read_text())["origin"]
    assert told["format"] == "ckplus" and told["left_out"]["sequence without a label file"] == 1


def test_the_number_of_peak_frames_is_a_choice(ckplus: Path, workspace: Workspace) -> None:
    found = taken(imported(workspace, ckplus, peak=1).dataset)
    assert found["S005/001"] == [(1, "neutral"), (6, "disgust")]


def test_faces_are_found_and_cropped(ckplus: Path, workspace: Workspace) -> None:
    dataset = imported(workspace, ckplus, peak=1).dataset
    row = next(row for row, source in enumerate(dataset.table["source"]) if source.endswith("00000006.png"))
    face = cv2.resize(drawn_face("disgust"), (48, 48), interpolation=cv2.INTER_AREA)[8:-8, 8:-8]
    best = cv2.matchTemplate(np.array(dataset.images[row]), face, cv2.TM_CCOEFF_NORMED).max()
    whole = cv2.resize(picture("disgust"), (48, 48), interpolation=cv2.INTER_AREA)
    assert best > 0.5 > cv2.matchTemplate(whole, face, cv2.TM_CCOEFF_NORMED).max()


def test_a_split_by_people_keeps_everybody_on_one_side(tmp_path: Path, workspace: Workspace) -> None:
    """CK+48's names carry the person too; a split by frames would tear nearly everybody apart."""
    rng = np.random.default_rng(2)
    for person in range(40):
        emotion = NAMES[person % 7]
        folder = tmp_path / "CK+48" / emotion
        folder.mkdir(parents=True, exist_ok=True)
        for frame in range(3):
            name = f"S{100 + person}_001_{frame + 10:08d}.png"
            cv2.imwrite(str(folder / name), rng.integers(0, 256, (48, 48), np.uint8))
    dataset = imported(workspace, tmp_path / "CK+48", split_subjects=True).dataset
    people = dataset.table["source"].str.extract(r"(S\d{3})")[0]
    assert dataset.table.groupby(people)["split"].nunique().max() == 1
    share = (dataset.splits == PRIVATE_TEST).mean()
    assert share == pytest.approx(0.2, abs=0.03) and set(dataset.splits) == {TRAINING, PRIVATE_TEST}
    again = import_any(workspace, tmp_path / "CK+48", "again", wishes=Wishes(split_subjects=True)).dataset
    assert again.hash == dataset.hash
    told = json.loads((dataset.path / "dataset.json").read_text())["origin"]
    assert set(told["test_subjects"]) == set(people[dataset.splits == PRIVATE_TEST])


def test_somebody_stays_in_training_however_unlike_people_are(tmp_path: Path, workspace: Workspace) -> None:
    rng = np.random.default_rng(2)
    (tmp_path / "two" / "happy").mkdir(parents=True)
    for person, frames in ((1, 1), (2, 30)):  # by the hash of their numbers 1 comes first
        for frame in range(frames):
            name = f"S{person:03d}_001_{frame:08d}.png"
            cv2.imwrite(str(tmp_path / "two" / "happy" / name), rng.integers(0, 256, (48, 48), np.uint8))
    splits = imported(workspace, tmp_path / "two", split_subjects=True).dataset.splits
    assert set(splits) == {TRAINING, PRIVATE_TEST}


def test_ckplus_is_split_by_people_too_and_folders_without_people_are_not(ckplus: Path, workspace, tmp_path) -> None:
    dataset = imported(workspace, ckplus, peak=1, split_subjects=True).dataset
    subjects = dataset.table["source"].str.extract(r"(S\d{3})")[0]
    assert dataset.table.groupby(subjects)["split"].nunique().max() == 1
    assert {TRAINING, PRIVATE_TEST} == set(dataset.splits)
    (tmp_path / "set" / "happy").mkdir(parents=True)
    cv2.imwrite(str(tmp_path / "set" / "happy" / "a.png"), np.zeros((48, 48), np.uint8))
    with pytest.raises(InputRefused, match="no person's number"):
        import_any(workspace, tmp_path / "set", "set", wishes=Wishes(split_subjects=True))


def test_an_archive_of_it_is_read_without_unpacking(ckplus: Path, workspace: Workspace, tmp_path: Path) -> None:
    archive = shutil.make_archive(str(tmp_path / "ck"), "zip", ckplus.parent)
    plain = imported(workspace, ckplus, peak=1).dataset
    assert import_any(workspace, Path(archive), "zipped", wishes=Wishes(peak=1)).dataset.hash == plain.hash


def test_pictures_without_labels_say_what_to_fetch(ckplus: Path, workspace: Workspace) -> None:
    with pytest.raises(InputRefused, match=r"Emotion_labels\.zip"):
        imported(workspace, ckplus / "cohn-kanade-images")


def test_what_is_wrong_with_a_label_or_a_frame_is_a_bad_row(workspace: Workspace, tmp_path: Path) -> None:
    write_sequence(tmp_path, "S005", "001", "happy", 4, "5.0000000e+00")
    write_sequence(tmp_path, "S006", "001", "happy", 3, "9.0000000e+00")
    write_sequence(tmp_path, "S007", "001", "happy", 3, "joy")
    broken = tmp_path / "cohn-kanade-images" / "S005" / "001" / "S005_001_00000003.png"
    broken.write_bytes(b"no picture")
    blank = broken.with_name("S005_001_00000004.png")
    cv2.imwrite(str(blank), np.full((245, 320), 90, np.uint8))
    with pytest.raises(RowsRefused):
        imported(workspace, tmp_path)
    result = import_any(workspace, tmp_path, "ck", mode="lenient")
    assert taken(result.dataset) == {"S005/001": [(1, "neutral"), (2, "happy")]}
    assert [Path(row.where).name for row in result.rejected] == [
        broken.name,
        "S006_001_00000003_emotion.txt",
        "S007_001_00000003_emotion.txt",
    ]
    assert "numbered 0 to 7" in result.rejected[1].why
    assert [(Path(row.where).name, row.why) for row in result.left_out] == [(blank.name, NO_FACE_LARGE)]
