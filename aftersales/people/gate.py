"""The dispatch gate (R10.4): who may do a kind of work on a model on a day, why the others may not, and who is away."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date

from flask_babel import gettext as _
from sqlalchemy import ScalarSelect, Select, func, or_, select
from sqlalchemy.orm import Session

from aftersales.devices.model import DeviceModel
from aftersales.people.absence import Absence
from aftersales.people.person import Person
from aftersales.people.qualification import Qualification, Work


@dataclass(frozen=True)
class Candidate:
    """A person beside the question. `valid_until` is given when they may be sent, `refusal` says why not when they may not."""

    person: Person
    valid_until: date | None
    refusal: str

    @property
    def is_qualified(self) -> bool:
        return not self.refusal


def qualified(session: Session, person_id: int, model: DeviceModel, work: Work, on_day: date) -> Qualification | None:
    """The qualification under which the person may do the work on the model that day; the one that lasts longest."""
    holding = _for_product(model, work).where(
        Qualification.person_id == person_id,
        Qualification.valid_from <= on_day,
        Qualification.valid_until >= on_day,
        Qualification.effect_confirmed_on <= on_day,
    )
    present = holding.join(Person, Person.id == Qualification.person_id).where(or_(Person.left_on.is_(None), Person.left_on >= on_day))
    return session.scalars(present.order_by(Qualification.valid_until.desc()).limit(1)).one_or_none()


def qualified_people(session: Session, model: DeviceModel, work: Work, on_day: date) -> list[Candidate]:
    """Everybody with any qualification who still works here, those who may be sent first. Two statements, however many people."""
    trained = select(Qualification.person_id)
    present = or_(Person.left_on.is_(None), Person.left_on >= on_day)
    people = session.scalars(select(Person).where(Person.id.in_(trained), present).order_by(Person.name, Person.id))
    held: dict[int, list[Qualification]] = defaultdict(list)
    for qualification in session.scalars(_for_product(model, work)):
        held[qualification.person_id].append(qualification)
    found = [_candidate(person, held[person.id], model, on_day) for person in people]
    return sorted(found, key=lambda candidate: not candidate.is_qualified)


def why_not(person: Person, model: DeviceModel, work: Work, on_day: date) -> str:
    """The sentence that refuses the person; empty when they may be sent."""
    if person.left_on is not None and person.left_on < on_day:
        return _("%(person)s has left the company.", person=person.name)
    held = [q for q in person.qualifications if q.work is work and (q.model_id == model.id or q.family_id == model.family_id)]
    return _candidate(person, held, model, on_day).refusal


def away_until(day: date) -> ScalarSelect[date | None]:
    """A column beside a person: the last day of the absence they are in on `day`; empty for somebody who is there."""
    chosen = select(func.max(Absence.last_day)).where(Absence.person_id == Person.id, Absence.first_day <= day, Absence.last_day >= day)
    return chosen.correlate(Person).scalar_subquery()


def _for_product(model: DeviceModel, work: Work) -> Select[tuple[Qualification]]:
    return select(Qualification).where(
        Qualification.work == work, or_(Qualification.model_id == model.id, Qualification.family_id == model.family_id)
    )


def _candidate(person: Person, held: list[Qualification], model: DeviceModel, day: date) -> Candidate:
    holding = [qualification.valid_until for qualification in held if qualification.holds_on(day)]
    if holding:
        return Candidate(person, max(holding), "")
    return Candidate(person, None, _refusal(person, held, model, day))


def _refusal(person: Person, held: list[Qualification], model: DeviceModel, day: date) -> str:
    words = {"person": person.name, "model": str(model)}
    if not held:
        return _("%(person)s is not qualified for %(model)s.", **words)
    unconfirmed = [q for q in held if q.valid_from <= day <= q.valid_until]
    if unconfirmed:
        return _("The training of %(person)s for %(model)s is not yet confirmed to be effective.", **words)
    coming = [q.valid_from for q in held if q.valid_from > day]
    if coming:
        return _("The qualification of %(person)s for %(model)s begins on %(day)s only.", day=min(coming).isoformat(), **words)
    ended = max(q.valid_until for q in held)
    return _("The qualification of %(person)s for %(model)s ended on %(day)s.", day=ended.isoformat(), **words)
