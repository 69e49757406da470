"""What technical support is asked for: repairs whose engineer waits for it, what is due first at the top."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from aftersales.service.desk.due import Due, Figure, board_figure, due_page

SHOWN = 8
ASKED = {"why": "support"}


@dataclass(frozen=True)
class Support:
    """How many repairs wait, with the list of them, and the first."""

    figure: Figure
    rows: list[Due]


def support(session: Session) -> Support:
    """Two statements, and a third where few repairs wait."""
    figure = board_figure(session, "support", ASKED, "warn")
    return Support(figure, due_page(session, ASKED, size=SHOWN).rows if figure.count else [])
