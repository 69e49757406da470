"""Hangs the guards on the session, in the order in which they must see a flush."""

from flask import current_app
from sqlalchemy import event
from sqlalchemy.orm import Session, scoped_session
from sqlalchemy_utils.aggregates import manager as aggregates

from aftersales.record import audit, clocks, guard, late, locks, signatures, stamps


def install(session: scoped_session[Session]) -> None:
    """Once per process: regions, locks, late entries, stamps, clocks, signatures, and last the trail, which sees what the others wrote."""
    if getattr(session, "_guarded", False):
        return
    # SQLAlchemy-Utils comes with Flask-AppBuilder and walks through the whole session after each flush, for columns nobody declares here.
    event.remove(Session, "after_flush", aggregates.construct_aggregate_queries)
    guard.install(session)
    locks.install(session)
    late.install(session)
    stamps.install(session)
    clocks.install(session)
    signatures.install(session)
    audit.install(session, lambda: current_app.extensions["audit"])
    session._guarded = True
