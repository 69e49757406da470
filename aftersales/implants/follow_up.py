"""One call or visit after an operation: who was tried and reached, whether there are signs of harm, and what the hospital tells (R15)."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, object_session, relationship

from aftersales.columns import Day, LongText, ShortText
from aftersales.complaints.handling import day_fixed
from aftersales.devices.device import Device
from aftersales.devices.model import DeviceModel
from aftersales.implants.implant import FOLLOWERS, Implant
from aftersales.implants.kinds import AsTold, AttemptResult, Consent, FollowUpKind, Respondent
from aftersales.people.person import Person
from aftersales.record.actor import current_actor
from aftersales.record.base import Record
from aftersales.record.deadline import Rule
from aftersales.record.now import now, today
from aftersales.record.references import reference
from aftersales.record.refusal import Refusal
from aftersales.record.words import Clock, Document, Lines, Meaning, Signing, State, Transition, Workflow
from aftersales.rights import written_by
from aftersales.roles import Role
from aftersales.service.alerts import holders
from aftersales.service.request import Harm
from aftersales.vigilance.assessment import VigilanceAssessment
from aftersales.vigilance.columns import chosen

MILESTONE = "implant_follow_up"
QUESTIONS = ("is_harmed", "is_operated_again", "is_failing")
OPEN = ("due", "to_confirm")
CONFIRM = (Role.quality, Role.manager)


class ImplantFollowUp(Record):
    """Made by the registration of a unit. The questions of vigilance come first: whatever is not a plain no goes to assessment at once,
    before anything else is written, because twelve hours for a group event are sooner than the day of the call."""

    prefix = "IF"
    made_by_hand = False
    access = written_by(*FOLLOWERS)

    implant_id: Mapped[int] = mapped_column(ForeignKey("implant.id"))
    follow_up_kind: Mapped[FollowUpKind]
    follower_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    counted_from: Mapped[datetime]
    is_learnt_late: Mapped[bool] = mapped_column(default=False)
    due_on: Mapped[Day | None]
    is_harmed: Mapped[Harm | None] = chosen(Harm, "is_harmed")
    is_operated_again: Mapped[Harm | None] = chosen(Harm, "is_operated_again")
    is_failing: Mapped[Harm | None] = chosen(Harm, "is_failing")
    harm_told: Mapped[LongText | None]
    assessment_id: Mapped[int | None] = mapped_column(ForeignKey("vigilance_assessment.id"))
    respondent: Mapped[Respondent | None]
    respondent_post: Mapped[str | None] = mapped_column(String(60))
    function: Mapped[AsTold | None] = chosen(AsTold, "function")
    wound: Mapped[AsTold | None] = chosen(AsTold, "wound")
    complications: Mapped[LongText | None]
    is_instructed: Mapped[bool | None]
    use_told: Mapped[LongText | None]
    next_visit_on: Mapped[Day | None]
    settled_at: Mapped[datetime | None]
    settled_by: Mapped[str | None] = mapped_column(String(120))
    unreachable_reason: Mapped[LongText | None]
    asked_by: Mapped[str | None] = mapped_column(String(120))
    confirmation: Mapped[ShortText | None]

    implant: Mapped[Implant] = reference(back_populates="follow_ups")
    follower: Mapped[Person | None] = reference(foreign_keys=[follower_id])
    assessment: Mapped[VigilanceAssessment | None] = reference(foreign_keys=[assessment_id])
    attempts: Mapped[list["FollowUpAttempt"]] = relationship(  # noqa: F821
        back_populates="follow_up", order_by="FollowUpAttempt.id", cascade="all, delete-orphan"
    )

    __table_args__ = (
        CheckConstraint("follow_up_kind <> 'further' OR due_on IS NOT NULL", name="due_on"),
        CheckConstraint(
            "state <> 'done' OR (is_harmed = 'no' AND is_operated_again = 'no' AND is_failing = 'no') OR assessment_id IS NOT NULL",
            name="assessment_id",
        ),
        Index("ix_implant_follow_up_implant_id", "implant_id"),
        Index("ix_implant_follow_up_follower_id_state_id", "follower_id", "state", "id"),
        Index("ix_implant_follow_up_assessment_id", "assessment_id"),
        Index("ix_implant_follow_up_settled_at", "settled_at"),
    )

    listing = ("number", "follow_up_kind", "implant", "follower", "counted_from", "settled_at", "state")
    filters = ("region_id", "state", "follow_up_kind", "implant_id", "follower_id", "counted_from", "settled_at")
    responsible = "follower.user_id"
    searched = ("number", "implant.number", "implant.device.serial_no", "implant.device.lot_no", "implant.customer.name")
    sections = {
        "follow_up": ("implant_id", "follow_up_kind", "follower_id", "counted_from", "is_learnt_late", "due_on"),
        "safety": (*QUESTIONS, "harm_told", "assessment_id"),
        "attempts": (),
        "findings": (
            "respondent", "respondent_post", "function", "wound", "complications", "is_instructed", "use_told", "next_visit_on",
        ),
        "unreachable": ("unreachable_reason", "asked_by", "confirmation"),
        "settlement": ("settled_at", "settled_by"),
    }  # fmt: skip
    about_from = ("implant.device.model", "implant.customer")
    fixed = (
        "region_id", *(name for name in sections["follow_up"] if name != "follower_id"), "assessment_id", *sections["unreachable"],
        *sections["settlement"],
    )  # fmt: skip
    lines = (Lines("attempts", "attempts"),)
    workflow = Workflow(
        states=(
            State("due", writes=("follow_up", "safety", "attempts", "findings")),
            State(
                "done",
                requires=(*QUESTIONS, "respondent", "function", "wound", "is_instructed", "settled_at", "settled_by"),
                seals=True, ends=True,
            ),
            State("to_confirm", requires=("unreachable_reason", "asked_by")),
            State("unreachable", requires=("unreachable_reason", "asked_by", "confirmation", "settled_at", "settled_by"),
                  seals=True, ends=True),
            State("dropped", ends=True),
        ),
        transitions=(
            Transition("complete", "due", "done", by=FOLLOWERS,
                       signs=Signing("implant_follow_up", Meaning.staff, ("follow_up", "safety", "attempts", "findings"))),
            Transition("give_up", "due", "to_confirm", by=FOLLOWERS, fields=("unreachable_reason",)),
            Transition("confirm", "to_confirm", "unreachable", by=CONFIRM, fields=("confirmation",), apart_from=("give_up",)),
            Transition("send_back", "to_confirm", "due", by=CONFIRM, reason=True),
            Transition("drop", OPEN, "dropped", by=(Role.regulatory, Role.quality), reason=True),
            Transition("reopen", ("done", "unreachable"), "due", by=(Role.quality,), reason=True),
        ),
    )  # fmt: skip
    clocks = (Clock(MILESTONE, starts="counted_from", stops="settled_at", facts=("follow_up_kind", "is_learnt_late")),)
    documents = (Document("implant_call", "QR-SF-02", "A/0"), Document("implant_visit", "QR-SF-03", "A/0"))

    @property
    def device(self) -> Device:
        return self.implant.device

    @property
    def model(self) -> DeviceModel:
        return self.implant.device.model

    @property
    def hint(self) -> str:
        return self.implant.device.hint

    @property
    def about(self) -> str:
        return self.implant.about

    @property
    def plan(self) -> Any:
        """The numbers of its model today."""
        from aftersales.implants.plan import plan_for

        return plan_for(object_session(self), self.model, today())

    @property
    def tried_in_vain(self) -> int:
        """The attempts in vain that are as far apart as the plan asks: whoever rings again at once has not tried again."""
        apart, counted = timedelta(hours=self.plan.hours_apart), list[datetime]()
        for row in self.attempts:
            if row.result is not AttemptResult.reached and (not counted or row.tried_at - counted[-1] >= apart):
                counted.append(row.tried_at)
        return len(counted)

    @property
    def is_suspected(self) -> bool:
        return any(getattr(self, name) not in (None, Harm.no) for name in QUESTIONS)

    @property
    def is_safe(self) -> bool:
        """Each question was asked and answered with a plain no; what was not asked says nothing."""
        return all(getattr(self, name) is Harm.no for name in QUESTIONS)

    def printed(self) -> tuple[Document, ...]:
        call, visit = self.documents
        return () if self.state == "dropped" else (call,) if self.follow_up_kind is FollowUpKind.call else (visit,)

    def public_facts(self) -> dict[str, Any]:
        form_no = self.printed()[0].form_no if self.printed() else ""
        return {"number": self.number, "form": form_no, "implant": self.implant.number, "state": self.state}

    def promises(self, milestone: str) -> Iterator[Rule]:
        yield from day_fixed(MILESTONE, self.number, self.counted_from, self.due_on)

    def alert_readers(self, milestone: str, step: int) -> list[int]:
        own = self.follower.user_id if self.follower is not None else None
        doing = [own] if own is not None else holders((Role.follow_up,), self.region_id)
        match step:
            case 0:
                return doing
            case 1:
                return list(dict.fromkeys([*doing, *holders((Role.quality,), self.region_id)]))
            case 2:
                return holders((Role.manager,), self.region_id)
            case _:
                return []

    def on_create(self) -> None:
        raise Refusal(_("Follow-ups come with the registration of a unit."))

    def on_change(self) -> None:
        from aftersales.implants.following import suspect

        if self.next_visit_on is not None and self.next_visit_on < self.implant.operated_on:
            raise Refusal(_("That is before the operation."), field="next_visit_on")
        if self.respondent in (Respondent.patient, Respondent.family) and self.implant.patient.consent is not Consent.given:
            raise Refusal(_("The patient did not consent in writing to be asked by us: ask the hospital."), field="respondent")
        if self.is_suspected and not self.harm_told:
            raise Refusal(_("Say what is known of the harm."), field="harm_told")
        if self.is_suspected and self.assessment is None:
            self.assessment = suspect(object_session(self), self.implant, f"{self.number} {self.harm_told}")

    def check_complete(self) -> None:
        if missing := [name for name in QUESTIONS if getattr(self, name) is None]:
            raise Refusal(errors={"": [_("First the questions of safety: %(field)s.", field=self.field_label(name)) for name in missing]})
        if not any(row.result is AttemptResult.reached for row in self.attempts):
            raise Refusal(_("Write down first who was reached, how and when: an attempt."))

    def on_complete(self) -> None:
        self.on_change()
        self._settle()

    def check_give_up(self) -> None:
        plan, tried = self.plan, self.tried_in_vain
        if tried < plan.fruitless_attempts:
            told = {"n": tried, "least": plan.fruitless_attempts, "hours": plan.hours_apart}
            raise Refusal(_("%(n)s attempts in vain count; at least %(least)s are asked for, %(hours)s hours apart.", **told))
        if self.attempts and self.attempts[-1].result is AttemptResult.reached:
            raise Refusal(_("Somebody was reached at the last attempt."))

    def on_give_up(self) -> None:
        self.asked_by = current_actor().name

    def on_confirm(self) -> None:
        self._settle()

    def on_send_back(self) -> None:
        self.unreachable_reason = self.asked_by = None

    def on_reopen(self) -> None:
        self.settled_at = self.settled_by = self.unreachable_reason = self.asked_by = self.confirmation = None

    def _settle(self) -> None:
        self.settled_at, self.settled_by = now(), current_actor().name


def months_later(day: date, months: int) -> date:
    """The same day so many months on; the last of a month that has no such day."""
    from calendar import monthrange

    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))
