"""Forms made from a record type's columns. Page and API read their input through the same form, so they say the same things."""

import enum
import json
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from typing import Any

from flask_babel import LazyString
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import JSON, Boolean, Column, Date, Enum, Integer, Numeric, String, Text, inspect, select
from sqlalchemy.orm import RelationshipProperty
from sqlalchemy.types import TypeEngine
from werkzeug.datastructures import MultiDict
from wtforms import DateField, DecimalField, Field, Form, IntegerField, SelectField, StringField, TextAreaField
from wtforms.fields.choices import Choice
from wtforms.validators import InputRequired, Length, NumberRange, Optional, StopValidation, ValidationError
from wtforms.widgets import DateTimeLocalInput, NumberInput, TextInput

from aftersales.columns import UtcDateTime
from aftersales.extensions import db
from aftersales.labels import has_label, label
from aftersales.record.base import Offer, SharedRecord, snake_case
from aftersales.record.ciphers import plain_type
from aftersales.record.custom import CustomField, FieldKind, field_of
from aftersales.record.display import is_code
from aftersales.record.inputs import at_once
from aftersales.record.now import CHINA

LONGEST_TEXT = 500
LARGEST_NUMBER = Decimal(10**13)


class TrimmedField(StringField):
    """One line of text without the blanks around it; empty is nothing."""

    widget = at_once(TextInput())

    def process_formdata(self, valuelist: list[str]) -> None:
        if valuelist:
            self.data = _clean(valuelist[0]) or None


class ProseField(TextAreaField):
    def process_formdata(self, valuelist: list[str]) -> None:
        if valuelist:
            self.data = _clean(valuelist[0]) or None


def _clean(text: Any) -> str:
    return str(text).replace("\r\n", "\n").replace("\x00", "").strip()


class InstantField(Field):
    """A moment, typed in China's time, kept in UTC. The API may send any ISO time with its zone."""

    widget = at_once(DateTimeLocalInput())

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        return self.data.astimezone(CHINA).strftime("%Y-%m-%dT%H:%M") if self.data else ""

    def process_formdata(self, valuelist: list[str]) -> None:
        if not valuelist or not str(valuelist[0]).strip():
            self.data = None
            return
        try:
            moment = datetime.fromisoformat(str(valuelist[0]).strip())
            self.data = (moment if moment.tzinfo else moment.replace(tzinfo=CHINA)).astimezone(UTC)
        except (ValueError, OverflowError):
            self.data = None
            raise ValueError(_("Not a date and time.")) from None


class YesNoField(SelectField):
    """Yes, no, or not answered: an unticked box would say no for somebody who never looked."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, choices=_yes_no, coerce=_to_bool, **kwargs)

    def iter_choices(self) -> Iterable[Choice]:
        for value, text, selected, attributes in super().iter_choices():
            yield Choice("" if value is None else str(value).lower(), text, selected, attributes)


def _yes_no() -> list[tuple[Any, str]]:
    return [(None, ""), (True, label("yes_no.true")), (False, label("yes_no.false"))]


def _to_bool(value: Any) -> bool | None:
    if value in (None, "", "None"):
        return None
    if str(value).lower() in ("true", "1", "y", "yes", "on"):
        return True
    if str(value).lower() in ("false", "0", "n", "no"):
        return False
    raise ValueError(_("Not a valid choice."))


class ChoiceField(SelectField):
    """One member of an enum, shown by its label."""

    def __init__(self, *args: Any, members: type[enum.Enum], **kwargs: Any) -> None:
        self.members = members
        super().__init__(*args, choices=self._labelled, coerce=self._member, **kwargs)

    def _labelled(self) -> list[tuple[Any, str]]:
        key = snake_case(self.members.__name__)
        return [("", ""), *((member, label(f"{key}.{member.name}")) for member in self.members)]

    def _member(self, value: Any) -> Any:
        if value in (None, ""):
            return None
        try:
            return value if isinstance(value, self.members) else self.members(str(value))
        except ValueError:
            raise ValueError(_("Not a valid choice.")) from None

    def iter_choices(self) -> Iterable[Choice]:
        for value, text, _selected, attributes in super().iter_choices():
            member = value or None
            yield Choice(member.value if member else "", text, member == self.data, attributes)

    def pre_validate(self, form: Form) -> None:
        """Coercion has already refused what is no member."""


class OptionField(SelectField):
    """One of the values that a text column or a custom field offers; what a record has already stays choosable."""

    def __init__(self, *args: Any, offered: Offer, kept: Callable[[str], str] = str, **kwargs: Any) -> None:
        self.offered, self.kept = offered, kept
        super().__init__(*args, choices=self._with_present, coerce=lambda value: value or None, **kwargs)

    def _with_present(self) -> list[tuple[str, str]]:
        offered, present = list(self.offered()), self.object_data if hasattr(self, "object_data") else None
        is_gone = bool(present) and present not in {value for value, _words in offered}
        return [("", ""), *offered, *([(present, self.kept(present))] if is_gone else [])]

    def iter_choices(self) -> Iterable[Choice]:
        for value, text in self._with_present():
            yield Choice(value, text, value == (self.data or ""), {})

    def pre_validate(self, form: Form) -> None:
        if self.data is not None and self.data not in dict(self._with_present()):
            raise ValidationError(_("Not a valid choice."))


class LookupField(Field):
    """A reference to another record, by id, searched on the server. Only what the person may see can be chosen."""

    widget = at_once(TextInput())

    def __init__(self, *args: Any, target: type[SharedRecord], among: str = "", **kwargs: Any) -> None:
        self.target, self.among = target, among
        self.missing = False
        super().__init__(*args, **kwargs)

    @property
    def lookup_url(self) -> str:
        return f"/{self.target.key()}/lookup" + (f"?among={self.among}" if self.among else "")

    @property
    def lookup_text(self) -> str:
        return "" if self.row is None else str(self.row)

    @property
    def row(self) -> Any:
        """The record, from what the page has loaded already where it can be; a foreign one is as good as none. It is held on to: the
        session alone forgets it, and whoever asks next loads it again."""
        self.held = None if self.data is None else db.session.get(self.target, self.data)
        return self.held

    def _value(self) -> str:
        return "" if self.data is None else str(self.data)

    def process_formdata(self, valuelist: list[Any]) -> None:
        text = str(valuelist[0]).strip() if valuelist and valuelist[0] is not None else ""
        self.data = int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None
        self.missing = bool(text) and self.row is None

    def pre_validate(self, form: Form) -> None:
        """What the record has already may stay, also when it is offered no longer."""
        if self.missing:
            raise ValidationError(_("There is no such record."))
        if self.data is None or self.data == self.object_data:
            return
        offered = self.target.offered(self.among)
        if offered and db.session.scalar(select(self.target.id).where(self.target.id == self.data, *offered)) is None:
            raise ValidationError(_("This is not offered here."))


class ManyField(Field):
    """References to several records, by their ids."""

    widget = at_once(TextInput())

    def __init__(self, *args: Any, target: type[SharedRecord], **kwargs: Any) -> None:
        self.target = target
        self.missing = False
        super().__init__(*args, **kwargs)

    lookup_many = True

    @property
    def lookup_url(self) -> str:
        return f"/{self.target.key()}/lookup"

    @property
    def lookup_text(self) -> str:
        """What is chosen already, for the chips."""
        return json.dumps([{"id": row.id, "text": str(row)} for row in self.data or ()], ensure_ascii=False)

    def _value(self) -> str:
        return ",".join(str(row.id) for row in self.data or ())

    def process_formdata(self, valuelist: list[Any]) -> None:
        texts = [part for value in valuelist for part in str(value).split(",") if part.strip()]
        ids = [int(text) for text in texts if text.strip().isascii() and text.strip().isdigit()]
        self.data = list(db.session.scalars(select(self.target).where(self.target.id.in_(ids)))) if ids else []
        self.missing = len(self.data) != len(set(texts))

    def pre_validate(self, form: Form) -> None:
        if self.missing:
            raise ValidationError(_("There is no such record."))


class JsonField(ProseField):
    """Structured data as JSON text."""

    def _value(self) -> str:
        return self.raw_data[0] if self.raw_data else json.dumps(self.data or {}, ensure_ascii=False)

    def process_formdata(self, valuelist: list[Any]) -> None:
        if not valuelist:
            return
        if isinstance(valuelist[0], dict | list):
            self.data = valuelist[0]
            return
        try:
            self.data = json.loads(valuelist[0] or "{}")
        except ValueError:
            raise ValueError(_("Not valid JSON.")) from None


def _reason_field(name: str) -> Any:
    return TrimmedField(_l("Reason for change"), [Length(max=500)], name=name)


class Filled:
    """A blank is not an answer. (InputRequired looks at what was typed, not at what is left of it; it gives the mark at the label.)"""

    def __call__(self, form: Form, field: Field) -> None:
        if field.data is None or field.data == "":
            raise StopValidation(_("This field is required."))


class FilledOnTheWay(Optional):
    """Required in the end, but what is chosen elsewhere in the form fills it where it is empty (`fills`). The flag is the hint
    that says so."""

    def __init__(self, hint: Any) -> None:
        super().__init__()
        self.field_flags = {"optional": True, "filled_on_the_way": hint}


class RecordForm(Form):
    """What a person fills in. `change_reason` stands beside the fields and is asked when submitted content changes."""

    change_reason = _reason_field("reason")

    def values(self) -> dict[str, Any]:
        """What was filled in, by column."""
        return {name: field.data for name, field in self._fields.items() if field is not self.change_reason}

    def keep_only(self, names: Iterable[str]) -> None:
        for name in [n for n, field in self._fields.items() if field is not self.change_reason and n not in set(names)]:
            del self._fields[name]


def form_class(cls: type[SharedRecord], names: tuple[str, ...]) -> type[RecordForm]:
    """The form of these fields of a record type."""
    return _form_class(cls, names, tuple(field for name in names if (field := field_of(cls, name)) is not None))


@cache
def _form_class(cls: type[SharedRecord], names: tuple[str, ...], custom: tuple[CustomField, ...]) -> type[RecordForm]:
    own = {field.name: custom_field(field) for field in custom}
    fields = {"change_reason": _reason_field(reason_name(cls))} if "reason" in names else {}
    return type(f"{cls.__name__}Form", (RecordForm,), fields | {name: own.get(name) or _field(cls, name) for name in names})


def reason_name(cls: type[SharedRecord]) -> str:
    """What the reason of a change is sent as: "reason", but where the type has a field of that name of its own."""
    return "change_reason" if "reason" in inspect(cls).columns else "reason"


def from_json(form: type[RecordForm], values: Mapping[str, Any], obj: Any = None, *, partial: bool = False) -> RecordForm:
    """The same form, filled from a JSON object. `partial`: fields that were not sent are left alone."""
    flat: MultiDict[str, Any] = MultiDict()
    for name, value in values.items():
        if isinstance(value, list):
            flat.setlist(name, value or [""])
        elif value is not None and not isinstance(value, dict):
            flat[name] = str(value).lower() if isinstance(value, bool) else value if isinstance(value, str) else str(value)
        else:
            flat[name] = value if isinstance(value, dict) else ""
    filled = form(formdata=flat, obj=obj)
    if partial:
        filled.keep_only(values)
    return filled


def _field(cls: type[SharedRecord], name: str) -> Any:
    mapper = inspect(cls)
    caption = LazyString(cls.field_label, name)
    relation = mapper.relationships.get(name)
    if relation is not None:
        return ManyField(caption, target=relation.mapper.class_, description=_help(cls, name))
    column: Column[Any] = mapper.columns[name]
    required = not column.nullable and column.default is None and column.server_default is None
    required = required or bool(cls.workflow and name in cls.workflow.initial.requires)
    hint = filling_hint(cls, name)
    needs: list[Any] = [Optional()]
    if required:
        needs = [InputRequired(_l("This field is required.")), Filled()] if hint is None else [FilledOnTheWay(hint)]
    target, kind = _target(mapper.relationships, column), plain_type(column.type)
    if name in cls.offers:
        return OptionField(caption, needs, offered=cls.offers[name], description=_help(cls, name))
    make = LookupField if target is not None else _MAKERS[next(base for base in type(kind).__mro__ if base in _MAKERS)]
    extra = {"target": target, "among": cls.among.get(name, "")} if target is not None else _extra(kind)
    if make is TrimmedField and is_code(name):
        extra["render_kw"] = {"data-code": "", "autocapitalize": "off", "spellcheck": "false", "autocomplete": "off"}
    if name in cls.fills:
        extra["render_kw"] = {"data-fills": ""}
    if isinstance(kind, String) and kind.length:
        needs.append(Length(max=kind.length, message=_l("Too long.")))
    if isinstance(kind, Integer) and target is None:
        needs.append(NumberRange(min=-(2**31), max=2**31 - 1, message=_l("This number is out of range.")))
    if isinstance(kind, Numeric):
        needs.append(NumberRange(min=-LARGEST_NUMBER, max=LARGEST_NUMBER, message=_l("This number is out of range.")))
    return make(caption, needs, description=_help(cls, name), **extra)


def custom_field(field: CustomField) -> Any:
    """The form field of a custom field, with the demands of its definition."""
    extra: dict[str, Any] = {}
    needs: list[Any] = [InputRequired(_l("This field is required.")), Filled()] if field.is_required() else [Optional()]
    if field.kind is FieldKind.text:
        needs.append(Length(max=LONGEST_TEXT, message=_l("Too long.")))
    if field.kind is FieldKind.number:
        lower = -LARGEST_NUMBER if field.lower is None else field.lower
        upper = LARGEST_NUMBER if field.upper is None else field.upper
        needs.append(NumberRange(min=lower, max=upper, message=_l("A number from %(lower)s to %(upper)s.", lower=lower, upper=upper)))
        extra = {"places": None}
    if field.kind is FieldKind.choice:
        extra = {"offered": lambda: [(c.code, field.text(c.code)) for c in field.choices if c.is_offered], "kept": field.text}
    return _CUSTOM[field.kind](LazyString(field.caption), needs, description=LazyString(field.help_text), **extra)


def _help(cls: type[SharedRecord], name: str) -> Any:
    key = f"{cls.key()}.help.{name}"
    return LazyString(label, key) if has_label(key) else ""


def filling_hint(cls: type[SharedRecord], name: str) -> Any:
    """Which fields of the form fill this one where it is left empty: a sentence, empty where the form asks none of them; None where
    nothing ever does."""
    givers = [giver for giver, taken in cls.fills.items() if name in taken]
    asked = [giver for giver in givers if giver in cls.form_fields()]
    return None if not givers else LazyString(_filled_by, cls, asked) if asked else ""


def _filled_by(cls: type[SharedRecord], givers: list[str]) -> str:
    return _("Left empty, it is taken over from: %(fields)s.", fields=_(", ").join(cls.field_label(giver) for giver in givers))


def _target(relations: Iterable[RelationshipProperty[Any]], column: Column[Any]) -> type[SharedRecord] | None:
    for relation in relations:
        if relation.direction.name == "MANYTOONE" and column in relation.local_columns and issubclass(relation.mapper.class_, SharedRecord):
            return relation.mapper.class_
    return None


def _extra(kind: TypeEngine[Any]) -> dict[str, Any]:
    if isinstance(kind, Enum):
        return {"members": kind.enum_class}
    if isinstance(kind, Numeric):
        return {"places": None}
    return {}


class NumberField(DecimalField):
    """A decimal number; "nan" and "inf" are none. Zeros that say nothing are left out."""

    widget = at_once(NumberInput(step="any"))

    def _value(self) -> str:
        return super()._value() if self.raw_data or self.data is None else format(Decimal(self.data).normalize(), "f")

    def process_formdata(self, valuelist: list[str]) -> None:
        super().process_formdata([str(v).strip() for v in valuelist])
        if self.data is not None and not Decimal(self.data).is_finite():
            self.data = None
            raise ValueError(_("Not a number."))


_MAKERS: dict[type, Callable[..., Field]] = {
    Enum: ChoiceField,
    Boolean: YesNoField,
    Text: ProseField,
    String: TrimmedField,
    Integer: IntegerField,
    Numeric: NumberField,
    Date: DateField,
    UtcDateTime: InstantField,
    JSON: JsonField,
}
_CUSTOM: dict[FieldKind, Callable[..., Field]] = {
    FieldKind.text: TrimmedField,
    FieldKind.number: NumberField,
    FieldKind.date: DateField,
    FieldKind.choice: OptionField,
    FieldKind.yes_no: YesNoField,
}
