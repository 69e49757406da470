"""One device of a recall, in its region: what was done with it, by whom, and what the check of the sample found."""

from datetime import datetime
from functools import cache
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import CheckConstraint, ColumnElement, ForeignKey, Index, Select, String, UniqueConstraint, bindparam, select
from sqlalchemy.orm import Mapped, Session, contains_eager, mapped_column, object_session

from aftersales.columns import LongText, ShortText
from aftersales.customers.customer import Customer
from aftersales.devices.device import Device
from aftersales.recalls.choices import CheckResult, UnitAction
from aftersales.recalls.recall import Recall
from aftersales.record.actor import current_actor
from aftersales.record.attachments import Attachment
from aftersales.record.base import Record
from aftersales.record.now import now
from aftersales.record.references import reference
from aftersales.record.refusal import NotAllowed, Refusal
from aftersales.record.words import State, Transition, Workflow
from aftersales.rights import written_by
from aftersales.roles import Role

FIELD = (Role.engineer, Role.technical_support, Role.dispatcher, Role.quality)
ACTED = ("acted_at", "acted_by")
CHECKS = ("can_draw_sample", "Recall")


class RecallUnit(Record):
    """A unit of the frozen list, with its codes and customer as they were then. `list_no` is the list that named it first."""

    made_by_hand = False
    access = written_by(*FIELD, Role.regulatory, Role.parts_keeper)

    recall_id: Mapped[int] = mapped_column(ForeignKey("recall.id"))
    device_id: Mapped[int] = mapped_column(ForeignKey("device.id"))
    customer_id: Mapped[int | None] = mapped_column(ForeignKey("customer.id"))
    serial_no: Mapped[str | None] = mapped_column(String(64))
    lot_no: Mapped[str | None] = mapped_column(String(64))
    list_no: Mapped[int]
    order_id: Mapped[int | None] = mapped_column(ForeignKey("service_order.id"))
    measure: Mapped[UnitAction | None]
    result: Mapped[LongText | None]
    agreement: Mapped[LongText | None]
    supervised_by: Mapped[ShortText | None]
    attempts: Mapped[LongText | None]
    explanation: Mapped[LongText | None]
    acted_at: Mapped[datetime | None]
    acted_by: Mapped[str | None] = mapped_column(String(120))
    acted_by_user_id: Mapped[int | None] = mapped_column(ForeignKey("ab_user.id"))
    is_sampled: Mapped[bool] = mapped_column(default=False)
    check_result: Mapped[CheckResult | None]
    check_note: Mapped[LongText | None]
    checked_at: Mapped[datetime | None]
    checked_by: Mapped[str | None] = mapped_column(String(120))

    recall: Mapped[Recall] = reference()
    device: Mapped[Device] = reference()
    customer: Mapped[Customer | None] = reference(foreign_keys=[customer_id])
    order: Mapped[Any] = reference(argument="ServiceOrder")

    __table_args__ = (
        UniqueConstraint("recall_id", "device_id"),
        CheckConstraint("check_result IS NULL OR is_sampled", name="check_result"),
        Index("ix_recall_unit_recall_id_region_id_state", "recall_id", "region_id", "state"),
        Index("ix_recall_unit_recall_id_customer_id", "recall_id", "customer_id", "list_no"),
        Index("ix_recall_unit_device_id", "device_id"),
        Index("ix_recall_unit_customer_id", "customer_id"),
        Index("ix_recall_unit_is_sampled_recall_id", "is_sampled", "recall_id"),
    )

    listing = ("device", "serial_no", "lot_no", "customer", "recall", "measure", "acted_at", "acted_by", "state")
    filters = ("recall_id", "region_id", "state", "customer_id", "list_no", "measure", "is_sampled", "check_result")
    about_from = ("recall", "device.model")
    searched = ("serial_no", "lot_no")
    sections = {
        "unit": ("recall_id", "device_id", "serial_no", "lot_no", "customer_id", "list_no"),
        "action": (
            "measure", "result", "agreement", "supervised_by", "attempts", "explanation", "acted_at", "acted_by", "acted_by_user_id",
        ),
        "reference": ("order_id",),
        "check": ("is_sampled", "check_result", "check_note", "checked_at", "checked_by"),
    }  # fmt: skip
    fixed = ("region_id", *sections["unit"], *sections["action"], "is_sampled", "checked_at", "checked_by")
    workflow = Workflow(
        states=(
            State("to_do", writes=("reference",)),
            State("done", requires=("measure", *ACTED), writes=("check",)),
            State("destroyed", requires=("supervised_by", *ACTED), writes=("check",), ends=True),
            State("unreachable", requires=("attempts", "explanation", *ACTED), writes=("check",), ends=True),
        ),
        transitions=(
            Transition("treat", "to_do", "done", by=FIELD, fields=("measure", "result", "agreement"), alike=True),
            Transition(
                "destroy", "to_do", "destroyed", by=(Role.quality, Role.dispatcher), fields=("supervised_by", "result"), alike=True
            ),
            Transition(
                "give_up", "to_do", "unreachable", by=(Role.quality, Role.dispatcher), fields=("attempts", "explanation"), alike=True
            ),
            Transition("take_up", ("done", "destroyed", "unreachable"), "to_do", by=(Role.quality,), reason=True),
        ),
    )

    def __str__(self) -> str:
        return self.serial_no or self.lot_no or f"{self.label()} {self.id}"

    @property
    def hint(self) -> str:
        return f"{self.recall} {self.recall.subject}"

    @property
    def about(self) -> str:
        return f"{self.device.model} · {self.hint}"

    @property
    def stays_inside(self) -> bool:
        return self.recall.is_mock

    def on_create(self) -> None:
        raise Refusal(_("The units of a recall come from its frozen list."))

    def on_change(self) -> None:
        from sqlalchemy import inspect

        if any(inspect(self).attrs[name].history.has_changes() for name in ("check_result", "check_note")):
            self._check()

    def _check(self) -> None:
        """A check by whoever acted proves nothing."""
        actor = current_actor()
        if not self.is_sampled:
            raise Refusal(_("This unit is not in the sample."), field="check_result")
        if not actor.can(*CHECKS):
            raise NotAllowed(_("Quality enters what the check found."), field="check_result")
        if actor.user_id is not None and actor.user_id == self.acted_by_user_id:
            raise NotAllowed(_("You handled this unit yourself; the check needs a second person."), field="check_result")
        if self.state == "to_do":
            raise Refusal(_("It was not handled yet."), field="check_result")
        self.checked_at, self.checked_by = now(), actor.name

    def check_treat(self) -> None:
        self._refuse_idle()
        if self.device.model.is_implant and self.measure is not None and not self.agreement:
            raise Refusal(_("It is implanted: write down what was agreed with the hospital and the patient (art. 35)."), field="agreement")

    def check_destroy(self) -> None:
        self._refuse_idle()
        if not self.has_proof():
            raise Refusal(_("File the record of destruction first, here or with the customer's notice."))

    def check_give_up(self) -> None:
        self._refuse_idle()

    def check_take_up(self) -> None:
        if self.recall.state != "running":
            raise Refusal(_("The recall is not running."))

    def _refuse_idle(self) -> None:
        if self.recall.state != "running":
            raise Refusal(_("The recall is not running."))

    def has_proof(self) -> bool:
        """Whether a file lies with the unit, or with the notice of its customer: one certificate may be about many units."""
        from aftersales.recalls.notice import RecallNotice

        session: Session = object_session(self)
        notices = select(RecallNotice.id).where(RecallNotice.recall_id == self.recall_id, RecallNotice.customer_id == self.customer_id)
        with session.no_autoflush:
            of_unit = Attachment.hangs_on(self)
            of_notice = (Attachment.kind == RecallNotice.__name__) & Attachment.record_id.in_(notices)
            return session.scalar(select(Attachment.id).where(of_unit | of_notice).limit(1)) is not None

    def on_treat(self) -> None:
        actor = current_actor()
        self.acted_at, self.acted_by, self.acted_by_user_id = now(), actor.name, actor.user_id

    on_destroy = on_give_up = on_treat

    def on_take_up(self) -> None:
        """What was written stays in the trail."""
        for name in (*self.sections["action"], "check_result", "check_note", "checked_at", "checked_by"):
            setattr(self, name, None)


def running_recalls(session: Session, device_id: int) -> list[RecallUnit]:
    """The recalls under way that a device is in: whoever touches it has to know."""
    return list(session.scalars(_running(), {"device_id": device_id}))


@cache
def _running() -> Select[tuple[RecallUnit]]:
    chosen = running(bindparam("device_id")).options(contains_eager(RecallUnit.recall))
    return chosen.order_by(Recall.is_mock, RecallUnit.id.desc()).limit(5)


def running(device_id: ColumnElement[int]) -> Select[tuple[RecallUnit]]:
    """The units of a device in recalls under way."""
    chosen = select(RecallUnit).join(RecallUnit.recall)
    return chosen.where(RecallUnit.device_id == device_id, Recall.state.in_(("running", "completed")))


