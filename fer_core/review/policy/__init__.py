"""From findings and verdicts to a version: a policy says what to do, `plan_cut` does it, `cut_version` freezes it.

    rules         Policy: everything that can be decided, and the named ones
    cut           plan_cut, cut_version: the parts in their order
    dropping      images that go: unusable, findings, leaks, conflicts, copies
    labelling     labels that people change, hard or soft
    supplementing images of a class from other data sets
    balancing     classes of like size by dropping (by weights, by repeating: training.balance)
    effect        what a cut changes, counted; difference: two versions against each other

A policy changes Training only. Rows of the test splits never leave and never change; what people say about them
stands in the manifest's `consensus` column. The same policy on the same log (up to the same watermark), audit, vote
table and supplements gives the same version, hash included.
"""

from fer_core.review.policy.cut import Cut, cut_version, plan_cut
from fer_core.review.policy.rules import (
    AMBIGUOUS_CHOICES,
    BALANCES,
    PICTURE_FINDINGS,
    POLICIES,
    Policy,
    Supplement,
    changed_policy,
    parse_supplement,
    policy_named,
)

__all__ = [
    "AMBIGUOUS_CHOICES",
    "BALANCES",
    "PICTURE_FINDINGS",
    "POLICIES",
    "Cut",
    "Policy",
    "Supplement",
    "changed_policy",
    "cut_version",
    "parse_supplement",
    "plan_cut",
    "policy_named",
]
