"""What follows from a registered unit: its follow-ups, made at once; the suspicion of harm; and the end of it all."""

from datetime import datetime

from flask import current_app
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from aftersales.implants.follow_up import MILESTONE, OPEN, ImplantFollowUp, months_later
from aftersales.implants.implant import Implant
from aftersales.implants.kinds import FollowUpKind
from aftersales.implants.plan import plan_for
from aftersales.record.actor import SYSTEM, acting_as
from aftersales.record.deadline import decide
from aftersales.record.now import now, today
from aftersales.record.workflow import perform
from aftersales.vigilance.assessment import VigilanceAssessment


def open_first(session: Session, implant: Implant) -> None:
    """The call, the visit, and what the plan of the model asks for later. Of those the days are over the next one is the first."""
    for kind in (FollowUpKind.call, FollowUpKind.visit):
        late = _is_over(session, kind, implant.operated_at)
        _open(implant, kind, implant.registered_at if late else implant.operated_at, is_learnt_late=late)
    for months in plan_for(session, implant.device.model, today()).months:
        day = months_later(implant.operated_on, months)
        if day > today():
            _open(implant, FollowUpKind.further, implant.operated_at, due_on=day)


def _is_over(session: Session, kind: FollowUpKind, operated_at: datetime) -> bool:
    """Whether the time for it had passed when the unit was registered: then another rule counts from the registration."""
    rules = current_app.extensions["clock_rules"](session, MILESTONE)
    facts = {"follow_up_kind": kind.value, "is_learnt_late": False}
    decision = decide(MILESTONE, facts, operated_at, rules, current_app.extensions["working_calendar"](session))
    return decision is not None and decision.winners[0].due_at is not None and decision.winners[0].due_at < now()


def _open(implant: Implant, kind: FollowUpKind, counted_from: datetime, **facts: object) -> None:
    row = ImplantFollowUp(follow_up_kind=kind, counted_from=counted_from, region_id=implant.region_id, **facts)
    row.follower = implant.follower
    implant.follow_ups.append(row)


def suspect(session: Session, implant: Implant, told: str) -> VigilanceAssessment:
    """Known from now on; whoever decides is told by its own clock. It names the unit and not the patient."""
    text = _("Implant %(number)s. %(told)s", number=implant, told=told)
    assessment = VigilanceAssessment.of_device(implant.device, implant.customer, text)
    session.add(assessment)
    return assessment


def end_following(session: Session, implant: Implant, reason: str) -> None:
    """What is still open is asked for no longer."""
    with acting_as(SYSTEM):
        for row in implant.follow_ups:
            if row.state in OPEN:
                perform(row, "drop", reason=reason)
