"""A line of a form as it is answered: what stands in it, what was sent for it, and what is read from that.

Test and check-list alike; what keeps the answers is the record that is tested or checked.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from flask_babel import gettext as _

from aftersales.devices.form_item import FunctionTestItem, ItemKind, Verdict
from aftersales.record.refusal import Refusal

LONGEST_ANSWER = 500


@dataclass(frozen=True)
class Row:
    """One line with its last answer. `typed` is what the person wrote, kept where it could not be read."""

    item: FunctionTestItem
    given: Any
    typed: str
    remark: str
    error: str

    @property
    def mark(self) -> str:
        """Which answer the person has before them, so that another one put there meanwhile is not written over."""
        return mark_of(self.given)

    @property
    def options(self) -> list[tuple[str, str]]:
        """What can be chosen, each with its words; nothing where one writes."""
        if self.item.kind is ItemKind.pass_fail:
            return [("true", Verdict.passed.value), ("false", Verdict.failed.value)]
        return [(text, "") for text, _passes in self.item.choices]


def mark_of(given: Any) -> str:
    return "" if given is None else f"{given.id}.{given.version}"


def row_of(item: FunctionTestItem, given: Any, sent: Mapping[str, str] | None = None, errors: Mapping[str, str] | None = None) -> Row:
    error = (errors or {}).get(str(item.id), "")
    if sent is not None:
        return Row(item, given, sent.get(f"item-{item.id}", ""), sent.get(f"remark-{item.id}", ""), error)
    if given is None:
        return Row(item, None, "", "", error)
    value = given.answer or (given.is_passed if given.is_passed is not None else given.value)
    typed = str(value).lower() if isinstance(value, bool) else value if isinstance(value, str) else format(Decimal(value).normalize(), "f")
    return Row(item, given, typed, given.remark or "", error)


def answer_of(item: FunctionTestItem, sent: Mapping[str, str]) -> dict[str, Any] | None:
    """The fields an answer is kept in; None where there is none. Refusal in words where it cannot be read."""
    text = sent.get(f"item-{item.id}", "").replace("\0", "").strip()
    nothing: dict[str, Any] = {"value": None, "is_passed": None, "answer": None}
    if not text:
        return None
    if item.kind is ItemKind.numeric:
        return nothing | {"value": _number(text)}
    if item.kind is ItemKind.text:
        if len(text) > LONGEST_ANSWER:
            raise Refusal(_("Too long."))
        return nothing | {"answer": text}
    if item.kind is ItemKind.pass_fail and text in ("true", "false"):
        return nothing | {"is_passed": text == "true"}
    if item.kind is ItemKind.choice and text in dict(item.choices):
        return nothing | {"answer": text}
    raise Refusal(_("Not a valid choice."))


def _number(text: str) -> Decimal:
    try:
        value = Decimal(text.replace("，", ".").replace(",", "."))
    except InvalidOperation:
        raise Refusal(_("Not a number.")) from None
    if not value.is_finite():
        raise Refusal(_("Not a number."))
    if abs(value) >= Decimal(10**13):
        raise Refusal(_("This number is out of range."))
    return value
