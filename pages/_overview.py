"""The figures behind the Overview page, computed once per state of the data set, and the next best step."""

from dataclasses import dataclass, field
from typing import Any, NoReturn

import numpy as np
import streamlit as st

from fer_core.audit.results import Audit, latest_audit
from fer_core.dataset.store import Dataset
from fer_core.dataset.version import list_versions
from fer_core.emotions import CLASSES, EMOTIONS, NAMES
from fer_core.review.estimates.estimate import Estimate
from fer_core.review.events.log import VerdictLog
from fer_core.review.judgement.consensus import AGREED, Consensus
from fer_core.runs.proof import list_proofs
from fer_core.runs.run import list_runs
from pages import _shared
from pages._components.bars import Bar
from pages._components.loop import Station
from pages._components.matrix import Cell
from pages._estimate import error_rate
from pages._said import said_about

ENOUGH = 50  # reviewed images from which a version is worth cutting
RANDOM_ENOUGH = 20  # random faces answered blind from which on their share of errors is a headline
RUNS = 2  # one with a version and one without it can be compared
TITLES = ("Import", "Audit", "Review", "Version", "Train", "Compare")
BRINGS = (
    "Images with their labels",
    "Which labels look wrong",
    f"Answer {ENOUGH} faces",
    "Labels as people see them",
    "With and without it",
    "Did the cleaning help?",
)


@dataclass(frozen=True)
class Situation:
    """Where the loop stands for one data set."""

    audit: Audit | None
    people: Consensus
    versions: list[dict]
    trained: tuple[str, ...]  # on what each finished run was trained: `DATASET` or `DATASET@NAME`
    unversioned: int  # answers that stand and came after the newest version
    errors: Estimate | None  # how many labels are wrong, as far as the random audit tells
    proof: dict[str, Any] | None  # the newest one that tells what the newest version is worth

    @property
    def searched(self) -> bool:
        """Whether an audit has looked at labels, not at pixels alone."""
        return self.audit is not None and self.audit.document["settings"]["labels"]

    @property
    def runs(self) -> int:
        return len(self.trained)

    @property
    def reviewed(self) -> int:
        return int((self.people.state != 0).sum())


@dataclass(frozen=True)
class Step:
    """The next best step: why, what the button says, the page that it opens, and which station of the loop that is.

    After the last station the loop begins again.

    `address` is what the page's address says besides the data set.
    """

    why: str
    button: str
    page: str
    station: int
    address: dict[str, str] = field(default_factory=dict)


def take(step: Step) -> NoReturn:
    """Go to the step's page, to the place on it that the step is about."""
    if (version := step.address.get("version")) and (form := st.session_state.get("train_form")):
        form.version = version  # what was chosen there before stays but for this
    st.switch_page(step.page, query_params=step.address)


def situation(dataset: Dataset) -> Situation:
    """Read from the stores; the consensus is recomputed only when somebody has answered since."""
    log = VerdictLog(_shared.workspace().labels_db)
    done = [run for run in list_runs(_shared.workspace()) if run.status == "done" and run.dataset == dataset.name]
    said, versions = said_about(dataset, log), list_versions(dataset)
    mark = (versions[0]["policy"].get("watermark") or 0) if versions else 0
    fresh = (said.history["kind"] == "answer") & ~said.history["undone"] & (said.history["seq"] > mark)
    newest = f"{dataset.name}@{versions[0]['name']}" if versions else ""
    proofs = [proof for proof in list_proofs(_shared.workspace(), dataset.name) if proof["versions"][1] == newest]
    return Situation(
        latest_audit(dataset),
        said.reviewed,
        versions,
        tuple(run.version for run in done),
        int(fresh.sum()),
        error_rate(dataset, log),
        proofs[0] if proofs else None,
    )


def next_step(dataset: Dataset, now: Situation) -> Step:
    """What brings this data set furthest, in the order of the loop."""
    if now.audit is None or not now.searched:
        return Step(
            "Nobody has looked for wrong labels yet. Four small networks each judge the faces they have not seen; "
            "that runs in the background.",
            "Find the suspects",
            "audit.py",
            1,
        )
    left = now.audit.document["findings"]["label"]
    if now.reviewed < ENOUGH:
        return Step(
            f"{left:,} labels look wrong and {now.reviewed:,} images are reviewed. One face, one key: "
            f"{ENOUGH} answers are enough for a first version.",
            "Review faces",
            "review.py",
            2,
        )
    if not now.versions or now.unversioned >= ENOUGH:
        return Step(
            f"{now.unversioned:,} answers are in no version yet. A version is the data set with what people said "
            "applied to it; nothing that was imported changes.",
            "Cut a version",
            "consensus.py",
            3,
            {"show": "Versions"},
        )
    if now.runs < RUNS:
        cut = f"{dataset.name}@{now.versions[0]['name']}"
        left = dataset.name if cut in now.trained else cut
        return Step(
            f"Version {now.versions[0]['name']} is cut. Train the same recipe with and without it"
            + (f": {left} is left." if now.trained else "."),
            "Train a network",
            "train.py",
            4,
            {"version": left},
        )
    if now.proof is None:
        return Step(f"{now.runs:,} runs are there: did the cleaning help?", "Compare runs", "runs.py", 5)
    return Step(
        "what is answered from now on makes the next version.",
        "Go on reviewing",
        "review.py",
        len(TITLES),
    )


def stations(dataset: Dataset | None, now: Situation | None, at: int) -> list[Station]:
    """The loop with what each station has come to; `at` is the one that is next. Without a data set, what it brings."""
    words = list(BRINGS)
    if dataset is not None and now is not None:
        words[0] = f"{len(dataset):,} {'synthetic faces' if dataset.synthetic else 'images'}"
        if now.audit is not None and now.searched:
            words[1] = f"{now.audit.document['findings']['label']:,} labels look wrong"
        if now.reviewed:
            words[2] = f"{now.reviewed:,} of {ENOUGH} images" if at == 2 else f"{now.reviewed:,} images"
        if now.versions:
            words[3] = f"{now.versions[0]['name']}" + (f", of {len(now.versions)}" if len(now.versions) > 1 else "")
        if now.runs:
            words[4] = f"{now.runs:,} of {RUNS} runs" if now.runs < RUNS else f"{now.runs:,} runs"
        if now.proof:
            words[5] = f"{100 * now.proof['tests'][-1]['figures']['macro-F1']['difference']:+.1f} points of macro-F1"
    states = ["done" if place < at else "next" if place == at else "later" for place in range(len(TITLES))]
    return [Station(*told) for told in zip(TITLES, words, states, strict=True)]


def reviewed_words(now: Situation) -> str:
    """What has come of the reviewed images."""
    if not now.reviewed:
        return "Nobody has answered yet."
    counts = now.people.counts()
    states = [f"{counts[name]:,} {name}" for name in ("agreed", "disputed", "ambiguous", "unusable") if counts[name]]
    return f"{' · '.join(states)}, exact copies included."


def estimate_words(now: Situation) -> tuple[str, str]:
    """The share of wrong labels, and how it is known. A handful of random faces gives no headline, only a count."""
    if now.errors is None:
        return "–", "Random faces, mixed into every review, will tell."
    if now.errors.answered < RANDOM_ENOUGH:
        return "–", f"{now.errors.answered:,} of {RANDOM_ENOUGH} random faces answered; every review brings some."
    rate, after = now.errors.rate, now.errors.version
    version = f"; {after.rate.value:.0%} in version {after.name}" if after else ""
    words = f"{100 * rate.low:.0f} to {100 * rate.high:.0f} % of all, by random faces answered blind{version}."
    return f"{rate.value:.0%}", words


def balance(dataset: Dataset, now: Situation) -> tuple[list[Bar], list[str]]:
    """Images per class as given, and with the labels that people agree on where these differ; what the bars are."""
    labels = np.where(now.people.state == AGREED, now.people.label, dataset.labels)
    columns = {"as given": np.bincount(dataset.labels, minlength=CLASSES)}
    if (labels != dataset.labels).any():
        columns["as people see it"] = np.bincount(labels, minlength=CLASSES)
    counts = np.stack(list(columns.values()), axis=1)
    lines = [
        Bar(emotion.name, tuple(map(float, line)), tuple(f"{count:,}" for count in line), emotion.colour)
        for emotion, line in zip(EMOTIONS, counts, strict=True)
    ]
    return lines, list(columns)


def label_changes(dataset: Dataset, now: Situation) -> list[list[Cell]]:
    """Seven times seven: given class (rows) to agreed class (columns), reviewed images only; [] where there are none.

    The diagonal, where a label was confirmed, would drown what changed: it has its number and no colour.
    """
    agreed = now.people.state == AGREED
    table = np.zeros((CLASSES, CLASSES), np.int64)
    np.add.at(table, (dataset.labels[agreed], now.people.label[agreed]), 1)
    if not table.any():
        return []
    most = max(1, (table - np.diag(table.diagonal())).max())
    return [
        [
            Cell(
                f"{count:,}" if count else "",
                0.0 if given == seen else count / most,
                f"{count:,} images given {given}, seen as {seen}",
            )
            for seen, count in zip(NAMES, line.tolist(), strict=True)
        ]
        for given, line in zip(NAMES, table, strict=True)
    ]
