"""What a version drops and relabels, by hand on twelve images, and on the demo's audit form."""

from typing import ClassVar

import numpy as np
import pandas as pd
import pytest

from fer_core.audit.findings import findings
from fer_core.dataset.version import open_version
from fer_core.emotions import NAMES
from fer_core.errors import UsageError
from fer_core.review.policy import POLICIES, Policy, cut_version, plan_cut, policy_named
from fer_core.review.policy.effect import effect


class Found:
    """An audit that found row 7 flat, rows 0 and 1 blurred, and rows 8 and 10 black and white; 10 is a test row."""

    id = "by-hand"
    document: ClassVar = {"settings": {"labels": False}}
    findings = pd.concat(
        [
            findings(np.array([7]), "flat", 1.0, ["All pixels are 0."]),
            findings(np.array([0, 1]), "blurred", 0.9, ["Soft.", "Soft."]),
            findings(np.array([8, 10]), "black-and-white", 0.9, ["A drawing.", "A drawing."]),
        ]
    )


NO_FINDINGS = Policy(drop_findings=())


def dropped(cut):
    return np.flatnonzero(~cut.manifest["kept"].to_numpy()).tolist()


def test_copies_conflicts_and_leaks(dataset, log):
    cut = plan_cut(dataset, log, None, NO_FINDINGS)
    reasons = cut.manifest["reason"]
    assert dropped(cut) == [3, 4, 5, 6]
    assert reasons[3] == "exact copy: of row 2"
    assert reasons[4] == reasons[5] == "copies in conflict: given as happy, sad"
    assert reasons[6] == "leak: also PrivateTest row 10"


def test_each_part_of_a_policy_can_be_left_out(dataset, log):
    assert dropped(plan_cut(dataset, log, None, Policy(True, False, False, False, ()))) == [3, 5]
    assert dropped(plan_cut(dataset, log, None, Policy(False, True, False, False, ()))) == [4, 5]
    assert dropped(plan_cut(dataset, log, None, Policy(False, False, True, False, ()))) == [6]
    assert dropped(plan_cut(dataset, log, None, POLICIES["relabel-only"])) == []


def test_people_resolve_a_conflict_and_one_copy_stays(dataset, log, say):
    log.record(dataset, [say(5, "surprise")])
    cut = plan_cut(dataset, log, None, NO_FINDINGS)
    assert dropped(cut) == [3, 5, 6]
    assert cut.manifest["label"][4] == NAMES.index("surprise")


def test_verdicts_relabel_training_and_never_the_test_splits(dataset, log, say):
    log.record(dataset, [say(0, "fear"), say(9, "happy"), say(11, "unusable"), say(10, "fear")])
    cut = plan_cut(dataset, log, None, NO_FINDINGS)
    manifest = cut.manifest
    assert manifest["label"][0] == NAMES.index("fear")
    assert manifest["reason"][0] == "relabelled: angry to fear, 1 of 1 votes"
    assert manifest["kept"][9:].all()
    assert manifest["label"][9:].tolist() == dataset.labels[9:].tolist()
    assert manifest["consensus"][9] == NAMES.index("happy")


def test_the_votes_that_relabelling_needs(dataset, log, say):
    two = Policy(drop_findings=(), min_votes=2)
    vote = say(0, "fear", "ada")
    log.record(dataset, [vote])
    assert plan_cut(dataset, log, None, two).manifest["label"][0] == 0
    log.record(dataset, [say(0, "fear", "bob")])
    assert plan_cut(dataset, log, None, two).manifest["label"][0] == NAMES.index("fear")
    log.record(dataset, [say(1, "sad", queue="adjudication")])
    assert plan_cut(dataset, log, None, two).manifest["label"][1] == NAMES.index("sad")  # a decision is enough


def test_what_people_call_unusable_goes(dataset, log, say):
    log.record(dataset, [say(0, "unusable"), say(1, "not_a_face")])
    cut = plan_cut(dataset, log, None, NO_FINDINGS)
    assert {0, 1} <= set(dropped(cut))
    assert cut.manifest["reason"][1] == "unusable: 1 of 1 votes"


def test_findings_of_the_audit_and_the_policy_of_the_paper(dataset, log):
    assert 7 in dropped(plan_cut(dataset, log, Found(), policy_named("standard")))
    improved = plan_cut(dataset, log, Found(), policy_named("improved"))
    assert {0, 1, 7} <= set(dropped(improved))
    assert improved.manifest["reason"][7] == "flat: All pixels are 0."
    assert improved.version.policy["audit"] == "by-hand"


def test_the_policy_of_the_five_layer_paper_drops_black_and_white_and_nothing_else(dataset, log, say):
    log.record(dataset, [say(0, "fear"), say(1, "unusable")])
    cut = plan_cut(dataset, log, Found(), policy_named("five-layer"))
    assert dropped(cut) == [8]
    assert cut.manifest["reason"][8] == "black-and-white: A drawing."
    assert cut.manifest["label"].tolist() == dataset.labels.tolist()
    assert 8 not in dropped(plan_cut(dataset, log, Found(), policy_named("improved")))
    assert {7, 8} <= set(dropped(plan_cut(dataset, log, Found(), Policy(drop_findings=("flat", "black-and-white")))))


def test_a_policy_that_needs_an_audit_says_so(dataset, log):
    with pytest.raises(UsageError, match="Run `audit small`"):
        plan_cut(dataset, log, None, policy_named("standard"))


@pytest.mark.parametrize("wrong", [{"drop_findings": ("label",)}, {"min_votes": 0}])
def test_a_policy_that_makes_no_sense_is_refused(wrong):
    with pytest.raises(UsageError):
        Policy(**wrong)


def test_a_version_is_reproducible_from_its_watermark(workspace, dataset, log, say):
    log.record(dataset, [say(0, "fear")])
    version = cut_version(workspace, dataset, "one", NO_FINDINGS)
    again = plan_cut(dataset, log, None, NO_FINDINGS, until=version.policy["watermark"])
    log.record(dataset, [say(1, "fear")])
    later = cut_version(workspace, dataset, "two", NO_FINDINGS)
    assert later.hash != version.hash
    replayed = plan_cut(dataset, log, None, NO_FINDINGS, until=version.policy["watermark"])
    assert replayed.manifest.equals(again.manifest)
    assert replayed.manifest.equals(open_version(workspace, "small@one").manifest)


def test_cutting_the_same_again_is_fine_and_another_cut_under_the_name_is_not(workspace, dataset, log, say):
    first = cut_version(workspace, dataset, "one", NO_FINDINGS)
    assert cut_version(workspace, dataset, "one", NO_FINDINGS).hash == first.hash
    log.record(dataset, [say(0, "fear")])
    with pytest.raises(UsageError, match="cut differently"):
        cut_version(workspace, dataset, "one", NO_FINDINGS)


def test_the_effect_counts_what_changed(dataset, log, say):
    log.record(dataset, [say(0, "fear"), say(1, "unusable")])
    summary = effect(plan_cut(dataset, log, None, NO_FINDINGS).version)
    assert summary.dropped == {"copies in conflict": 2, "unusable": 1, "leak": 1, "exact copy": 1}
    assert summary.relabelled.loc["angry", "fear"] == 1 and summary.relabelled.to_numpy().sum() == 1
    assert summary.balance["before"].sum() == 9 and summary.balance["after"].sum() == 4
    assert summary.kept == {"Training": 4, "PublicTest": 1, "PrivateTest": 2}
    text = "\n".join(summary.sentences())
    assert "angry to fear 1" in text and "dropped from Training: 5" in text
    assert summary.document()["relabelled"] == [["angry", "fear", 1]]


def test_a_cut_that_changes_nothing_says_so(dataset, log):
    summary = effect(plan_cut(dataset, log, None, POLICIES["relabel-only"]).version)
    assert summary.dropped == {} and summary.document()["relabelled"] == []
    assert "dropped from Training: 0" in summary.sentences()
    assert (summary.balance["before"] == summary.balance["after"]).all()


def test_a_conflict_that_people_resolved_goes_where_their_label_is_not_taken_over(dataset, log, say):
    log.record(dataset, [say(5, "surprise")])
    cut = plan_cut(dataset, log, None, Policy(drop_findings=(), relabel=False))
    assert dropped(cut) == [3, 4, 5, 6]


@pytest.mark.parametrize("wanted", [("flat", "blurred"), ("blurred", "flat")])
def test_the_finding_that_is_named_first_is_the_reason(dataset, log, wanted):
    class Both(Found):
        findings = pd.concat(
            [findings(np.array([7]), reason, 1.0, ["So."]) for reason in ("blurred", "flat", "black-and-white")]
        )

    cut = plan_cut(dataset, log, Both(), Policy(drop_findings=wanted))
    assert cut.manifest["reason"][7] == f"{wanted[0]}: So."
