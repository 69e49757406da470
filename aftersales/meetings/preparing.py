"""Meetings prepared by themselves: the quarter's record once it is over, and the figures of what is not held yet."""

from datetime import timedelta

from flask_babel import gettext as _
from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from aftersales.jobs.work import Result, Work, handles
from aftersales.meetings.meeting import QualityMeeting
from aftersales.meetings.period import Period, PeriodKind
from aftersales.record.actor import SYSTEM, acting_as
from aftersales.record.now import now, today
from aftersales.record.refusal import Refusal
from aftersales.record.saving import create
from aftersales.service.request import ServiceRequest

KIND = "count_meeting"
OLD = timedelta(hours=20)  # the pass of each day counts what the day before counted
MOST = 12


def prepare_meetings(session: Session) -> int:
    """Open the meeting on the quarter that is over, and count the figures of all that are being prepared. Commits; safe to repeat."""
    done = _open_last_quarter(session)
    old = or_(QualityMeeting.figures_at.is_(None), QualityMeeting.figures_at < now() - OLD)
    waiting = select(QualityMeeting.id).where(QualityMeeting.state == "prepared", old).order_by(QualityMeeting.id).limit(MOST)
    for meeting_id in session.scalars(waiting).all():
        session.get_one(QualityMeeting, meeting_id).count()
        session.commit()
        done += 1
    return done


def _open_last_quarter(session: Session) -> int:
    """None for a company that had no call yet when the quarter ended."""
    period = Period.around(PeriodKind.quarter, today()).previous
    there = select(QualityMeeting.id).where(QualityMeeting.period_kind == period.kind, QualityMeeting.begins_on == period.first)
    began = select(ServiceRequest.id).where(ServiceRequest.received_at < period.until).limit(1)
    if session.scalar(there) is not None or session.scalar(began) is None:
        return 0
    create(session, QualityMeeting, {"period_kind": period.kind, "begins_on": period.first})
    session.commit()
    return 1


@handles(KIND)
def count_again(work: Work) -> Result:
    """The figures of one meeting, asked for on its page by somebody who may write it. Counted is the whole company."""
    meeting = work.session.get(QualityMeeting, work.arguments["meeting"])
    if meeting is None:
        raise Refusal(_("There is no such record."))
    with acting_as(SYSTEM):
        meeting.count()
        work.session.commit()
    return Result(_("The figures of %(number)s are counted.", number=meeting.number))
