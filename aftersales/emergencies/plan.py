"""Emergency plans (应急预案): for one scenario when it starts, who is called by whom, and what is done in what time."""

from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from markupsafe import Markup
from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from aftersales.columns import LongText, Name, ShortText
from aftersales.emergencies.kinds import Scenario
from aftersales.emergencies.tree import caller_of, drawn
from aftersales.record.actor import current_actor
from aftersales.record.base import SharedRecord
from aftersales.record.now import now
from aftersales.record.references import reference
from aftersales.record.refusal import Refusal
from aftersales.record.words import Document, Lines, Meaning, Signing, State, Transition, Workflow
from aftersales.record.workflow import perform
from aftersales.rights import written_by
from aftersales.roles import Role

WRITERS = (Role.quality, Role.dispatcher, Role.manager)
APPROVERS = (Role.quality, Role.manager)
IN_FORCE = "in_force"


class EmergencyPlan(SharedRecord):
    """One version of a plan, of the whole company. What is in force is sealed; it changes by a new version that replaces it.

    The telephone tree holds names and numbers as words: a region reads whom it calls at head office though its list of people shows
    only its own, and a haulier can stand in it too.
    """

    prefix = "EP"
    access = written_by(*WRITERS)

    title: Mapped[ShortText]
    scenario: Mapped[Scenario]
    edition: Mapped[str] = mapped_column(String(20))
    replaces_id: Mapped[int | None] = mapped_column(ForeignKey("emergency_plan.id"))
    start_conditions: Mapped[LongText]
    communication: Mapped[LongText | None]
    resources: Mapped[LongText | None]
    drafted_by: Mapped[str] = mapped_column(String(120))
    approved_by: Mapped[str | None] = mapped_column(String(120))
    approved_at: Mapped[datetime | None]
    withdrawn_at: Mapped[datetime | None]

    replaces: Mapped["EmergencyPlan | None"] = reference(foreign_keys=[replaces_id], remote_side="EmergencyPlan.id")
    members: Mapped[list["PlanMember"]] = relationship(back_populates="plan", order_by="PlanMember.position", cascade="all, delete-orphan")
    measures: Mapped[list["PlanMeasure"]] = relationship(
        back_populates="plan", order_by="PlanMeasure.position", cascade="all, delete-orphan"
    )

    __table_args__ = (Index("ix_emergency_plan_replaces_id", "replaces_id"),)

    listing = ("number", "title", "scenario", "edition", "approved_by", "approved_at", "state")
    filters = ("state", "scenario")
    searched = ("number", "title", "start_conditions")
    sections = {
        "basics": ("title", "scenario", "edition", "replaces_id"),
        "start": ("start_conditions",),
        "team": (),
        "handling": ("resources",),
        "communication": ("communication",),
        "approval": ("drafted_by", "approved_by", "approved_at", "withdrawn_at"),
    }
    fixed = sections["approval"]
    among = {"replaces_id": IN_FORCE}
    lines = (Lines("members", "team"), Lines("measures", "handling"))
    workflow = Workflow(
        states=(
            State("draft", writes=("basics", "start", "team", "handling", "communication")),
            State("submitted", requires=("communication",)),
            State("in_force", requires=("communication", "approved_by", "approved_at"), seals=True),
            State("withdrawn", requires=("withdrawn_at",), ends=True),
        ),
        transitions=(
            Transition("submit", "draft", "submitted", by=WRITERS),
            Transition(
                "approve", "submitted", "in_force", by=APPROVERS, apart_from=("create", "update", "submit"),
                signs=Signing("emergency_plan_approval", Meaning.staff, ("basics", "start", "team", "handling", "communication")),
            ),
            Transition("send_back", "submitted", "draft", by=APPROVERS, reason=True),
            Transition("withdraw", ("draft", "submitted", "in_force"), "withdrawn", by=APPROVERS, reason=True),
        ),
    )  # fmt: skip
    documents = (Document("emergency_plan", "QR-YJ-01", "A/0"),)

    @property
    def hint(self) -> str:
        return f"{self.title} {self.edition}"

    @property
    def calls(self) -> list[tuple["PlanMember", Any]]:
        """Each member with whoever calls them, in the order of the calls."""
        return [(member, caller_of(self.members, place)) for place, member in enumerate(self.members)]

    @classmethod
    def offered(cls, among: str) -> tuple[Any, ...]:
        return (cls.state == IN_FORCE,) if among == IN_FORCE else ()

    def drawing(self) -> Markup:
        """The telephone tree as a picture."""
        return drawn(self.members)

    def public_facts(self) -> dict[str, Any]:
        return {"number": self.number, "form": self.documents[0].form_no, "edition": self.edition, "state": self.state}

    def on_create(self) -> None:
        self.drafted_by = current_actor().name

    def check_submit(self) -> None:
        if not self.members or not self.measures:
            raise Refusal(_("A plan has a team that is called and steps that are taken: write both."))

    def on_approve(self) -> None:
        self.approved_by, self.approved_at = current_actor().name, now()

    def after_approve(self, reason: str) -> None:
        """The version before it ends in the same transaction."""
        if self.replaces is not None and self.replaces.state == IN_FORCE:
            perform(self.replaces, "withdraw", reason=_("Replaced by %(number)s.", number=self.number))

    def on_withdraw(self) -> None:
        self.withdrawn_at = now()


class PlanMember(SharedRecord):
    """One place in the team, in the order of the telephone tree: called by the nearest one above that stands a level higher."""

    parent = "plan"

    plan_id: Mapped[int] = mapped_column(ForeignKey("emergency_plan.id"))
    position: Mapped[int]
    depth: Mapped[int] = mapped_column(default=2)
    duty: Mapped[Name]
    name: Mapped[str] = mapped_column(String(60))
    phone: Mapped[str] = mapped_column(String(40))
    deputy: Mapped[str | None] = mapped_column(String(60))
    deputy_phone: Mapped[str | None] = mapped_column(String(40))

    plan: Mapped[EmergencyPlan] = reference(back_populates="members")

    __table_args__ = (CheckConstraint("depth BETWEEN 1 AND 6", name="depth"), Index("ix_plan_member_plan_id", "plan_id"))

    listing = ("position", "depth", "duty", "name", "phone", "deputy", "deputy_phone")
    sections = {"basics": ("position", "depth", "duty", "name", "phone", "deputy", "deputy_phone")}

    def __str__(self) -> str:
        return f"{self.duty} {self.name}"

    def on_create(self) -> None:
        self.on_change()

    def on_change(self) -> None:
        if not 1 <= (self.depth or 1) <= 6:
            raise Refusal(_("From 1, who begins, to 6."), field="depth")
        if self.position == 1 and self.depth != 1:
            raise Refusal(_("The first of the list begins the calls: level 1."), field="depth")


class PlanMeasure(SharedRecord):
    """One step of the plan: what, who, and in how many minutes after the start."""

    parent = "plan"

    plan_id: Mapped[int] = mapped_column(ForeignKey("emergency_plan.id"))
    position: Mapped[int]
    measure: Mapped[ShortText]
    duty: Mapped[Name | None]
    minutes: Mapped[int | None]

    plan: Mapped[EmergencyPlan] = reference(back_populates="measures")

    __table_args__ = (CheckConstraint("minutes BETWEEN 0 AND 100000", name="minutes"), Index("ix_plan_measure_plan_id", "plan_id"))

    listing = ("position", "measure", "duty", "minutes")
    sections = {"basics": ("position", "measure", "duty", "minutes")}

    def __str__(self) -> str:
        return self.measure

    def on_create(self) -> None:
        self.on_change()

    def on_change(self) -> None:
        if self.minutes is not None and not 0 <= self.minutes <= 100_000:
            raise Refusal(_("From 0 to 100,000 minutes."), field="minutes")
