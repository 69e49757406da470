"""The pages of an import: bring a file, say what its columns are, see what the trial found, import."""

from io import BytesIO
from typing import Any, ClassVar

from flask import Response, abort, flash, redirect, render_template, request, send_file, url_for
from flask_appbuilder import expose
from flask_babel import gettext as _
from sqlalchemy import select

from aftersales.extensions import db
from aftersales.page import Page, guarded
from aftersales.record.actor import current_actor
from aftersales.record.base import SharedRecord
from aftersales.record.display import words
from aftersales.record.refusal import NotAllowed, Refusal
from aftersales.record.showing import line_classes
from aftersales.spreadsheet.cells import XLSX
from aftersales.spreadsheet.fields import fields_of, importable
from aftersales.spreadsheet.importing import IMPORT, TRIAL, start
from aftersales.spreadsheet.incoming import DATE_ORDERS, IMPORTS, Import, import_of, may_import
from aftersales.spreadsheet.mapping import bring, read_as, understand, unfilled
from aftersales.spreadsheet.outcome import outcome_of, strange
from aftersales.spreadsheet.source import is_ours, open_source
from aftersales.spreadsheet.template import template

RECENT = 10
SAMPLES = 3


class ImportPage(Page):
    """`/import/<type>/` and `/import/file/<id>`: whoever may import and write the type; a file is seen by who brought it."""

    route_base = "/import"
    permission: ClassVar[tuple[str, str]] = IMPORTS

    @expose("/<key>/", methods=["GET", "POST"])
    @guarded
    def begin(self, key: str) -> Any:
        cls = type_named(key)
        error = ""
        if request.method == "POST":
            try:
                return self._take(cls)
            except Refusal as refusal:
                db.session.rollback()
                error = str(refusal)
        mine = select(Import).where(Import.asked_by_id == current_actor().user_id, Import.record_type == cls.__name__)
        recent = list(db.session.scalars(mine.order_by(Import.id.desc()).limit(RECENT)))
        home = cls.owner()
        kinds = [kind for kind in (home, *line_classes(home)) if importable(kind)]
        body = render_template("spreadsheet/begin.html", cls=cls, home=home, kinds=kinds, recent=recent, error=error, words=words)
        return (body, 422) if error else body

    def _take(self, cls: type[SharedRecord]) -> Response:
        file = request.files.get("file")
        if file is None or not file.filename:
            raise Refusal(_("Choose a file."), field="file")
        brought = bring(db.session(), cls, file.read(), file.filename)
        if brought.is_foreign:
            db.session.commit()
            return redirect(url_for(".columns", pk=brought.id), 303)
        start(db.session(), brought, TRIAL)
        return redirect(url_for(".show", pk=brought.id), 303)

    @expose("/<key>/template")
    @guarded
    def template(self, key: str) -> Response:
        return send_template(type_named(key))

    @expose("/file/<int:pk>")
    @guarded
    def show(self, pk: int) -> Any:
        brought = self._brought(pk)
        outcome = outcome_of(db.session(), brought)
        if outcome.state == "untried" and brought.is_foreign and outcome.job is None:
            return redirect(url_for(".columns", pk=pk))
        asked = list(strange(brought))
        return render_template("spreadsheet/outcome.html", o=outcome, brought=brought, cls=brought.cls, strange=asked, words=words)

    @expose("/file/<int:pk>/columns", methods=["GET", "POST"])
    @guarded
    def columns(self, pk: int) -> Any:
        brought, errors = self._brought(pk), {}
        if not brought.is_foreign:
            abort(404)
        if request.method == "POST":
            fixed = {name.removeprefix("fixed."): text for name, text in request.form.items() if name.startswith("fixed.")}
            try:
                read_as(brought, request.form.getlist("column"), fixed, request.form.get("date_order", ""))
                start(db.session(), brought, TRIAL)
                return redirect(url_for(".show", pk=pk), 303)
            except Refusal as refusal:
                errors = refusal.errors  # what was said stays on the page and is not stored
        source = open_source(brought.data(), brought.file_name)
        samples = [cells for (_number, cells), _n in zip(source.rows(), range(SAMPLES), strict=False)]
        asked = [(place, heading) for place, heading in enumerate(source.headings) if heading and not is_ours(heading)]
        body = render_template(
            "spreadsheet/columns.html", brought=brought, cls=brought.cls, fields=fields_of(brought.cls), unfilled=unfilled(brought),
            samples=samples, asked=asked, errors=errors, date_orders=DATE_ORDERS,
        )  # fmt: skip
        db.session.rollback()
        return (body, 422) if errors else body

    @expose("/file/<int:pk>/words", methods=["POST"])
    @guarded
    def words(self, pk: int) -> Response:
        """What foreign words of choices mean; then the trial once more."""
        brought = self._brought(pk)
        meant = {
            of.name: {word: value for word, value in zip(asked, request.form.getlist(f"mean.{of.name}"), strict=False) if value}
            for of, asked in strange(brought)
        }
        return self._go(brought, lambda: understand(brought, meant), TRIAL)

    @expose("/file/<int:pk>/trial", methods=["POST"])
    @guarded
    def trial(self, pk: int) -> Response:
        return self._go(self._brought(pk), lambda: None, TRIAL)

    @expose("/file/<int:pk>/import", methods=["POST"])
    @guarded
    def take_in(self, pk: int) -> Response:
        return self._go(self._brought(pk), lambda: None, IMPORT, request.form.get("rows", ""))

    def _go(self, brought: Import, prepare: Any, kind: str, rows: str = "") -> Response:
        pk = brought.id
        try:
            prepare()
            start(db.session(), brought, kind, rows)
        except Refusal as refusal:
            db.session.rollback()
            flash(str(refusal), "danger")
        return redirect(url_for(".show", pk=pk), 303)

    def _brought(self, pk: int) -> Import:
        try:
            return import_of(db.session(), pk)
        except NotAllowed:
            abort(403)


def send_template(cls: type[SharedRecord]) -> Response:
    name = _("Template %(records)s.xlsx", records=cls.label())
    return send_file(BytesIO(template(db.session(), cls)), mimetype=XLSX, download_name=name, as_attachment=True)


def type_named(key: str) -> type[SharedRecord]:
    """The type of this key, where this person may import it."""
    found = next((cls for cls in SharedRecord.record_types.values() if cls.key() == key), None)
    if found is None or not importable(found):
        abort(404)
    if not may_import(found):
        abort(403)
    return found
