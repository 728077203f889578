"""Draws what `benchmarks.prove_cleaning` found: reviews against the gain in macro-F1 by votes, for both orders.

    python -m benchmarks.draw_proof DATASET [--out docs/images/cleaning.svg]

Reads benchmarks/proofs/DATASET.json. A point is the difference to training on the labels as they came, a bar its 95 %
interval (paired, over images and seeds). Prints the figures that it draws, in words and as a table for the README.
"""

import argparse
from dataclasses import dataclass
from html import escape
from math import ceil, floor, log10
from pathlib import Path
from typing import Any

from benchmarks.prove_cleaning import AGAINST, FOLDER, ORDERS
from fer_core.files import read_json

WIDTH, HEIGHT = 720, 340
LEFT, RIGHT, TOP, BOTTOM = 56, 150, 56, 48  # margins in pixels
STEP = 2  # points from a line of the grid to the next
APART = 5  # pixels from a position to the two orders' marks, so that their bars do not hide each other
# Both read on GitHub's white and on its dark ground; the file follows the reader's theme itself.
STYLE = """
text { font: 13px system-ui, sans-serif; fill: #45525c }
.title { font-size: 15px; font-weight: 600; fill: #17212a }
.grid { stroke: #d5dde3 } .zero { stroke: #6d7a84 }
.suspects { stroke: #0f6b7a; fill: #0f6b7a } .random { stroke: #b4560b; fill: #b4560b }
polyline.line { fill: none; stroke-width: 2.5 } .bar { stroke-width: 2 } text.name { stroke: none; font-weight: 600 }
@media (prefers-color-scheme: dark) {
text { fill: #a9b7c1 } .title { fill: #e8eef2 } .grid { stroke: #313c45 } .zero { stroke: #8896a1 }
.suspects { stroke: #4fc0d0; fill: #4fc0d0 } .random { stroke: #f0a35c; fill: #f0a35c }
}
"""


@dataclass(frozen=True)
class Point:
    """What so many reviews in one order brought, in points of macro-F1: the difference and its 95 % interval."""

    order: str
    reviews: int
    gain: float
    low: float
    high: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("dataset")
    parser.add_argument("--out", type=Path, default=Path("docs/images/cleaning.svg"))
    arguments = parser.parse_args()
    found = read_json(FOLDER / f"{arguments.dataset}.json")
    points = points_of(found)
    for one in points:
        print(f"| {one.reviews:,} {one.order} | {one.gain:+.1f} ({one.low:+.1f} to {one.high:+.1f}) |")
    for one in found:
        if one["order"] == AGAINST:
            print(one["sentence"])
    arguments.out.write_text(drawing(points, found[0]["tests"][-1]))


def points_of(found: list[dict[str, Any]]) -> list[Point]:
    """From the documents of `prove_cleaning`; those that compare the two orders with each other are left out."""
    points = []
    for one in found:
        if one["order"] in ORDERS:
            figure = one["tests"][-1]["figures"]["macro-F1"]
            gain, low, high = (100 * value for value in (figure["difference"], *figure["interval"]))
            points.append(Point(one["order"], one["reviews"], gain, low, high))
    return sorted(points, key=lambda one: (one.order, one.reviews))


def drawing(points: list[Point], test: dict[str, Any]) -> str:
    """The SVG file. test: what they were scored on, one of a proof's."""
    reviews = sorted({one.reviews for one in points})
    first, last = log10(reviews[0]), log10(reviews[-1])
    bottom = STEP * floor(min(0.0, *(one.low for one in points)) / STEP)
    top = STEP * ceil(max(0.0, *(one.high for one in points)) / STEP)

    def x(count: int) -> float:
        share = (log10(count) - first) / ((last - first) or 1)
        return LEFT + 40 + share * (WIDTH - LEFT - RIGHT - 80)

    def y(gain: float) -> float:
        return TOP + (top - gain) / (top - bottom) * (HEIGHT - TOP - BOTTOM)

    figure = test["figures"]["macro-F1"]
    start = sum(figure["a"]) / len(figure["a"])
    title = "What reviews bring: macro-F1 by votes, points gained"
    words = (
        f"on {test['n']:,} images that nobody trained on; {start:.3f} with the labels as they came; "
        f"{len(figure['a'])} seeds; bars: 95 %"
    )
    parts = [f'<text class="title" x="{LEFT - 40}" y="22">{escape(title)}</text>']
    parts.append(f'<text x="{LEFT - 40}" y="42">{escape(words)}</text>')
    for gain in range(bottom, top + 1, STEP):
        kind = "grid" if gain else "zero"
        parts.append(f'<line class="{kind}" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y(gain):.1f}" y2="{y(gain):.1f}"/>')
        parts.append(
            f'<text x="{LEFT - 8}" y="{y(gain) + 4:.1f}" text-anchor="end">{f"{gain:+d}" if gain else 0}</text>'
        )
    parts += [f'<text x="{x(count):.1f}" y="{HEIGHT - 24}" text-anchor="middle">{count:,}</text>' for count in reviews]
    parts.append(f'<text x="{(LEFT + WIDTH - RIGHT) / 2:.1f}" y="{HEIGHT - 6}" text-anchor="middle">reviews</text>')
    for side, order in ((-APART, "suspects"), (APART, "random")):
        marks = [(x(one.reviews) + side, one) for one in points if one.order == order]
        path = " ".join(f"{at:.1f},{y(one.gain):.1f}" for at, one in marks)
        parts.append(f'<polyline class="{order} line" points="{path}"/>')
        for at, one in marks:
            parts.append(
                f'<line class="{order} bar" x1="{at:.1f}" x2="{at:.1f}" y1="{y(one.low):.1f}" y2="{y(one.high):.1f}"/>'
            )
            parts.append(f'<circle class="{order}" cx="{at:.1f}" cy="{y(one.gain):.1f}" r="4.5"/>')
        if marks:
            at, one = marks[-1]
            name = {"suspects": "suspects first", "random": "in random order"}[order]
            parts.append(f'<text class="{order} name" x="{at + 18:.1f}" y="{y(one.gain) + 4:.1f}">{name}</text>')
    told = "; ".join(
        f"{one.reviews:,} {one.order}: {one.gain:+.1f} ({one.low:+.1f} to {one.high:+.1f})" for one in points
    )
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">',
            f"<title>{escape(title)}</title><desc>{escape(told)}</desc>",
            f"<style>{STYLE}</style>",
            *parts,
            "</svg>\n",
        ]
    )


if __name__ == "__main__":
    main()
