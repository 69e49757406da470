"""What the stores look after: loaners that are out, come back too late or are to be disinfected, and repairs that wait for parts."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from aftersales.service.desk.due import Due, Figure, due_page
from aftersales.service.desk.loaners import lent, lent_counts
from aftersales.service.lines import Loaner

SHOWN = 8


@dataclass(frozen=True)
class Stores:
    """`figures` lead to the list of loaners; `overdue` are the first of those to fetch back; `short` repairs that wait for parts."""

    figures: list[Figure]
    overdue: list[Loaner]
    short: list[Due]


def stores(session: Session) -> Stores:
    """Three statements, and a fourth where few repairs wait."""
    return Stores(lent_counts(session), lent(session, "overdue", size=SHOWN), due_page(session, {"why": "parts"}, size=SHOWN).rows)
