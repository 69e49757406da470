"""The page of self-inspection: every item with what is held now, counted and linked, and what is missing with who can mend it."""

from collections import Counter
from typing import Any, ClassVar

from flask import render_template, request
from flask_appbuilder import expose
from flask_babel import gettext as _
from sqlalchemy import select

from aftersales.extensions import db
from aftersales.meetings.meeting import fourth_quarter
from aftersales.page import Page, guarded
from aftersales.record.actor import current_actor
from aftersales.record.display import words
from aftersales.record.now import now, today
from aftersales.security.matrix import role_words
from aftersales.selfcheck.evidence import standings
from aftersales.selfcheck.items import SOURCES
from aftersales.selfcheck.report import SelfInspection

YEARS = 5


class SelfCheckPage(Page):
    """`/selfcheck/`: by chapter; `?year=` counts what belongs to another year."""

    route_base = "/selfcheck"
    default_view = "index"
    section = "inspection"
    permission: ClassVar[tuple[str, str]] = ("can_read", "SelfInspection")

    @classmethod
    def title(cls) -> str:
        return _("Self-inspection now")

    @expose("/")
    @guarded
    def index(self) -> Any:
        this_year = today().year
        year = request.args.get("year", type=int) or this_year
        year = year if this_year - YEARS <= year <= this_year else this_year
        told = standings(db.session(), year)
        report = db.session.scalars(select(SelfInspection).where(SelfInspection.year == year)).one_or_none()
        meeting = fourth_quarter(db.session(), year)
        chapters: dict[str, list[Any]] = {}
        for standing in told:
            chapters.setdefault(standing.item.chapter, []).append(standing)
        return render_template(
            "selfcheck/index.html", chapters=chapters, year=year, years=range(this_year, this_year - YEARS, -1), as_of=now(), words=words,
            states=Counter(standing.state for standing in told), report=report, meeting=meeting, sources=SOURCES,
            role_words=role_words,
            may_write=current_actor().can("can_write", SelfInspection.permission_name()),
        )  # fmt: skip
