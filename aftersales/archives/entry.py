"""Archive entries: one for every record that was ever sealed, with its files by hash, how long it is kept and where its paper lies."""

from datetime import date, datetime
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from aftersales.archives.contents import ArchivedFile
from aftersales.archives.explaining import end_words, explain
from aftersales.archives.retention import Judgement, RetentionClass, Term
from aftersales.columns import Day, Json, RowId, ShortText
from aftersales.customers.contract import ServiceContract
from aftersales.devices.device import Device
from aftersales.devices.model import DeviceModel
from aftersales.labels import language
from aftersales.record.base import Record, SharedRecord
from aftersales.record.now import now, today
from aftersales.record.references import reference
from aftersales.record.refusal import Refusal
from aftersales.record.words import State, Transition, Workflow
from aftersales.rights import written_by
from aftersales.roles import Role

KEEPERS = (Role.quality, Role.manager)
OVER, WITH_PAPER, KEPT = "over", "with_paper", "kept"


def offered_kinds() -> list[tuple[str, str]]:
    return [(name, cls.label()) for name, cls in SharedRecord.record_types.items() if cls.documents]


class ArchiveEntry(Record):
    """One archived record, described so that the entry alone says what it is and proves its content.

    `files` are `ArchivedFile`s, `content_hash` the hash of their manifest; both follow when the record is sealed again. `judgement` is the
    whole `Judgement` behind `term` and `retain_until`: the last day of a dated term, of an open one the latest day known.
    `obsolete_on` is the day a controlled document was put out of force; `reopened_at` is filled while the record is open again.
    What belongs to no region stands in head office's.
    """

    prefix = "AR"
    made_by_hand = False
    access = written_by(*KEEPERS)

    kind: Mapped[str] = mapped_column(String(64))
    record_id: Mapped[int] = mapped_column(RowId)
    record_number: Mapped[str] = mapped_column(String(120))
    title: Mapped[ShortText]
    recorded_on: Mapped[Day]
    sealed_at: Mapped[datetime]
    sealed_by: Mapped[str] = mapped_column(String(120))
    reopened_at: Mapped[datetime | None]
    obsolete_on: Mapped[Day | None]
    content_hash: Mapped[str] = mapped_column(String(64))
    files: Mapped[list[dict[str, Any]]] = mapped_column(Json, info={"told": lambda files: "\n".join(file["name"] for file in files)})
    retention_class: Mapped[RetentionClass]
    term: Mapped[Term]
    retain_until: Mapped[Day | None]
    judgement: Mapped[dict] = mapped_column(Json, info={"told": lambda kept: "\n".join(explain(Judgement.from_json(kept), language()))})
    model_id: Mapped[int | None] = mapped_column(ForeignKey("device_model.id"))
    device_id: Mapped[int | None] = mapped_column(ForeignKey("device.id"))
    contract_id: Mapped[int | None] = mapped_column(ForeignKey("service_contract.id"))
    paper_room: Mapped[str | None] = mapped_column(String(60))
    paper_shelf: Mapped[str | None] = mapped_column(String(60))
    paper_box: Mapped[str | None] = mapped_column(String(60))
    paper_kept_until: Mapped[Day | None]
    is_held: Mapped[bool] = mapped_column(default=False)
    destroyed_at: Mapped[datetime | None]
    destroyed_under: Mapped[str | None] = mapped_column(String(40))

    model: Mapped[DeviceModel | None] = reference()
    device: Mapped[Device | None] = reference()
    contract: Mapped[ServiceContract | None] = reference()

    __table_args__ = (
        UniqueConstraint("kind", "record_id"),
        CheckConstraint("term <> 'dated' OR retain_until IS NOT NULL", name="retain_until"),
        CheckConstraint("term <> 'permanent' OR retain_until IS NULL", name="permanent"),
        CheckConstraint("state <> 'destroyed' OR NOT is_held", name="is_held"),
        Index("ix_archive_entry_term_retain_until_id", "term", "retain_until", "id"),
        Index("ix_archive_entry_model_id", "model_id"),
        Index("ix_archive_entry_device_id", "device_id"),
        Index("ix_archive_entry_contract_id", "contract_id"),
        Index("ix_archive_entry_sealed_at", "sealed_at"),
        Index("ix_archive_entry_is_held_id", "is_held", "id"),
        Index("ix_archive_entry_paper_box", "paper_box"),
    )

    listing = ("number", "record_number", "title", "retention_class", "term", "retain_until", "paper_box", "is_held", "state")
    filters = (
        "region_id", "state", "kind", "retention_class", "term", "retain_until", "is_held", "paper_box", "model_id", "device_id",
        "sealed_at",
    )  # fmt: skip
    searched = ("number", "record_number", "title", "content_hash", "paper_room", "paper_shelf", "paper_box")
    offers = {"kind": offered_kinds}
    sections = {
        "identity": (
            "kind", "record_number", "title", "recorded_on", "sealed_at", "sealed_by", "reopened_at", "obsolete_on", "model_id",
            "device_id", "contract_id", "content_hash",
        ),
        "retention": ("retention_class", "term", "retain_until", "is_held"),
        "paper": ("paper_room", "paper_shelf", "paper_box", "paper_kept_until"),
        "destruction": ("destroyed_at", "destroyed_under"),
    }  # fmt: skip
    fixed = ("region_id", *sections["identity"], *sections["retention"], *sections["destruction"], "files", "judgement")
    unseen = frozenset({"record_id", "files", "judgement"})
    workflow = Workflow(
        states=(
            State("kept", writes=("paper",)),
            State("destroyed", requires=("destroyed_at", "destroyed_under"), seals=True, ends=True),
        ),
        transitions=(Transition("destroy", "kept", "destroyed", by=KEEPERS, reason=True),),
    )

    @property
    def hint(self) -> str:
        return f"{self.record_number} · {self.title}"

    @property
    def judged(self) -> Judgement:
        return Judgement.from_json(self.judgement)

    @property
    def archived_files(self) -> list[ArchivedFile]:
        return [ArchivedFile.from_json(row) for row in self.files]

    @property
    def paper_place(self) -> str:
        return " · ".join(part for part in (self.paper_room, self.paper_shelf, self.paper_box) if part)

    @classmethod
    def offered(cls, among: str) -> tuple[Any, ...]:
        """What a list of destruction can take by its term (what else keeps it is told when it is chosen); what has a paper to ask for."""
        if among == OVER:
            return (cls.state == "kept", cls.term == Term.dated, cls.retain_until < today())
        return (cls.state == "kept", *((cls.paper_box.is_not(None) | cls.paper_room.is_not(None),) if among == WITH_PAPER else ()))

    def end(self) -> str:
        """Until when it is kept, in a line."""
        return end_words(self.term, self.retain_until, language())

    def why(self) -> list[str]:
        """Why until then, a sentence for each reason."""
        return explain(self.judged, language())

    def source_url(self) -> str:
        return f"/{SharedRecord.record_types[self.kind].key()}/show/{self.record_id}"

    def is_over(self, day: date) -> bool:
        """Whether its term is over on `day` by the judgement that stands."""
        return self.judged.is_over(day)

    def on_create(self) -> None:
        raise Refusal(_("An entry comes into being by itself when a record is sealed."))

    def on_change(self) -> None:
        from aftersales.archives.judging import judge_again

        judge_again(self, _("The keeping of the paper original was changed."))

    def check_destroy(self) -> None:
        """Only a list that two people carried out fills in its certificate, and so opens this door."""
        if self.destroyed_under is None:
            raise Refusal(_("Records are destroyed by a list that two people carry out, never one by one."))

    def on_destroy(self) -> None:
        self.destroyed_at, self.is_held = now(), False
        self.paper_room = self.paper_shelf = self.paper_box = self.paper_kept_until = None
