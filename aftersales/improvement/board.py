"""The board of corrective actions: a column for each open state, what is due first on top, and how old each one is."""

from dataclasses import dataclass

from flask import render_template
from flask_appbuilder import expose
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from aftersales.extensions import db
from aftersales.improvement.corrective_action import CorrectiveAction
from aftersales.page import Page, guarded
from aftersales.record.actor import current_actor
from aftersales.record.clocks import next_open
from aftersales.record.display import words
from aftersales.record.now import CHINA, today

OPEN = ("draft", "submitted", "acting", "checking")
SHOWN = 12


@dataclass(frozen=True)
class Card:
    """One of them, and its age in days."""

    action: CorrectiveAction
    age: int


@dataclass(frozen=True)
class Column:
    state: str
    cards: list[Card]
    has_more: bool


class CapaBoardPage(Page):
    route_base = "/capa_board"
    default_view = "index"
    section = "improvement"
    permission = ("can_read", "CorrectiveAction")

    @classmethod
    def title(cls) -> str:
        return _("Board of corrective actions")

    @expose("/")
    @guarded
    def index(self) -> str:
        columns = board(db.session())
        shown = [card.action.id for column in columns for card in column.cards]
        clocks = next_open(db.session(), CorrectiveAction, shown)
        return render_template("improvement/board.html", columns=columns, clocks=clocks, words=words, may=current_actor().can)


def board(session: Session) -> list[Column]:
    """One statement for each state, each bounded."""
    return [_column(session, state) for state in OPEN]


def _column(session: Session, state: str) -> Column:
    due = CorrectiveAction.effect_due_on if state == "checking" else CorrectiveAction.next_due_on
    chosen = select(CorrectiveAction).where(CorrectiveAction.state == state).order_by(due.is_(None), due, CorrectiveAction.id)
    rows = list(session.scalars(chosen.limit(SHOWN + 1)))
    return Column(state, [_card(row) for row in rows[:SHOWN]], len(rows) > SHOWN)


def _card(action: CorrectiveAction) -> Card:
    return Card(action, (today() - action.created_at.astimezone(CHINA).date()).days)
