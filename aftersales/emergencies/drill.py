"""Drills (应急演练): planned for a day, run as an emergency that is marked, scored by criteria, and followed by corrective actions."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, Session, mapped_column, object_session, relationship

from aftersales.columns import Day, LongText, ShortText
from aftersales.complaints.handling import day_fixed
from aftersales.devices.model import DeviceModel
from aftersales.emergencies.emergency import Emergency
from aftersales.emergencies.kinds import PASSED, WEIGHTS, DrillCriterion
from aftersales.emergencies.plan import IN_FORCE, EmergencyPlan
from aftersales.extensions import db
from aftersales.labels import speaking
from aftersales.record.actor import current_actor
from aftersales.record.base import Record
from aftersales.record.clocks import runs_of
from aftersales.record.deadline import Rule
from aftersales.record.display import words
from aftersales.record.now import now
from aftersales.record.references import reference
from aftersales.record.refusal import Refusal
from aftersales.record.saving import create
from aftersales.record.words import Clock, Document, Lines, Meaning, Signing, State, Transition, Workflow
from aftersales.rights import written_by
from aftersales.roles import Role

PLANNERS = (Role.quality, Role.dispatcher, Role.manager)
HELD = "drill_held"
# What the program measures: from the start to this time of the emergency.
MEASURED = {
    DrillCriterion.team_time: "team_formed_at", DrillCriterion.customers_time: "customers_told_at",
    DrillCriterion.restored_time: "restored_at",
}  # fmt: skip


class EmergencyDrill(Record):
    """One drill. It begins an emergency that is marked as a drill; its times are the program's, its points those of whoever watched."""

    prefix = "ED"
    access = written_by(*PLANNERS)

    plan_id: Mapped[int] = mapped_column(ForeignKey("emergency_plan.id"))
    title: Mapped[ShortText]
    planned_on: Mapped[Day]
    announced_at: Mapped[datetime]
    outline: Mapped[LongText]
    participants: Mapped[ShortText | None]
    safety: Mapped[LongText | None]
    model_id: Mapped[int | None] = mapped_column(ForeignKey("device_model.id"))
    lot_no: Mapped[str | None] = mapped_column(String(64))
    part_lot_no: Mapped[str | None] = mapped_column(String(64))
    emergency_id: Mapped[int | None] = mapped_column(ForeignKey("emergency.id"), unique=True)
    held_at: Mapped[datetime | None]
    points: Mapped[int | None]
    is_passed: Mapped[bool | None]
    conclusion: Mapped[LongText | None]
    scored_by: Mapped[str | None] = mapped_column(String(120))
    scored_at: Mapped[datetime | None]

    plan: Mapped[EmergencyPlan] = reference()
    model: Mapped[DeviceModel | None] = reference()
    emergency: Mapped[Emergency | None] = reference(foreign_keys=[emergency_id], back_populates="drill")
    scores: Mapped[list["DrillScore"]] = relationship(back_populates="drill", order_by="DrillScore.position", cascade="all, delete-orphan")

    __table_args__ = (
        Index("ix_emergency_drill_plan_id", "plan_id"), Index("ix_emergency_drill_model_id", "model_id"),
        Index("ix_emergency_drill_planned_on", "planned_on"), Index("ix_emergency_drill_held_at", "held_at"),
    )  # fmt: skip

    listing = ("number", "title", "plan", "region", "planned_on", "held_at", "points", "is_passed", "state")
    filters = ("region_id", "state", "plan_id", "planned_on", "held_at", "is_passed")
    searched = ("number", "title", "outline")
    responsible = "created_by_id"
    sections = {
        "basics": ("region_id", "plan_id", "title", "planned_on", "announced_at", "outline", "participants", "safety"),
        "scope": ("model_id", "lot_no", "part_lot_no"),
        "run": ("emergency_id", "held_at"),
        "scores": ("points", "is_passed", "conclusion", "scored_by", "scored_at"),
    }
    among = {"plan_id": IN_FORCE}
    fixed = ("announced_at", "emergency_id", "held_at", "points", "is_passed", "conclusion", "scored_by", "scored_at")
    lines = (Lines("scores", "scores"),)
    workflow = Workflow(
        states=(
            State("planned", writes=("basics", "scope")),
            State("running", requires=("emergency_id", "held_at"), writes=("scores",)),
            State("scored", requires=("emergency_id", "points", "conclusion", "scored_by", "scored_at"), seals=True),
            State("cancelled", ends=True),
        ),
        transitions=(
            Transition("start", "planned", "running", by=PLANNERS),
            Transition(
                "score", "running", "scored", by=PLANNERS, fields=("conclusion",),
                signs=Signing("drill_score", Meaning.staff, ("basics", "scope", "run", "scores")),
            ),
            Transition("cancel", ("planned", "running"), "cancelled", by=PLANNERS, reason=True),
            Transition("reopen", "scored", "running", by=(Role.quality,), reason=True),
        ),
    )  # fmt: skip
    clocks = (Clock(HELD, starts="announced_at", stops="held_at", facts=("planned_on",)),)
    documents = (Document("emergency_drill", "QR-YJ-03", "A/0"),)

    @property
    def hint(self) -> str:
        return self.title

    @property
    def stays_inside(self) -> bool:
        return True

    def printed(self) -> tuple[Document, ...]:
        return () if self.state == "cancelled" else self.documents

    def public_facts(self) -> dict[str, Any]:
        return {"number": self.number, "form": self.documents[0].form_no, "state": self.state}

    def facts(self, names: tuple[str, ...]) -> dict[str, Any]:
        """The day is no fact that rules ask about: it stands among them so that another day is another decision."""
        return {}

    def promises(self, milestone: str) -> Iterator[Rule]:
        yield from day_fixed(milestone, self.number, self.announced_at, self.planned_on)

    def alert_readers(self, milestone: str, step: int) -> list[int]:
        """A drill that nobody held: whoever planned it, then quality."""
        from aftersales.service.alerts import holders  # maps accounts, which name record types that are not there yet

        planner = [self.created_by_id] if self.created_by_id is not None else []
        return [planner, holders((Role.quality,), self.region_id)][step] if step < 2 else []

    def on_create(self) -> None:
        self.announced_at = now()
        self.scores = [DrillScore(position=place, criterion=each, weight=weight) for place, (each, weight) in enumerate(WEIGHTS.items(), 1)]
        self.on_change()

    def on_change(self) -> None:
        if self.state in (None, "planned") and self.plan.state != IN_FORCE:
            raise Refusal(_("Choose a plan that is in force."), field="plan_id")

    def on_start(self) -> None:
        session: Session = object_session(self) or db.session()
        told = {"region_id": self.region_id, "plan": self.plan, "title": self.title, "situation": self.outline, "is_drill": True}
        scope = {"model": self.model, "lot_no": self.lot_no, "part_lot_no": self.part_lot_no}
        self.emergency = create(session, Emergency, told | scope)
        self.emergency_id, self.held_at = self.emergency.id, now()

    def check_cancel(self) -> None:
        if self.emergency is not None and self.emergency.state != "called_off":
            raise Refusal(_("Call off its run first."))

    def check_score(self) -> None:
        if self.emergency is None or self.emergency.state not in ("restored", "closed"):
            raise Refusal(_("It is scored when everything works again."))
        if self.emergency.led_by_user_id is not None and self.emergency.led_by_user_id == current_actor().user_id:
            raise Refusal(_("You led it: somebody else scores it."))
        if missing := [str(row) for row in self.scores if row.points is None]:
            raise Refusal(_("Without points yet: %(criteria)s", criteria="、".join(missing)))

    def on_score(self) -> None:
        """Passed with 80 points and no clock of the emergency late, as AS-QP-05 has it."""
        session: Session = object_session(self)
        runs = runs_of(session, self.emergency)
        with speaking("zh"):
            for row in self.scores:
                row.measured = self._measured(row.criterion)
        self.points = sum(row.points or 0 for row in self.scores)
        self.is_passed = self.points >= PASSED and not any(run.state in ("late", "missed") for run in runs)
        self.scored_by, self.scored_at = current_actor().name, now()

    def _measured(self, criterion: DrillCriterion) -> str | None:
        if criterion not in MEASURED:
            return None
        moment = getattr(self.emergency, MEASURED[criterion])
        return self.emergency.age_words(moment) if moment is not None else None


class DrillScore(Record):
    """One criterion: its weight, the time that the program measured where there is one, the points and what was seen."""

    parent = "drill"
    made_by_hand = False

    drill_id: Mapped[int] = mapped_column(ForeignKey("emergency_drill.id"))
    position: Mapped[int]
    criterion: Mapped[DrillCriterion]
    weight: Mapped[int]
    measured: Mapped[ShortText | None]
    points: Mapped[int | None]
    remark: Mapped[ShortText | None]

    drill: Mapped[EmergencyDrill] = reference(back_populates="scores")

    __table_args__ = (UniqueConstraint("drill_id", "criterion"), CheckConstraint("points BETWEEN 0 AND weight", name="points"))

    listing = ("position", "criterion", "weight", "measured", "points", "remark")
    sections = {"basics": ("position", "criterion", "weight", "measured", "points", "remark")}
    fixed = ("criterion", "weight", "measured")

    def __str__(self) -> str:
        return words(self.criterion)

    @property
    def why_kept(self) -> str:
        return _("The criteria stay.")

    def on_create(self) -> None:
        raise Refusal(_("The criteria come with the drill."))

    def on_change(self) -> None:
        if self.points is not None and not 0 <= self.points <= self.weight:
            raise Refusal(_("From 0 to %(n)s points.", n=self.weight), field="points")
        if self.points is not None and self.drill.state != "running":
            raise Refusal(_("Points are given once the drill runs."), field="points")
