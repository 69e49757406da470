"""The numbers of one recall: who was told, what became of the units, and whether it all adds up (sold = done + destroyed + unreachable)."""

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import Select, func, literal, select, union_all
from sqlalchemy.orm import Session

from aftersales.devices.device import Device
from aftersales.devices.model import DeviceModel
from aftersales.organization.region import Region
from aftersales.recalls.choices import CheckResult
from aftersales.recalls.marks import percent
from aftersales.recalls.notice import RecallNotice
from aftersales.recalls.recall import Recall
from aftersales.recalls.unit import RecallUnit
from aftersales.record.actor import SYSTEM, acting_as

FOUND = ("done", "destroyed")


@dataclass(frozen=True)
class Tally:
    """Units and notices by state; with `regions`, those of each region by its name."""

    units: Counter[str]
    notices: Counter[str]
    regions: dict[str, "Tally"] = field(default_factory=dict)
    region_id: int | None = None

    @property
    def sold(self) -> int:
        return self.units.total()

    @property
    def found(self) -> int:
        return sum(self.units[state] for state in FOUND)

    @property
    def asked(self) -> int:
        return self.notices.total()

    @property
    def told(self) -> int:
        return self.notices["confirmed"]

    @property
    def is_even(self) -> bool:
        return not self.units["to_do"]


def tally_of(session: Session, recall: Recall) -> Tally:
    """Of the regions that whoever acts sees. One statement, over the units and notices of this recall alone."""
    whole, regions = Tally(Counter(), Counter()), dict[str, Tally]()
    counted = union_all(_counted(RecallUnit, recall, True), _counted(RecallNotice, recall, False))
    for is_unit, region_id, name, state, count in session.execute(counted.order_by("region_id")):
        own = regions.setdefault(name, Tally(Counter(), Counter(), region_id=region_id))
        for tally in (whole, own):
            (tally.units if is_unit else tally.notices)[state] += count
    return replace(whole, regions=regions)


def whole_tally(session: Session, recall: Recall) -> Tally:
    """Of all regions, whoever asks: closing is about the whole."""
    with acting_as(SYSTEM), session.no_autoflush:
        return tally_of(session, recall)


def _counted(cls: Any, recall: Recall, is_unit: bool) -> Select[Any]:
    chosen = select(literal(is_unit), cls.region_id, Region.name, cls.state, func.count()).join(Region, Region.id == cls.region_id)
    return chosen.where(cls.recall_id == recall.id).group_by(cls.region_id, Region.name, cls.state)


def gaps_of(session: Session, recall: Recall) -> list[str]:
    """What keeps the recall from being completed, in sentences with their numbers."""
    tally = whole_tally(session, recall)
    gaps = []
    if recall.unit_count != tally.sold or not tally.is_even:
        open_ones = recall.unit_count - tally.sold + tally.units["to_do"]
        counts = {"sold": recall.unit_count, "done": tally.units["done"], "destroyed": tally.units["destroyed"], "open": open_ones}
        sentence = _(
            "The counts do not reconcile: of %(sold)s units on the list %(done)s are done, %(destroyed)s destroyed, %(lost)s unreachable"
            " with an explanation; %(open)s are open.", lost=tally.units["unreachable"], **counts,
        )  # fmt: skip
        gaps.append(sentence)
    untold = tally.notices["to_send"] + tally.notices["sent"]
    if untold or recall.noticed_to < recall.list_no:
        told = {"told": tally.told, "asked": tally.asked, "open": untold}
        gaps.append(_("%(told)s of %(asked)s customers are told; %(open)s notices are open.", **told))
    if recall.sample_seed is None:
        gaps.append(_("No sample was drawn to check the effect."))
    elif open_ones := recall.sample_size - sum(checked(session, recall).values()):
        gaps.append(_("%(open)s of %(size)s sampled units are not checked yet.", open=open_ones, size=recall.sample_size))
    return gaps


def models_of(session: Session, recall: Recall) -> list[tuple[DeviceModel, int]]:
    """The products on the lists, of all regions: lots of a part reach more than the one that the recall is filed under."""
    listed = select(DeviceModel, func.count(RecallUnit.id)).join(Device, Device.model_id == DeviceModel.id)
    listed = listed.join(RecallUnit, RecallUnit.device_id == Device.id).where(RecallUnit.recall_id == recall.id)
    with acting_as(SYSTEM), session.no_autoflush:
        return [(model, count) for model, count in session.execute(listed.group_by(DeviceModel.id).order_by(DeviceModel.id))]


def checked(session: Session, recall: Recall) -> Counter[CheckResult]:
    """What the checks of the sample found; of all regions."""
    with acting_as(SYSTEM), session.no_autoflush:
        sampled = select(RecallUnit.check_result).where(RecallUnit.is_sampled, RecallUnit.recall_id == recall.id)
        return Counter(session.scalars(sampled.where(RecallUnit.check_result.is_not(None))))


def figures_of(session: Session, recall: Recall) -> dict[str, Any]:
    """What forms tell in numbers, plain enough to be kept with a form that was sent."""
    tally = whole_tally(session, recall)
    results = checked(session, recall)
    return {
        "ways": _ways(session, recall),
        "list_no": recall.list_no, "list_hash": recall.list_hash, "sold": tally.sold, "done": tally.units["done"],
        "destroyed": tally.units["destroyed"], "unreachable": tally.units["unreachable"], "open": tally.units["to_do"],
        "asked": tally.asked, "told": tally.told, "not_reached": tally.notices["not_reached"],
        "sent": tally.notices["sent"], "effective": results[CheckResult.effective], "not_effective": results[CheckResult.not_effective],
        "told_percent": str(percent(tally.told, tally.asked)), "found_percent": str(percent(tally.found, tally.sold)),
        "models": [
            [model.name, model.specification, model.registration_no, model.maker, count] for model, count in models_of(session, recall)
        ],
        "regions": [
            [name, own.sold, own.units["done"], own.units["destroyed"], own.units["unreachable"], own.units["to_do"], own.told, own.asked]
            for name, own in tally.regions.items()
        ],
    }  # fmt: skip


def _ways(session: Session, recall: Recall) -> list[list[Any]]:
    """How many customers were written to by each way."""
    sent = select(RecallNotice.way, func.count()).where(RecallNotice.recall_id == recall.id, RecallNotice.way.is_not(None))
    with acting_as(SYSTEM), session.no_autoflush:
        return [[way.value, count] for way, count in session.execute(sent.group_by(RecallNotice.way).order_by(RecallNotice.way))]
