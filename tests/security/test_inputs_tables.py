"""Tables with bad rows among good ones: each is reported with its line, none is mended, every good row is kept."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from fer_core.dataset.importing import import_dataset
from fer_core.dataset.store import SPLITS
from fer_core.errors import RowsRefused
from fer_core.workspace import Workspace

SEED = 2013
USAGES = (b"Training", b"PublicTest", b"PrivateTest")
Row = tuple[bytes, list[bytes], bytes]  # emotion, pixels, Usage


def _instead(value: bytes) -> Callable[[np.random.Generator, Row], bytes]:
    """One pixel says something else."""

    def broken(rng: np.random.Generator, row: Row) -> bytes:
        pixels = list(row[1])
        pixels[rng.integers(len(pixels))] = value
        return _line((row[0], pixels, row[2]))

    return broken


def _label(value: bytes) -> Callable[[np.random.Generator, Row], bytes]:
    return lambda rng, row: _line((value, row[1], row[2]))


def _usage(value: bytes) -> Callable[[np.random.Generator, Row], bytes]:
    return lambda rng, row: _line((row[0], row[1], value))


def _pixels(count: int) -> Callable[[np.random.Generator, Row], bytes]:
    return lambda rng, row: _line((row[0], (row[1] * 3)[:count], row[2]))


def _line(row: Row) -> bytes:
    return b",".join([row[0], b" ".join(row[1]), row[2]])


# Every way in which a row can be wrong, as the bytes of its line.
WAYS: list[Callable[[np.random.Generator, Row], bytes]] = [
    *map(_pixels, (0, 1, 2303, 2305, 4608)),
    *map(
        _instead,
        (b"-1", b"256", b"999", b"1e2", b"1.0", b"0x10", b"+5", b"NaN", b"inf", b"None", b"1_0", b"9" * 20,
         b"9" * 5000, "２".encode(), "²".encode(), b"\xff", b"1\x00", b"\xef\xbb\xbf7", b"12\t13", b"1,2", b'"'),
    ),
    *map(_label, (b"7", b"-1", b"", b"happy", b"1.0", b"NaN", b"\xef\xbb\xbf3", "３".encode(), b"9" * 5000, b"3,3")),
    *map(_usage, (b"", b"training", b"Test", b"Training,", b"PrivateTest\x00", b"\xff", b'"Training', b"Training\tx")),
    lambda rng, row: _line(row)[: rng.integers(1, 4000)],  # torn
    lambda rng, row: b" ".join([row[0], *row[1], row[2]]),
    lambda rng, row: _line(row).replace(b" ", b";", 1),
    lambda rng, row: b"%b,\"%b,%b" % (row[0], b" ".join(row[1]), row[2]),  # a quote that nobody closes
    lambda rng, row: b"\x00" * 100,
    lambda rng, row: b'"' + _line(row),
    lambda rng, row: _line((row[0], [*row[1][:-1], row[1][-1] + b" " * 70_000], row[2])),
    lambda rng, row: b"x" * (3 << 20),
    lambda rng, row: b"emotion,pixels,Usage",
]  # fmt: skip


def table(bad: int, good: int) -> tuple[bytes, list[int], np.ndarray, list[int], list[int]]:
    """A table with `bad` and `good` rows in a drawn order: its bytes, the bad lines, and the good rows' images, classes
    and splits."""
    rng = np.random.default_rng(SEED)
    is_bad = rng.permutation(np.arange(bad + good) < bad)
    lines, wrong, images, labels, splits = [b"emotion,pixels,Usage"], [], [], [], []
    for number, broken in enumerate(is_bad):
        image, label, split = rng.integers(0, 256, 2304, np.uint8), int(rng.integers(7)), int(rng.integers(3))
        row = (b"%d" % label, [b"%d" % value for value in image], USAGES[split])
        if broken:
            wrong.append(number + 2)
            lines.append(WAYS[len(wrong) % len(WAYS)](rng, row))
        else:
            lines.append(_line(row))
            images.append(image.reshape(48, 48))
            labels.append(label)
            splits.append(split)
    return b"\n".join(lines) + b"\n", wrong, np.stack(images), labels, splits


@pytest.mark.parametrize(
    ("bad", "good"), [(100, 60), pytest.param(1000, 600, marks=pytest.mark.slow)], ids=["hundred", "thousand"]
)
def test_bad_rows_are_named_by_their_lines_and_good_ones_kept(
    bad: int, good: int, workspace: Workspace, tmp_path: Path
) -> None:
    content, wrong, images, labels, splits = table(bad, good)
    (tmp_path / "fer2013.csv").write_bytes(content)

    with pytest.raises(RowsRefused) as refused:
        import_dataset(workspace, tmp_path / "fer2013.csv", "strict")
    assert [row.where for row in refused.value.rows] == [f"line {line:,}" for line in wrong]
    assert max(len(row.why) for row in refused.value.rows) < 200  # a sentence, not the row
    assert not workspace.dataset("strict").exists()

    imported = import_dataset(workspace, tmp_path / "fer2013.csv", "lenient", mode="lenient")
    assert [row.where for row in imported.rejected] == [f"line {line:,}" for line in wrong]
    np.testing.assert_array_equal(imported.dataset.images, images)
    assert imported.dataset.labels.tolist() == labels and imported.dataset.splits.tolist() == splits


def test_the_splits_are_numbered_as_the_store_numbers_them() -> None:
    assert [usage.decode() for usage in USAGES] == list(SPLITS)
