"""CK+ as it is distributed: sequences of frames from neutral to the peak of an expression, and a label file for some.

    cohn-kanade-images/S005/001/S005_001_00000001.png ... S005_001_00000011.png     640x490 or 640x480
    Emotion/S005/001/S005_001_00000011_emotion.txt                                  "   3.0000000e+00"

Of each labelled sequence the last frames are the expression and the first one is neutral (Lucey et al., 2010).
Sequences without a label file and those of contempt are left out and counted. There is no official split: all is
Training, or a fifth of the people is PrivateTest.
"""

import hashlib
import re
from dataclasses import dataclass, replace

import numpy as np

from fer_core.dataset.members import Member
from fer_core.dataset.reading import Gathering, Reading, Take
from fer_core.dataset.store import PRIVATE_TEST, TRAINING
from fer_core.emotions import NAMES
from fer_core.errors import InputRefused, LeftOut
from fer_core.files import decode_image
from fer_core.progress import Report

PEAK = 3  # frames at the end of a sequence
TEST_SHARE = 0.2  # of the images, by people: the modified-CNN paper's 80:20 (Yousaf et al., 2024)
CONTEMPT = 2
CLASSES = {0: "neutral", 1: "angry", 3: "disgust", 4: "fear", 5: "happy", 6: "sad", 7: "surprise"}
_FRAME = re.compile(r"(?:^|/)(S\d{3})/(\d{3})/\1_\2_(\d{8})\.(?:png|jpe?g|bmp)$", re.IGNORECASE)
_LABEL = re.compile(r"(?:^|/)(S\d{3})_(\d{3})_\d{8}_emotion\.txt$", re.IGNORECASE)
_SUBJECT = re.compile(r"(?:^|/)(S\d{3})(?=[_/])", re.IGNORECASE)
_NEUTRAL = NAMES.index("neutral")

_Key = tuple[str, str]  # subject and number: ("S005", "001")


@dataclass(frozen=True)
class _Frame:
    number: int
    member: Member


def is_ckplus(members: list[Member]) -> bool:
    """Whether a source holds CK+'s sequences; CK+48's class folders are none."""
    return any(_FRAME.search(str(member.path)) for member in members)


def read_ckplus(members: list[Member], take: Take, report: Report, peak: int = PEAK) -> Reading:
    """Read every labelled sequence: its last `peak` frames as the expression, its first one as neutral.

    `take` brings a frame to 48x48. Raises InputRefused where there is not one label file.
    """
    sequences: dict[_Key, list[_Frame]] = {}
    labels: dict[_Key, Member] = {}
    for member in members:
        frame, label = _FRAME.search(str(member.path)), _LABEL.search(str(member.path))
        if frame:
            key = frame[1].upper(), frame[2]
            sequences.setdefault(key, []).append(_Frame(int(frame[3]), member))
        elif label:
            labels[label[1].upper(), label[2]] = member
    if not labels:
        raise InputRefused(
            "These are CK+'s pictures without its labels: unpack Emotion_labels.zip into the same folder, so that "
            "Emotion/ stands beside cohn-kanade-images/, and import that folder."
        )
    gathering = Gathering(len(labels) * (peak + 1))
    for done, key in enumerate(sorted(sequences)):
        report("finding faces in sequences", done / len(sequences))
        _read_sequence("/".join(key), sequences[key], labels.get(key), peak, take, gathering)
    for key in sorted(labels.keys() - sequences.keys()):
        gathering.refuse(str(labels[key].path), "labels a sequence that is not there")
    return gathering.reading("ckplus", sequences=len(sequences), peak=peak)


def _read_sequence(
    name: str, frames: list[_Frame], label: Member | None, peak: int, take: Take, gathering: Gathering
) -> None:
    """One sequence; what is wrong with one of its frames does not touch the others."""
    if label is None:
        return gathering.leave_out(name, "sequence without a label file")
    try:
        code = _code(label.read())
    except InputRefused as error:
        return gathering.refuse(str(label.path), error)
    if code == CONTEMPT:
        return gathering.leave_out(name, "class contempt, which FER2013 does not have")
    ordered = sorted(frames, key=lambda frame: frame.number)
    expression = [(frame.member, NAMES.index(CLASSES[code])) for frame in ordered[1:][-peak:]]
    for member, index in [(ordered[0].member, _NEUTRAL), *expression]:
        where = str(member.path)
        try:
            gathering.take(take(decode_image(member.read(), where), where), index, TRAINING, where)
        except LeftOut as reason:
            gathering.leave_out(where, reason)
        except InputRefused as error:
            gathering.refuse(where, error)
    return None


def _code(content: bytes) -> int:
    """The class in a label file, a number in floating point."""
    try:
        value = float(content)
    except ValueError as error:
        raise InputRefused(f"holds {content[:20]!r}, not the number of an emotion") from error
    if value != CONTEMPT and value not in CLASSES:
        raise InputRefused(f"holds {value:g}; emotions are numbered 0 to 7")
    return int(value)


def split_subjects(reading: Reading) -> Reading:
    """The same images with about a fifth of them, whole people, in PrivateTest and all others in Training.

    People are told by CK+'s `S005` in paths (also CK+48's `S005_001_00000011.png`). Which of them go is settled by the
    hash of their number, so it is the same on every machine. Raises InputRefused where a path names nobody.
    """
    subjects = np.array([_subject(source) for source in reading.images.sources or []], object)
    order = sorted(set(subjects), key=lambda subject: hashlib.sha256(subject.encode()).digest())
    if len(order) < 2:
        raise InputRefused("Images cannot be split by people: it takes two people at least, named in the paths (S005).")
    test: list[str] = []
    for subject in order[:-1]:  # somebody stays in Training
        if np.isin(subjects, test).sum() >= TEST_SHARE * len(subjects):
            break
        test.append(subject)
    splits = np.where(np.isin(subjects, test), PRIVATE_TEST, TRAINING).astype(np.int8)
    notes = reading.notes | {"split": "by people, 80:20", "test_subjects": sorted(test)}
    return replace(reading, images=replace(reading.images, splits=splits), notes=notes)


def _subject(source: str) -> str:
    found = _SUBJECT.search(source)
    if found is None:
        raise InputRefused(f"{source}: no person's number (S005) stands in this path, so nothing was split by people.")
    return found[1].upper()
