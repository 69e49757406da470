"""What came in today, and how much of what was to be registered within its fifteen minutes was."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from aftersales.record.filtering import filtered
from aftersales.service.desk.due import MOST, Figure
from aftersales.service.request import ServiceRequest

TODAY = {"received": {"received_at": "today"}, "kept": {"judged": "register.kept.today"}, "missed": {"judged": "register.missed.today"}}


def taken_today(session: Session) -> list[Figure]:
    """One statement; `args` are those of the list of requests."""
    chosen = {name: filtered(session, ServiceRequest, args).with_only_columns(ServiceRequest.id) for name, args in TODAY.items()}
    bounded = {name: rows.limit(MOST + 1).subquery() for name, rows in chosen.items()}
    counts = [select(func.count()).select_from(rows).scalar_subquery().label(name) for name, rows in bounded.items()]
    found = session.execute(select(*counts)).one()
    return [Figure(name, getattr(found, name), args, "late" if name == "missed" and found.missed else "") for name, args in TODAY.items()]
