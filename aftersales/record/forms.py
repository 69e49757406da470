"""Forms made from a record type's columns. Page and API read their input through the same form, so they say the same things."""

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from functools import cache
from typing import Any

from flask_babel import LazyString
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import JSON, Boolean, Column, Date, Enum, Integer, Numeric, String, Text, inspect
from sqlalchemy.orm import RelationshipProperty
from sqlalchemy.types import TypeEngine
from werkzeug.datastructures import MultiDict
from wtforms import DateField, Field, Form, IntegerField
from wtforms.validators import InputRequired, Length, NumberRange, Optional

from aftersales.columns import UtcDateTime
from aftersales.labels import has_label, label
from aftersales.record.base import SharedRecord
from aftersales.record.ciphers import plain_type
from aftersales.record.custom import CustomField, FieldKind, field_of
from aftersales.record.display import is_code
from aftersales.record.form_fields import (
    ChoiceField,
    Filled,
    FilledOnTheWay,
    InstantField,
    JsonField,
    LookupField,
    ManyField,
    NumberField,
    OptionField,
    ProseField,
    TrimmedField,
    YesNoField,
)

LONGEST_TEXT = 500
LARGEST_NUMBER = Decimal(10**13)
TOO_LONG = _l("Too long: at most %(max)s characters.")  # Length fills it in


def _reason_field(name: str) -> Any:
    return TrimmedField(_l("Reason for change"), [Length(max=500)], name=name)


class RecordForm(Form):
    """What a person fills in. `change_reason` stands beside the fields and is asked when submitted content changes."""

    record_type: type[SharedRecord] | None = None
    change_reason = _reason_field("reason")

    def process(self, formdata: Any = None, obj: Any = None, **kwargs: Any) -> None:
        super().process(formdata, obj, **kwargs)
        for field in self._fields.values():
            if isinstance(field, LookupField) and field.target is self.record_type:
                field.own = getattr(obj, "id", None)

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
    fields |= {name: own.get(name) or _field(cls, name) for name in names}
    return type(f"{cls.__name__}Form", (RecordForm,), {"record_type": cls, **fields})


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
        needs.append(Length(max=kind.length, message=TOO_LONG))
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
        needs.append(Length(max=LONGEST_TEXT, message=TOO_LONG))
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
