"""Two panels: how many labels are wrong, and what the next reviews would bring; computed once per state of the log."""

from typing import Any

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from fer_core.audit.results import Audit
from fer_core.dataset.store import Dataset
from fer_core.dataset.version import list_versions, open_version
from fer_core.emotions import EMOTIONS, NAMES
from fer_core.review.estimates.budget import NEXT, Band, Budget, Line, budget
from fer_core.review.estimates.estimate import Estimate, estimate_errors
from fer_core.review.estimates.strata import Rate
from fer_core.review.events.log import VerdictLog
from pages import _charts, _shared
from pages._said import said_about
from pages._tiles import tile, tiles

_OPENED = {Dataset: lambda dataset: (str(dataset.path), dataset.hash), Audit: lambda audit: str(audit.path)}
_cached = st.cache_resource(max_entries=16, show_spinner=False, hash_funcs=_OPENED)
_GIVEN, _VERSION = "given labels", "version"
_SIMULATED = "simulated-"
_QUIET = "#8A8F98"  # of whiskers and lines; on light and on dark


def estimate_panel(dataset: Dataset, log: VerdictLog, audit: Audit | None) -> None:
    """The error rate of the given labels and of the newest version, by class, and what more reviews would bring."""
    st.subheader("How many labels are wrong", anchor=False)
    found = error_rate(dataset, log)
    if found is None:
        st.markdown(
            "**Not known yet.** The rate comes from faces drawn evenly from all images, not from those that look wrong."
        )
        st.caption(
            "Take the queue *Random audit* on the Review page, or any other: a tenth of its faces comes from the "
            "random audit. 100 answers give the rate to about ±10 points, 2,400 to ±2."
        )
        if audit is not None and audit.document["settings"]["labels"]:
            st.caption("The number of suspects of an audit is no error rate: it moves with the network.")
        return
    _tiles(found)
    _charts.show(_class_dots(found), "estimate_classes", _class_words(found), height=300)
    st.markdown(sentence(found))
    st.caption(" ".join(notes(found)))
    _say_if_simulated(dataset, log)


def budget_panel(dataset: Dataset, log: VerdictLog, audit: Audit | None) -> None:
    """What the next faces of each queue would bring: errors, minutes, errors an hour, all with bands."""
    st.subheader(f"What the next {NEXT:,} reviews bring", anchor=False)
    found = _budget(dataset, log.watermark(), audit, _log=log)
    if not found.lines:
        st.markdown("**Nothing to go by yet.**")
        st.caption("An audit says what to expect of each image; answers on the Review page say how good that is.")
        return
    best = max(found.lines, key=lambda line: line.per_hour.value)
    st.markdown(
        f"Most errors an hour come from **{best.title}**: about {best.errors.value:,.0f} in {best.reviews:,} faces and "
        f"{_minutes(best.minutes.value)} of work ({_minutes(best.minutes.low)} to {_minutes(best.minutes.high)})."
    )
    _charts.show(_hour_dots(found), "budget_hours", _hour_words(found), height=70 + 34 * len(found.lines))
    st.dataframe(
        pd.DataFrame([_cells(line) for line in found.lines]),
        hide_index=True,
        key="budget_table",
        column_config={
            "errors found": st.column_config.TextColumn(help="Answers of one person against the given label."),
            "minutes": st.column_config.TextColumn(help="Active time of first opinions; idle time is taken off."),
            "verified an hour": st.column_config.TextColumn(
                help="So far: labels that two people or a decision corrected, per hour of everybody's active time on "
                "the pictures that this queue brought."
            ),
        },
    )
    st.caption(rests_on(found))
    _say_if_simulated(dataset, log)


def error_rate(dataset: Dataset, log: VerdictLog) -> Estimate | None:
    """The estimate for the given labels and the newest version; None where nobody has answered the random audit."""
    versions = list_versions(dataset)
    return _estimate(dataset, said_about(dataset, log).key, versions[0]["name"] if versions else "", _log=log)


def sentence(found: Estimate) -> str:
    """The estimate as one plain sentence."""
    rate = found.rate
    text = (
        f"Of 100 given labels about **{100 * rate.value:.0f}** are wrong ({_range(rate)}), going by what "
        f"{_people(found.people)} said blind of {found.answered:,} random images"
    )
    if found.version:
        text += f"; of 100 in version {found.version.name} about **{100 * found.version.rate.value:.0f}**"
    return text + "."


def notes(found: Estimate) -> list[str]:
    """What a reader should know beside it, in sentences."""
    shares = found.outcomes
    lines = [
        f"{shares['wrong']:.1%} show another class, {shares['unusable']:.1%} no face that can be read; "
        f"{shares['ambiguous']:.1%} are ambiguous (people are unsure, or divided evenly) and not counted as wrong."
    ]
    trust = f"An answer is not the truth: {found.single:,} of the {found.errors:,} errors found rest on one person"
    if found.accuracy:
        gold = found.accuracy
        trust += f", and on {gold.images:,} gold faces people were right {gold.value:.0%} of the time ({_range(gold)})"
    lines.append(trust + ".")
    if found.more:
        lines.append(f"About {found.more:,} more faces of the random audit bring the interval to ±2 points.")
    if found.shown:
        lines.append(
            f"{found.shown:,} of the {found.looked:,} images count by an answer that was given with the label in view; "
            "such answers overlook errors."
        )
    if found.missing:
        lines.append(f"{found.missing:,} of the {found.looked:,} images drawn so far have no answer yet.")
    if found.version:
        version = found.version
        spoilt = f", {version.spoilt:,} spoilt" if version.spoilt else ""
        trusted = f", {version.on_trust:,} of them on trust: nobody answered them blind" if version.on_trust else ""
        lines.append(f"Version {version.name}: {version.fixed:,} wrong labels put right{trusted}{spoilt}.")
    return lines


def rests_on(found: Budget) -> str:
    """What the budget is worth, in words."""
    audit = "what the audit expects of each image" if found.expected else "nothing but answers"
    rates = f"{audit} and {found.answered:,} blind answers" if found.answered else audit
    pace = f"{found.timed:,} timed reviews" if found.timed else "an assumed three seconds a face"
    return f"Rests on {rates}; on {pace}. Bands hold nine of ten cases. An error found is one person's word."


@_cached
def _estimate(dataset: Dataset, said_key: str, version: str, _log: VerdictLog) -> Estimate | None:
    said = said_about(dataset, _log)
    opened = open_version(_shared.workspace(), f"{dataset.name}@{version}") if version else None
    return estimate_errors(dataset, said.history, opened, said.gold)


@_cached
def _budget(dataset: Dataset, watermark: int, audit: Audit | None, _log: VerdictLog) -> Budget:
    said = said_about(dataset, _log)
    return budget(dataset, said.history, said.reviewed, audit)


@_cached
def _simulated(dataset: Dataset, watermark: int, _log: VerdictLog) -> bool:
    return bool(said_about(dataset, _log).history["annotator"].str.startswith(_SIMULATED).any())


def _say_if_simulated(dataset: Dataset, log: VerdictLog) -> None:
    if _simulated(dataset, log.watermark(), _log=log):
        st.caption("Simulated annotators have answered in this log; their answers count here like people's.")


def _tiles(found: Estimate) -> None:
    figures = [("Wrong among the given labels", found.rate)]
    if found.version:
        figures.append((f"Wrong in version {found.version.name}", found.version.rate))
    with tiles():
        for title, rate in figures:
            tile(title, f"{rate.value:.1%}", f"95 % interval {_range(rate)}")
        tile("Random images answered blind", f"{found.answered:,}", f"by {_people(found.people)}")


def _class_dots(found: Estimate) -> go.Figure:
    """Each class with its interval: a dot for the given labels, an open diamond for the version."""
    figure = go.Figure()
    series: list[tuple[str, tuple[Rate, ...], dict[str, Any]]] = [(_GIVEN, found.classes, {"symbol": "circle"})]
    if found.version:
        series.append((f"{_VERSION} {found.version.name}", found.version.classes, {"symbol": "diamond-open"}))
    for place, (name, rates, marker) in enumerate(series):
        figure.add_scatter(
            x=[100 * rate.value for rate in rates],
            y=[index + 0.26 * (place - (len(series) - 1) / 2) for index in range(len(rates))],
            error_x=_whiskers([Band(100 * rate.low, 100 * rate.value, 100 * rate.high) for rate in rates]),
            mode="markers",
            name=name,
            marker={"size": 10, "color": [emotion.colour for emotion in EMOTIONS], "line": {"width": 2}, **marker},
            customdata=[[NAMES[i], 100 * rate.low, 100 * rate.high, rate.images] for i, rate in enumerate(rates)],
            hovertemplate="%{customdata[0]}, " + name + ": %{x:.0f} % (%{customdata[1]:.0f} to %{customdata[2]:.0f}), "
            "%{customdata[3]:,} images<extra></extra>",
            showlegend=False,
        )
        if len(series) > 1:  # the legend tells the shapes apart, and no class
            figure.add_scatter(
                x=[None], y=[None], mode="markers", name=name, marker={"size": 10, "color": _QUIET, **marker}
            )
    figure.add_vline(x=100 * found.rate.value, line={"dash": "dot", "width": 1, "color": _QUIET})
    figure.update_yaxes(
        tickvals=list(range(len(NAMES))), ticktext=list(NAMES), autorange="reversed", showgrid=False, zeroline=False
    )
    figure.update_xaxes(title="% of the labels of the class that are wrong", rangemode="tozero", zeroline=False)
    return figure


def _hour_dots(found: Budget) -> go.Figure:
    lines = found.lines
    figure = go.Figure(
        go.Scatter(
            x=[line.per_hour.value for line in lines],
            y=[line.title for line in lines],
            error_x=_whiskers([line.per_hour for line in lines]),
            mode="markers",
            marker={"size": 10, "color": "#3579A6"},
            customdata=[[line.per_hour.low, line.per_hour.high] for line in lines],
            hovertemplate="%{y}: %{x:,.0f} errors an hour (%{customdata[0]:,.0f} to %{customdata[1]:,.0f})"
            "<extra></extra>",
        )
    )
    figure.update_yaxes(autorange="reversed", showgrid=False)
    figure.update_xaxes(title="errors found in an hour of active time", rangemode="tozero", zeroline=False)
    return figure


def _whiskers(bands: list[Band]) -> dict[str, Any]:
    return {
        "array": [band.high - band.value for band in bands],
        "arrayminus": [band.value - band.low for band in bands],
        "thickness": 1.5,
        "width": 3,
        "color": _QUIET,
    }


def _class_words(found: Estimate) -> str:
    given = ", ".join(f"{name} {_percent(rate)}" for name, rate in zip(NAMES, found.classes, strict=True))
    text = f"Share of wrong labels by class, given labels: {given}"
    if found.version:
        version = zip(NAMES, found.version.classes, strict=True)
        text += f". In version {found.version.name}: " + ", ".join(f"{name} {_percent(rate)}" for name, rate in version)
    return text


def _hour_words(found: Budget) -> str:
    return "Errors found in an hour: " + ", ".join(
        f"{line.title} {line.per_hour.value:,.0f} ({line.per_hour.low:,.0f} to {line.per_hour.high:,.0f})"
        for line in found.lines
    )


def _cells(line: Line) -> dict[str, str]:
    verified = line.spent.verified_per_hour if line.spent else None
    return {
        "queue": line.title,
        "faces": f"{line.reviews:,}",
        "errors found": _band(line.errors),
        "minutes": _band(line.minutes),
        "errors an hour": _band(line.per_hour),
        "verified an hour": "–" if verified is None else f"{verified:,.0f}",
    }


def _band(band: Band) -> str:
    digits = 1 if band.high < 10 else 0
    return f"{band.value:,.{digits}f} ({band.low:,.{digits}f} to {band.high:,.{digits}f})"


def _range(rate: Rate) -> str:
    return f"{100 * rate.low:.0f} to {100 * rate.high:.0f} %"


def _percent(rate: Rate) -> str:
    return f"{100 * rate.value:.0f} % ({_range(rate)})"


def _people(count: int) -> str:
    return "one person" if count == 1 else f"{count:,} people"


def _minutes(minutes: float) -> str:
    return _shared.duration(60 * minutes)
