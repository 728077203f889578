"""People: how far they agree, how good and how fast each is, and what the ways to weigh their answers make of it."""

from html import escape

import numpy as np
import pandas as pd
import streamlit as st

from fer_core.dataset.store import Dataset
from fer_core.emotions import NAMES
from fer_core.errors import UsageError
from fer_core.review.events.verdict import ADJUDICATION
from fer_core.review.judgement.agreement import ballot_counts, krippendorff_alpha, pairwise_kappa
from fer_core.review.judgement.opinions import METHODS, class_distribution, labels_of
from pages import _charts
from pages._audit_views.picked import paged
from pages._components.face_grid import face_grid
from pages._said import Said
from pages._tiles import tile, tiles

IN_THE_MAP = 12  # people
FACES = 24
TITLES = {"majority": "majority", "dawid-skene": "Dawid-Skene", "crowdlab": "CROWDLAB"}


def people_panel(said: Said) -> None:
    """The view."""
    if said.named.empty:
        st.caption("Nobody has answered yet. What people agree about, and how well, shows once two of them have.")
        return
    ballots = ballot_counts(said.named)
    several = int((ballots.sum(axis=1) > 1).sum())
    alpha = krippendorff_alpha(ballots)
    with tiles():
        tile("People", f"{len(said.annotators):,}")
        tile("Answered by two or more", f"{several:,}", help="Pictures; only these can show disagreement.")
        tile(
            "Krippendorff's alpha", number(alpha),
            help="Agreement beyond chance: 1 is perfect, 0 is chance. Ten people on FER2013's faces reach about .5.",
        )  # fmt: skip
        tile(
            "Gold pictures", f"{gold_pictures(said):,}",
            help="Their answer is known: decided, or at least nine tenths of ten or more imported votes agree.",
        )  # fmt: skip
    st.subheader("Each person", anchor=False)
    _people_table(said.annotators)
    if several:
        left, right = st.columns([1, 1], gap="large")
        with left:
            st.subheader("Each pair", anchor=False)
            _pairs(said)
        with right:
            st.subheader("Weighing the answers", anchor=False)
            _methods(said)


def gold_pictures(said: Said) -> int:
    first = said.dataset.groups == np.arange(len(said.dataset))
    return int((first & (said.gold >= 0)).sum())


def number(value: float) -> str:
    return "–" if np.isnan(value) else f"{value:.2f}"


def _people_table(people: pd.DataFrame) -> None:
    gold = [
        f"{line.accuracy:.0%} ({line.low:.0%} to {line.high:.0%}) of {line.gold:,}" if line.gold else "–"
        for line in people.itertuples()
    ]
    others = [f"{line.agreement:.0%} of {line.compared:,}" if line.compared else "–" for line in people.itertuples()]
    reveal = [
        f"{line.changed:.0%} of {line.revealed:,}, {line.to_given:.0%} to the given" if line.revealed else "–"
        for line in people.itertuples()
    ]
    st.dataframe(
        people[["annotator", "answers", "per_hour", "minutes"]].assign(
            gold=gold, others=others, blind=100 * people["blind"], reveal=reveal, unsure=100 * people["unsure"],
            skipped=100 * people["skipped"],
        ),
        hide_index=True,
        column_config={
            "annotator": st.column_config.TextColumn("Person", pinned=True),
            "answers": st.column_config.NumberColumn("Answers", format="localized"),
            "per_hour": st.column_config.NumberColumn(
                "An hour", format="%d", help="Answers in an hour of active time; waiting and idling are left out."
            ),
            "minutes": st.column_config.NumberColumn("Active minutes", format="%.1f"),
            "gold": st.column_config.TextColumn(
                "Right on gold", help="With its 95 % interval (Wilson) and the number of gold items answered."
            ),
            "others": st.column_config.TextColumn(
                "Agrees with the others", help="Of the pictures on which most of the other people agree."
            ),
            "blind": st.column_config.NumberColumn(
                "Blind first", format="%.0f%%", help="First answers given before the given label was shown."
            ),
            "reveal": st.column_config.TextColumn(
                "Changed after the reveal",
                help="Of the faces answered again after the given label was shown. Moving to the given label much "
                "more often than away from it is anchoring.",
            ),
            "unsure": st.column_config.NumberColumn("Unsure", format="%.0f%%"),
            "skipped": st.column_config.NumberColumn("Skipped", format="%.0f%%"),
        },
    )  # fmt: skip
    st.caption("Differences within the intervals say nothing yet. Being unsure is no mistake.")


def _pairs(said: Said) -> None:
    pairs = pairwise_kappa(said.named)
    if pairs.empty:
        st.caption("No two people have answered the same picture.")
        return
    busiest = said.annotators["annotator"].tolist()[:IN_THE_MAP]
    kappa = pd.DataFrame(np.nan, index=busiest, columns=busiest)
    text = pd.DataFrame("", index=busiest, columns=busiest)
    for pair in pairs.itertuples():
        for one, other in ((pair.first, pair.second), (pair.second, pair.first)):
            if one in kappa.index and other in kappa.columns:
                kappa.loc[one, other] = pair.kappa
                text.loc[one, other] = f"{number(pair.kappa)}<br>of {pair.pictures:,}"
    # Plotly reads tags in its labels; a name is shown as it is written.
    labels = [escape(name if len(name) <= 16 else name[:15] + "…") for name in busiest]
    for table in (kappa, text):
        table.index = table.columns = pd.Index(labels)
    alt = ", ".join(f"{pair.first} and {pair.second} {number(pair.kappa)}" for pair in pairs.head(12).itertuples())
    figure = _charts.matrix(kappa, text, "%{y} and %{x}: kappa %{z:.2f}")
    figure.update_traces(zmin=0, zmax=1.5)  # 1 is not the darkest, so that every number can be read
    _charts.show(figure, "kappa", f"Cohen's kappa of each pair: {alt}", height=110 + 56 * len(busiest))
    more = f" The {IN_THE_MAP} people with the most answers." if len(said.annotators) > IN_THE_MAP else ""
    st.caption(f"Cohen's kappa of each two people, and how many pictures both have answered.{more}")


def _methods(said: Said) -> None:
    """Where the methods name different classes, on what people say alone: no decisions, no imported votes."""
    found, missing = _shares(said.dataset, said, said.key, said.audit.path.name if said.audit else "")
    labels = {method: labels_of(shares) for method, shares in found.items()}
    answers = said.named.groupby("group").size()
    rows = answers.index[answers > 1].to_numpy(np.int64)
    rows = rows[labels["majority"][rows] >= 0]
    shares = found["majority"]
    tied = (shares == shares.max(axis=1, keepdims=True)).sum(axis=1) > 1
    labels["majority"] = np.where(tied, -1, labels["majority"])
    if not len(rows):
        st.caption("No picture has two answers that name a class.")
        return
    names = list(labels)
    torn = int(tied[rows].sum())
    same = [
        f"{TITLES[one]} and {TITLES[other]} for {np.mean(labels[one][rows] == labels[other][rows]):.0%}"
        for place, one in enumerate(names)
        for other in names[place + 1 :]
    ]
    st.caption(
        f"Of {len(rows):,} pictures with two or more answers the same class is named by {', '.join(same)}; the "
        f"majority is tied on {torn:,}. It counts everybody the same; Dawid-Skene learns from the answers who is right "
        f"how often, CROWDLAB also asks the audit's networks.{missing and ' ' + missing}"
    )
    apart = rows[np.any([labels[name][rows] != labels[names[0]][rows] for name in names[1:]], axis=0)]
    if not len(apart):
        st.caption("They differ on none.")
        return
    here = paged(len(apart), "methods_page", FACES) if len(apart) > FACES else slice(0, FACES)
    shown = apart[here]
    face_grid(
        said.dataset.images[shown],
        [caption({name: spoken(labels[name][row]) for name in names}) for row in shown],
        key="methods_grid",
        details=[", ".join(f"{TITLES[name]}: {spoken(labels[name][row])}" for name in names) for row in shown],
        label="Pictures for which the methods name different classes",
        selectable=False,
    )
    st.caption(
        f"{len(apart):,} on which they differ: what the majority says, then what Dawid-Skene (D) and CROWDLAB (C) say "
        "instead."
    )


def spoken(label: int) -> str:
    return NAMES[label] if label >= 0 else "tied"


def caption(says: dict[str, str]) -> str:
    """What the methods say about a face: `fear → sad`, with a letter where only one of them says otherwise."""
    first = says["majority"]
    others: dict[str, str] = {}
    for method, name in says.items():
        if name != first:
            others[name] = others.get(name, "") + TITLES[method][0]
    everybody = len(says) - 1
    marked = (name if len(who) == everybody else f"{name} ({who})" for name, who in others.items())
    return f"{first} → {', '.join(marked)}"


@st.cache_resource(max_entries=2, show_spinner="Weighing the answers ...")
def _shares(_dataset: Dataset, _said: Said, key: str, audit: str) -> tuple[dict[str, np.ndarray], str]:
    """Each method's shares (N, 7), and why a method is missing."""
    verdicts = _said.verdicts[_said.verdicts["queue"] != ADJUDICATION]
    probabilities = _said.audit.probabilities if _said.audit is not None and _said.audit.model else None
    found, missing = {}, ""
    for method in METHODS:
        try:
            found[method] = class_distribution(_dataset, verdicts, None, method, probabilities)
        except UsageError as error:
            missing = str(error)
    return found, missing
