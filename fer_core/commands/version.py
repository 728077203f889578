"""`version` cuts a data set by a policy, `diff` compares two versions."""

import argparse
from dataclasses import fields
from pathlib import Path
from typing import Any

from fer_core.commands.console import Commands, Console


def register(commands: Commands) -> None:
    """Add the commands of versions."""
    version = commands.add("version", _version, "cut a named, hashed version from verdicts and findings")
    version.add_argument("dataset", metavar="DATASET")
    version.add_argument("--name", metavar="V", help="written DATASET@V from then on")
    version.add_argument("--dry-run", action="store_true", help="say what would change and store nothing")
    version.add_argument(
        "--policy",
        default="standard",
        metavar="P",
        help="standard, improved, five-layer (black-and-white images go and nothing else) or relabel-only; flags "
        "change its parts",
    )
    version.formatter_class = argparse.RawDescriptionHelpFormatter
    version.epilog = _SUPPLEMENT
    _add_dropping(version.add_argument_group("what leaves Training"))
    _add_labels(version.add_argument_group("labels of Training"))
    _add_balance(version.add_argument_group("classes of Training"))

    diff = commands.add("diff", _diff, "what version B keeps, drops, relabels or softens and version A does not")
    diff.add_argument("a", metavar="A", help="DATASET or DATASET@VERSION")
    diff.add_argument("b", metavar="B", help="a version of the same data set")
    diff.add_argument("--csv", type=Path, metavar="FILE", help="write every changed image to a CSV file")


_SUPPLEMENT = """more images of the rarest class, tried on the demo (for FER2013 the extra images are yours to bring):
  python -m fer_core demo --name extra --seed 2
  python -m fer_core version demo --name more --policy relabel-only --supplement extra:disgust"""


def _add_dropping(group: Any) -> None:
    for part, words in (
        ("duplicates", "keep the first of exact copies only"),
        ("conflicts", "drop copies given as different classes until people agree on the face"),
        ("leaks", "drop from Training what is also in a test split"),
        ("unusable", "drop what people call unusable or no face"),
    ):
        group.add_argument(f"--drop-{part}", action=argparse.BooleanOptionalAction, default=None, help=words)
    group.add_argument(
        "--drop-findings",
        metavar="LIST",
        help="drop images with these findings of the audit: flat, blurred, black-and-white, or none",
    )
    group.add_argument(
        "--ambiguous",
        choices=("keep", "soft", "drop"),
        help="faces that people call ambiguous: keep the given label, give them a soft one, or drop them",
    )


def _add_labels(group: Any) -> None:
    group.add_argument(
        "--relabel", action=argparse.BooleanOptionalAction, default=None, help="give images the class people agree on"
    )
    group.add_argument("--min-votes", type=int, metavar="K", help="votes that a new label needs (default 1)")
    group.add_argument(
        "--method",
        choices=("majority", "dawid-skene", "crowdlab"),
        help="how opinions become one: more than half of the votes (default); weighed by how reliable each person "
        "proves; the same with the audit's networks as one more voice",
    )
    group.add_argument(
        "--votes",
        action=argparse.BooleanOptionalAction,
        default=None,
        help="count the imported vote table (FER+) as votes too",
    )
    group.add_argument(
        "--soft",
        action=argparse.BooleanOptionalAction,
        default=None,
        help="train on the shares of opinion as soft labels; scoring stays with hard ones",
    )


def _add_balance(group: Any) -> None:
    group.add_argument(
        "--balance",
        choices=("none", "drop", "weights", "augment"),
        help="drop: images of large classes go, the least trusted by the audit first; weights: small classes weigh "
        "more in the loss; augment: an epoch shows images of small classes more often, augmented anew each time",
    )
    group.add_argument(
        "--balance-to",
        metavar="N",
        help="what --balance drop cuts classes down to: smallest (default), median, or a number of images",
    )
    group.add_argument(
        "--supplement",
        action="append",
        metavar="DATASET:CLASS[:training]",
        help="add the images of one class of another data set to Training (of its Training alone with :training); "
        "exact copies of images that are here already, test images above all, are left out. Can be given again",
    )


def _version(arguments: argparse.Namespace, console: Console) -> dict[str, Any]:
    from fer_core.audit.results import latest_audit
    from fer_core.dataset.store import open_dataset
    from fer_core.errors import UsageError
    from fer_core.review.events.log import VerdictLog
    from fer_core.review.policy import Policy, changed_policy, cut_version, parse_supplement, plan_cut, policy_named
    from fer_core.review.policy.effect import effect

    if not arguments.name and not arguments.dry_run:
        raise UsageError("Say how the version is called with --name, or only look with --dry-run.")
    flags = {field.name: getattr(arguments, field.name, None) for field in fields(Policy)}
    if flags["drop_findings"] is not None:
        named = [name.strip() for name in flags["drop_findings"].split(",")]
        flags["drop_findings"] = tuple(name for name in named if name not in ("", "none"))
    if arguments.supplement:
        flags["supplements"] = tuple(parse_supplement(text) for text in arguments.supplement)
    policy = changed_policy(policy_named(arguments.policy), flags)
    dataset = open_dataset(console.workspace, arguments.dataset)
    if arguments.dry_run:
        log = VerdictLog(console.workspace.labels_db)
        version = plan_cut(dataset, log, latest_audit(dataset), policy, workspace=console.workspace).version
        console.say(f"{dataset.name}, not stored  {version.hash}")
    else:
        version = cut_version(console.workspace, dataset, arguments.name, policy)
        console.say(f"{version}  {version.hash}")
    summary = effect(version)
    for sentence in summary.sentences():
        console.say(sentence)
    name = None if arguments.dry_run else str(version)
    return {"version": name, "hash": version.hash, "policy": version.policy, **summary.document()}


def _diff(arguments: argparse.Namespace, console: Console) -> dict[str, Any]:
    from fer_core.dataset.version import open_version
    from fer_core.files import atomic_path
    from fer_core.review.policy.difference import difference

    a, b = (open_version(console.workspace, reference) for reference in (arguments.a, arguments.b))
    found = difference(a, b)
    console.say(f"{a} to {b}")
    for sentence in found.sentences():
        console.say(sentence)
    counted = found.by_class()
    if len(found.table):
        console.say(counted.loc[:, counted.any()].to_string())
    if arguments.csv:
        with atomic_path(arguments.csv) as temporary:
            found.named().to_csv(temporary, index=False)
        console.say(f"{len(found.table):,} images written to {arguments.csv}")
    return {**found.document(), "csv": str(arguments.csv) if arguments.csv else None}
