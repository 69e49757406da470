"""The pages of every record type: Flask-AppBuilder's views, made from the declaration.

Flask-AppBuilder gives routes, permission names and registration; lists, forms and look-ups are ours, because its own load
whole tables into drop-downs, count whole tables per page and share filters between requests.
"""

from functools import lru_cache
from typing import Any

from flask import Response, abort, flash, redirect, render_template, request, url_for
from flask_appbuilder import ModelView, expose, has_access, permission_name
from flask_appbuilder.models.sqla.interface import SQLAInterface
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.exceptions import NotFound as PageNotFound

from aftersales.extensions import db
from aftersales.labels import label
from aftersales.record import workflow
from aftersales.record.actor import current_actor
from aftersales.record.addresses import address_of
from aftersales.record.base import SharedRecord
from aftersales.record.beside_routes import BesideRoutes
from aftersales.record.conflict import clash_of
from aftersales.record.display import url_of, words
from aftersales.record.drawn import drawn_bytes
from aftersales.record.file_routes import FileRoutes
from aftersales.record.form_page import FormPage, Masked, let_go, refuse_queued, show_at_fields
from aftersales.record.forms import RecordForm
from aftersales.record.list_routes import ListRoutes
from aftersales.record.listing import eager
from aftersales.record.lookup_routes import LookupRoutes
from aftersales.record.ordered import ordered_lines
from aftersales.record.privacy import note_reading, without_masks
from aftersales.record.queued import takes_late
from aftersales.record.readings import last_entries
from aftersales.record.refusable import refusable
from aftersales.record.refusal import Conflict, NotAllowed, Refusal
from aftersales.record.row_routes import RowRoutes
from aftersales.record.saving import change, create, refuse_stale, settle
from aftersales.record.showing import STORY, load, show_page

PERMISSIONS = {
    "list": "read",
    "arrange": "read",
    "keep_view": "read",
    "show": "read",
    "lookup": "read",
    "follow": "write",
    "story": "read",
    "file": "read",
    "thumbnail": "read",
    "paper": "read",
    "preview": "read",
    "add": "write",
    "edit": "write",
    "remove": "write",
    "rows": "write",
    "attach": "write",
    # A transition asks for its own permission; to reach it, reading the record is enough.
    "perform": "read",
    "related": "read",
    "comment": "read",
    "withdraw": "read",
    "readers": "read",
    "bulk": "read",
}


class RecordView(ListRoutes, LookupRoutes, FormPage, RowRoutes, FileRoutes, BesideRoutes, ModelView):
    """List, show, add, edit, look-up, transitions, files and papers of one record type."""

    record_type: type[SharedRecord]
    method_permission_name = PERMISSIONS
    include_route_methods = set(PERMISSIONS)
    list_columns = ["id"]
    search_columns: list[str] = []
    related_views: list[Any] = []

    def _init_forms(self) -> None:
        """Flask-AppBuilder's forms are not made: ours come from record/forms.py."""

    def _init_properties(self) -> None:
        self.related_views, self.actions = [], {}

    def url(self, method: str, **values: Any) -> str:
        endpoint = f"{self.endpoint}.{method}"
        return address_of(endpoint, values["pk"]) if values.keys() == {"pk"} else url_for(endpoint, **values)

    # -- reading --

    show_page_template = "record/show.html"

    @expose("/show/<int:pk>")
    @has_access
    @permission_name("show")
    @refusable
    def show(self, pk: int) -> str | Response:
        record = self._record(pk, full=True)
        if record.parent is not None:
            return redirect(url_of(record))
        self._log_reading(record)
        return self._show(record)

    def _show(
        self, record: SharedRecord, opened: str = "", form: RecordForm | None = None, refusal: Refusal | None = None, status: int = 200
    ) -> Any:
        extras = self.show_extras(record)  # reads too, and what is read is looked up with the story
        page = show_page(db.session, record, last_entries(record, STORY + 1))
        dialogs = [(move, form if move.transition.name == opened and form else self._dialog(record, move)) for move in page.moves]
        body = render_template(
            self.show_page_template,
            cls=self.record_type,
            page=page,
            dialogs=dialogs,
            opened=opened,
            refusal=refusal,
            url=self.url,
            url_of=url_of,
            words=words,
            me=current_actor().user_id,
            **extras,
        )
        return (body, status) if status != 200 else body

    def _dialog(self, record: SharedRecord, move: workflow.Move) -> RecordForm | None:
        """What a step asks; nothing where it cannot be done."""
        return self._ask(record, move.transition) if move.is_possible else None

    def show_extras(self, record: SharedRecord) -> dict[str, Any]:
        """What a particular type's page shows beside the common."""
        return {}

    # -- writing --

    @expose("/add", methods=["GET", "POST"])
    @has_access
    @permission_name("add")
    @takes_late
    @refusable
    def add(self) -> Any:
        cls = self.record_type
        if not cls.made_by_hand and request.method == "GET":  # what is posted all the same, the type's own rules refuse
            raise Refusal(label(f"{cls.key()}.comes")) if cls.parent is None else PageNotFound
        parent = self._parent()
        names = tuple(name for name in self._fields(cls, is_new=True) if parent is None or name != f"{cls.parent}_id")
        form = self.form_type(names)(formdata=request.form if request.method == "POST" else None, data=self._preset(names))
        if request.method == "POST" and form.validate():
            values = form.values()
            if parent is not None:
                values[cls.parent] = parent
            try:
                home = url_of(create(db.session, cls, values))
                db.session.commit()
            except Refusal as refusal:
                let_go(refusal)
                show_at_fields(form, refusal)
            else:
                flash(_("Saved."), "success")
                return redirect(home)
        return self._form(form, None, parent)

    @expose("/edit/<int:pk>", methods=["GET", "POST"])
    @has_access
    @permission_name("edit")
    @takes_late
    @refusable
    def edit(self, pk: int) -> Any:
        cls = self.record_type
        names = tuple(name for name in self._fields(cls) if cls.parent is None or name != f"{cls.parent}_id")
        record = self._record(pk, beside=referred(cls, names))
        if not record.may_write():
            raise NotAllowed(_("Your role may not do this."))
        if record.is_sealed:
            raise Refusal(_("This record is sealed and can no longer be changed."))
        if record.root().is_settled:
            raise Refusal(_("What was submitted is no longer changed: send it back or withdraw it first."))
        home = url_of(record)  # after the commit it would be loaded anew
        form = self.form_type(names)(formdata=request.form if request.method == "POST" else None, obj=Masked(record))
        if request.method == "POST" and form.validate():
            try:
                change(
                    db.session,
                    record,
                    without_masks(record, form.values()),
                    reason=form.change_reason.data or "",
                    version=request.form.get("version", type=int),
                )
                db.session.commit()
            except Conflict as conflict:
                let_go(conflict)
                return self._form(form, record, None, clash_of(record))
            except Refusal as refusal:
                let_go(refusal)
                show_at_fields(form, refusal)
            else:
                flash(_("Saved."), "success")
                return redirect(home)
        return self._form(form, record, None)

    @expose("/<int:pk>/remove", methods=["POST"])
    @has_access
    @permission_name("remove")
    @takes_late
    @refusable
    def remove(self, pk: int) -> Response:
        """Take a row out of the record it lives in; records themselves are kept."""
        row = self._record(pk)
        if row.parent is None:
            abort(405)
        home = url_of(row)
        row._audit_reason = request.form.get("reason", "").strip() or None
        db.session.delete(row)
        settle(db.session, lambda: None)
        db.session.commit()
        return redirect(home)

    @expose("/<int:pk>/perform/<name>", methods=["POST"])
    @has_access
    @permission_name("perform")
    @takes_late
    def perform(self, pk: int, name: str) -> Any:
        record = self._record(pk, full=True)
        transition = record.workflow.transition(name) if record.workflow else None
        if transition is None:
            abort(404)
        form = self._ask(record, transition, request.form)
        if not form.validate():
            refuse_queued(form)
            return self._show(record, opened=name, form=form, status=422)
        try:
            settle(db.session, lambda: self._perform(record, name, form))
            db.session.commit()
        except Refusal as refusal:
            let_go(refusal)
            show_at_fields(form, refusal)
            return self._show(self._record(pk, full=True), opened=name, form=form, refusal=refusal, status=refusal.status)
        flash(_("Done: %(action)s", action=workflow.move_label(record, name)), "success")
        return redirect(self.url("show", pk=pk))

    def _perform(self, record: SharedRecord, name: str, form: RecordForm) -> None:
        refuse_stale(record, request.form.get("version", type=int))
        workflow.perform(
            record,
            name,
            values=without_masks(record, form.values()),
            reason=form.change_reason.data or "",
            password=request.form.get("password", ""),
            drawn=drawn_bytes(request),
            signer=request.form.get("signer", ""),
        )

    # -- shared --

    def _record(self, pk: int, *, full: bool = False, beside: tuple[Any, ...] = ()) -> Any:
        if pk >= 2**63:
            abort(404)
        cls = self.record_type
        record = load(db.session, cls, pk) if full else _plain(db.session, cls, pk, beside)
        if record is None:
            raise PageNotFound
        return record

    def _log_reading(self, record: SharedRecord) -> None:
        note_reading(record, [row for lines in record.lines for row in getattr(record, lines.relation)])


@lru_cache(maxsize=200)
def referred(cls: type[SharedRecord], names: tuple[str, ...]) -> tuple[Any, ...]:
    """Loads with a record what the fields of its form refer to: the form asks for each of them, sent back unchanged too."""
    return tuple(eager(cls, names))


def _plain(session: Session, cls: type[SharedRecord], record_id: int, beside: tuple[Any, ...]) -> SharedRecord | None:
    return session.scalars(select(cls).where(cls.id == record_id).options(*beside)).one_or_none()


def _missing(cls: type[SharedRecord]) -> set[str]:
    """What a type has no use for: moving many without a workflow, a page of ordered rows without any."""
    has_rows = any(ordered_lines(cls, lines.relation) for lines in cls.lines)
    return (set() if cls.workflow else {"bulk"}) | (set() if has_rows else {"rows"})


def view_class(cls: type[SharedRecord], base: type[RecordView] = RecordView) -> type[RecordView]:
    """The pages of a record type. Fresh values per class: Flask-AppBuilder writes into those it is given."""
    return type(
        f"{cls.__name__}View",
        (base,),
        {
            "record_type": cls,
            "datamodel": SQLAInterface(cls, db.session),
            "route_base": f"/{cls.key()}",
            "class_permission_name": cls.permission_name(),
            "base_permissions": cls.permissions(),
            "method_permission_name": dict(PERMISSIONS),
            "include_route_methods": base.include_route_methods | set(PERMISSIONS) - _missing(cls),
            "list_columns": ["id"],
            "label_columns": {},
        },
    )
