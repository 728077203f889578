"""What a policy would change, drawn before anything is cut: what goes, which labels become which, class balance."""

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from fer_core.emotions import COLOURS, EMOTIONS, NAMES
from fer_core.review.policy.effect import Effect, Softness, supplement_words
from pages import _charts
from pages._tiles import tile, tiles

WIDTH = 400  # of a chart; as many stand side by side as fit
SMALLEST_SLOT = 0.07  # of the height of the flow, so that the names of small classes do not overlap
_BAR = "#3579A6"


def draw_effect(summary: Effect) -> None:
    """Figures first, then the charts that have something to show."""
    dropped, flows = sum(summary.dropped.values()), summary.flows()
    added = int(summary.balance["supplements"].sum())
    figures = [
        ("Training keeps", summary.kept["Training"]),
        ("Dropped", dropped),
        ("Relabelled", sum(count for *_, count in flows)),
    ]
    if summary.softness is not None:
        figures.append(("Soft labels", summary.softness.images))
    if summary.supplements:
        figures.append(("Added", added))
    shown = int(summary.balance["per_epoch"].sum())
    if shown != summary.kept["Training"]:
        figures.append(("Shown per epoch", shown))
    with tiles():
        for title, value in figures:
            tile(title, f"{value:,}")
    for one in summary.supplements:
        st.caption(f"{supplement_words(one)[:1].upper()}{supplement_words(one)[1:]}.")
    with st.container(horizontal=True, gap="medium"):
        with st.container(width=WIDTH):
            _balance(summary)
        if flows:
            with st.container(width=WIDTH):
                _label_flow(flows)
        if dropped:
            with st.container(width=WIDTH):
                _reasons(summary.dropped)
        if summary.softness is not None and summary.softness.images:
            with st.container(width=WIDTH):
                _entropy(summary.softness)


def _balance(summary: Effect) -> None:
    """Training images per class before and after, as figures 6 and 8 of the shallow-CNN paper show them."""
    balance = summary.balance
    st.markdown("**Class balance**")
    colours = [emotion.colour for emotion in EMOTIONS]
    own = balance["after"] - balance["supplements"]
    figure = go.Figure()
    for column, values, offset, marker in (
        ("before", balance["before"], 0, {"color": colours, "opacity": 0.35}),
        ("after", own, 1, {"color": colours}),
        ("added", balance["supplements"], 1, {"color": colours, "pattern": {"shape": "/", "fgcolor": "white"}}),
    ):
        figure.add_bar(
            x=list(NAMES),
            y=values,
            name=column,
            marker=marker,
            offsetgroup=offset,
            base=own if column == "added" else None,
            showlegend=False,
            hovertemplate="%{x}, " + column + ": %{customdata:,}<extra></extra>",
            customdata=values,
        )
    words = "Images per class, before (pale) and after."
    if summary.balance["supplements"].any():
        words += " Hatched: added from elsewhere."
    if not balance["per_epoch"].equals(balance["after"]):
        figure.add_scatter(
            x=list(NAMES),
            y=balance["per_epoch"],
            mode="markers",
            marker={"symbol": "line-ew-open", "size": 22, "line": {"width": 2}, "color": _ink()},
            showlegend=False,
            hovertemplate="%{x}, shown per epoch: %{y:,}<extra></extra>",
        )
        words += " Line: shown per epoch."
    figure.update_layout(barmode="group", bargap=0.25, bargroupgap=0.06)
    alt = ", ".join(f"{name} {line.before:,} to {line.after:,}" for name, line in balance.iterrows())
    _charts.show(figure, "cut_balance", f"Training images per class before and after: {alt}", height=230)
    if summary.weights is not None:
        words += " Weights in the loss: " + ", ".join(f"{name} {value:.2f}" for name, value in summary.weights.items())
    st.caption(words)


def _label_flow(flows: list[tuple[str, str, int]]) -> None:
    """Given classes on the left, new ones on the right; a band is as thick as it has images."""
    st.markdown("**Labels that change**")
    given = [name for name in NAMES if any(name == one for one, _, _ in flows)]
    new = [name for name in NAMES if any(name == one for _, one, _ in flows)]
    out = {name: sum(count for one, _, count in flows if one == name) for name in given}
    into = {name: sum(count for _, one, count in flows if one == name) for name in new}
    figure = go.Figure(
        go.Sankey(
            arrangement="fixed",
            textfont={"color": _ink(), "size": 12, "shadow": "none"},
            node={
                "label": [*(f"{name} {out[name]:,}" for name in given), *(f"{name} {into[name]:,}" for name in new)],
                "color": [COLOURS[name] for name in (*given, *new)],
                "x": [0.001] * len(given) + [0.999] * len(new),
                "y": [*_places(list(out.values())), *_places(list(into.values()))],
                "pad": 14,
                "thickness": 12,
                "line": {"width": 0},
                "hovertemplate": "%{label}<extra></extra>",
            },
            link={
                "source": [given.index(one) for one, _, _ in flows],
                "target": [len(given) + new.index(one) for _, one, _ in flows],
                "value": [count for *_, count in flows],
                "color": [_faded(COLOURS[one]) for one, _, _ in flows],
                "customdata": [f"{one} to {other}: {count:,}" for one, other, count in flows],
                "hovertemplate": "%{customdata}<extra></extra>",
            },
        )
    )
    top = ", ".join(f"{one} to {other} {count:,}" for one, other, count in flows[:12])
    _charts.show(figure, "cut_flow", f"Labels that change, given to new: {top}", height=300)
    st.caption("Given class on the left, new class on the right. Images whose label stays are not drawn.")


def _places(sizes: list[int]) -> list[float]:
    """The middles of nodes of these sizes, one below the other over the whole height, small ones not too close."""
    slots = np.maximum(np.array(sizes) / sum(sizes), SMALLEST_SLOT)
    ends = np.cumsum(slots) / slots.sum()
    return [float(middle) for middle in np.clip(ends - slots / slots.sum() / 2, 0.001, 0.999)]


def _reasons(dropped: dict[str, int]) -> None:
    st.markdown("**What leaves Training**")
    figure = go.Figure(
        go.Bar(
            x=list(dropped.values()),
            y=list(dropped),
            text=[f"{count:,}" for count in dropped.values()],
            orientation="h",
            marker_color=_BAR,
            hovertemplate="%{y}: %{x:,}<extra></extra>",
            cliponaxis=False,
        )
    )
    figure.update_yaxes(autorange="reversed")
    figure.update_xaxes(visible=False)
    alt = ", ".join(f"{reason} {count:,}" for reason, count in dropped.items())
    _charts.show(figure, "cut_reasons", f"Images dropped by reason: {alt}", height=70 + 32 * len(dropped))
    st.caption("Each image with the first reason that applies to it.")


def _entropy(softness: Softness) -> None:
    st.markdown("**How soft the soft labels are**")
    middles = (softness.edges[:-1] + softness.edges[1:]) / 2
    figure = go.Figure(
        go.Bar(x=middles, y=softness.entropy, marker_color=_BAR, hovertemplate="%{x:.1f} bits: %{y:,}<extra></extra>")
    )
    figure.update_layout(bargap=0.08)
    figure.update_xaxes(title="entropy of the label in bits", range=[0, softness.edges[-1]])
    counted = ", ".join(f"{middle:.1f} bits {count:,}" for middle, count in zip(middles, softness.entropy, strict=True))
    _charts.show(figure, "cut_entropy", f"Soft labels by entropy: {counted}", height=230)
    st.caption(
        f"{softness.mean:.2f} bits on average: 0 is one class, 1 two classes alike, {softness.edges[-1]:.1f} all seven "
        f"alike. In {softness.argmax_differs:,} the largest share is another class than the hard label."
    )


def _ink() -> str:
    """The colour of writing on the page."""
    return "#E8E6E3" if st.context.theme.type == "dark" else "#1F2328"


def _faded(colour: str) -> str:
    """A class colour that lets crossing bands be seen."""
    red, green, blue = (int(colour[place : place + 2], 16) for place in (1, 3, 5))
    return f"rgba({red},{green},{blue},0.45)"
