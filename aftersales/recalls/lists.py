"""A frozen list: which units a recall reached at a moment, as a file whose SHA-256 is the hash that papers name."""

from datetime import datetime

from flask_babel import gettext as _
from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from aftersales.columns import LongText
from aftersales.recalls.recall import Recall
from aftersales.recalls.steps import WRITERS
from aftersales.record.base import Record
from aftersales.record.references import reference
from aftersales.record.refusal import Refusal
from aftersales.rights import written_by


class RecallList(Record):
    """List number `list_no` of a recall, kept for ever beside those after it. Its file names the units and customers of every region, so
    it stands in head office's."""

    made_by_hand = False
    access = written_by(*WRITERS)

    recall_id: Mapped[int] = mapped_column(ForeignKey("recall.id"))
    list_no: Mapped[int]
    frozen_at: Mapped[datetime]
    frozen_by: Mapped[str] = mapped_column(String(120))
    unit_count: Mapped[int]
    added_count: Mapped[int]
    list_hash: Mapped[str] = mapped_column(String(64))
    criteria_text: Mapped[LongText]
    widened_for: Mapped[LongText | None]

    recall: Mapped[Recall] = reference()

    __table_args__ = (UniqueConstraint("recall_id", "list_no"), Index("ix_recall_list_recall_id", "recall_id"))

    listing = ("recall", "list_no", "frozen_at", "frozen_by", "unit_count", "added_count", "list_hash")
    filters = ("recall_id",)
    about_from = ("recall",)
    searched = ("recall.number", "list_hash")
    sections = {
        "basics": ("recall_id", "list_no", "frozen_at", "frozen_by", "unit_count", "added_count", "list_hash"),
        "reason": ("criteria_text", "widened_for"),
    }
    fixed = ("region_id", *sections["basics"], *sections["reason"])

    def __str__(self) -> str:
        return _("%(recall)s, list %(number)s", recall=self.recall, number=self.list_no)

    def on_create(self) -> None:
        raise Refusal(_("A list is frozen in the recall."))

    def on_change(self) -> None:
        raise Refusal(_("A frozen list stays as it is."))
