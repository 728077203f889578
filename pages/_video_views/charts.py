"""A video's timeline as charts: everybody's states as shares over time, each person's as a lane."""

from typing import Any

import numpy as np
import plotly.graph_objects as go

from fer_core.emotions import EMOTIONS, NAMES
from fer_core.prediction.timeline import Timeline, class_states, clock, person_states, spells

POINTS = 1500  # of a curve; more than a screen is wide
LANE, AROUND = 34, 80  # pixels of a person's lane, and of what is around the lanes
LABEL_GAP = 22  # pixels left of the shares, so that both charts begin below one another


def class_chart(timeline: Timeline, window: float, moment: float) -> go.Figure:
    """Shares of the seven states, stacked to 100 %; gaps where nobody was in sight. Every point can be clicked."""
    counts, shares = class_states(timeline, window)
    taken = thinned(len(timeline.seconds))
    times, shares, counts = timeline.seconds[taken], shares[taken], counts[taken]
    empty = np.isnan(shares).any(1)
    figure = go.Figure()
    # Only markers can be clicked, so there is one for each moment, seen by nobody; it also says what the bands are.
    figure.add_scatter(
        x=times,
        y=np.full(len(times), 0.5),
        mode="markers",
        marker={"size": 18, "opacity": 0},
        customdata=[_told(*one) for one in zip(times.tolist(), counts.tolist(), shares, strict=True)],
        hovertemplate="%{customdata}<extra></extra>",
        selected={"marker": {"opacity": 0}},
        unselected={"marker": {"opacity": 0}},
        showlegend=False,
    )
    for emotion in EMOTIONS:
        share = np.where(empty, 0, shares[:, emotion.index])
        figure.add_scatter(
            x=times,
            y=share,
            name=emotion.name,
            stackgroup="class",
            mode="lines",
            line={"width": 0.5, "color": emotion.colour},
            fillcolor=emotion.colour,
            hoverinfo="skip",
        )
    for x, y, name in _places(times, np.where(empty[:, None], 0, shares)):
        figure.add_annotation(x=x, y=y, text=name, showarrow=False, font={"color": "#fff", "size": 13}, bgcolor=_SHADE)
    _over_time(figure, timeline, moment)
    figure.update_yaxes(
        range=[0, 1], tickformat=".0%", fixedrange=True, nticks=5, showgrid=False, ticklabelstandoff=LABEL_GAP
    )
    # On a narrow screen the legend takes several lines; it grows upwards.
    figure.update_layout(hovermode="x", showlegend=True, legend={"traceorder": "normal", "yanchor": "bottom"})
    return figure


def lanes(timeline: Timeline, window: float, moment: float, persons: range) -> go.Figure:
    """A lane per person, coloured by the likeliest state; long spells carry its name. Every sighting can be clicked."""
    figure = go.Figure()
    known = {person: spells(timeline, person, window) for person in persons}
    for emotion in EMOTIONS:
        found = [(p, one) for p, states in known.items() for one in states if one.index == emotion.index]
        figure.add_bar(
            y=[f"person {person + 1}" for person, _ in found],
            x=[one.end - one.start for _, one in found],
            base=[one.start for _, one in found],
            name=emotion.name,
            orientation="h",
            marker={"color": emotion.colour, "line": {"width": 0}},
            text=[emotion.name] * len(found),
            textposition="inside",
            insidetextanchor="middle",
            textangle=0,
            textfont={"color": "#14171A" if emotion.name in _BRIGHT else "#fff", "size": 12},
            hoverinfo="skip",
            showlegend=False,
        )
    for person in persons:
        faces = timeline.faces_of(person)
        faces = faces[thinned(len(faces))]
        times = timeline.seconds[timeline.frames[faces]]
        states = person_states(timeline, person, window)[thinned(len(timeline.faces_of(person)))]
        figure.add_scatter(
            x=times,
            y=[f"person {person + 1}"] * len(times),
            mode="markers",
            marker={"size": 22, "symbol": "square", "opacity": 0},
            customdata=[f"{clock(t)}, {NAMES[s.argmax()]} {s.max():.0%}" for t, s in zip(times, states, strict=True)],
            hovertemplate="person " + str(person + 1) + " at %{customdata}<extra></extra>",
            selected={"marker": {"opacity": 0}},
            unselected={"marker": {"opacity": 0}},
            showlegend=False,
        )
    _over_time(figure, timeline, moment)
    figure.update_yaxes(
        autorange="reversed", fixedrange=True, showgrid=False, ticklabelstandoff=6, categoryorder="array",
        categoryarray=[f"person {person + 1}" for person in persons],
    )  # fmt: skip
    figure.update_layout(
        barmode="overlay", bargap=0.22, hovermode="closest", uniformtext={"minsize": 11, "mode": "hide"}
    )
    return figure


def lanes_height(count: int) -> int:
    """Pixels for so many lanes."""
    return AROUND + LANE * count


def clicked(event: Any) -> float | None:
    """The moment that a click on one of the charts means, in seconds."""
    points = event["selection"]["points"] if event else []
    return float(points[0]["x"]) if points else None


def thinned(count: int) -> np.ndarray:
    """Positions of at most POINTS of `count`, evenly spaced."""
    return np.unique(np.linspace(0, count - 1, min(count, POINTS)).round().astype(int)) if count else np.zeros(0, int)


MOST_TICKS = 7
_STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800)  # seconds
_SHADE = "rgba(0, 0, 0, 0.34)"
_BRIGHT = ("happy", "surprise", "disgust", "fear")  # black reads better on these


def _told(seconds: float, count: int, shares: np.ndarray) -> str:
    """One moment in a few lines: when, how many faces, and the largest shares."""
    if not count:
        return f"{clock(seconds)}, nobody in sight"
    largest = [f"{NAMES[index]} {shares[index]:.0%}" for index in np.argsort(-shares)[:4]]
    return "<br>".join([f"{clock(seconds)}, {count} in sight", *largest])


def _over_time(figure: go.Figure, timeline: Timeline, moment: float) -> None:
    """The axis of time in minutes and seconds, and a line at the moment that is shown."""
    step = next((step for step in _STEPS if timeline.length / step <= MOST_TICKS), _STEPS[-1])
    ticks = np.arange(0, timeline.length, step)
    figure.update_xaxes(
        range=[0, timeline.length],
        tickvals=ticks,
        ticktext=[clock(tick) for tick in ticks],
        fixedrange=True,
        showgrid=False,
        zeroline=False,
        hoverformat=".1f",
    )
    figure.add_vline(x=moment, line={"width": 3, "color": "rgba(255, 255, 255, 0.9)"})
    figure.add_vline(x=moment, line={"width": 1.5, "color": "#111"})


def _places(times: np.ndarray, shares: np.ndarray) -> list[tuple[float, float, str]]:
    """Where each state has room for its name: in the middle of its band where that is widest."""
    tops = shares.cumsum(1)
    inner = slice(len(times) // 12, len(times) - len(times) // 12)  # a name at the edge would be cut off
    found = []
    for index, name in enumerate(NAMES):
        share = shares[inner, index]
        if len(share) and share.max() > 0.14:
            place = int(share.argmax()) + (inner.start or 0)
            found.append((float(times[place]), float(tops[place, index] - shares[place, index] / 2), name))
    return found
