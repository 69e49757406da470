"""Emergencies (应急处置): opened from a plan in force, three clocks of the company, customers told one by one, a report that is sealed.

The clocks of a batch fault, 1, 3 and 24 hours, are numbers of the company. They take the place of no legal clock: adverse events and
recall have records and clocks of their own, and the report says what came of them.
"""

from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, Session, mapped_column, object_session, relationship

from aftersales.columns import Instant, LongText, ShortText
from aftersales.complaints.complaint import Complaint
from aftersales.devices.model import DeviceModel
from aftersales.emergencies.affected import find
from aftersales.emergencies.kinds import Scenario
from aftersales.emergencies.plan import IN_FORCE, EmergencyPlan
from aftersales.extensions import db
from aftersales.organization.region import region_by_default
from aftersales.record.actor import current_actor
from aftersales.record.base import Record
from aftersales.record.notices import tell
from aftersales.record.now import now, server_now
from aftersales.record.references import reference
from aftersales.record.refusal import Refusal
from aftersales.record.words import Clock, Document, Lines, Meaning, Signing, State, Transition, Workflow
from aftersales.rights import written_by
from aftersales.roles import Role
from aftersales.service.order import ServiceOrder

OPENERS = (
    Role.intake, Role.dispatcher, Role.engineer, Role.technical_support, Role.complaint_officer, Role.regulatory, Role.quality,
    Role.sales, Role.manager,
)  # fmt: skip
LEADERS = (Role.dispatcher, Role.quality, Role.manager)
CLOSERS = (Role.quality, Role.manager)
TOLD = (Role.manager, Role.quality, Role.regulatory, Role.dispatcher)
UNDER_WAY = ("started", "running", "restored")
SCOPE = ("lot_no", "software_release", "part_lot_no")


class Emergency(Record):
    """One emergency, or with `is_drill` one drill of it in the same screens: then nobody outside is told, and no notice is sent.

    An emergency of head office reaches the customers of every region, one of a region those of that region.
    """

    prefix = "EM"
    access = written_by(*OPENERS)

    plan_id: Mapped[int] = mapped_column(ForeignKey("emergency_plan.id"))
    is_drill: Mapped[bool] = mapped_column(default=False)
    title: Mapped[ShortText]
    situation: Mapped[LongText]
    complaint_id: Mapped[int | None] = mapped_column(ForeignKey("complaint.id"))
    order_id: Mapped[int | None] = mapped_column(ForeignKey("service_order.id"))
    model_id: Mapped[int | None] = mapped_column(ForeignKey("device_model.id"))
    lot_no: Mapped[str | None] = mapped_column(String(64))
    software_release: Mapped[str | None] = mapped_column(String(64))
    part_lot_no: Mapped[str | None] = mapped_column(String(64))
    started_at: Mapped[Instant]
    started_by: Mapped[str] = mapped_column(String(120))
    team: Mapped[LongText | None]
    led_by: Mapped[str | None] = mapped_column(String(120))
    led_by_user_id: Mapped[int | None] = mapped_column(ForeignKey("ab_user.id"))
    team_formed_at: Mapped[datetime | None]
    customers_told_at: Mapped[datetime | None]
    restoration: Mapped[LongText | None]
    restored_at: Mapped[datetime | None]
    legal_judgement: Mapped[LongText | None]
    causes: Mapped[LongText | None]
    effect: Mapped[LongText | None]
    lessons: Mapped[LongText | None]
    closed_by: Mapped[str | None] = mapped_column(String(120))
    closed_at: Mapped[datetime | None]

    plan: Mapped[EmergencyPlan] = reference()
    complaint: Mapped[Complaint | None] = reference(foreign_keys=[complaint_id])
    order: Mapped[ServiceOrder | None] = reference(foreign_keys=[order_id])
    model: Mapped[DeviceModel | None] = reference()
    drill: Mapped["EmergencyDrill | None"] = relationship(back_populates="emergency")  # noqa: F821
    customers: Mapped[list["EmergencyCustomer"]] = relationship(  # noqa: F821
        back_populates="emergency", order_by="EmergencyCustomer.id", cascade="all, delete-orphan"
    )
    steps: Mapped[list["EmergencyStep"]] = relationship(  # noqa: F821
        back_populates="emergency", order_by="EmergencyStep.position", cascade="all, delete-orphan"
    )
    entries: Mapped[list["EmergencyEntry"]] = relationship(  # noqa: F821
        back_populates="emergency", order_by="EmergencyEntry.id", cascade="all, delete-orphan"
    )

    __table_args__ = tuple(
        Index(f"ix_emergency_{name}", name) for name in ("plan_id", "complaint_id", "order_id", "model_id", "started_at", "part_lot_no")
    )

    listing = ("number", "title", "is_drill", "plan", "region", "started_at", "led_by", "state")
    filters = ("region_id", "state", "is_drill", "plan_id", "model_id", "complaint_id", "order_id", "started_at")
    searched = ("number", "title", "situation", "lot_no", "part_lot_no")
    responsible = "led_by_user_id"
    sections = {
        "basics": ("region_id", "plan_id", "is_drill", "title", "situation", "complaint_id", "order_id", "started_at", "started_by"),
        "scope": ("model_id", *SCOPE),
        "team": ("team", "led_by", "led_by_user_id", "team_formed_at"),
        "customers": ("customers_told_at",),
        "steps": ("restoration", "restored_at"),
        "log": (),
        "report": ("causes", "effect", "legal_judgement", "lessons", "closed_by", "closed_at"),
    }
    about_from = ("plan",)
    among = {"plan_id": IN_FORCE}
    fills = {
        "order_id": {"region_id": "region_id", "model_id": "device.model_id"},
        "complaint_id": {"region_id": "region_id", "model_id": "device.model_id", "situation": "description"},
    }
    fixed = (
        "is_drill", "started_at", "started_by", "team", "led_by", "led_by_user_id", "team_formed_at", "customers_told_at", "restoration",
        "restored_at", "causes", "effect", "legal_judgement", "lessons", "closed_by", "closed_at",
    )  # fmt: skip
    lines = (Lines("customers", "customers"), Lines("steps", "steps"), Lines("entries", "log"))
    workflow = Workflow(
        states=(
            State("started", writes=("basics", "scope", "customers", "steps", "log")),
            State("running", requires=("team", "led_by", "team_formed_at"), writes=("scope", "customers", "steps", "log")),
            State("restored", requires=("team_formed_at", "restoration", "restored_at"), writes=("customers", "steps", "log", "report")),
            State(
                "closed", seals=True,
                requires=(
                    "team_formed_at", "customers_told_at", "restored_at", "causes", "effect", "legal_judgement", "lessons", "closed_by",
                    "closed_at",
                ),
            ),
            State("called_off", ends=True),
        ),
        transitions=(
            Transition("form_team", "started", "running", by=LEADERS, fields=("team",)),
            Transition("restore", "running", "restored", by=LEADERS, fields=("restoration",)),
            Transition(
                "close", "restored", "closed", by=CLOSERS, apart_from=("form_team",),
                fields=("causes", "effect", "legal_judgement", "lessons"),
                signs=Signing("emergency_close", Meaning.staff, ("basics", "scope", "team", "customers", "steps", "log", "report")),
            ),
            Transition("call_off", ("started", "running"), "called_off", by=LEADERS, reason=True),
            Transition("reopen", "closed", "restored", by=CLOSERS, reason=True),
        ),
    )  # fmt: skip
    clocks = (
        Clock("team_formed", starts="started_at", stops="team_formed_at", facts=("plan.scenario",)),
        Clock("customers_told", starts="started_at", stops="customers_told_at", facts=("plan.scenario",)),
        Clock("service_restored", starts="started_at", stops="restored_at", facts=("plan.scenario",)),
    )
    documents = (Document("emergency_report", "QR-YJ-02", "A/0"),)

    @property
    def hint(self) -> str:
        return _("Drill: %(title)s", title=self.title) if self.is_drill else self.title

    @property
    def is_open(self) -> bool:
        return self.state in UNDER_WAY

    @property
    def stays_inside(self) -> bool:
        """Of a drill no program outside is told either."""
        return self.is_drill

    @property
    def untold(self) -> int:
        return sum(1 for row in self.customers if not row.is_settled)

    def public_facts(self) -> dict[str, Any]:
        return {"number": self.number, "form": self.documents[0].form_no, "state": self.state}

    def printed(self) -> tuple[Document, ...]:
        return self.documents if self.state in ("restored", "closed") else ()

    def alert_readers(self, milestone: str, step: int) -> list[int]:
        """Whoever leads it, then those who may, then the managers; a drill alarms nobody."""
        from aftersales.service.alerts import holders  # maps accounts, which name record types that are not there yet

        if self.is_drill:
            return []
        leading = [self.led_by_user_id] if self.led_by_user_id is not None else holders((Role.dispatcher, Role.quality), self.region_id)
        match step:
            case 0:
                return leading
            case 1:
                return list(dict.fromkeys([*leading, *holders(TOLD, self.region_id)]))
            case 2:
                return holders((Role.manager,), self.region_id)
            case _:
                return []

    def on_create(self) -> None:
        """The clocks begin now. What is affected is looked up at once, the steps of the plan are taken over."""
        if self.plan.state != IN_FORCE:
            raise Refusal(_("Choose a plan that is in force."), field="plan_id")
        if self.plan.scenario is Scenario.batch_fault and self.model is None and not any(getattr(self, name) for name in SCOPE):
            raise Refusal(_("Say what is affected: the model, the lot, the software release or the lot of a part."), field="model_id")
        from aftersales.emergencies.lines import EmergencyStep  # it names this class

        self.region_id = self.region_id or region_by_default(object_session(self) or db.session())
        self.started_at, self.started_by = now(), current_actor().name
        kept = ("position", "measure", "duty", "minutes")
        self.steps = [EmergencyStep(**{name: getattr(row, name) for name in kept}) for row in self.plan.measures]
        self.find_customers()
        self._alarm()

    def on_change(self) -> None:
        self.find_customers()

    def find_customers(self) -> None:
        """Those who are affected and not on the list yet are added; nobody is taken off it by the program."""
        from aftersales.emergencies.lines import EmergencyCustomer  # it names this class

        session: Session = object_session(self) or db.session()
        with session.no_autoflush:
            listed = {row.customer_id for row in self.customers}
            for customer, units in find(session, self):
                if customer.id not in listed:
                    self.customers.append(EmergencyCustomer(customer=customer, customer_id=customer.id, unit_count=units))
        self.settle_customers()

    def settle_customers(self) -> None:
        """Told is told when nobody is left on the list. A customer found later begins the clock anew."""
        if self.team_formed_at is None or self.untold:
            self.customers_told_at = None
        elif self.customers_told_at is None:
            self.customers_told_at = now()

    def _alarm(self) -> None:
        """In the inbox and on every channel of those who lead, whatever they do now; of a drill nobody is told by the program."""
        if self.is_drill:
            return
        from aftersales.service.alerts import holders

        session: Session = object_session(self) or db.session()
        session.flush()
        people = sorted(set(holders(TOLD, self.region_id)))
        url = f"/emergency/show/{self.id}"
        tell(session, people, key=f"emergency:{self.id}", words=self._alarm_words, url=url, is_urgent=True)

    def _alarm_words(self) -> tuple[str, str]:
        return _("Emergency: %(title)s", title=self.title), self.situation[:500]

    def on_form_team(self) -> None:
        actor = current_actor()
        self.led_by, self.led_by_user_id, self.team_formed_at = actor.name, actor.user_id, now()
        self.settle_customers()

    def on_restore(self) -> None:
        self.restored_at = now()

    def check_close(self) -> None:
        if self.untold:
            raise Refusal(_("%(n)s customers are not told yet.", n=self.untold))
        if open_ones := [step.measure for step in self.steps if step.done_at is None]:
            raise Refusal(_("Not done yet: %(actions)s", actions="、".join(open_ones[:5])))
        if self.drill is not None and self.drill.state != "scored":
            raise Refusal(_("Score the drill %(number)s first.", number=self.drill.number))

    def on_close(self) -> None:
        self.closed_by, self.closed_at = current_actor().name, now()

    def age_words(self, moment: datetime | None) -> str:
        """How long after the start, as hours and minutes."""
        minutes = int(((moment or server_now()) - self.started_at).total_seconds() // 60)
        return _("%(h)s h %(m)s min", h=minutes // 60, m=minutes % 60)
