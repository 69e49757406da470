"""What hospitals say of repairs by the public page. Stories as in `stories`."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random

from sqlalchemy.orm import Session

from aftersales.demo.people import Cast
from aftersales.portal.stranger import portal_actor
from aftersales.record.actor import acting_as
from aftersales.record.now import now
from aftersales.record.workflow import perform
from aftersales.roles import Role
from aftersales.service.order import ServiceOrder
from aftersales.service.rating import LOW, rate

Story = Iterator[datetime]
RATED_ONE_IN = 6
PLEASED = ((5, "工程师很专业，一次修好"), (5, None), (5, None), (4, "希望下次提前打电话"), (4, None))
ANNOYED = ((2, "等备件等了太久，期间没有人主动告知进度"), (1, "同一故障修了两次"), (3, None))


def rate_some(session: Session, cast: Cast, rng: Random, order: ServiceOrder, *, is_annoyed: bool) -> Story:
    """One customer in six says something, more where they waited; complaint staff calls those who are not satisfied."""
    if not is_annoyed and rng.randrange(RATED_ONE_IN):
        return
    yield now() + timedelta(hours=rng.uniform(3, 30))
    with acting_as(portal_actor(order.region_id)):
        rating = rate(session, order, *rng.choice(ANNOYED if is_annoyed else PLEASED))
    if rating.score > LOW:
        return
    yield now() + timedelta(days=rng.uniform(1, 9))
    if rating.state == "given":
        with acting_as(cast.actors[Role.complaint_officer]):
            perform(rating, "follow_up", values={"follow_up": "已电话回访并致歉，说明延误原因；备件最低库存已调整"})
