"""Near duplicates: the same photograph cropped, exposed, compressed or mirrored another way.

Two images are near duplicates when their pixels correlate by more than CORRELATION, as they are or with one of them
mirrored, moved against each other by up to two pixels. Comparing the pixels of every pair would take too long, so pairs
pass gates: first the bound of coarse sketches (see sketches.py), then that of finer ones, then the pixels, in place,
moved by one pixel and, where that looks promising, by up to two. A move changes the low frequencies little, so the
same bounds let moved pairs through.

Up to `all_pairs_up_to` images the sketches of all pairs are compared. Beyond, images are gathered around random images
of the set and compared with the others gathered there: time of the order of N^1.5, and now and then a pair is missed.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from fer_core.audit.findings import findings
from fer_core.audit.quality import FLAT_RANGE
from fer_core.audit.sketches import Pencil, Sketches, concatenate
from fer_core.dataset.store import SIDE, SPLITS, image_id
from fer_core.emotions import NAMES
from fer_core.progress import Report, part, silent

CORRELATION = 0.95  # by eye on FER2013: above, practically every pair is the same photograph
ALL_PAIRS_UP_TO = 100_000
PAIR_COLUMNS = ("row", "partner", "correlation", "mirrored")
ENOUGH = 100  # partners; two images that have as many each are not compared any more

# The gates. Pairs that correlate in place all pass: their bounds are above CORRELATION. Of 600 faces of FER2013 that
# were moved by a pixel along one axis or both, 99 % pass to the end, by two along one axis 96 %, along both a third.
_COARSE, _COARSE_BOUND = 36, 0.92
_FINE, _FINE_BOUND = 121, 0.88
_PROMISING = 0.80  # correlation within a move of one pixel

_REACH = 2  # pixels that one image may be moved against the other, each way
_BESIDE = ((0, 0), (-1, 0), (1, 0), (0, -1), (0, 1))
_AROUND = tuple((down, across) for down in range(-_REACH, _REACH + 1) for across in range(-_REACH, _REACH + 1))

_BLOCK = 512  # images on either side of a block of pairs of sketches; their bounds stay in the cache
_BATCH = 8192  # pairs whose fine sketches are in memory at once
_CHUNK = 1024  # images whose pixels are in memory at once
_PAIRS = 256  # pairs of images; their pixels as float32, 2.4 MB a side, stay in the cache
_GATHERED_AT = 4  # centres that an image belongs to
_STAGE = "looking for near duplicates"

_Candidates = Iterator[tuple[np.ndarray, np.ndarray, float]]  # two int64 (n,), first < second; the fraction done


def near_duplicate_pairs(
    images: np.ndarray, groups: np.ndarray, report: Report = silent, all_pairs_up_to: int = ALL_PAIRS_UP_TO
) -> pd.DataFrame:
    """Pairs of near duplicates, the most alike first: row < partner (int64), correlation (float32), mirrored (bool).

    `images`: uint8 (N, 48, 48); `groups`: int (N,), the first row with the same pixels. Of exact copies only the first
    is compared. Images within FLAT_RANGE grey values are left out: they correlate with nothing meaningful.
    """
    first_copies = np.flatnonzero(groups == np.arange(len(groups)))
    rows, coarse, fine = _sketches(images, first_copies, part(report, 0.0, 0.1))
    report = part(report, 0.1, 1.0)

    partners = np.zeros(len(rows), np.int64)  # how many each image has
    found = []
    candidates = _all_pairs if len(rows) <= all_pairs_up_to else _gathered_pairs
    for first, second, fraction in candidates(coarse):
        report(_STAGE, fraction)
        for start in range(0, len(first), _BATCH):
            one, other = first[start : start + _BATCH], second[start : start + _BATCH]
            sought = (partners[one] < ENOUGH) | (partners[other] < ENOUGH)
            one, other = one[sought], other[sought]
            passed = fine[one].pairwise(fine[other]) > _FINE_BOUND
            one, other = one[passed], other[passed]
            for begin in range(0, len(one), _PAIRS):
                report(_STAGE, fraction)
                a, b = one[begin : begin + _PAIRS], other[begin : begin + _PAIRS]
                correlation, mirrored = _compare(images[rows[a]], images[rows[b]])
                same = correlation > CORRELATION
                found.append((rows[a[same]], rows[b[same]], correlation[same], mirrored[same]))
                np.add.at(partners, np.concatenate([a[same], b[same]]), 1)
    report(_STAGE, 1.0)
    return _table(found)


def near_duplicates(pairs: pd.DataFrame, labels: np.ndarray, splits: np.ndarray) -> pd.DataFrame:
    """One finding for every image in a pair, with its best partner; the score is the correlation.

    `pairs`: as near_duplicate_pairs gives them; `labels`, `splits`: int (N,), by row.
    """
    turned = pairs.rename(columns={"row": "partner", "partner": "row"})
    both = pd.concat([pairs, turned], ignore_index=True)
    best = both.sort_values(["row", "correlation", "partner"], ascending=[True, False, True]).drop_duplicates("row")
    evidence = []
    for row, partner, correlation, mirrored in zip(*(best[column] for column in PAIR_COLUMNS), strict=True):
        how = "the mirror image of" if mirrored else "the same pixels as"
        differences = []
        if labels[row] != labels[partner]:
            differences.append(f"is labelled {NAMES[labels[partner]]}")
        if splits[row] != splits[partner]:
            differences.append(f"stands in {SPLITS[splits[partner]]}")
        which = ", which " + " and ".join(differences) if differences else ""
        evidence.append(f"Nearly {how} image {image_id(partner)} (correlation {correlation:.3f}){which}.")
    scores = best["correlation"].to_numpy().clip(0, 1)
    return findings(best["row"].to_numpy(), "near-duplicate", scores, evidence, best["partner"].to_numpy())


def _sketches(images: np.ndarray, rows: np.ndarray, report: Report) -> tuple[np.ndarray, Sketches, Sketches]:
    """Those of `rows` that are not flat, and their coarse and fine sketches."""
    pencils = Pencil(_COARSE), Pencil(_FINE)
    kept, coarse, fine = [], [], []
    for start in range(0, max(len(rows), 1), _CHUNK):  # of no images there is still one part, an empty one
        report(_STAGE, start / max(len(rows), 1))
        chunk = rows[start : start + _CHUNK]
        pixels = images[chunk]
        seen = pixels.max(axis=(1, 2)) - pixels.min(axis=(1, 2)) > FLAT_RANGE
        kept.append(chunk[seen])
        coarse.append(pencils[0].draw(pixels[seen]))
        fine.append(pencils[1].draw(pixels[seen]))
    return np.concatenate(kept), concatenate(coarse), concatenate(fine)


def _all_pairs(sketches: Sketches) -> _Candidates:
    """Every pair that passes the first gate, from blocks of the upper triangle."""
    starts = range(0, len(sketches), _BLOCK)
    blocks = [(i, j) for i in starts for j in starts if i <= j]
    for done, (i, j) in enumerate(blocks):
        first, second = _within_bound(sketches[i : i + _BLOCK], sketches[j : j + _BLOCK])
        first, second = first + i, second + j
        upper = first < second
        yield first[upper], second[upper], done / len(blocks)


def _gathered_pairs(sketches: Sketches) -> _Candidates:
    """Most pairs that pass the first gate: those that were gathered around the same random image."""
    count = min(len(sketches), int(4 * np.sqrt(len(sketches))))
    at = min(_GATHERED_AT, count)
    centres = sketches[np.random.default_rng(0).choice(len(sketches), count, replace=False)]
    nearest = np.empty((len(sketches), at), np.int32)
    nothing = np.zeros(0, np.int64)
    for start in range(0, len(sketches), _BLOCK):
        closeness = sketches[start : start + _BLOCK].bounds(centres)
        nearest[start : start + _BLOCK] = np.argpartition(closeness, -at)[:, -at:]
        yield nothing, nothing, 0.2 * start / len(sketches)
    order = np.argsort(nearest.ravel(), kind="stable")
    edges = np.searchsorted(nearest.ravel()[order], np.arange(count + 1))
    members = order // at
    for centre in range(count):
        here = members[edges[centre] : edges[centre + 1]]  # ascending
        for i in range(0, len(here), _BLOCK):
            for j in range(i, len(here), _BLOCK):
                first, second = _within_bound(sketches[here[i : i + _BLOCK]], sketches[here[j : j + _BLOCK]])
                first, second = here[i + first], here[j + second]
                upper = first < second
                first, second = first[upper], second[upper]
                # A pair may meet at several centres; it is looked at where it meets first.
                meets = (nearest[first][:, :, None] == nearest[second][:, None, :]).any(axis=2)
                once = np.where(meets, nearest[first], count).min(axis=1, initial=count) == centre
                yield first[once], second[once], 0.2 + 0.8 * centre / count


def _within_bound(some: Sketches, others: Sketches) -> tuple[np.ndarray, np.ndarray]:
    """The pairs of a block that pass the first gate, as indices into either."""
    return np.divmod(np.flatnonzero(some.bounds(others) > _COARSE_BOUND), len(others))


def _compare(some: np.ndarray, others: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The best correlation of pairs of images, float32 (n,), and whether it is that of the mirrored, bool (n,).

    `some`, `others`: uint8 (n, 48, 48). A move is only looked for where the pixels in place do not agree.
    """
    one, other = some.astype(np.float32), others.astype(np.float32)
    other -= other.mean(axis=(1, 2), keepdims=True)
    straight, turned = _correlation(one, other), _correlation(one, other[:, :, ::-1])
    mirrored = turned > straight
    other[mirrored] = other[mirrored, :, ::-1]
    best = np.maximum(straight, turned)
    for moves, promising in ((_BESIDE, -1.0), (_AROUND, _PROMISING)):
        open_ = np.flatnonzero((best <= CORRELATION) & (best > promising))
        if len(open_):
            best[open_] = np.maximum(best[open_], _moved(one[open_], other[open_], moves))
    return best, mirrored


def _correlation(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Of pixels in place, float32 (n,); `other` has mean 0."""
    one = one - one.mean(axis=(1, 2), keepdims=True)
    scale = np.einsum("nij,nij->n", one, one) * np.einsum("nij,nij->n", other, other)
    return np.einsum("nij,nij->n", one, other) / np.sqrt(scale)


def _moved(one: np.ndarray, other: np.ndarray, moves: tuple[tuple[int, int], ...]) -> np.ndarray:
    """The best correlation of the middle of `one` with as much of `other` at any of these moves, float32 (n,)."""
    middle = one[:, _REACH : SIDE - _REACH, _REACH : SIDE - _REACH]
    middle = middle - middle.mean(axis=(1, 2), keepdims=True)
    own = np.einsum("nij,nij->n", middle, middle)
    best = np.full(len(one), -1, np.float32)
    for down in {down for down, _ in moves}:
        band = other[:, _REACH + down : SIDE - _REACH + down]
        sums, squares = band.sum(axis=1), np.einsum("nij,nij->nj", band, band)  # of columns: windows share them
        for across in (across for beside, across in moves if beside == down):
            here = slice(_REACH + across, SIDE - _REACH + across)
            total = sums[:, here].sum(axis=1)
            spread = squares[:, here].sum(axis=1) - total * total / middle[0].size
            shared = np.einsum("nij,nij->n", middle, band[:, :, here])
            best = np.maximum(best, shared / np.sqrt(np.maximum(own * spread, 1e-6)))
    return best


def _table(found: Sequence[tuple[np.ndarray, ...]]) -> pd.DataFrame:
    """The parts of what was found, in the order of PAIR_COLUMNS, as one table, the most alike first."""
    nothing = (np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.float32), np.zeros(0, bool))
    columns = [np.concatenate(parts) for parts in zip(nothing, *found, strict=True)]
    table = pd.DataFrame(dict(zip(PAIR_COLUMNS, columns, strict=True)))
    return table.sort_values(["correlation", "row", "partner"], ascending=[False, True, True], ignore_index=True)
