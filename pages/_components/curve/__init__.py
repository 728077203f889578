"""One small line chart as a component, for where Plotly would cost more than a second of a page's first paint."""

from collections.abc import Sequence

from pages._components import declare

_component = declare("curve", "../make.js", "curve.js", "curve.css")
MARKS = 4  # steps of the vertical axis at most


def curve(x: Sequence[float], y: Sequence[float], key: str, label: str, *, x_title: str, x_end: float) -> None:
    """Draw y, which is not negative, over x in [0, x_end]. `label` says in words what the line does."""
    most = max(y, default=0.0) or 1.0
    step = _step(most)
    heights = [step * number for number in range(int(most / step + 1e-9) + 1)]
    across = _step(x_end)
    data = {
        "points": [[a / x_end, b / most] for a, b in zip(x, y, strict=True)],
        "heights": [[height / most, f"{height:g}"] for height in heights],
        "places": [[across * number / x_end, f"{across * number:g}"] for number in range(int(x_end / across) + 1)],
        "x_title": x_title,
        "label": label,
    }
    _component(key=key, data=data)


def _step(most: float) -> float:
    """A round step, 1, 2 or 5 times a power of ten, of which at most MARKS fit into `most`."""
    power = 10.0 ** int(f"{most:e}".partition("e")[2])
    return next(size * power for size in (0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0) if most <= MARKS * size * power)
