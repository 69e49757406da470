"""The page where a binder is asked for, watched and fetched."""

from datetime import date
from typing import Any

from flask import Response, flash, redirect, render_template, request, url_for
from flask_appbuilder import expose
from flask_babel import gettext as _

from aftersales.columns import row_id
from aftersales.extensions import db
from aftersales.inspection import compiling
from aftersales.inspection.binder import COMPILES, Binder, binder_of, job_of, visible
from aftersales.inspection.choosing import subjects
from aftersales.jobs import Job, ask
from aftersales.jobs.pages import tone
from aftersales.labels import label, language
from aftersales.page import Page, guarded
from aftersales.record.actor import current_actor
from aftersales.record.audit import record_event
from aftersales.record.base import SharedRecord
from aftersales.record.display import words
from aftersales.record.file_routes import sent_file
from aftersales.record.now import now
from aftersales.record.refusal import Refusal
from aftersales.traceability.page import url_to
from aftersales.traceability.start import LONGEST, Kind, Start, start_of, starts_for

PAGE = 25
MOST_THINGS = 50
FILES = {"pdf": "application/pdf", "zip": "application/zip"}


class BinderPage(Page):
    """`/binder/`: the form and one's own binders; `/binder/<id>` one of them, with how far it is and its files."""

    route_base = "/binder"
    default_view = "index"
    section = "documents"
    permission = COMPILES

    @classmethod
    def title(cls) -> str:
        return _("Inspection binders")

    @expose("/")
    @guarded
    def index(self) -> Any:
        return self._form({"things": self._asked_for()})

    @expose("/new", methods=["POST"])
    @guarded
    def new(self) -> Any:
        typed = {name: request.form.get(name, "").strip() for name in ("things", "subject", "begins_on", "ends_on")}
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
        record_event(db.session(), binder, "download", changes={"file": [None, kind], "sha256": [None, sha256]})
        db.session.commit()
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
        return _line(start_of(db.session(), request.args.get("kind", ""), request.args["key"]))

    def _form(self, typed: dict[str, str], errors: dict[str, list[str]] | None = None) -> str:
        before = request.args.get("before", type=row_id)
        chosen = visible() if before is None else visible().where(Binder.id < before)
        rows = db.session.execute(
            chosen.outerjoin(Job, Job.id == Binder.job_id).add_columns(Job).order_by(Binder.id.desc()).limit(PAGE + 1)
        ).all()
        return render_template(
            "inspection/list.html", typed=typed, errors=errors or {}, rows=rows[:PAGE], tone=tone, words=words,
            subjects=[(cls.__name__, cls.label()) for cls in subjects()],
            next_url=url_for(".index", before=rows[PAGE - 1][0].id) if len(rows) > PAGE else None,
            first_url=url_for(".index") if before else None,
        )  # fmt: skip


def _asked(typed: dict[str, str]) -> Binder:
    """The binder that the form asks for, written. Raises Refusal with the field that is wrong."""
    things = _things(typed["things"])
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
    )  # fmt: skip
    db.session.add(binder)
    db.session.flush()
    return binder


def _things(text: str) -> list[Start]:
    """One thing for each line; a line that names none, or several, is told."""
    lines = list(dict.fromkeys(line.strip()[:LONGEST] for line in text.splitlines() if line.strip()))
    if len(lines) > MOST_THINGS:
        raise Refusal(_("At most %(n)s lines.", n=MOST_THINGS), field="things")
    things = []
    for line in lines:
        kind, _colon, key = line.partition(":")
        found = [start_of(db.session(), kind, key)] if kind in Kind.__members__ else starts_for(db.session(), line)
        if not found:
            raise Refusal(_("Nothing is known as “%(line)s”.", line=line), field="things")
        if len(found) > 1:
            names = "、".join(f"{label(f'trace_kind.{thing.kind}')} {_line(thing)}" for thing in found[:5])
            raise Refusal(_("“%(line)s” may be: %(names)s. Write it so.", line=line, names=names), field="things")
        things.append(found[0])
    return things


def _line(thing: Start) -> str:
    """A line that names this thing and no other."""
    match thing.kind:
        case Kind.device | Kind.person:
            return thing.hint
        case Kind.order | Kind.document | Kind.customer:
            return thing.text
        case _:
            return f"{thing.kind}:{thing.key}"


def _day(typed: dict[str, str], name: str) -> date | None:
    try:
        return date.fromisoformat(typed[name]) if typed[name] else None
    except ValueError:
        raise Refusal(_("Not a value of this field: %(value)s", value=typed[name][:40]), field=name) from None
