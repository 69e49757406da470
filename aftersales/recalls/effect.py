"""Whether a recall did what it should: a sample that anybody can draw again from its seed, and the score of a rehearsal."""

from collections.abc import Sequence
from random import Random

from sqlalchemy import select
from sqlalchemy.orm import Session

from aftersales.recalls.choices import CheckResult
from aftersales.recalls.marks import minutes_between, mock_score, percent
from aftersales.recalls.recall import Recall
from aftersales.recalls.tally import checked, whole_tally
from aftersales.recalls.unit import RecallUnit
from aftersales.record.actor import SYSTEM, acting_as


def drawn(device_ids: Sequence[int], size: int, seed: int) -> list[int]:
    """The sample: of the devices in the order of their ids, by Python's generator with this seed."""
    return sorted(Random(seed).sample(sorted(device_ids), size))


def draw(session: Session, recall: Recall) -> None:
    with acting_as(SYSTEM):
        devices = session.scalars(select(RecallUnit.device_id).where(RecallUnit.recall_id == recall.id)).all()
        chosen = drawn(devices, recall.sample_size, recall.sample_seed)
        sampled = select(RecallUnit).where(RecallUnit.recall_id == recall.id, RecallUnit.device_id.in_(chosen))
        for unit in session.scalars(sampled):
            unit.is_sampled = True
        session.flush()


def score(session: Session, recall: Recall) -> None:
    """At the completion: the share of the sample that was effective; and for a rehearsal its times and marks."""
    if recall.sample_size:
        recall.effective_percent = percent(checked(session, recall)[CheckResult.effective], recall.sample_size)
    if recall.is_mock:
        tally = whole_tally(session, recall)
        recall.scope_minutes = minutes_between(recall.created_at, recall.frozen_at)
        recall.traced_percent = percent(tally.found, tally.sold)
        recall.reconciled_percent = percent(tally.sold - tally.units["to_do"], tally.sold)
        recall.mock_score = mock_score(recall.scope_minutes, recall.mock_target_minutes, recall.traced_percent, recall.reconciled_percent)
