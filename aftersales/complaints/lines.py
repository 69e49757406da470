"""The rows inside a complaint: what was looked into, whose hands a returned product went through, and how the cause was found."""

from datetime import datetime

from flask_babel import gettext as _
from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from aftersales.columns import Day, LongText, ShortText
from aftersales.complaints.complaint import Complaint
from aftersales.complaints.kinds import CustodyStep, FaultGate, FishboneBranch, InquiryKind
from aftersales.record.actor import current_actor
from aftersales.record.base import Record
from aftersales.record.now import now
from aftersales.record.references import reference
from aftersales.record.refusal import Refusal


class ComplaintInquiry(Record):
    """One thing asked or looked at: of whom, and what came of it. Whoever writes the finding is the one who found it."""

    parent = "complaint"

    complaint_id: Mapped[int] = mapped_column(ForeignKey("complaint.id"))
    kind: Mapped[InquiryKind]
    question: Mapped[ShortText]
    asked_of: Mapped[ShortText | None]
    due_on: Mapped[Day | None]
    finding: Mapped[LongText | None]
    found_by: Mapped[str | None] = mapped_column(String(120))
    found_at: Mapped[datetime | None]

    complaint: Mapped[Complaint] = reference(back_populates="inquiries")

    __table_args__ = (Index("ix_complaint_inquiry_complaint_id", "complaint_id"),)

    listing = ("kind", "question", "asked_of", "due_on", "finding", "found_by", "found_at")
    sections = {"basics": ("kind", "question", "asked_of", "due_on", "finding", "found_by", "found_at")}
    fixed = ("found_by", "found_at")

    def __str__(self) -> str:
        return self.question

    def on_create(self) -> None:
        self.on_change()

    def on_change(self) -> None:
        if self.finding and self.found_at is None:
            self.found_by, self.found_at = current_actor().name, now()


class ComplaintCustody(Record):
    """One step of a returned product: who has it, where, in what condition. Nobody types whose hand it was or when."""

    parent = "complaint"

    complaint_id: Mapped[int] = mapped_column(ForeignKey("complaint.id"))
    step: Mapped[CustodyStep]
    item: Mapped[ShortText]
    identifier: Mapped[ShortText]
    quantity: Mapped[int] = mapped_column(default=1)
    place: Mapped[ShortText]
    counterpart: Mapped[ShortText | None]
    condition: Mapped[ShortText | None]
    handled_by: Mapped[str] = mapped_column(String(120))
    handled_at: Mapped[datetime]

    complaint: Mapped[Complaint] = reference(back_populates="custody")

    __table_args__ = (CheckConstraint("quantity > 0", name="quantity"), Index("ix_complaint_custody_complaint_id", "complaint_id"))

    listing = ("step", "item", "identifier", "quantity", "place", "counterpart", "condition", "handled_by", "handled_at")
    sections = {"basics": ("step", "item", "identifier", "quantity", "place", "counterpart", "condition", "handled_by", "handled_at")}
    fixed = ("handled_by", "handled_at")

    def __str__(self) -> str:
        return f"{self.item} {self.identifier}"

    @property
    def why_kept(self) -> str:
        return _("A chain of custody has no gaps: write the next step instead.")

    def on_create(self) -> None:
        earlier = [row.step for row in self.complaint.custody if row is not self and row.identifier == self.identifier]
        if not earlier and self.step is not CustodyStep.received:
            raise Refusal(_("The chain begins with the receipt."), field="step")
        if earlier == [CustodyStep.received] and self.step is not CustodyStep.quarantined:
            raise Refusal(_("What was received is quarantined first."), field="step")
        self.handled_by, self.handled_at = current_actor().name, now()

    def on_change(self) -> None:
        raise Refusal(_("A chain of custody has no gaps: write the next step instead."))


class ComplaintCause(Record):
    """One line of the analysis. For the five whys the order is the chain; for the fishbone `branch` is the bone; for the fault tree `depth`
    says how far down a line stands: its parent is the nearest line above it that stands one higher."""

    parent = "complaint"

    complaint_id: Mapped[int] = mapped_column(ForeignKey("complaint.id"))
    position: Mapped[int]
    statement: Mapped[ShortText]
    branch: Mapped[FishboneBranch | None]
    depth: Mapped[int] = mapped_column(default=1)
    gate: Mapped[FaultGate | None]
    is_root: Mapped[bool] = mapped_column(default=False)

    complaint: Mapped[Complaint] = reference(back_populates="causes")

    __table_args__ = (CheckConstraint("depth BETWEEN 1 AND 6", name="depth"), Index("ix_complaint_cause_complaint_id", "complaint_id"))

    listing = ("position", "statement", "branch", "depth", "gate", "is_root")
    sections = {"basics": ("position", "statement", "branch", "depth", "gate", "is_root")}

    def __str__(self) -> str:
        return self.statement

    def on_create(self) -> None:
        self.on_change()

    def on_change(self) -> None:
        if not 1 <= (self.depth or 1) <= 6:
            raise Refusal(_("From 1, the top, to 6."), field="depth")
