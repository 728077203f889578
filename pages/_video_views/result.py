"""A video's timeline on the page: figures, charts that can be clicked, and the moment that was chosen."""

import json
from functools import partial
from pathlib import Path

import numpy as np
import streamlit as st

from fer_core.emotions import NAMES
from fer_core.prediction.timeline import Timeline, class_csv, clock, document, faces_csv, overall
from pages import _charts
from pages._tiles import tile, tiles
from pages._video_views.charts import class_chart, clicked, lanes, lanes_height
from pages._video_views.moment import show_moment

FIRST_PERSONS = 12
MOMENT, SMOOTH = "video_moment", "video_smooth"


def show_timeline(timeline: Timeline) -> None:
    """All of it. Clicking and smoothing redraw this part only."""
    st.subheader(f"What was seen in {_quiet(timeline.name)}", anchor=False)
    shares = overall(timeline)
    with tiles():
        tile("Length", clock(timeline.length))
        tile("Frames looked at", f"{len(timeline.seconds):,}")
        tile("Faces followed", f"{timeline.people:,}")
        if not np.isnan(shares).any():
            tile(f"Largest: {NAMES[shares.argmax()]}", f"{shares.max():.0%}")
    if timeline.broken_off:
        st.caption(":material/warning: The video ends long before the length that it says: it was cut off, or damaged.")
    if not timeline.people:
        st.markdown(
            "**No face was followed.** The detector sees upright faces from the front. For a whole class, turn on "
            "small faces; for a short appearance, look at more frames a second."
        )
        return
    _parts(timeline)


@st.fragment
def _parts(timeline: Timeline) -> None:
    last = float(timeline.seconds[-1])
    window = st.slider(
        "Smoothing, seconds",
        0.0,
        10.0,
        1.0,
        0.5,
        key=SMOOTH,
        width=320,
        help="Each point is the mean over so many seconds. 0 shows every frame as it is.",
    )
    # The slider's own value; a widget's value can only be set before it is drawn.
    moment = st.session_state.setdefault(MOMENT, float(timeline.seconds[timeline.frames[timeline.persons >= 0][0]]))

    st.markdown("**Everybody together**")
    shares = ", ".join(f"{name} {share:.0%}" for name, share in zip(NAMES, overall(timeline), strict=True))
    _charts.show(
        class_chart(timeline, window, moment),
        "video_class",
        f"Shares of the seven states over time; over the whole video {shares}",
        height=300,
        on_select=partial(_clicked, timeline, "video_class"),
        selection_mode="points",
    )
    persons = range(timeline.people)
    if timeline.people > FIRST_PERSONS:
        everyone = st.toggle(f"Show all {timeline.people} persons", key="video_everyone")
        persons = persons if everyone else range(FIRST_PERSONS)
    st.markdown("**Each person**")
    _charts.show(
        lanes(timeline, window, moment, persons),
        "video_lanes",
        "; ".join(_in_words(timeline, person) for person in persons),
        height=lanes_height(len(persons)),
        on_select=partial(_clicked, timeline, "video_lanes"),
        selection_mode="points",
    )
    st.caption(
        "Shares are the mean of the network's probabilities over all faces in sight. Click on a chart, or move the "
        "slider, to see that moment's faces."
    )
    if last > timeline.seconds[0]:
        st.slider(
            "Moment, seconds",
            float(timeline.seconds[0]),
            last,
            step=round(timeline.step, 3),
            format="%.1f",
            key=MOMENT,
        )
    show_moment(timeline, moment)
    _downloads(timeline, window)


def _clicked(timeline: Timeline, key: str) -> None:
    """A click on a chart moves the slider."""
    seconds = clicked(st.session_state.get(key))
    if seconds is not None:
        st.session_state[MOMENT] = float(np.clip(seconds, timeline.seconds[0], timeline.seconds[-1]))


def _downloads(timeline: Timeline, window: float) -> None:
    stem = Path(timeline.name).stem or "video"
    with st.container(horizontal=True, vertical_alignment="center"):
        for kind, title, name, content, mime in (
            ("faces", "faces, CSV", f"{stem}-faces.csv", partial(faces_csv, timeline, window), "text/csv"),
            ("class", "class, CSV", f"{stem}-class.csv", partial(class_csv, timeline, window), "text/csv"),
            ("json", "all, JSON", f"{stem}.json", partial(_json, timeline, window), "application/json"),
        ):
            st.download_button(
                f"Download {title}",
                content,
                name,
                mime,
                key=f"video_{kind}_download",
                on_click="ignore",
                icon=":material/download:",
            )


def _json(timeline: Timeline, window: float) -> str:
    return json.dumps(document(timeline, window), ensure_ascii=False, indent=1)


def _in_words(timeline: Timeline, person: int) -> str:
    shares = overall(timeline, person)
    times = timeline.seconds[timeline.frames[timeline.faces_of(person)]]
    largest = ", ".join(f"{NAMES[index]} {shares[index]:.0%}" for index in np.argsort(-shares)[:2])
    return f"person {person + 1}, {clock(times[0])} to {clock(times[-1])}: {largest}"


def _quiet(name: str) -> str:
    return "the video" if len(name) > 60 else "".join(letter for letter in name if letter.isalnum() or letter in " .-")
