"""A choice that stands in a table more than once: each column's CHECK is named after the column."""

from enum import StrEnum
from typing import Any

from sqlalchemy import Enum
from sqlalchemy.orm import mapped_column


def chosen(choices: type[StrEnum], name: str, **options: Any) -> Any:
    values = [choice.value for choice in choices]
    kind = Enum(choices, name=name, native_enum=False, length=32, create_constraint=True, values_callable=lambda _choices: values)
    return mapped_column(kind, **options)
