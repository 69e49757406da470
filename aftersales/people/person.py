"""People: who they are, where they work, and whose records they see."""

from typing import Any

from flask_babel import gettext as _
from sqlalchemy import Column, ForeignKey, Index, Select, String, Table, null, select, union
from sqlalchemy.orm import Mapped, mapped_column, relationship

from aftersales.columns import Day, Name, ShortText
from aftersales.extensions import Model
from aftersales.organization.department import Department
from aftersales.organization.region import Region, ServiceCentre
from aftersales.record.actor import current_actor
from aftersales.record.base import Record
from aftersales.record.references import reference
from aftersales.record.refusal import Refusal
from aftersales.record.words import Lines
from aftersales.rights import written_by
from aftersales.roles import Role

person_region = Table(
    "person_region",
    Model.metadata,
    Column("person_id", ForeignKey("person.id"), primary_key=True),
    Column("region_id", ForeignKey("region.id"), primary_key=True, index=True),
)


class Person(Record):
    """Somebody of the company. The home region is `region_id`; `regions` are further ones whose records they see."""

    access = written_by(Role.administrator, Role.manager)

    staff_no: Mapped[str] = mapped_column(String(32), unique=True)
    name: Mapped[Name]
    posts: Mapped[ShortText | None]
    user_id: Mapped[int | None] = mapped_column(ForeignKey("ab_user.id"), unique=True)
    phone: Mapped[str | None] = mapped_column(String(40))
    mail: Mapped[str | None] = mapped_column(String(120))
    department_id: Mapped[int | None] = mapped_column(ForeignKey("department.id"))
    service_centre_id: Mapped[int | None] = mapped_column(ForeignKey("service_centre.id"))
    joined_on: Mapped[Day | None]
    left_on: Mapped[Day | None]

    department: Mapped[Department | None] = reference()
    service_centre: Mapped[ServiceCentre | None] = reference(foreign_keys=[service_centre_id])
    regions: Mapped[list[Region]] = relationship(secondary=person_region)
    qualifications: Mapped[list["Qualification"]] = relationship(  # noqa: F821 — beside, in qualification.py
        back_populates="person", order_by="Qualification.id", cascade="all, delete-orphan"
    )
    absences: Mapped[list["Absence"]] = relationship(  # noqa: F821 — beside, in absence.py
        back_populates="person", order_by="Absence.first_day", cascade="all, delete-orphan"
    )

    __table_args__ = (Index("ix_person_department_id", "department_id"), Index("ix_person_service_centre_id", "service_centre_id"))

    fixed = ("user_id",)  # given with the account, by administrators
    listing = ("staff_no", "name", "posts", "region", "department", "service_centre")
    filters = ("region_id", "department_id", "service_centre_id")
    searched = ("staff_no", "name", "posts")
    spelled = ("name",)
    sections = {
        "basics": ("staff_no", "name", "posts", "joined_on", "left_on"),
        "place": ("region_id", "regions", "department_id", "service_centre_id"),
        "contact": ("phone", "mail", "user_id"),
        "qualifications": (),
        "absences": (),
    }
    lines = (Lines("qualifications", "qualifications"), Lines("absences", "absences"))

    @property
    def hint(self) -> str:
        return self.staff_no

    def on_create(self) -> None:
        self.on_change()

    def on_change(self) -> None:
        if any(not current_actor().sees_region(region.id) for region in self.regions):
            raise Refusal(_("This region is not yours."), field="regions")  # else who edits people would let themselves in
        if self.joined_on and self.left_on and self.left_on < self.joined_on:
            raise Refusal(_("Nobody leaves before they joined."), field="left_on")


def region_ids_of_user(user_id: Any) -> Select[Any]:
    """The regions an account (its id, or a parameter) sees, as rows (None, None, region id): home and further regions of its person.

    The two empty columns let it stand in a union with the account's grants. Core tables: it is asked before anybody acts.
    """
    person = Person.__table__
    home = select(person.c.region_id).where(person.c.user_id == user_id)
    further = select(person_region.c.region_id).join(person, person.c.id == person_region.c.person_id).where(person.c.user_id == user_id)
    regions = union(home, further).subquery()
    return select(null(), null(), regions.c.region_id)
