"""Where the loaners are (R5.2): out at a customer, out although the repair is done, or back and not yet disinfected."""

from typing import Any

from flask import render_template, request, url_for
from flask_appbuilder import expose
from flask_babel import gettext as _
from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session, joinedload

from aftersales.devices.device import Device
from aftersales.extensions import db
from aftersales.page import Page, guarded
from aftersales.record.display import words
from aftersales.record.refusal import Refusal
from aftersales.service.desk.due import MOST, OPEN, Figure
from aftersales.service.lines import Loaner
from aftersales.service.order import ServiceOrder

PAGE = 25
READS_LOANERS = ("can_read", "Loaner")
SHOWS = ("out", "overdue", "to_disinfect")


class LoanersPage(Page):
    """`show` is one of SHOWS; `after` the last id of the page before."""

    route_base = "/loaners"
    default_view = "index"
    section = "service"
    permission = READS_LOANERS

    @classmethod
    def title(cls) -> str:
        return _("Loaners")

    @expose("/")
    @guarded
    def index(self) -> Any:
        show = request.args.get("show", SHOWS[0])
        if show not in SHOWS:
            raise Refusal(_("There is no such view."), field="show")
        after = request.args.get("after", 0, type=int)
        rows = lent(db.session, show, after=min(max(after, 0), 2**63 - 1), size=PAGE + 1)
        return render_template(
            "service/loaners.html", rows=rows[:PAGE], show=show, figures=lent_counts(db.session), words=words,
            next_url=url_for(".index", show=show, after=rows[PAGE - 1].id) if len(rows) > PAGE else None,
            first_url=url_for(".index", show=show) if after else None,
        )  # fmt: skip


def lent(session: Session, show: str, *, after: int = 0, size: int) -> list[Loaner]:
    """Those lent longest first."""
    beside = joinedload(Loaner.order).joinedload(ServiceOrder.customer), joinedload(Loaner.device).joinedload(Device.model)
    chosen = select(Loaner).join(Loaner.order).where(*_narrowed(show), Loaner.id > after).options(*beside)
    return list(session.scalars(chosen.order_by(Loaner.id).limit(size)).unique())


def lent_counts(session: Session) -> list[Figure]:
    """One statement."""
    rows = {show: select(Loaner.id).join(Loaner.order).where(*_narrowed(show)).limit(MOST + 1).subquery() for show in SHOWS}
    counts = [select(func.count()).select_from(found).scalar_subquery().label(show) for show, found in rows.items()]
    found = session.execute(select(*counts)).one()
    return [Figure(show, getattr(found, show), {"show": show}, "late" if show == "overdue" and found.overdue else "") for show in SHOWS]


def _narrowed(show: str) -> list[ColumnElement[bool]]:
    """The first condition is that of the index: what is back and disinfected costs nothing."""
    unsettled = Loaner.disinfected_at.is_(None)
    match show:
        case "out":
            return [unsettled, Loaner.returned_at.is_(None)]
        case "overdue":  # the customer has their own device again
            return [unsettled, Loaner.returned_at.is_(None), ServiceOrder.state.not_in(OPEN)]
        case _:
            return [unsettled, Loaner.returned_at.is_not(None)]
