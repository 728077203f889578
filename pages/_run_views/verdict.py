"""Several runs: each in a tile, every pair's test in words, what differs between the recipes."""

from itertools import combinations

import pandas as pd
import streamlit as st

from fer_core.evaluation.comparison import SIGNIFICANT
from fer_core.runs.figures import run_colour
from pages import _runs
from pages._runs import Looked

MOST_PAIRS_OPEN = 5  # of six runs there are fifteen; the first run's are open


def tiles(looked: Looked) -> None:
    """The runs by letter."""
    with st.container(key="shown_run"):
        columns = st.columns(min(len(looked.runs), 3))
        for place, (letter, run) in enumerate(looked.runs.items()):
            figures, document = _runs.evaluated(run, looked.shown), run.document
            low, high = figures["intervals"]["accuracy"]
            with columns[place % len(columns)].container(border=True, gap="small", height="stretch"):
                st.markdown(f"**{letter}** · {run.id}{' :orange-badge[LEAKY]' if run.leaky else ''}")
                with st.container(horizontal=True):
                    st.metric("Accuracy", f"{figures['accuracy']:.1%}", width="content")
                    st.metric("Macro-F1", f"{figures['macro_f1']:.3f}", width="content")
                    st.metric("Calibration error", f"{figures['ece']:.3f}", width="content")
                seeds = looked.entries[letter]
                several = ""
                if len(seeds.runs) > 1:
                    mean, sd = seeds.mean("test", "accuracy"), seeds.spread("test", "accuracy") or 0.0
                    several = f" {len(seeds.runs)} seeds on {looked.board.scorer}: {mean:.1%} ± {100 * sd:.1f}."
                st.caption(
                    f"{low:.1%} to {high:.1%}. {document['network']} at {document['size']} on {run.version}, "
                    f"{document['recipe']['name']}, seed {document['seed']}.{several}"
                )


def show(looked: Looked) -> None:
    """The view."""
    pairs = list(combinations(looked.runs, 2))
    for a, b in pairs[:MOST_PAIRS_OPEN]:
        _pair(looked, a, b)
    if pairs[MOST_PAIRS_OPEN:]:
        with st.expander(f"{len(pairs) - MOST_PAIRS_OPEN} more pairs", icon=":material/compare_arrows:"):
            for a, b in pairs[MOST_PAIRS_OPEN:]:
                _pair(looked, a, b)
    if len(pairs) > 1:
        st.caption(
            f"{len(pairs)} tests at once: of so many, one in twenty comes out clear by chance alone. Take p below "
            f"{SIGNIFICANT / len(pairs):.3f} as clear."
        )
    _differences(looked)


def _pair(looked: Looked, a: str, b: str) -> None:
    found = _runs.paired(looked.runs[a], looked.runs[b], looked.shown)
    with st.container(border=True, gap="small"):
        st.markdown(f"**{found.sentence(a, b, looked.shown.on)}**")
        st.caption(
            f"McNemar's test on {found.n:,} images: {found.a_only:,} are right by {a} alone, {found.b_only:,} by {b} "
            "alone."
        )
        entries = looked.entries[a], looked.entries[b]
        if max(len(entry.runs) for entry in entries) > 1 and entries[0] is not entries[1]:
            over = _runs.paired_seeds(*entries, looked.shown)
            if over is not None:
                st.markdown(f"Over the seeds: {over.sentence(a, b, looked.shown.on)}")


def _differences(looked: Looked) -> None:
    """Settings that are not the same in all runs; those that are stay out of sight."""
    found = _runs.differences_of(list(looked.runs.values()))
    if not found:
        st.caption("Version, seed and recipe are the same.")
        return
    st.subheader("What differs", anchor=False)
    table = pd.DataFrame(found, index=list(looked.runs)).T
    table.index = [str(key).removeprefix("recipe.").replace("_", " ") for key in table.index]
    table = table.map(lambda value: "–" if value is None else str(value))
    said = "; ".join(f"{key}: {', '.join(row)}" for key, row in zip(table.index, table.to_numpy(), strict=True))
    st.dataframe(table, key="differences", height="content", width=min(320 + 170 * len(looked.runs), 1100),
                 alt=f"What differs between the runs. {said}")  # fmt: skip


def colours(looked: Looked) -> dict[str, str]:
    """The runs' colours by letter."""
    return {letter: run_colour(place) for place, letter in enumerate(looked.runs)}
