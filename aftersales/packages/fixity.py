"""Reports of the fixity checks: how much was read again at both places, and what was no longer what it was put there as."""

from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import CheckConstraint, ForeignKey, Index, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from aftersales.archives.entry import ArchiveEntry
from aftersales.columns import LongText, ShortText
from aftersales.packages.copies import MENDERS, CopyPlace, CopyState
from aftersales.record.actor import SYSTEM, acting_as, current_actor
from aftersales.record.base import Record, SharedRecord
from aftersales.record.now import now
from aftersales.record.references import reference
from aftersales.record.refusal import Refusal
from aftersales.record.words import Document, Lines, State, Transition, Workflow
from aftersales.rights import written_by


class FixityReport(SharedRecord):
    """One check, of what was due or of everything. The counts are of all regions, and made at its end; of the findings each person sees
    those of their own.

    It is written by the program. Closing it says what was done about the damage, and archives it.
    """

    prefix = "FX"
    access = written_by(*MENDERS)
    made_by_hand = False

    begun_at: Mapped[datetime]
    begun_by: Mapped[str] = mapped_column(String(120))
    ended_at: Mapped[datetime | None]
    package_count: Mapped[int] = mapped_column(default=0)
    file_count: Mapped[int] = mapped_column(default=0)
    damage_count: Mapped[int] = mapped_column(default=0)
    measures: Mapped[LongText | None]
    closed_by: Mapped[str | None] = mapped_column(String(120))
    closed_at: Mapped[datetime | None]

    findings: Mapped[list["FixityFinding"]] = relationship(
        back_populates="report", order_by="FixityFinding.id", cascade="all, delete-orphan"
    )

    __table_args__ = (
        CheckConstraint("damage_count = 0 OR state <> 'closed' OR measures IS NOT NULL", name="measures"),
        Index("ix_fixity_report_begun_at", "begun_at"),
        Index("ix_fixity_report_damage_count_id", "damage_count", "id"),
    )

    listing = ("number", "begun_at", "package_count", "file_count", "damage_count", "begun_by", "ended_at", "state")
    filters = ("state", "begun_at", "damage_count")
    searched = ("number", "begun_by", "measures")
    sections = {
        "check": ("begun_at", "begun_by", "ended_at", "package_count", "file_count", "damage_count"),
        "findings": (),
        "measures": ("measures", "closed_by", "closed_at"),
    }
    fixed = (*sections["check"], *sections["measures"])
    lines = (Lines("findings", "findings"),)
    workflow = Workflow(
        states=(
            State("running"),
            State("reported", requires=("ended_at",)),
            State("closed", requires=("ended_at", "closed_by", "closed_at"), seals=True, ends=True),
        ),
        transitions=(
            Transition("report", "running", "reported", by=MENDERS),
            Transition("close", "reported", "closed", by=MENDERS, fields=("measures",)),
        ),
    )
    documents = (Document("fixity_report", "QR-DA-02", "A/0"),)

    @property
    def hint(self) -> str:
        return _("%(n)s packages, %(damage)s damaged", n=self.package_count, damage=self.damage_count)

    def printed(self) -> tuple[Document, ...]:
        return self.documents if self.state != "running" else ()

    def public_facts(self) -> dict[str, Any]:
        return {"number": self.number, "form": self.documents[0].form_no, "packages": self.package_count, "damage": self.damage_count}

    def on_create(self) -> None:
        raise Refusal(_("Reports are written by the program."))

    def check_report(self) -> None:
        if self.ended_at is None:
            raise Refusal(_("The check has not ended yet."))

    def check_close(self) -> None:
        if self.damage_count and not self.measures:
            raise Refusal(_("Say what was done about the damage."), field="measures")

    def on_close(self) -> None:
        self.closed_by, self.closed_at = current_actor().name, now()


class FixityFinding(Record):
    """One file that was damaged or missing: at the first place a file of the entry, at the second its package."""

    parent = "report"
    made_by_hand = False

    report_id: Mapped[int] = mapped_column(ForeignKey("fixity_report.id"))
    entry_id: Mapped[int] = mapped_column(ForeignKey("archive_entry.id"))
    place: Mapped[CopyPlace]
    found: Mapped[CopyState]
    file_name: Mapped[ShortText]
    sha256: Mapped[str] = mapped_column(String(64))
    mended_at: Mapped[datetime | None]

    report: Mapped[FixityReport] = reference(back_populates="findings")
    entry: Mapped[ArchiveEntry] = reference()

    __table_args__ = (
        CheckConstraint("found <> 'whole'", name="found_damage"),
        Index("ix_fixity_finding_report_id", "report_id"),
        Index("ix_fixity_finding_entry_id", "entry_id"),
    )

    listing = ("entry", "place", "found", "file_name", "mended_at")
    sections = {"basics": ("entry_id", "place", "found", "file_name", "sha256", "mended_at")}
    fixed = sections["basics"]

    def __str__(self) -> str:
        return f"{self.entry} {self.file_name}"

    @property
    def why_kept(self) -> str:
        return _("Reports are written by the program.")

    def on_create(self) -> None:
        raise Refusal(self.why_kept)


def note_mended(session: Session, entry: ArchiveEntry, *places: CopyPlace) -> None:
    """The reports that are not closed yet say when it was mended."""
    open_ones = select(FixityFinding).join(FixityReport, FixityReport.id == FixityFinding.report_id)
    open_ones = open_ones.where(FixityFinding.entry_id == entry.id, FixityFinding.place.in_(places), FixityFinding.mended_at.is_(None))
    with acting_as(SYSTEM), session.no_autoflush:
        for finding in session.scalars(open_ones.where(FixityReport.state != "closed")):
            finding.mended_at = now()
