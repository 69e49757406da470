"""References that follow their id: pages and API set `customer_id`, and `customer` must be that customer at once.

SQLAlchemy by itself keeps the record it loaded earlier until the next commit, and loads none for a record not yet
written: every check that asks the reference would judge by the old one, or by nothing.
"""

from functools import partial
from typing import Any

from sqlalchemy import event, inspect
from sqlalchemy.orm import Mapper, relationship

from aftersales.extensions import Model
from aftersales.record.base import SharedRecord


def reference(**options: Any) -> Any:
    """The record that an `_id` column points at, also while the record that points is not yet written."""
    return relationship(load_on_pending=True, **options)


@event.listens_for(Mapper, "after_configured")
def _follow_ids() -> None:
    for mapper in Model.registry.mappers:
        if not issubclass(mapper.class_, SharedRecord):
            continue
        for relation in mapper.relationships:
            if relation.direction.name != "MANYTOONE" or len(relation.local_columns) != 1 or "follows_id" in relation.info:
                continue
            relation.info["follows_id"] = True
            column = mapper.get_property_by_column(next(iter(relation.local_columns)))
            event.listen(getattr(mapper.class_, column.key), "set", partial(_forget, relation.key))


def _forget(relation: str, record: Any, value: Any, old: Any, initiator: Any) -> None:
    if relation not in record.__dict__:
        return
    loaded = record.__dict__[relation]
    if value == (loaded.id if loaded is not None else None):
        return
    state = inspect(record)
    if state.persistent:
        state.session.expire(record, [relation])
    else:
        del record.__dict__[relation]
