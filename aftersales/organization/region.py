"""Where the company works: regions, which bound what people see, and the service centres in them."""

from sqlalchemy import Index, String, UniqueConstraint, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from aftersales.columns import Day, Name, ShortText
from aftersales.record.actor import current_actor
from aftersales.record.base import Record, SharedRecord
from aftersales.rights import written_by
from aftersales.roles import Role


class Region(SharedRecord):
    """An area of service. Its code stands in every number given out there. One region is head office."""

    access = written_by(Role.administrator)
    known_by = ("code",)

    code: Mapped[str] = mapped_column(String(12), unique=True)
    name: Mapped[str] = mapped_column(String(120), unique=True)
    is_head_office: Mapped[bool] = mapped_column(default=False)

    __table_args__ = (
        Index(
            "uq_region_is_head_office", "is_head_office", unique=True,
            sqlite_where=text("is_head_office"), postgresql_where=text("is_head_office"),
        ),
    )  # fmt: skip

    listing = ("code", "name", "is_head_office")
    searched = ("code", "name")
    sections = {"basics": ("code", "name", "is_head_office")}

    @property
    def hint(self) -> str:
        return self.code


class ServiceCentre(Record):
    """A regional house from which engineers are sent (区域服务中心)."""

    access = written_by(Role.administrator, Role.manager)

    name: Mapped[Name]
    address: Mapped[ShortText | None]
    phone: Mapped[str | None] = mapped_column(String(40))
    opened_on: Mapped[Day | None]

    __table_args__ = (UniqueConstraint("region_id", "name"),)

    listing = ("name", "region", "address", "phone")
    filters = ("region_id",)
    searched = ("name", "address")
    sections = {"basics": ("region_id", "name", "address", "phone", "opened_on")}


def region_by_default(session: Session) -> int:
    """The id of the acting person's only region, else of head office: where what has no better place belongs."""
    region_ids = current_actor().region_ids
    if region_ids is not None and len(region_ids) == 1:
        return next(iter(region_ids))
    return session.scalars(select(Region.id).where(Region.is_head_office)).one()
