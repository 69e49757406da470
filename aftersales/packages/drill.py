"""Restore drills: packages are taken from the second place, opened, unpacked, checked and compared, and a report says what came of it."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum, auto
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, object_session, relationship

from aftersales.columns import Amount, LongText, ShortText
from aftersales.jobs.job import Job
from aftersales.packages.copies import MENDERS
from aftersales.packages.package import ArchivePackage
from aftersales.record.actor import current_actor
from aftersales.record.base import Record, SharedRecord
from aftersales.record.now import now
from aftersales.record.references import reference
from aftersales.record.refusal import Refusal
from aftersales.record.words import Document, Lines, State, Transition, Workflow
from aftersales.rights import written_by

KIND = "restore_drill"
KEPT = "kept"
SAMPLE, MOST = 5, 100


class RestoreOutcome(StrEnum):
    """What came of one package. All but the first are failures."""

    same = auto()
    missing = auto()
    locked = auto()
    no_bag = auto()
    differs = auto()
    unsigned = auto()

    @property
    def tone(self) -> str:
        return "ok" if self is RestoreOutcome.same else "late"


class RestoreDrill(SharedRecord):
    """One drill: of the packages named in it, or of a sample of all that the person who starts it sees. The report is sealed at its end."""

    prefix = "RD"
    access = written_by(*MENDERS)
    __unaudited__ = SharedRecord.__unaudited__ | {"job_id"}

    purpose: Mapped[ShortText]
    sample_size: Mapped[int] = mapped_column(default=SAMPLE)
    started_by: Mapped[str | None] = mapped_column(String(120))
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    restored_count: Mapped[int | None]
    failed_count: Mapped[int | None]
    seconds: Mapped[Amount | None]
    remark: Mapped[LongText | None]
    job_id: Mapped[int | None] = mapped_column(ForeignKey("job.id", ondelete="SET NULL"))

    packages: Mapped[list["RestoredPackage"]] = relationship(
        back_populates="drill", order_by="RestoredPackage.id", cascade="all, delete-orphan"
    )

    __table_args__ = (CheckConstraint(f"sample_size BETWEEN 1 AND {MOST}", name="sample_size"),)

    listing = ("number", "purpose", "started_by", "started_at", "restored_count", "failed_count", "seconds", "state")
    filters = ("state",)
    searched = ("number", "purpose", "started_by")
    sections = {
        "plan": ("purpose", "sample_size", "remark"),
        "packages": (),
        "outcome": ("started_by", "started_at", "ended_at", "seconds", "restored_count", "failed_count"),
    }
    fixed = (*sections["outcome"], "job_id")
    unseen = frozenset({"job_id"})
    lines = (Lines("packages", "packages"),)
    workflow = Workflow(
        states=(
            State("planned", writes=("plan", "packages")),
            State("running", requires=("started_by", "started_at"), writes=("packages",)),
            State("done", requires=("started_by", "started_at", "ended_at"), seals=True, ends=True),
        ),
        transitions=(
            Transition("start", ("planned", "running"), "running", by=MENDERS),
            Transition("finish", "running", "done", by=MENDERS),
        ),
    )
    documents = (Document("restore_drill_report", "QR-DA-03", "A/0"),)

    @property
    def hint(self) -> str:
        return self.purpose

    @property
    def passed(self) -> bool:
        return bool(self.restored_count) and not self.failed_count

    def printed(self) -> tuple[Document, ...]:
        return self.documents if self.state != "planned" else ()

    def public_facts(self) -> dict[str, Any]:
        return {"number": self.number, "form": self.documents[0].form_no, "packages": len(self.packages), "damage": self.failed_count}

    def on_create(self) -> None:
        if self.sample_size is None:
            self.sample_size = SAMPLE
        if not 1 <= self.sample_size <= MOST:
            raise Refusal(_("Choose from 1 to %(n)s packages.", n=MOST), field="sample_size")

    on_change = on_create

    def check_start(self) -> None:
        job = object_session(self).get(Job, self.job_id) if self.job_id is not None else None
        if job is not None and not job.state.is_final:
            raise Refusal(_("It is being carried out."))

    def on_start(self) -> None:
        self.started_by = self.started_by or current_actor().name
        self.started_at = self.started_at or now()

    def after_start(self, reason: str) -> None:
        from aftersales.jobs.runner import ask_along

        self.job_id = ask_along(object_session(self), KIND, {"drill": self.id, "page": f"/restore_drill/show/{self.id}"}).id

    def check_finish(self) -> None:
        if not self.packages or any(row.outcome is None for row in self.packages):
            raise Refusal(_("It ends by itself, once every package has been tried."))

    def on_finish(self) -> None:
        self.ended_at = now()
        self.restored_count = sum(row.outcome is RestoreOutcome.same for row in self.packages)
        self.failed_count = len(self.packages) - self.restored_count
        self.seconds = sum((row.seconds for row in self.packages), Decimal(0))


class RestoredPackage(Record):
    """One package of a drill: chosen beforehand, or drawn; what came of it, and how long it took."""

    parent = "drill"

    drill_id: Mapped[int] = mapped_column(ForeignKey("restore_drill.id"))
    package_id: Mapped[int] = mapped_column(ForeignKey("archive_package.id"))
    sha256: Mapped[str | None] = mapped_column(String(64))
    outcome: Mapped[RestoreOutcome | None]
    detail: Mapped[ShortText | None]
    file_count: Mapped[int | None]
    seconds: Mapped[Amount | None]

    drill: Mapped[RestoreDrill] = reference(back_populates="packages")
    package: Mapped[ArchivePackage] = reference()

    __table_args__ = (UniqueConstraint("drill_id", "package_id"), Index("ix_restored_package_package_id", "package_id"))

    listing = ("package", "outcome", "detail", "file_count", "seconds")
    sections = {"basics": ("package_id", "outcome", "file_count", "seconds", "detail", "sha256")}
    fixed = ("outcome", "file_count", "seconds", "detail", "sha256")
    among = {"package_id": KEPT}

    def __str__(self) -> str:
        return str(self.package)

    @property
    def why_kept(self) -> str:
        return _("What was tried stays in the report.") if self.drill.state != "planned" else ""

    def on_create(self) -> None:
        if self.drill.state != "planned":
            raise Refusal(_("Packages are chosen before the drill is started."))
        self.region_id = self.package.region_id

    on_change = on_create
