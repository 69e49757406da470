"""The form of a record: what it asks, filled as this person may see it, and where a refusal is told."""

from typing import Any

from flask import abort, render_template, request
from sqlalchemy import Enum, inspect
from werkzeug.datastructures import MultiDict

from aftersales.columns import row_id
from aftersales.extensions import db
from aftersales.labels import label
from aftersales.record.actor import current_actor
from aftersales.record.base import SharedRecord
from aftersales.record.ciphers import enciphered
from aftersales.record.conflict import Clash
from aftersales.record.display import url_of
from aftersales.record.forms import RecordForm, filling_hint, form_class
from aftersales.record.late import is_queued
from aftersales.record.privacy import read_personal
from aftersales.record.refusal import Refusal
from aftersales.record.words import Transition
from aftersales.record.workflow import required_in


class FormPage:
    """Mixed into the pages of every record type."""

    record_type: type[SharedRecord]
    form_page_template = "record/form.html"
    url: Any

    def _parent(self) -> SharedRecord | None:
        """The record a new row goes into, named in the address."""
        cls = self.record_type
        if cls.parent is None:
            return None
        target = inspect(cls).relationships[cls.parent].mapper.class_
        pk = request.args.get("parent", type=row_id)
        parent = db.session.get(target, pk) if pk is not None else None
        if parent is None:
            abort(404)
        return parent

    def _fields(self, cls: type[SharedRecord], *, is_new: bool = False) -> tuple[str, ...]:
        names = cls.first_fields() if is_new else cls.form_fields()
        return (*names, "region_id") if asks_region(cls) and "region_id" not in names else names

    def form_type(self, names: tuple[str, ...]) -> type[RecordForm]:
        """The form of these fields; a particular type may put fields of its own in."""
        return form_class(self.record_type, names)

    def form_extras(self, record: SharedRecord | None) -> dict[str, Any]:
        """What a particular type's form shows beside the common."""
        return {}

    def _preset(self, names: tuple[str, ...]) -> dict[str, Any]:
        """References and choices filled from the address (a device's page opens a request for it), and the person's only region."""
        preset: dict[str, Any] = {n: pk for n in names if n.endswith("_id") and (pk := request.args.get(n, type=row_id))}
        choices = {c.key: c.type.enums for c in inspect(self.record_type).columns if isinstance(c.type, Enum)}
        preset |= {n: given for n in names if n in choices and (given := request.args.get(n)) in choices[n]}
        regions = current_actor().region_ids
        if regions is not None and len(regions) == 1:
            preset.setdefault("region_id", next(iter(regions)))
        return preset

    def _form(self, form: RecordForm, record: SharedRecord | None, parent: SharedRecord | None, clash: Clash | None = None) -> Any:
        if request.method == "POST":
            refuse_queued(form)
        sections = [
            (label(f"{self.record_type.key()}.section.{name}"), [form[f] for f in fields if f in form])
            for name, fields in self.record_type.sections.items()
        ]
        if "region_id" in form and all(form["region_id"] not in fields for _t, fields in sections):
            sections[0][1].insert(0, form["region_id"])
        asks_reason = record is not None and record.open_fields() is not None
        body = render_template(
            self.form_page_template,
            cls=self.record_type,
            form=form,
            record=record,
            parent=parent,
            sections=[s for s in sections if s[1]],
            asks_reason=asks_reason,
            clash=clash,
            url=self.url,
            url_of=url_of,
            confidential=bool(enciphered(self.record_type)),  # what is typed is left neither in the browser nor on a telephone
            **self.form_extras(record),
        )
        status = 409 if clash else 422
        return (body, status) if request.method == "POST" else body

    def _ask(self, record: SharedRecord, transition: Transition, formdata: MultiDict[str, str] | None = None) -> RecordForm:
        return asked(self.record_type, transition, formdata, obj=Masked(record))


def asked(cls: type[SharedRecord], transition: Transition, formdata: MultiDict[str, str] | None = None, **given: Any) -> RecordForm:
    """What a transition asks, with what its target state requires marked as such; `perform` is who refuses a gap."""
    form = form_class(cls, transition.fields)(formdata=formdata, **given)
    for name in set(required_in(cls, cls.workflow.state(transition.target))).intersection(transition.fields).difference(transition.found):
        hint = filling_hint(cls, name)
        form[name].flags.filled_on_the_way, form[name].flags.required = hint, hint is None
    return form


class Masked:
    """A record as this person may see it, for filling a form."""

    def __init__(self, record: SharedRecord) -> None:
        self._record = record

    def __getattr__(self, name: str) -> Any:
        return read_personal(type(self._record), name, getattr(self._record, name))


def asks_region(cls: type[SharedRecord]) -> bool:
    return cls.parent is None and "region_id" in cls.__table__.columns and "region_id" not in cls.fixed


def let_go(refusal: Refusal) -> None:
    """After a refusal nothing is kept. It goes on to who sent it where no page is to be shown again."""
    db.session.rollback()
    if is_queued():
        raise refusal
    if refusal.status == 404:
        abort(404)


def refuse_queued(form: RecordForm) -> None:
    if is_queued():
        raise Refusal(errors={name or "": [str(text) for text in texts] for name, texts in form.errors.items()})


def show_at_fields(form: RecordForm, refusal: Refusal) -> None:
    """Puts each sentence at its field; what belongs to none stands above the form."""
    for name, texts in refusal.errors.items():
        name = "change_reason" if name == "reason" and "reason" not in form else name
        if name in form:
            form[name].errors = [*form[name].errors, *texts]
        else:
            form.form_errors.extend(texts)
