"""What a customer says of a repair once it is done (R5.3, R19): their own word, after the engineer has gone, and what was done about it."""

from datetime import datetime

from flask_babel import gettext as _
from sqlalchemy import CheckConstraint, ForeignKey, Index, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from aftersales.columns import Instant, LongText
from aftersales.complaints.screening import screen
from aftersales.record.actor import current_actor
from aftersales.record.base import Record
from aftersales.record.notices import tell
from aftersales.record.now import now
from aftersales.record.references import reference
from aftersales.record.refusal import Refusal
from aftersales.record.saving import change, settle
from aftersales.record.words import State, Transition, Workflow
from aftersales.rights import written_by
from aftersales.roles import Role
from aftersales.service.alerts import holders
from aftersales.service.complaint import ANSWERING
from aftersales.service.order import ServiceOrder

LOW = 2  # of five: somebody calls
RATED = ("completed", "closed")


class ServiceRating(Record):
    """One to five, and words where they have any; one for each order. They may change it until somebody has followed it up."""

    prefix = "RT"
    made_by_hand = False
    access = written_by()

    order_id: Mapped[int] = mapped_column(ForeignKey("service_order.id"), unique=True)
    rated_at: Mapped[Instant]
    score: Mapped[int]
    opinion: Mapped[LongText | None]
    follow_up: Mapped[LongText | None]
    followed_up_at: Mapped[datetime | None]
    followed_up_by: Mapped[str | None] = mapped_column(String(120))

    order: Mapped[ServiceOrder] = reference(foreign_keys=[order_id])

    __table_args__ = (
        CheckConstraint("score BETWEEN 1 AND 5", name="score"),
        Index("ix_service_rating_score_state_id", "score", "state", "id"),
        Index("ix_service_rating_rated_at", "rated_at"),
    )

    listing = ("number", "rated_at", "score", "opinion", "order", "state")
    filters = ("region_id", "state", "score", "rated_at")
    searched = ("number", "order.number", "opinion")
    sections = {
        "rating": ("order_id", "rated_at", "score", "opinion"),
        "follow_up": ("follow_up", "followed_up_at", "followed_up_by"),
    }
    about_from = ("order.customer",)
    fixed = ("order_id", "rated_at", "score", "opinion", "follow_up", "followed_up_at", "followed_up_by")
    workflow = Workflow(
        states=(
            State("given", writes=("rating", "follow_up")),
            State("followed_up", requires=("follow_up", "followed_up_at", "followed_up_by"), ends=True),
        ),
        transitions=(Transition("follow_up", "given", "followed_up", by=(Role.complaint_officer, Role.manager), fields=("follow_up",)),),
    )

    @property
    def hint(self) -> str:
        return f"{self.score}/5"

    @property
    def about(self) -> str:
        return " · ".join(part for part in (self.hint, (self.opinion or "")[:30], self.order.customer.name) if part)

    def on_create(self) -> None:
        raise Refusal(_("The customer rates a repair on its page."))

    def on_follow_up(self) -> None:
        self.followed_up_at, self.followed_up_by = now(), current_actor().name


def rating_of(session: Session, order: ServiceOrder) -> ServiceRating | None:
    return session.scalars(select(ServiceRating).where(ServiceRating.order_id == order.id)).one_or_none()


def rate(session: Session, order: ServiceOrder, score: int, opinion: str | None) -> ServiceRating:
    """Give the rating, or change it. A low one is told to complaint staff and quality of the region. The caller commits."""
    if order.state not in RATED:
        raise Refusal(_("A repair is rated once it is done."))
    said = {"rated_at": now(), "score": score, "opinion": opinion}
    rating = rating_of(session, order)
    if rating is None:
        rating = ServiceRating(order=order, region_id=order.region_id, **said)
        settle(session, lambda: session.add(rating))
    elif rating.state != "given":
        raise Refusal(_("We have already called about this rating. Please tell us by telephone what has changed."))
    else:
        change(session, rating, said)
    if score <= LOW:
        _tell(session, rating)
        screen(session, order, score, opinion)
    return rating


def _tell(session: Session, rating: ServiceRating) -> None:
    def words() -> tuple[str, str]:
        said = _("Rated %(score)s of 5: %(number)s", score=rating.score, number=rating.order.number)
        return said, rating.opinion or rating.about

    readers, url = holders(ANSWERING, rating.region_id), f"/service_rating/show/{rating.id}"
    tell(session, readers, key=f"rating:{rating.id}:{rating.score}", words=words, url=url)
