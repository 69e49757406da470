"""What is done about accesses by itself: what they lead to is found anew, and they end after their last day."""

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from aftersales.inspectors.access import InspectorAccess, ended
from aftersales.inspectors.reach import is_stale, reach_anew
from aftersales.record.now import now, today
from aftersales.record.workflow import perform

OPEN_AT_ONCE = 50


def look_after(session: Session) -> int:
    """Safe to kill and to repeat: each access is a transaction of its own."""
    count = 0
    for access in ended(session, today()):
        perform(access, "end", reason=_("Its last day is past."))
        session.commit()
        count += 1
    granted = select(InspectorAccess).where(InspectorAccess.state == "granted", InspectorAccess.begins_on <= today())
    for access in session.scalars(granted.order_by(InspectorAccess.id).limit(OPEN_AT_ONCE)).all():
        if not access.is_everything and is_stale(session, access.id, now()):
            reach_anew(session, access)
            session.commit()
            count += 1
    session.commit()
    return count
