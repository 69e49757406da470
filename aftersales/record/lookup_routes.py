"""What a form asks while it is filled: the records a field can refer to, and what follows from a choice."""

from typing import Any

from flask import Response, current_app, request
from flask_appbuilder import expose, has_access, permission_name
from sqlalchemy import Select
from werkzeug.datastructures import MultiDict
from wtforms import Field, SelectField

from aftersales.extensions import db
from aftersales.record.actor import current_actor
from aftersales.record.base import SharedRecord
from aftersales.record.filtering import filter_names, filtered
from aftersales.record.form_fields import LookupField
from aftersales.record.forms import form_class
from aftersales.record.listing import reaching
from aftersales.record.refusal import Refusal

LOOKED_UP = 20
RECENT = 6
KEPT_OFFLINE = 200  # what a telephone keeps to choose from where there is no network


class LookupRoutes:
    """Mixed into the pages of every record type."""

    record_type: type[SharedRecord]
    url: Any

    @expose("/lookup")
    @has_access
    @permission_name("lookup")
    def lookup(self) -> Response:
        """The first records that match `q`, for a reference field: id, name and what helps to choose."""
        cls = self.record_type
        size = KEPT_OFFLINE if request.args.get("most") else LOOKED_UP
        args = {"q": request.args.get("q", ""), **{n: request.args[n] for n in filter_names(cls) if request.args.get(n)}}
        try:
            statement = filtered(db.session, cls, args)
        except Refusal as refusal:
            return current_app.json.response(results=[], more=False, message=str(refusal))
        if among := request.args.get("among", "")[:64]:
            statement = statement.where(*cls.offered(among))
        if (own := request.args.get("but", "")).isdecimal():
            statement = statement.where(cls.id != int(own[:18]))
        statement = statement.options(*reaching(cls, cls.about_from))
        recent = [] if args["q"] else self._recent(statement)
        rows = list(db.session.scalars(statement.order_by(cls.id.desc()).limit(size + 1)).unique())
        others = [row for row in rows[:size] if row not in recent]
        found = [{"id": row.id, "text": str(row), "hint": row.about} for row in (*recent, *others)]
        add = self.url("add") if cls.parent is None and current_actor().can("can_write", cls.permission_name()) else None
        return current_app.json.response(results=found, recent=len(recent), more=len(rows) > size, add=add)

    def _recent(self, statement: Select[Any]) -> list[Any]:
        """What the person chose last in this field, as their browser remembers it by ids; of these what they may choose now."""
        texts = request.args.get("recent", "").split(",")[:RECENT]
        ids = [int(text) for text in texts if text.isascii() and text.isdigit() and len(text) < 19]
        rows = {row.id: row for row in db.session.scalars(statement.where(self.record_type.id.in_(ids))).unique()} if ids else {}
        return [rows[pk] for pk in dict.fromkeys(ids) if pk in rows]

    @expose("/follow")
    @has_access
    @permission_name("follow")
    def follow(self) -> Response:
        """What other fields of the form take over once the one named `field` holds `value`."""
        cls, name = self.record_type, request.args.get("field", "")
        if name not in cls.form_fields():
            return current_app.json.response(values={}, known="")
        field = form_class(cls, (name,))(formdata=MultiDict({name: request.args.get("value", "")[:1000]}))[name]
        chosen = field.row if isinstance(field, LookupField) else field.data
        if not chosen:
            return current_app.json.response(values={}, known="")
        taken = {key: value for key, value in cls.following(name, chosen).items() if value not in (None, "")}
        form = form_class(cls, tuple(taken))(data=taken)
        values = {key: {"value": _sent(form[key]), "text": getattr(form[key], "lookup_text", "")} for key in taken}
        return current_app.json.response(values=values, known=chosen.known if isinstance(chosen, SharedRecord) else "")


def _sent(field: Field) -> str:
    """What the field sends as it stands; a choice has no text of its own but that of its option."""
    if isinstance(field, SelectField):
        return next((str(value) for value, _text, selected, _more in field.iter_choices() if selected), "")
    return field._value()
