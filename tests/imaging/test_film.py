"""Frames of a film: the right ones, at the right time, the right way up, and no way for a bad file to do harm."""

import os
import signal
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from drawn_films import number_of, numbered, write_film

from fer_core.errors import InputRefused, UsageError
from fer_core.imaging import film as film_module
from fer_core.imaging import film_decoder
from fer_core.imaging.film import Limits, Sampling, is_film, open_film


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seconds at 25 frames a second."""
    return write_film(tmp_path_factory.mktemp("film") / "clip.mp4", numbered(50), 25)


def taken(path: Path, sampling: Sampling | None = None, **limits) -> list[tuple[float, int]]:
    """(seconds, number of the frame as its stripes tell)."""
    with open_film(path, sampling, Limits(**limits)) as film:
        return [(round(seconds, 3), number_of(frame)) for seconds, frame in film]


@pytest.mark.parametrize(
    ("name", "codec"),
    [
        ("a.mp4", "mp4v"),
        pytest.param("a.mov", "mp4v", marks=pytest.mark.slow),
        ("a.avi", "MJPG"),
        pytest.param("a.mkv", "mp4v", marks=pytest.mark.slow),
        ("a.webm", "VP80"),
    ],
)
def test_every_container_gives_its_frames_with_their_times(tmp_path: Path, name: str, codec: str) -> None:
    path = write_film(tmp_path / name, numbered(20), 10, codec)
    assert taken(path, Sampling(every=5)) == [(0.0, 0), (0.5, 5), (1.0, 10), (1.5, 15)]


def test_a_rate_takes_the_first_frame_of_each_interval(clip: Path) -> None:
    # At 25 frames a second: 0, 0.12 (0.1 lies between two frames), 0.2, 0.32 ...
    found = taken(clip, Sampling(rate=10))
    assert [number for _, number in found] == [-(-step * 25 // 10) for step in range(20)]
    assert taken(clip, Sampling(rate=100)) == taken(clip)  # never a frame twice


def test_a_part_is_taken_from_its_start_to_before_its_stop(clip: Path) -> None:
    assert [number for _, number in taken(clip, Sampling(start=0.4, stop=0.6))] == [10, 11, 12, 13, 14]
    assert [number for _, number in taken(clip, Sampling(every=2, start=1.8))] == [45, 47, 49]


def test_frames_are_rgb_and_shrunk_when_asked(tmp_path: Path) -> None:
    red = np.zeros((120, 200, 3), np.uint8)
    red[:, :, 2] = 250  # BGR
    path = write_film(tmp_path / "red.mp4", [red] * 3)
    with open_film(path, Sampling(side=100)) as film:
        _, frame = next(iter(film))
        assert (film.info.width, film.info.height, film.info.rate) == (200, 120, 10)
    assert frame.shape == (60, 100, 3)
    assert frame[:, :, 0].min() > 200 and frame[:, :, 1:].max() < 50


def test_a_phones_sideways_film_stands_upright(tmp_path: Path) -> None:
    """As a phone stores it: sideways pixels, and a turn by 90 degrees in the track header's matrix."""
    frame = np.zeros((64, 96), np.uint8)
    frame[:, 72:] = 250  # the right edge
    path = write_film(tmp_path / "phone.mp4", [frame] * 3)
    content = bytearray(path.read_bytes())
    matrix = content.index(b"tkhd") + 4 + 4 + 20 + 8 + 8  # version 0: after times, id, duration, layer and volume
    assert struct.unpack(">i", content[matrix : matrix + 4]) == (1 << 16,)
    content[matrix : matrix + 36] = struct.pack(">9i", 0, 1 << 16, 0, -1 << 16, 0, 0, 64 << 16, 0, 1 << 30)
    path.write_bytes(content)
    with open_film(path) as film:
        _, upright = next(iter(film))
        assert (film.info.width, film.info.height, film.info.turned) == (64, 96, 90)
    assert upright.shape == (96, 64, 3)
    assert upright[76:].min() > 200 and upright[:68].max() < 60  # what was right is below


def alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def test_the_decoder_is_gone_when_the_film_is_left_in_the_middle(clip: Path) -> None:
    with open_film(clip) as film:
        next(iter(film))
        process = film._process.pid
        assert alive(process)
    assert not alive(process)
    with pytest.raises(KeyError), open_film(clip) as film:
        process = film._process.pid
        raise KeyError
    assert not alive(process)


def test_a_decoder_that_dies_or_stands_still_is_a_sentence(clip: Path) -> None:
    with open_film(clip) as film:
        os.kill(film._process.pid, signal.SIGSTOP)
        film._limits = Limits(silence=0.1)
        with pytest.raises(InputRefused, match="stood still"):
            list(film)
    with open_film(clip) as film:
        os.kill(film._process.pid, signal.SIGKILL)
        with pytest.raises(InputRefused, match="stopped by signal 9"):
            list(film)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"#EXTM3U\n#EXTINF:1,\n/etc/passwd\n",
        b"ffconcat version 1.0\nfile /etc/passwd\n",
        b"GIF89a" + bytes(100),
        b"RIFF\x10\0\0\0WAVEfmt ",
    ],
)
def test_what_is_no_video_is_refused_by_its_first_bytes(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(content)
    assert is_film(path)  # by its name; what opens it looks closer
    with (
        pytest.raises(InputRefused, match=r"not a video that can be read; use MP4, MOV, AVI, MKV or WebM"),
        open_film(path),
    ):
        pass


def test_the_decoder_itself_opens_no_playlist(clip: Path, tmp_path: Path) -> None:
    """Should a playlist ever pass for a video: FFmpeg would follow it to other files."""
    playlist = tmp_path / "clip.mp4"
    playlist.write_text(f"ffconcat version 1.0\nfile {clip}\n")
    settings = '{"path": "%s", "memory": 4294967296, "processor_seconds": 60, "threads": 1}' % playlist  # noqa: UP031
    decoder = subprocess.run([sys.executable, "-P", film_decoder.__file__, settings], capture_output=True, check=True)
    kind, *_ = film_decoder.HEADER.unpack(decoder.stdout[: film_decoder.HEADER.size])
    assert kind == film_decoder.FAIL


@pytest.mark.parametrize("head", [b"\0\0\0\x18ftypmp42", b"RIFF\xff\xff\xff\0AVI LIST", b"\x1aE\xdf\xa3"])
def test_noise_behind_a_good_header_is_refused(tmp_path: Path, head: bytes) -> None:
    path = tmp_path / "noise.mkv"
    path.write_bytes(head + np.random.default_rng(1).bytes(20_000))
    with pytest.raises(InputRefused, match="damaged"), open_film(path) as film:
        list(film)


@pytest.mark.parametrize(("name", "codec"), [("long.avi", "MJPG"), ("long.mkv", "mp4v")])
def test_a_film_that_breaks_off_says_where(tmp_path: Path, name: str, codec: str) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (40, 64, 96), np.uint8)  # so that every frame takes bytes
    path = write_film(tmp_path / name, list(noise), 10, codec)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with open_film(path) as film:
        times = [seconds for seconds, _ in film]
        assert film.info.seconds == pytest.approx(4)
    assert 0 < len(times) <= 22
    assert film.ended_early == pytest.approx(times[-1])


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        ({"seconds": 1.0}, "minutes long"),
        ({"pixels": 1000}, "96 x 64 pixels"),
        ({"size": 100}, "too large a video"),
        ({"memory": 64 << 20}, "more memory"),
    ],
)
def test_limits_are_held_to(clip: Path, limits: dict, words: str) -> None:
    with pytest.raises(InputRefused, match=words):
        taken(clip, **limits)


@pytest.mark.parametrize("wrong", [{"rate": 0}, {"every": 0}, {"rate": 1, "every": 1}, {"start": 2, "stop": 1}])
def test_a_sampling_that_makes_no_sense_is_wrong_use(wrong: dict) -> None:
    with pytest.raises(UsageError):
        Sampling(**wrong)


def test_only_the_decoder_loads_ffmpeg(clip: Path) -> None:
    """The parent knows the video's first bytes and no more."""
    assert "VideoCapture" not in Path(film_module.__file__).read_text()
