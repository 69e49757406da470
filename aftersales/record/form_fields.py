"""The fields of forms, kind by kind: how each reads what was typed, shows what it holds, and refuses."""

import enum
import json
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from flask_babel import gettext as _
from sqlalchemy import select
from wtforms import DecimalField, Field, Form, SelectField, StringField, TextAreaField
from wtforms.fields.choices import Choice
from wtforms.validators import Optional, StopValidation, ValidationError
from wtforms.widgets import DateTimeLocalInput, NumberInput, TextInput

from aftersales.extensions import db
from aftersales.labels import label
from aftersales.record.base import Offer, SharedRecord, snake_case
from aftersales.record.inputs import at_once
from aftersales.record.now import CHINA


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
    """A reference to another record, by id, searched on the server. Only what the person may see can be chosen; `own` is the id of the
    record that is filled in, which refers to others of its type and not to itself."""

    widget = at_once(TextInput())
    own: int | None = None

    def __init__(self, *args: Any, target: type[SharedRecord], among: str = "", **kwargs: Any) -> None:
        self.target, self.among = target, among
        self.missing = False
        super().__init__(*args, **kwargs)

    @property
    def lookup_url(self) -> str:
        told = {"among": self.among, "but": self.own}
        query = urlencode({name: value for name, value in told.items() if value})
        return f"/{self.target.key()}/lookup" + (f"?{query}" if query else "")

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
        offered = (*self.target.offered(self.among), *((self.target.id != self.own,) if self.own is not None else ()))
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
