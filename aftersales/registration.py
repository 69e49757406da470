"""Registers what menu.py lists with Flask-AppBuilder: pages and API of every record type and of the rows inside it."""

from collections.abc import Iterator

from flask_appbuilder import AppBuilder

from aftersales import menu
from aftersales.record.api import RecordApi, api_class
from aftersales.record.base import SharedRecord
from aftersales.record.showing import line_classes
from aftersales.record.views import RecordView, view_class


def record_types() -> Iterator[type[SharedRecord]]:
    """Every record type of the menu, each followed by the types of the rows that live inside it."""
    for types in menu.SECTIONS.values():
        for cls in types:
            yield cls
            yield from line_classes(cls)


def register(builder: AppBuilder) -> None:
    for cls in dict.fromkeys(record_types()):
        base: type[RecordView] = menu.VIEWS.get(cls, RecordView)
        builder.add_view_no_menu(view_class(cls, base))
        builder.add_api(api_class(cls, menu.RECORD_APIS.get(cls, RecordApi)))
    for view in menu.PAGES:
        builder.add_view_no_menu(view)
    for api in menu.APIS:
        builder.add_api(api)
