"""The page where a binder is asked for, watched and fetched."""

from datetime import date
from typing import Any

from flask import Response, flash, redirect, render_template, request, url_for
from flask_appbuilder import expose
from flask_babel import gettext as _
from sqlalchemy import select

from aftersales.columns import row_id
from aftersales.extensions import db
from aftersales.inspection import compiling
from aftersales.inspection.asking import line_of, things_in
from aftersales.inspection.binder import COMPILES, Binder, binder_of, job_of, visible
from aftersales.inspection.choosing import subjects
from aftersales.inspectors.access import InspectorAccess
from aftersales.jobs import Job, ask
from aftersales.jobs.pages import tone
from aftersales.labels import language
from aftersales.page import Page, guarded
from aftersales.record.actor import current_actor
from aftersales.record.audit import note_event
from aftersales.record.base import SharedRecord
from aftersales.record.display import words
from aftersales.record.file_routes import sent_file
from aftersales.record.now import now
from aftersales.record.refusal import NotFound, Refusal
from aftersales.traceability.page import url_to
from aftersales.traceability.start import start_of

PAGE = 25
FILES = {"pdf": "application/pdf", "zip": "application/zip"}


class BinderPage(Page):
    """`/binder/`: the form and one's own binders; `/binder/<id>` one of them, with how far it is and its files."""

    route_base = "/binder"
    default_view = "index"
    section = "inspection"
    permission = COMPILES

    @classmethod
    def title(cls) -> str:
        return _("Inspection binders")

    @expose("/")
    @guarded
    def index(self) -> Any:
        access = _access(request.args.get("for", ""))
        if access is None:
            return self._form({"things": self._asked_for()})
        typed = {"things": access.things or "", "begins_on": access.records_from or "", "ends_on": access.records_until or ""}
        return self._form({name: str(value) for name, value in typed.items()} | {"for": str(access.id)})

    @expose("/new", methods=["POST"])
    @guarded
    def new(self) -> Any:
        typed = {name: request.form.get(name, "").strip() for name in ("things", "subject", "begins_on", "ends_on", "for")}
        try:
            binder = _asked(typed)
        except Refusal as refusal:
            db.session.rollback()
            return self._form(typed, refusal.errors), refusal.status
        return self._begin(binder)

    @expose("/<int:pk>")
    @guarded
    def show(self, pk: int) -> Any:
        binder, things = binder_of(db.session(), pk)
        return render_template(
            "inspection/show.html", binder=binder, things=things, job=job_of(db.session(), binder), tone=tone, words=words, url_to=url_to,
            subject=SharedRecord.record_types[binder.subject].label() if binder.subject else "",
        )  # fmt: skip

    @expose("/<int:pk>/again", methods=["POST"])
    @guarded
    def again(self, pk: int) -> Any:
        """The same once more: after it was stopped, or because there are newer records."""
        binder, _things = binder_of(db.session(), pk)
        job = job_of(db.session(), binder)
        if job is not None and not job.state.is_final:
            flash(_("It is being compiled."), "info")
            return redirect(url_for(".show", pk=pk), 303)
        return self._begin(binder)

    @expose("/<int:pk>/<any(pdf,zip):kind>")
    @guarded
    def file(self, pk: int, kind: str) -> Response:
        """One of its files; who took it is kept."""
        binder, _things = binder_of(db.session(), pk)
        sha256 = binder.pdf if kind == "pdf" else binder.zip
        if sha256 is None:
            raise Refusal(_("It is not compiled yet."))
        note_event(db.session(), binder, "download", changes={"file": [None, kind], "sha256": [None, sha256]})
        return sent_file(sha256, f"{binder.file_name}.{kind}", FILES[kind])

    def _begin(self, binder: Binder) -> Any:
        job: Job = ask(db.session(), compiling.KIND, {"binder": binder.id, "language": language(), "page": url_for(".show", pk=binder.id)})
        binder.job_id = job.id
        db.session.commit()
        return redirect(url_for(".show", pk=binder.id), 303)

    def _asked_for(self) -> str:
        """A trace leads here with the thing it is about."""
        if "key" not in request.args:
            return ""
        return line_of(start_of(db.session(), request.args.get("kind", ""), request.args["key"]))

    def _form(self, typed: dict[str, str], errors: dict[str, list[str]] | None = None) -> str:
        before = request.args.get("before", type=row_id)
        chosen = visible() if before is None else visible().where(Binder.id < before)
        rows = db.session.execute(
            chosen.outerjoin(Job, Job.id == Binder.job_id).add_columns(Job).order_by(Binder.id.desc()).limit(PAGE + 1)
        ).all()
        return render_template(
            "inspection/list.html", typed=typed, access=_access(typed.get("for", "")), errors=errors or {}, rows=rows[:PAGE],
            tone=tone, words=words, subjects=[(cls.__name__, cls.label()) for cls in subjects()],
            next_url=url_for(".index", before=rows[PAGE - 1][0].id) if len(rows) > PAGE else None,
            first_url=url_for(".index") if before else None,
        )  # fmt: skip


def _asked(typed: dict[str, str]) -> Binder:
    """The binder that the form asks for, written. Raises Refusal with the field that is wrong."""
    things, access = things_in(db.session(), typed["things"]), _access(typed["for"])
    begins_on, ends_on = (_day(typed, name) for name in ("begins_on", "ends_on"))
    if typed["subject"] and typed["subject"] not in {cls.__name__ for cls in subjects()}:
        raise Refusal(_("Not a value of this field: %(value)s", value=typed["subject"][:40]), field="subject")
    if not things and not typed["subject"]:
        raise Refusal(_("Say what it is about: a code or name, or a subject."), field="things")
    if not things and (begins_on is None or ends_on is None):
        raise Refusal(_("A subject alone needs a period."), field="begins_on")
    if begins_on is not None and ends_on is not None and ends_on < begins_on:
        raise Refusal(_("The period ends before it begins."), field="ends_on")
    subject = SharedRecord.record_types[typed["subject"]].label() if typed["subject"] else ""
    period = "—".join((begins_on.isoformat() if begins_on else "", ends_on.isoformat() if ends_on else "")).strip("—")
    named = "、".join(thing.text for thing in things[:3]) + (_(" and %(n)s more", n=len(things) - 3) if len(things) > 3 else "")
    binder = Binder(
        starts=[[thing.kind.value, thing.key] for thing in things], subject=typed["subject"], begins_on=begins_on, ends_on=ends_on,
        title=" · ".join(filter(None, (named, subject, period)))[:200], asked_by_id=current_actor().user_id, asked_at=now(),
        access_id=access.id if access is not None else None,
    )  # fmt: skip
    db.session.add(binder)
    db.session.flush()
    return binder


def _access(text: str) -> InspectorAccess | None:
    """The access that the binder is made for: it shows there, for that inspector to take."""
    if not text:
        return None
    try:
        chosen = select(InspectorAccess).where(InspectorAccess.id == row_id(text), InspectorAccess.state == "granted")
    except ValueError:
        raise NotFound(_("There is no such record.")) from None
    access = db.session.scalars(chosen).one_or_none()
    if access is None or not current_actor().can("can_read", InspectorAccess.permission_name()):
        raise NotFound(_("There is no such record."))
    return access


def _day(typed: dict[str, str], name: str) -> date | None:
    try:
        return date.fromisoformat(typed[name]) if typed[name] else None
    except ValueError:
        raise Refusal(_("Not a value of this field: %(value)s", value=typed[name][:40]), field=name) from None
