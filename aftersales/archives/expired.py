"""Filling a list of destruction with what may be destroyed: the records of its region whose term is over and that nothing else keeps."""

from collections.abc import Iterator
from dataclasses import dataclass

from flask_babel import gettext as _
from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from aftersales.archives.destruction import Destruction, DestructionItem, why_they_stay
from aftersales.archives.entry import OVER, ArchiveEntry
from aftersales.archives.judging import with_judged
from aftersales.record.now import today
from aftersales.record.refusal import Refusal

MOST = 500  # entries that are looked at together: a certificate with more is read by nobody
LISTABLE = ("draft", "submitted", "approved", "begun")


@dataclass(frozen=True)
class Outlook:
    """What could be added now, what stays and why, and whether there are more entries than were looked at."""

    ready: list[ArchiveEntry]
    staying: list[tuple[ArchiveEntry, list[str]]]
    has_more: bool


def outlook(session: Session, destruction: Destruction) -> Outlook:
    """The entries whose term is over by the day kept with them, the longest over first; each is judged anew."""
    on_a_list = exists().where(
        DestructionItem.entry_id == ArchiveEntry.id, Destruction.id == DestructionItem.destruction_id, Destruction.state.in_(LISTABLE)
    )
    chosen = select(ArchiveEntry).where(*ArchiveEntry.offered(OVER), ArchiveEntry.region_id == destruction.region_id, ~on_a_list)
    found = session.scalars(with_judged(chosen).order_by(ArchiveEntry.retain_until, ArchiveEntry.id).limit(MOST + 1)).all()
    looked_at = found[:MOST]
    staying = list(why_they_stay(session, looked_at, today()))
    kept = {entry.id for entry, _why in staying}
    return Outlook([entry for entry in looked_at if entry.id not in kept], staying, len(found) > MOST)


def add_expired(session: Session, destruction: Destruction) -> int:
    """Put all of them on the list, as many as are looked at together; says how many. Raises Refusal where the list is no draft."""
    if destruction.state != "draft":
        raise Refusal(_("Only a draft takes further records."))
    ready = outlook(session, destruction).ready
    session.add_all(_items(destruction, ready))
    session.flush()
    return len(ready)


def _items(destruction: Destruction, entries: list[ArchiveEntry]) -> Iterator[DestructionItem]:
    for entry in entries:
        item = DestructionItem(destruction=destruction, entry=entry, region_id=destruction.region_id)
        item.describe()
        yield item
