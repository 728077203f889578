"""What the review components send, stored."""

from dataclasses import asdict
from typing import Any

from fer_core.dataset.store import Dataset
from fer_core.errors import InputRefused, StoreError
from fer_core.review.events.log import Receipt, VerdictLog
from fer_core.review.events.verdict import Verdict, read_verdict


def store(log: VerdictLog, dataset: Dataset, annotator: str, outbox: dict[str, Any]) -> dict[str, Any]:
    """Store what a card or a grid sent and say what became of it (`ack`); when the store cannot write, nothing is lost:
    the browser keeps the answers and sends them again.

    `outbox`: {instance, stamp, events}, as answering.js sends it. An event in another person's name is refused.
    """
    receipt, error = Receipt(), ""
    verdicts: list[Verdict] = []
    for event in outbox["events"]:
        try:
            verdict = read_verdict(event)
            if verdict.annotator != annotator:
                raise InputRefused(f"This answer was given by {verdict.annotator}, not {annotator}.")
            verdicts.append(verdict)
        except InputRefused as refusal:
            receipt.refused[str(event.get("id"))] = str(refusal)
    try:
        written = log.record(dataset, verdicts)
        receipt = Receipt(written.stored, receipt.refused | written.refused)
    except StoreError as failure:
        error = str(failure)
    return {"instance": outbox["instance"], "stamp": outbox["stamp"], "error": error, **asdict(receipt)}
