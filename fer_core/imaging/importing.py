"""One entry to every import: it looks at the source, has it read on the floor that can, and stores what was read.

a video, a folder of videos        clips
CK+ as distributed                 ckplus
class folders with large pictures  dataset.read_folders, with faces found in them (SFEW)
tables, 48x48 tiles, .npz, Parquet dataset.importing
"""

from dataclasses import dataclass, fields
from pathlib import Path, PurePosixPath

from fer_core.dataset.importing import (
    FORMATS,
    Imported,
    check_import,
    read_members,
    read_source,
    store_reading,
)
from fer_core.dataset.members import Member, is_archive, open_members
from fer_core.dataset.reading import Reading
from fer_core.emotions import NAMES, class_index
from fer_core.errors import BadRow, InputRefused, StoreError, UsageError
from fer_core.files import IMAGE_SUFFIXES
from fer_core.imaging.ckplus import PEAK, is_ckplus, read_ckplus, split_subjects
from fer_core.imaging.clips import EVERY, Clip, FindGuesser, read_clips
from fer_core.imaging.film import FILM_SUFFIXES, is_film
from fer_core.imaging.taking import AUTO, FACES, FaceTaker
from fer_core.progress import Report, part, silent
from fer_core.workspace import Workspace

VIDEO, CKPLUS = "video", "ckplus"
ALL_FORMATS = (*FORMATS, VIDEO, CKPLUS)


@dataclass(frozen=True)
class Wishes:
    """What somebody asks of an import besides source and name; None leaves it to the form of the source."""

    every: int | None = None  # videos: one frame in so many
    all_faces: bool | None = None  # videos: every face of a frame, not the largest alone
    label: str | None = None  # videos and pictures in no class folder: the class that they show
    equalise: bool | None = None  # histogram equalisation; by default of videos alone
    faces: str | None = None  # pictures: of taking.FACES
    peak: int | None = None  # CK+: frames at the end of a sequence that are the expression
    split_subjects: bool | None = None  # CK+ and CK+48: a fifth of the people is PrivateTest

    def __post_init__(self) -> None:
        if self.label is not None and class_index(self.label) is None:
            raise UsageError(f"--label is one of {', '.join(NAMES)}, not {self.label!r}.")
        if self.faces not in (None, *FACES):
            raise UsageError(f"--faces is one of {', '.join(FACES)}, not {self.faces!r}.")
        for part_name in ("every", "peak"):
            value = getattr(self, part_name)
            if value is not None and value < 1:
                raise UsageError(f"--{part_name} is a number of frames, 1 or more, not {value}.")

    @property
    def emotion(self) -> int | None:
        """The class of `label`."""
        return None if self.label is None else class_index(self.label)

    def only(self, form: str, *parts: str) -> None:
        """Refuse wishes that mean nothing for a form; UsageError names them."""
        asked = [one.name for one in fields(self) if getattr(self, one.name) not in (None, False)]
        foreign = [name for name in asked if name not in parts]
        if foreign:
            flags = ", ".join(f"--{name.replace('_', '-')}" for name in foreign)
            raise UsageError(f"{flags}: means nothing for {form}.")


def import_any(
    workspace: Workspace,
    source: Path,
    name: str,
    *,
    format: str | None = None,
    mode: str = "strict",
    wishes: Wishes | None = None,
    find_guesser: FindGuesser | None = None,
    called: str | None = None,
    report: Report = silent,
) -> Imported:
    """Import `source` in any of ALL_FORMATS and store it as data set `name`.

    `find_guesser` gives classes to videos that nobody has labelled; `called` is the name of an uploaded file, only ever
    text. Raises InputRefused (RowsRefused in strict mode), UsageError, and what `report` raises; in any of these
    cases nothing is stored. StoreError where the disk is full or a file may not be read.
    """
    try:
        check_import(workspace, source, name, mode)
        if format not in (None, *ALL_FORMATS):
            raise UsageError(f"--format is one of {', '.join(ALL_FORMATS)}, not {format!r}.")
        told = part(report, 0.0, 0.85)
        reading = _read(source, format, wishes or Wishes(), find_guesser, called or source.name, told)
        return store_reading(workspace, called or str(source), name, reading, mode, report)
    except OSError as error:
        raise StoreError(f"{error.filename or source}: {error.strerror or error}; nothing was stored.") from error


def _read(
    source: Path, format: str | None, wishes: Wishes, find_guesser: FindGuesser | None, called: str, report: Report
) -> Reading:
    """By what the source is: a video, a folder or archive, or one of the tables of the floor below."""
    if (format == VIDEO and source.is_file()) or (format is None and is_film(source)):
        return _read_videos([Clip(source, PurePosixPath(called))], wishes, find_guesser, report)
    if not source.is_dir() and not is_archive(source):
        if format == CKPLUS:
            raise InputRefused(f"{source}: CK+ is a folder or an archive with cohn-kanade-images/ and Emotion/ in it.")
        return _read_table(source, format, wishes, report)
    with open_members(source) as members:
        suffixes = {member.path.suffix.lower() for member in members}
        pictures = not suffixes.isdisjoint(IMAGE_SUFFIXES)
        if format == VIDEO or (format is None and not pictures and not suffixes.isdisjoint(FILM_SUFFIXES)):
            if not source.is_dir():
                raise InputRefused(f"{source}: holds videos, which are not read inside archives. Unpack it first.")
            films = [member for member in members if member.path.suffix.lower() in FILM_SUFFIXES]
            return _read_videos([Clip(source / film.path, film.path) for film in films], wishes, find_guesser, report)
        if format == CKPLUS or (format is None and is_ckplus(members)):
            return _read_ckplus(members, wishes, report)
        if pictures and format in (None, "folders"):
            return _read_pictures(source, members, wishes, report)
    return _read_table(source, format, wishes, report)


def _read_videos(clips: list[Clip], wishes: Wishes, find_guesser: FindGuesser | None, report: Report) -> Reading:
    wishes.only("videos", "every", "all_faces", "label", "equalise")
    return read_clips(
        clips,
        report,
        every=wishes.every or EVERY,
        all_faces=bool(wishes.all_faces),
        equalise=wishes.equalise is not False,
        label=wishes.emotion,
        find_guesser=find_guesser,
    )


def _read_ckplus(members: list[Member], wishes: Wishes, report: Report) -> Reading:
    wishes.only("CK+", "equalise", "faces", "peak", "split_subjects")
    taker = _taker(wishes)
    reading = read_ckplus(members, taker, report, wishes.peak or PEAK)
    return _finished(reading, taker, wishes)


def _read_pictures(source: Path, members: list[Member], wishes: Wishes, report: Report) -> Reading:
    wishes.only("class folders", "label", "equalise", "faces", "split_subjects")
    taker = _taker(wishes)
    reading = read_members(source, members, "folders", report, taker, wishes.emotion)
    films = [member for member in members if member.path.suffix.lower() in FILM_SUFFIXES]
    reading.left_out.extend(BadRow(str(film.path), "video beside pictures; import it by itself") for film in films)
    return _finished(reading, taker, wishes)


def _read_table(source: Path, format: str | None, wishes: Wishes, report: Report) -> Reading:
    """Tables: only Parquet holds pictures in which a face could be looked for."""
    if format == "parquet" or (format is None and (source.is_dir() or source.suffix.lower() == ".parquet")):
        wishes.only("tables", "equalise", "faces")
        taker = _taker(wishes)
        return _finished(read_source(source, format, report, taker), taker, wishes)
    wishes.only("tables of pixels")
    return read_source(source, format, report)


def _taker(wishes: Wishes) -> FaceTaker:
    return FaceTaker(wishes.faces or AUTO, bool(wishes.equalise))


def _finished(reading: Reading, taker: FaceTaker, wishes: Wishes) -> Reading:
    """With what the taker has to say, and split by people where that is asked."""
    reading.remarks.extend(taker.remarks)
    if reading.format != "csv":
        reading.notes.update({"faces": taker.faces, "equalised": taker.equalise})
    return split_subjects(reading) if wishes.split_subjects else reading
