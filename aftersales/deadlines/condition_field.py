"""The condition of a rule as a person puts it together: field, operator, values. Made on the server, so it needs no script."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from flask import render_template
from flask_babel import gettext as _
from markupsafe import Markup
from wtforms import Field, HiddenField
from wtforms.validators import ValidationError

from aftersales.deadlines.condition import Question, allowed, questions

IS, IS_NOT = "is", "is_not"


@dataclass(frozen=True)
class Row:
    """One field that may be asked, with what is ticked."""

    question: Question
    operator: str
    ticked: frozenset[str]

    @property
    def choices(self) -> list[tuple[str, str, bool]]:
        return [(str(value), text, str(value) in self.ticked) for value, text in self.question.choices]

    def values(self) -> list[Any]:
        is_asked = self.operator == IS
        return [value for value, _text in self.question.choices if (str(value) in self.ticked) is is_asked]

    def problem(self) -> str:
        known = {str(value) for value, _text in self.question.choices}
        if self.operator not in (IS, IS_NOT) or self.ticked - known:
            return _("Not a valid choice.")
        return "" if not self.ticked or self.values() else _("no value is left, so the rule would never hold.")


class ConditionField(Field):
    """`data` is the condition as rules keep it: a field without ticks is not asked, “is none of” keeps every other value."""

    is_wide = True

    def __init__(self, *args: Any, milestone: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.asked = questions(milestone)
        self.rows: list[Row] = []

    def widget(self, field: Field, **attributes: Any) -> Markup:
        return Markup(render_template("deadlines/_condition.html", field=self, attributes=attributes, operators=self.operators()))

    @staticmethod
    def operators() -> tuple[tuple[str, str], ...]:
        return (IS, _("is one of")), (IS_NOT, _("is none of"))

    def process(self, formdata: Any, data: Any = None, extra_filters: Any = None) -> None:
        self.process_errors = []
        self.object_data = self.data = dict(data) if isinstance(data, Mapping) else {}
        if formdata is None:
            self.rows = list(self._kept())
            return
        self.rows = [
            Row(
                question,
                formdata.get(f"{self.name}-{question.name}-operator") or IS,
                frozenset(formdata.getlist(f"{self.name}-{question.name}")),
            )
            for question in self.asked.values()
        ]
        self.data = {row.question.name: row.values() for row in self.rows if row.ticked}

    def _kept(self) -> Iterator[Row]:
        for name, question in self.asked.items():
            values = allowed(self.data[name]) if name in self.data else ()
            yield Row(question, IS, frozenset(map(str, values)))

    def pre_validate(self, form: Any) -> None:
        for row in self.rows:
            if problem := row.problem():
                raise ValidationError(f"{row.question.label}{_(':')} {problem}")


class GivenHiddenField(HiddenField):
    """What the address has settled already; whatever else is sent for it is passed over."""

    def process_formdata(self, valuelist: list[str]) -> None:
        """Keeps what it was made with."""
