"""What must be true at each step of a complaint, and what follows from what is written in it."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from flask_babel import gettext as _
from sqlalchemy import inspect

from aftersales.complaints.kinds import MAKERS, SETTLED, Severity
from aftersales.record.actor import current_actor
from aftersales.record.deadline import Rule, RuleKind, Unit
from aftersales.record.now import CHINA, today
from aftersales.record.refusal import NotAllowed, Refusal
from aftersales.roles import Role

if TYPE_CHECKING:
    from aftersales.complaints.complaint import Complaint

FIXED_AT_APPROVAL = ("批准时确定的日期", "The day fixed at the approval")
CHECKED_WITHIN = timedelta(days=7)  # the day on which an effect can be confirmed at the earliest may be the first of a holiday
CHECK_FIXED = ("批准时确定的有效性确认日期起 7 日内", "Within seven days from the day fixed at the approval for the check of the effect")
RANK = (Severity.general, Severity.major, Severity.group)


def day_fixed(
    milestone: str, number: str, since: datetime | None, until: date | None, words: tuple[str, str] = FIXED_AT_APPROVAL
) -> Iterator[Rule]:  # fmt: skip
    """The day that the record itself names, as a rule of this one record. `words` say whose day it is, in Chinese and English."""
    if since is None or until is None:
        return
    first = since.astimezone(CHINA).date()
    yield Rule(
        id=number, milestone=milestone, amount=max(0, (until - first).days), unit=Unit.calendar_days, kind=RuleKind.company, source=number,
        article=words[0], effective_from=first, label=words,
    )  # fmt: skip


def check_fixed(milestone: str, number: str, since: datetime | None, day: date | None) -> Iterator[Rule]:
    """The check of an effect: from its day on, so it is due some days later."""
    yield from day_fixed(milestone, number, since, day + CHECKED_WITHIN if day is not None else None, CHECK_FIXED)


def readers(complaint: "Complaint", step: int) -> list[int]:
    """Whoever handles it, then quality, then the managers of the region."""
    from aftersales.service.alerts import holders  # maps accounts, which name record types that are not there yet

    officer = complaint.officer.user_id if complaint.officer is not None else None
    handling = [officer] if officer is not None else holders((Role.complaint_officer,), complaint.region_id)
    match step:
        case 0:
            return handling
        case 1:
            return list(dict.fromkeys([*handling, *holders((Role.quality,), complaint.region_id)]))
        case 2:
            return holders((Role.manager,), complaint.region_id)
        case _:
            return []


def least_severity(complaint: "Complaint") -> Severity:
    """A patient's safety makes it major at once, until vigilance has cleared it; one of several is a group."""
    if complaint.leading is not None or complaint.linked:
        return Severity.group
    request = complaint.request
    is_harmless = complaint.recurrence_harm in (None, "no") and (request.harm in (None, "no") or request.vigilance == "cleared")
    return Severity.general if is_harmless else Severity.major


def raise_severity(complaint: "Complaint") -> None:
    if RANK.index(complaint.severity or Severity.general) < RANK.index(least := least_severity(complaint)):
        complaint.severity = least


def refuse_lower_severity(complaint: "Complaint") -> None:
    """Anybody who handles it raises it; quality alone lowers it, and not below what a patient's safety demands."""
    before = inspect(complaint).attrs.severity.history.deleted
    if before and before[0] is not None and RANK.index(complaint.severity) < RANK.index(before[0]):
        if complaint.confirmed_at is not None and not current_actor().can("can_close", "Complaint"):
            raise Refusal(_("Only quality lowers the severity."), field="severity")
        if RANK.index(complaint.severity) < RANK.index(least_severity(complaint)):
            raise Refusal(_("A patient's safety or a group of complaints keeps it major."), field="severity")
    raise_severity(complaint)


def assess_harm(complaint: "Complaint") -> None:
    """What could harm a patient if it came again goes to vigilance, and so does what nobody is sure of."""
    if complaint.recurrence_harm not in (None, "no"):
        complaint.request.assess()


def refuse_other_device(complaint: "Complaint") -> None:
    """Until it is confirmed it has the device of the call; from then on a wrong one is corrected here, with a reason (GMP 2025 art. 45)."""
    if not _has_changes(complaint, "device_id", "device"):
        return
    if complaint.confirmed_at is None:
        raise Refusal(_("Until it is confirmed the complaint follows its request: correct the device there."), field="device_id")
    if complaint.device is not None and complaint.device.customer_id != complaint.customer_id:
        raise Refusal(_("This device stands at another customer."), field="device_id")


def join_group(complaint: "Complaint") -> None:
    """A complaint linked to a leading one: both are of a group. Groups have one level."""
    leading = complaint.leading
    if leading is None or not _has_changes(complaint, "leading_id", "leading"):
        return
    if leading is complaint or leading.leading_id is not None or complaint.linked:
        raise Refusal(_("Choose the complaint that leads the group: it is led by no other, and this one leads none."), field="leading_id")
    if not (leading.is_open or (leading.state == "closed" and leading.severity is Severity.group)):
        raise Refusal(_("Choose a complaint that is being handled, or a closed one that leads a group already."), field="leading_id")
    if leading.severity is not Severity.group:
        leading.severity = Severity.group
        leading._audit_reason = _("A second complaint about the same matter: %(number)s", number=complaint.number)


def refuse_unregistered(complaint: "Complaint") -> None:
    """The desk asks about harm first: twelve hours for a group event are sooner than a day for a complaint."""
    if complaint.request.state == "received":
        raise Refusal(_("Register the request first: whether a patient may have come to harm is asked before anything else."))


def refuse_without_team(complaint: "Complaint") -> None:
    if complaint.severity is not None and complaint.severity is not Severity.general and not complaint.team:
        raise Refusal(_("A major complaint has a team that investigates it: name its members."), field="team")


def refuse_involved(complaint: "Complaint") -> None:
    """Whoever is complained of does not investigate: the engineer of the repair, where it is about how they behaved."""
    order = complaint.order
    if order is None or order.engineer_id is None or complaint.kind != "service_attitude":
        return
    for field in ("officer_id", "investigator_id"):
        if getattr(complaint, field) == order.engineer_id:
            raise Refusal(_("This person is complained of."), field=field)


def refuse_complained_of(complaint: "Complaint") -> None:
    engineer, user_id = complaint.order.engineer if complaint.order is not None else None, current_actor().user_id
    if complaint.kind == "service_attitude" and engineer is not None and user_id is not None and engineer.user_id == user_id:
        raise Refusal(_("You are complained of here: another person does this."))


def refuse_unfounded(complaint: "Complaint") -> None:
    """A cause is found by a method and rests on something that was looked into."""
    if not any(row.finding for row in complaint.inquiries):
        raise Refusal(_("Nothing was looked into yet: write what was asked or examined, and what came of it."))
    if complaint.cause_method is None or not complaint.causes:
        raise Refusal(_("Choose the method and write the lines of the analysis."))
    if not any(row.is_root for row in complaint.causes):
        raise Refusal(_("Mark the line of the analysis that is the root cause."))


def refuse_before_vigilance(complaint: "Complaint") -> None:
    """What is not known of harm is found out by looking into it: nobody forgoes that before vigilance has decided."""
    if complaint.request.vigilance == "to_assess":
        raise Refusal(_("Vigilance has not decided yet whether it is an adverse event."))


def refuse_early_check(day: date | None) -> None:
    """An effect takes time to show: it is confirmed from the day on that was fixed for it. That it failed may show sooner."""
    if day is not None and today() < day:
        raise Refusal(_("The effect is confirmed from %(day)s on; that it failed may be said sooner.", day=day.isoformat()))


def _has_changes(complaint: "Complaint", *names: str) -> bool:
    return any(inspect(complaint).attrs[name].history.has_changes() for name in names)


def refuse_unreasoned(complaint: "Complaint") -> None:
    if not complaint.no_investigation_reason:
        raise Refusal(_("Give a reason."), field="no_investigation_reason")


def refuse_past_days(complaint: "Complaint") -> None:
    for field in ("action_due_on", "effect_due_on"):
        day = getattr(complaint, field)
        if day is not None and day < today():
            raise Refusal(_("Choose today or a later day."), field=field)
    if complaint.action_due_on and complaint.effect_due_on and complaint.effect_due_on < complaint.action_due_on:
        raise Refusal(_("The effect is verified after the action."), field="effect_due_on")


def refuse_own_work(complaint: "Complaint") -> None:
    """Whoever carried the action out is kept apart by the workflow; whoever was responsible for it is here."""
    owner, user_id = complaint.action_owner, current_actor().user_id
    if owner is not None and user_id is not None and owner.user_id == user_id:
        raise NotAllowed(_("You had a part in the actions: their effect is verified by somebody else."))


def refuse_open_ends(complaint: "Complaint") -> None:
    """All that keeps a complaint from being closed, at once."""
    errors: dict[str, list[str]] = {}
    if complaint.request.vigilance == "to_assess":
        errors["harm"] = [_("Vigilance has not decided yet whether it is an adverse event.")]
    if complaint.cause_kind in MAKERS and not (complaint.informed_party and complaint.informed_on and complaint.informed_how):
        text = _("The cause lies with the maker: say when and how the registrant or supplier was informed.")
        errors["informed_party"] = [text]
    last = {row.identifier: row for row in complaint.custody}
    if out := [str(row) for row in last.values() if row.step not in SETTLED]:
        errors["custody"] = [_("Returned products are not settled: %(items)s", items="、".join(out))]
    if complaint.is_accepted is False and not complaint.objection:
        errors["objection"] = [_("Say what the customer objects to, and what was done about it.")]
    if errors:
        raise Refusal(errors=errors)
