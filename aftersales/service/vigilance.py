"""The vigilance mark: a request that may be about harm stays marked until a named person clears it with a reason (R12)."""

from datetime import datetime

from flask_babel import gettext as _
from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from aftersales.columns import LongText
from aftersales.record.actor import current_actor
from aftersales.record.base import Record
from aftersales.record.now import now
from aftersales.record.references import reference
from aftersales.record.refusal import Refusal
from aftersales.record.words import State, Transition, Workflow
from aftersales.rights import written_by
from aftersales.roles import Role
from aftersales.service.request import ServiceRequest, Vigilance


class VigilanceAssessment(Record):
    """Whether one request is a suspected adverse event: who decided it, when and why. Nobody else's word clears the mark."""

    prefix = "VA"
    made_by_hand = False
    access = written_by()

    request_id: Mapped[int] = mapped_column(ForeignKey("service_request.id"), unique=True)
    marked_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[str | None] = mapped_column(String(120))
    decided_by_user_id: Mapped[int | None] = mapped_column(ForeignKey("ab_user.id"))
    decision_reason: Mapped[LongText | None]

    request: Mapped[ServiceRequest] = reference(back_populates="assessment", foreign_keys=[request_id])

    __table_args__ = (Index("ix_vigilance_assessment_marked_at", "marked_at"),)

    listing = ("number", "request", "marked_at", "state", "decided_by", "decided_at")
    filters = ("region_id", "state", "marked_at")
    responsible = "decided_by_user_id"
    searched = ("number", "request.number")
    sections = {"mark": ("request_id", "marked_at"), "decision": ("decision_reason", "decided_by", "decided_by_user_id", "decided_at")}
    fixed = ("request_id", "marked_at", "decision_reason", "decided_by", "decided_by_user_id", "decided_at")
    workflow = Workflow(
        states=(
            State("to_assess", writes=("decision",)),
            State("cleared", requires=("decided_at", "decided_by", "decision_reason"), ends=True),
        ),
        transitions=(Transition("clear", "to_assess", "cleared", by=(Role.regulatory, Role.quality), fields=("decision_reason",)),),
    )

    def on_create(self) -> None:
        raise Refusal(_("A request is marked by its answer about harm, not by hand."))

    def on_clear(self) -> None:
        actor = current_actor()
        self.decided_at, self.decided_by, self.decided_by_user_id = now(), actor.name, actor.user_id
        self.request.vigilance = Vigilance.cleared
