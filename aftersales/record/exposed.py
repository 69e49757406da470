"""What of a record type its API exposes: endpoints, fields to write, columns of lists."""

from sqlalchemy import inspect

from aftersales.record.base import SharedRecord
from aftersales.record.custom import is_custom
from aftersales.record.filtering import filter_names
from aftersales.record.form_page import asks_region


def routes_of(cls: type[SharedRecord]) -> set[str]:
    """The endpoints a type has: rows live and go with their record; records have a story and are never deleted."""
    if cls.parent is not None:
        return {"create", "show", "update", "remove"}
    routes = {"index", "changes", "create", "show", "update", "history", "files", "attach", "file", "comments", "comment", "withdraw"}
    if cls.workflow:
        routes |= {"perform", "bulk"}
    if cls.clocks:
        routes.add("clocks")
    if cls.documents:
        routes |= {"documents", "document"}
    return routes


def writable(cls: type[SharedRecord]) -> tuple[str, ...]:
    """The fields a client may send: those of the page's form, and for a row the record it goes into."""
    names = list(cls.form_fields())
    if asks_region(cls):
        names.append("region_id")
    if cls.parent is not None:
        names.append(f"{cls.parent}_id")
    return tuple(dict.fromkeys(names))


def readable_in_lists(cls: type[SharedRecord]) -> tuple[str, ...]:
    """What a list may give: single columns; personal data only where `listing` names it, and then masked."""
    columns = inspect(cls).columns
    fields = [name for names in cls.sections.values() for name in names if name not in cls.personal]
    told = [name for name in fields if name in columns or is_custom(name)]
    regions = ["region_id"] if "region_id" in columns else []
    return tuple(dict.fromkeys((*cls.listing, *told, *filter_names(cls), *regions, "created_at")))
