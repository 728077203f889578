"""How many clear errors a thousand reviews repair, queue by queue, with simulated annotators.

    python -m benchmarks.review_budget DATASET [--votes VOTES.csv] [--workspace data] [--plot FILE.html]

Annotators draw from the vote table kept with the data set (or VOTES.csv) and answer through the real queues into a log
of their own that is thrown away. A clear error has at least eight of ten votes for one answer other than the given
label; it is repaired when the consensus of the simulated people is that answer. Only images with votes can be judged:
the others are skipped, so every figure is about the images with votes, and the suspect queue ends when it has shown
all of those. No faces of the random audit are mixed in. Several people look at a picture where the first of them
speaks against its label; their reviews count too.

suspects                 the queue as people get it: what has a finding, conflicts first; it ends
suspicion                every image, by the suspicion that ships, whose regression was fitted to these very votes
suspicion, left out      the same by regressions that were fitted to other images (five folds): the honest figure
self-confidence          every image, by one less the probability of the given class, as cleanlab ranks by default
random                   the random audit's order
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np
import plotly.graph_objects as go
from cleanlab.rank import get_label_quality_scores

from benchmarks.fit_expected_votes import audits_of, left_out
from benchmarks.votes import Votes
from fer_core.audit.expected_votes import largest_other
from fer_core.audit.results import Audit, need_audit
from fer_core.dataset.store import Dataset, open_dataset
from fer_core.dataset.version import as_imported
from fer_core.dataset.votes import VoteTable, open_votes, read_votes
from fer_core.review.events.log import VerdictLog
from fer_core.review.judgement.consensus import consensus
from fer_core.review.queues.kinds import RANDOM, SUSPECTS
from fer_core.review.queues.leases import LeaseBook
from fer_core.review.simulation.repairs import yardstick
from fer_core.review.simulation.simulate import Plan, simulate
from fer_core.workspace import Workspace

LEFT_OUT = "suspicion, left out"
QUEUES = {
    SUSPECTS: SUSPECTS,
    "suspicion": "suspicion",
    LEFT_OUT: "suspicion",
    "self-confidence": "self-confidence",
    RANDOM: RANDOM,
}
Curve = dict[int, tuple[int, int, float]]  # reviews -> repaired, spoilt, active hours


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("dataset")
    parser.add_argument("--votes", type=Path)
    parser.add_argument("--workspace", type=Path, default=Path("data"))
    parser.add_argument("--reviews", type=int, default=5000)
    parser.add_argument("--annotators", type=int, nargs="+", default=[1, 5])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--plot", type=Path, metavar="FILE.html")
    arguments = parser.parse_args()
    dataset = open_dataset(Workspace(arguments.workspace.resolve()), arguments.dataset)
    votes = read_votes(dataset, arguments.votes) if arguments.votes else open_votes(dataset)
    assert votes is not None, "no votes are kept with the data set: give --votes"
    audit = need_audit(as_imported(dataset))
    check_cleanlab(dataset, audit)
    judge = yardstick(dataset, votes)
    print(f"{dataset.name}, audit {audit.id}; seeds {arguments.seeds}, mean (least to most) over them")
    print(
        f"Only the {len(votes.rows):,} of {len(dataset):,} images with votes can be judged; the others are skipped. "
        f"Clear errors among them: {len(judge.errors):,}."
    )
    audits = dict.fromkeys(QUEUES, audit) | {LEFT_OUT: with_left_out(dataset, audit, votes)}
    figure = go.Figure()
    for annotators in arguments.annotators:
        print(f"\n{annotators} {'annotator' if annotators == 1 else 'annotators'}: clear errors repaired")
        steps = range(1000, arguments.reviews + 1, 1000)
        print(f"{'reviews':<22}" + "".join(f"{step:>25,}" for step in steps))
        for name, queue in QUEUES.items():
            plans = [Plan(annotators, arguments.reviews, queue, seed, audit_share=0.0) for seed in arguments.seeds]
            curves = [run(dataset, audits[name], votes, plan) for plan in plans]
            print(f"{name:<22}" + "".join(f"{cell(curves, step):>25}" for step in steps), flush=True)
            ends = [max(curve) for curve in curves]
            last = [curve[end] for curve, end in zip(curves, ends, strict=True)]
            spoilt, repaired = np.mean([one[1] for one in last]), np.mean([one[0] for one in last])
            words = f"at the end ({np.mean(ends):,.0f} reviews): {repaired:,.0f} repaired"
            print(f"{'':<22}  {words}, {spoilt:.0f} sound labels spoilt")
            draw(figure, f"{name}, {annotators}", curves, annotators)
    if arguments.plot:
        figure.update_layout(xaxis_title="reviews", yaxis_title="clear errors repaired (mean of seeds)")
        figure.write_html(arguments.plot)


def check_cleanlab(dataset: Dataset, audit: Audit) -> None:
    """The order by self-confidence is cleanlab's own."""
    probabilities = np.asarray(audit.probabilities, np.float64)
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    theirs = get_label_quality_scores(dataset.labels.astype(np.int64), probabilities, method="self_confidence")
    assert np.allclose(1 - theirs, audit.scores["self_confidence"], atol=1e-5)


def with_left_out(dataset: Dataset, audit: Audit, votes: VoteTable) -> Audit:
    """The audit with a suspicion, on the images with votes, by regressions that were fitted to other images."""
    table = Votes(votes.rows, votes.counts[votes.rows].astype(np.int64))
    audits = audits_of(dataset, audit.document["settings"]["strength"])
    place = [one.id for one in audits].index(audit.id)
    said = left_out(dataset, audits, table)[place]
    scores = audit.scores.copy()
    scores.loc[votes.rows, "suspicion"] = largest_other(said, dataset.labels[votes.rows])
    other = Audit(audit.path, {**audit.document, "finished": f"{audit.document['finished']} left out"})
    other.__dict__.update(scores=scores, suspects=audit.suspects)
    return other


def run(dataset: Dataset, audit: Audit, votes: VoteTable, plan: Plan) -> Curve:
    """One simulation in a log that is thrown away."""
    judge = yardstick(dataset, votes)
    curve: Curve = {}
    with tempfile.TemporaryDirectory() as folder:
        log = VerdictLog(Path(folder) / "labels.db", local=True)

        def reached(reviews: int) -> None:
            verdicts = log.verdicts(dataset)
            people = consensus(dataset, verdicts)
            hours = float(verdicts["active_ms"].sum() / 3_600_000)
            curve[reviews] = (judge.repaired(people), judge.spoilt(people, dataset.labels), hours)

        simulate(dataset, log, LeaseBook(Path(folder) / "leases.db", local=True), audit, votes, plan, reached=reached)
    return curve


def cell(curves: list[Curve], step: int) -> str:
    """Repaired after so many reviews; a dash where the queue had ended."""
    there = [curve[step][0] for curve in curves if step in curve]
    return f"{np.mean(there):,.0f} ({min(there):,} to {max(there):,})" if len(there) == len(curves) else "–"


def draw(figure: go.Figure, name: str, curves: list[Curve], annotators: int) -> None:
    steps = sorted(set.intersection(*(set(curve) for curve in curves)))
    means = [float(np.mean([curve[step][0] for curve in curves])) for step in steps]
    figure.add_scatter(
        x=[0, *steps], y=[0, *means], name=name, mode="lines+markers", line_dash=None if annotators == 1 else "dash"
    )


if __name__ == "__main__":
    main()
