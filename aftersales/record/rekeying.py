"""After a change of keys: what older keys encrypted is encrypted with the newest. The values stay; the trail says that it was done."""

from typing import Any

from sqlalchemy import Row, String, inspect, select, type_coerce, update
from sqlalchemy.orm import Session

from aftersales.record.audit import unaudited_maintenance
from aftersales.record.base import SharedRecord
from aftersales.record.ciphers import enciphered, field_keys

BATCH = 200
INDEX_OF = "index_of"  # what a column of hashes says in its `info`: the encrypted column that it finds


def rekey(session: Session) -> int:
    """Commits after each batch, so it may be ended at any moment and begun again. Raises Unreadable where a key is missing."""
    count = 0
    for cls in SharedRecord.record_types.values():
        if not enciphered(cls):
            continue
        last = 0
        while rows := _after(session, cls, last):
            last, changed = rows[-1].id, {row.id: values for row in rows if (values := _anew(cls, row))}
            if changed:
                with unaudited_maintenance(session, f"{len(changed)} × {cls.__name__} encrypted anew"):
                    for row_id, values in changed.items():
                        session.connection().execute(update(cls.__table__).where(cls.__table__.c.id == row_id).values(values))
            count += len(changed)
            session.commit()
    return count


def _after(session: Session, cls: type[SharedRecord], last: int) -> list[Row[Any]]:
    """A batch as the database has it, not opened."""
    table = cls.__table__
    columns = (type_coerce(table.c[name], String).label(name) for name in enciphered(cls))
    return list(session.connection().execute(select(table.c.id, *columns).where(table.c.id > last).order_by(table.c.id).limit(BATCH)))


def _anew(cls: type[SharedRecord], row: Row[Any]) -> dict[str, Any]:
    """What is to be written of a row: the plain values, which their columns encrypt, and the hashes that find them."""
    keys = field_keys()
    values: dict[str, Any] = {
        name: keys.open(sealed) for name in enciphered(cls) if (sealed := row._mapping[name]) is not None and not keys.is_newest(sealed)
    }
    hashes = {c.key: keys.index(values[of]) for c in inspect(cls).columns if (of := c.info.get(INDEX_OF)) in values}
    return values | hashes
