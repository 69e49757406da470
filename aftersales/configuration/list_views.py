"""Views of lists that people share, as a kind of setting. Whose they are stays at home: here they belong to whoever takes them over."""

from typing import Any
from urllib.parse import urlencode

from flask_babel import gettext as _
from sqlalchemy import inspect, select
from sqlalchemy.orm import Session

from aftersales.configuration.kind import MOST, Kind
from aftersales.record.arranging import EVERYBODY, MINE, SHARES, ListView, keep_view
from aftersales.record.base import SharedRecord
from aftersales.record.display import relation_of
from aftersales.record.natural import Item, found, key_of, key_words
from aftersales.record.refusal import Refusal


class ListViewsKind(Kind):
    name, key = "list_view", ("kind", "shared_with", "name")
    reads = writes = SHARES

    def label(self) -> str:
        return _("Shared views of lists")

    def entries(self, session: Session) -> list[Item]:
        shared = select(ListView).where(ListView.shared_with != MINE).order_by(ListView.id).limit(MOST)
        told = (self._described(session, view) for view in session.scalars(shared))
        return list({tuple(item[name] for name in self.key): item for item in told if item is not None}.values())

    def _described(self, session: Session, view: ListView) -> Item | None:
        """None for a view of what is particular to this company: a hospital, a person."""
        cls = SharedRecord.record_types.get(view.kind)
        if cls is None:
            return None
        args = dict(view.args)
        for name, target in _references(cls, args).items():
            record = session.scalars(select(target).where(target.id == int(args[name]))).one_or_none() if target.known_by else None
            if record is None:
                return None
            args[name] = key_of(record)
        return {"kind": view.kind, "name": view.name, "shared_with": view.shared_with, "args": args}

    def take(self, session: Session, item: Item, reason: str, *, is_new: bool) -> None:
        cls, args = SharedRecord.record_types.get(str(item.get("kind"))), item.get("args")
        if cls is None or cls.parent is not None:
            raise Refusal(_("This program has no such list."), field="kind")
        if not isinstance(args, dict) or not all(isinstance(item.get(name), str) for name in self.key):
            raise Refusal(_("Not a view of a list."), field="args")
        here = dict(args)
        for name, target in _references(cls, args).items():
            record = found(session, target, args[name])
            if record is None:
                raise Refusal(_("There is no %(type)s “%(key)s” here.", type=target.label(), key=key_words(args[name])), field=name)
            here[name] = record.id
        same = [getattr(ListView, name) == item[name] for name in self.key]
        view = None if is_new else session.scalars(select(ListView).where(*same).order_by(ListView.id).limit(1)).one()
        keep_view(session, cls, urlencode(here), item["name"], item["shared_with"], view, reason=reason)

    def words(self, name: str, value: Any) -> str:
        from aftersales.security.matrix import role_words  # it maps every class when it is imported, and the menu is not read yet

        if name == "kind" and str(value) in SharedRecord.record_types:
            return SharedRecord.record_types[str(value)].label()
        if name == "shared_with":
            return _("Everybody") if value == EVERYBODY else role_words(str(value))
        if isinstance(value, dict):
            return " · ".join(f"{key} = {key_words(part)}" for key, part in value.items())
        return super().words(name, value)


def _references(cls: type[SharedRecord], args: Item) -> dict[str, type[SharedRecord]]:
    """The filters of a view that name a record, with its type."""
    relations = relation_of(cls)
    return {name: inspect(cls).relationships[relations[name]].mapper.class_ for name in args if name in relations}
