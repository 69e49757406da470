"""What a client sends: JSON made safe to store, shaped as the declaration says, read through the same forms as the pages."""

import json
import math
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from flask import request
from flask_babel import gettext as _
from wtforms import DateField, Field, IntegerField

from aftersales.record.actor import current_actor
from aftersales.record.base import SharedRecord
from aftersales.record.form_fields import ChoiceField, InstantField, JsonField, LookupField, ManyField, NumberField, YesNoField
from aftersales.record.forms import RecordForm, form_class, from_json
from aftersales.record.refusal import Refusal

DEEPEST = 32
LARGEST_BODY = 4 * 1024 * 1024
YEARS = range(1900, 2200)  # what lies outside is a slip of the finger, and overflows when it is shown in another zone

# What each field takes from JSON; every other field takes text. null empties any of them.
SHAPES: dict[type[Field], tuple[type, ...]] = {
    YesNoField: (bool,),
    IntegerField: (int,),
    NumberField: (int, float, str),
    LookupField: (int,),
    ManyField: (list,),
    JsonField: (dict, list),
    InstantField: (str,),
    DateField: (str,),
    ChoiceField: (str,),
}


class Malformed(Refusal):
    """The request cannot be understood at all."""

    status = 400


def json_object() -> dict[str, Any]:
    """The JSON object of the request; {} where there is no body. Raises Malformed."""
    request.max_content_length = LARGEST_BODY
    data = request.get_data()
    if not data:
        return {}
    if not request.is_json:
        raise Malformed(_("Send JSON, with the header Content-Type: application/json."))
    return object_of(data)


def object_of(data: bytes) -> dict[str, Any]:
    """One JSON object that is safe to store. Raises Malformed."""
    try:
        value = json.loads(data.decode("utf-8"), parse_constant=_refuse_constant, parse_float=_finite)
    except (ValueError, RecursionError):
        raise Malformed(_("The request is not valid JSON.")) from None
    if not isinstance(value, dict):
        raise Malformed(_("Send one JSON object."))
    return _clean(value)


def _refuse_constant(text: str) -> float:
    raise ValueError(text)


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(text)
    return number


def _clean(value: Any, depth: int = 0) -> Any:
    """Without the characters that no database keeps: NUL is left out, halves of a surrogate pair are refused."""
    if depth > DEEPEST:
        raise Malformed(_("The JSON is nested too deeply."))
    if isinstance(value, dict):
        return {_clean(name): _clean(item, depth + 1) for name, item in value.items()}
    if isinstance(value, list):
        return [_clean(item, depth + 1) for item in value]
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            raise Malformed(_("The request is not valid JSON.")) from None
        return value.replace("\x00", "")
    return value


def text_of(body: dict[str, Any], name: str, longest: int) -> str:
    """Takes a plain text out of `body`; "" where it is not there."""
    value = body.pop(name, None)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise Refusal(_("Not a value of this field: %(value)s", value=_short(value)), field=name)
    if len(value) > longest:
        raise Refusal(_("Too long."), field=name)
    return value.strip()


def filled_form(
    cls: type[SharedRecord], names: tuple[str, ...], values: Mapping[str, Any], obj: Any = None, *, partial: bool = False
) -> RecordForm:
    """The form of `names`, filled with `values` and found valid. Raises Refusal, naming every field that is not."""
    form_type = form_class(cls, names)
    errors = {name: [_("There is no such field.")] for name in values if name not in names}
    errors |= {name: [text] for name, value in values.items() if name in names and (text := _misshapen(form_type, name, value))}
    if errors:
        raise Refusal(errors=errors)
    as_text = {name: json.dumps(value) for name, value in values.items() if isinstance(value, list) and _kind(form_type, name) is JsonField}
    form = from_json(form_type, {**values, **as_text}, obj, partial=partial)
    if not form.validate():
        raise Refusal(errors={name or "": [str(text) for text in texts] for name, texts in form.errors.items()})
    blank = [field.name for field in form if field.flags.required and field.data is None]  # a blank passes as input and is cleaned away
    if blank:
        raise Refusal(errors={name: [_("This field is required.")] for name in blank})
    strange = [name for name, value in form.values().items() if isinstance(value, date) and value.year not in YEARS]
    if strange:
        raise Refusal(errors={name: [_("This date is out of range.")] for name in strange})
    return form


def in_own_region(names: Iterable[str], values: Mapping[str, Any]) -> dict[str, Any]:
    """The values with the region of whoever has one only, where it was asked and not said."""
    own = current_actor().region_ids or ()
    is_missing = "region_id" in names and values.get("region_id") is None
    return {**values, "region_id": next(iter(own))} if is_missing and len(own) == 1 else dict(values)


def _kind(form_type: type[RecordForm], name: str) -> type[Field]:
    return getattr(form_type, name).field_class


def _misshapen(form_type: type[RecordForm], name: str, value: Any) -> str:
    """Why this JSON can be no value of the field, or ""."""
    shapes = SHAPES.get(_kind(form_type, name), (str,))
    is_shaped = value is None or (isinstance(value, shapes) and (bool in shapes or not isinstance(value, bool)))
    if is_shaped and list in shapes and dict not in shapes and value is not None:
        is_shaped = all(type(item) is int and 0 < item < 2**63 for item in value)
    return "" if is_shaped else _("Not a value of this field: %(value)s", value=_short(value))


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 40 else text[:40] + "…"


def query_args(known: Iterable[str]) -> dict[str, str]:
    """The arguments of the address. A misspelt filter would show everything, so what is not known is refused by name."""
    args = {name: value.replace("\x00", "") for name, value in request.args.items() if name != "_l_"}
    unknown = sorted(set(args) - set(known))
    if unknown:
        raise Refusal(errors={name: [_("There is no such filter.")] for name in unknown})
    return args


def page_size(args: dict[str, str], largest: int, default: int) -> int:
    """Takes `limit` out of `args`."""
    text = args.pop("limit", "").strip() or str(default)
    if not (text.isascii() and text.isdigit() and len(text) < 9 and 1 <= int(text) <= largest):
        raise Refusal(_("A number from 1 to %(n)s.", n=largest), field="limit")
    return int(text)
