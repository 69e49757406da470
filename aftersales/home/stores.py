"""What the stores look after: loaners that are out, come back too late or are to be disinfected, and repairs that wait for parts."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from aftersales.service.desk.due import Due, Figure, due_page
from aftersales.service.desk.loaners import lent, lent_counts
from aftersales.service.lines import Loaner

SHOWN = 8


@dataclass(frozen=True)
class Stores:
    """`figures` lead to the list of loaners; `overdue` are the first of those to fetch back; `short` repairs that wait for parts, None
    where they are not asked for."""

    figures: list[Figure]
    overdue: list[Loaner]
    short: list[Due] | None


def stores(session: Session, *, tells_short: bool) -> Stores:
    """Two statements; with the repairs that wait for parts one more, and another where few wait."""
    short = due_page(session, {"why": "parts"}, size=SHOWN).rows if tells_short else None
    return Stores(lent_counts(session), lent(session, "overdue", size=SHOWN), short)
