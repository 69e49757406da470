"""What is known of a package: whose it is, under which hash it lies at the second place, and how both copies were found."""

from datetime import datetime

from flask_babel import gettext as _
from sqlalchemy import BigInteger, Enum, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, object_session

from aftersales.archives.entry import KEEPERS, ArchiveEntry
from aftersales.columns import RowId
from aftersales.extensions import Model
from aftersales.packages.copies import MENDERS, CopyState
from aftersales.packages.fixity import FixityReport
from aftersales.record.base import Record
from aftersales.record.now import now
from aftersales.record.references import reference
from aftersales.record.refusal import Refusal
from aftersales.record.words import State, Transition, Workflow
from aftersales.rights import written_by


def copy_state(name: str) -> Enum:
    """As every choice is stored; named, because a table with two of them has two CHECKs."""
    values = [state.value for state in CopyState]
    return Enum(CopyState, name=name, native_enum=False, length=32, create_constraint=True, values_callable=lambda _states: values)


class ArchivePackage(Record):
    """The package of one archive entry. `sha256` is its key at the second place and the hash of the encrypted bytes; it stays when the
    package is given up with its record. `first_copy` are the files the entry names, `second_copy` is the package.

    Made by the program, and made anew when the entry's content or the recipients (`locked_for`) are others than it was made of.
    """

    prefix = "PK"
    access = written_by(*MENDERS)
    made_by_hand = False
    # A check that finds nothing tells the trail nothing: it would tell of every package, again and again.
    __unaudited__ = Record.__unaudited__ | {"checked_at", "checked_in_id"}

    entry_id: Mapped[int] = mapped_column(ForeignKey("archive_entry.id"), unique=True)
    sha256: Mapped[str] = mapped_column(String(64))
    size: Mapped[int] = mapped_column(BigInteger)
    file_count: Mapped[int]
    content_hash: Mapped[str] = mapped_column(String(64))
    locked_for: Mapped[str] = mapped_column(String(64))
    made_at: Mapped[datetime]
    checked_at: Mapped[datetime]
    first_copy: Mapped[CopyState] = mapped_column(copy_state("first_copy"), default=CopyState.whole)
    second_copy: Mapped[CopyState] = mapped_column(copy_state("second_copy"), default=CopyState.whole)
    checked_in_id: Mapped[int | None] = mapped_column(ForeignKey("fixity_report.id"))
    given_up_at: Mapped[datetime | None]

    entry: Mapped[ArchiveEntry] = reference()
    checked_in: Mapped[FixityReport | None] = reference()

    __table_args__ = (
        Index("ix_archive_package_sha256", "sha256"),
        Index("ix_archive_package_checked_in_id", "checked_in_id"),
        Index("ix_archive_package_state_checked_at", "state", "checked_at"),
        Index("ix_archive_package_first_copy_id", "first_copy", "id"),
        Index("ix_archive_package_second_copy_id", "second_copy", "id"),
    )

    listing = ("number", "first_copy", "second_copy", "entry", "checked_at", "made_at", "file_count", "size", "state")
    filters = ("region_id", "state", "first_copy", "second_copy", "checked_at", "entry_id", "checked_in_id")
    searched = ("number", "entry.number", "entry.record_number", "sha256")
    about_from = ("entry",)
    sections = {
        "package": ("entry_id", "made_at", "file_count", "size", "sha256", "content_hash"),
        "copies": ("first_copy", "second_copy", "checked_at", "checked_in_id"),
        "end": ("given_up_at",),
    }
    fixed = (*sections["package"], *sections["copies"], *sections["end"], "locked_for", "region_id")
    unseen = frozenset({"locked_for"})
    workflow = Workflow(
        states=(State("kept"), State("given_up", requires=("given_up_at",), ends=True)),
        transitions=(
            Transition("mend", "kept", "kept", by=MENDERS, reason=True),
            Transition("rebuild", "kept", "kept", by=MENDERS, reason=True),
            Transition("give_up", "kept", "given_up", by=KEEPERS, reason=True),
        ),
    )

    @property
    def hint(self) -> str:
        return f"{self.entry} · {self.entry.record_number}"

    @property
    def about(self) -> str:
        return f"{self.entry} · {self.entry.title}"

    @property
    def is_whole(self) -> bool:
        return self.first_copy is CopyState.whole and self.second_copy is CopyState.whole

    def on_create(self) -> None:
        raise Refusal(_("Packages are made by the program."))

    def check_mend(self) -> None:
        if self.first_copy is CopyState.whole:
            raise Refusal(_("The files at the first place are whole."))
        if self.second_copy is not CopyState.whole:
            raise Refusal(_("The package itself is damaged: there is nothing to mend from."))

    def on_mend(self) -> None:
        from aftersales.packages.mending import mend_first

        mend_first(self)

    def check_rebuild(self) -> None:
        if self.second_copy is CopyState.whole:
            raise Refusal(_("The package is whole."))
        if self.first_copy is not CopyState.whole:
            raise Refusal(_("The files at the first place are damaged: there is nothing to make it from."))

    def after_rebuild(self, reason: str) -> None:
        """A job writes it: what lies at the second place is written down before its bytes, in a transaction of its own."""
        from aftersales.jobs.runner import ask_along

        ask_along(object_session(self), "write_packages", {"entry": self.entry_id, "page": f"/archive_package/show/{self.id}"})

    def check_give_up(self) -> None:
        """Only a destroyed entry opens this door; what is held is never destroyed."""
        if self.entry.state != "destroyed":
            raise Refusal(_("A package is given up with its record, when that is destroyed."))

    def on_give_up(self) -> None:
        self.given_up_at = now()


class PackageFile(Model):
    """One encrypted file that may lie at the second place: written before its bytes, so that none is ever there unknown.

    What no kept package names is removed from there; `removed_at` is when that was done.
    """

    __tablename__ = "package_file"
    __table_args__ = (Index("ix_package_file_removed_at_id", "removed_at", "id"), Index("ix_package_file_sha256", "sha256"))

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    sha256: Mapped[str] = mapped_column(String(64))
    written_at: Mapped[datetime]
    removed_at: Mapped[datetime | None]
