"""Bars as a component: a list of names with a bar and a number each, drawn by the browser itself.

Plotly takes more than a second of a page's first paint. What only compares a dozen numbers is drawn with this; charts
with axes, hovering and selections stay Plotly's. It is a list with its numbers as text, so that no reader needs a
picture's alternative text, and it fits a phone.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from pages._components import declare

_component = declare("bars", "../make.js", "bars.js", "bars.css")


@dataclass(frozen=True)
class Bar:
    """A line: what it is, its values with the words for them (one for each series), its colour, its explanation."""

    name: str
    values: tuple[float, ...]
    texts: tuple[str, ...]
    colour: str = "#3579A6"
    help: str = ""
    strong: bool = False


def bars(lines: Sequence[Bar], key: str, label: str, *, series: Sequence[str] = (), most: float | None = None) -> None:
    """Draw them. `series`: what the first, second, ... bar of each line is, said above; later ones are paler.

    `most`: the value of a bar of full length; without it, the largest. `label` names the list for screen readers.
    """
    top = most or max((value for line in lines for value in line.values), default=0) or 1
    drawn = [asdict(line) | {"shares": [value / top for value in line.values]} for line in lines]
    _component(key=key, data={"lines": drawn, "series": list(series), "label": label})
