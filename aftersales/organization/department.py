"""The departments of the company (A 2.1–2.4)."""

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from aftersales.columns import LongText
from aftersales.record.base import SharedRecord
from aftersales.rights import written_by
from aftersales.roles import Role


class Department(SharedRecord):
    """A department and what it answers for."""

    access = written_by(Role.administrator)
    known_by = ("name",)

    name: Mapped[str] = mapped_column(String(120), unique=True)
    duties: Mapped[LongText | None]

    listing = ("name", "duties")
    searched = ("name",)
    sections = {"basics": ("name", "duties")}
