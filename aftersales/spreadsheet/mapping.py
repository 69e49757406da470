"""Which column of a foreign table goes into which field: as people said the last time, else by what the words are like."""

import tomllib
from collections.abc import Mapping, Sequence
from difflib import SequenceMatcher
from functools import cache
from pathlib import Path

from flask import current_app
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from aftersales.record.actor import current_actor
from aftersales.record.base import SharedRecord
from aftersales.record.media import display_name
from aftersales.record.now import now
from aftersales.record.refusal import Refusal
from aftersales.record.storage import Store
from aftersales.spreadsheet.fields import Field, fields_of, spelt
from aftersales.spreadsheet.incoming import DATE_ORDERS, Import, remembered
from aftersales.spreadsheet.source import Source, is_ours, open_source

ALIKE = 0.8
LONGEST_FIXED = 200
Choices = Mapping[str, str]


def bring(session: Session, cls: type[SharedRecord], data: bytes, name: str) -> Import:
    """Keep a file and say how it is read: our own sheet by its hidden row, any other as well as can be told. Raises Refusal."""
    source = open_source(data, name)
    if source.kind and source.kind != cls.key():
        theirs = next((kind.label() for kind in SharedRecord.record_types.values() if kind.key() == source.kind), source.kind)
        raise Refusal(_("This sheet is for %(theirs)s, not for %(ours)s.", theirs=theirs, ours=cls.label()), field="file")
    store: Store = current_app.extensions["store"]
    user_id = current_actor().user_id
    assert user_id is not None
    brought = Import(
        record_type=cls.__name__, file_name=display_name(name), sha256=store.put(data), asked_by_id=user_id, asked_at=now(),
        headings=source.headings, columns=[], meanings={}, fixed={}, date_order="ymd", is_foreign=not source.kind,
    )  # fmt: skip
    _read_as_known(session, cls, brought, source)
    session.add(brought)
    session.flush()
    return brought


def _read_as_known(session: Session, cls: type[SharedRecord], brought: Import, source: Source) -> None:
    fields = {field.name: field for field in fields_of(cls)}
    mapping = remembered(session, cls, source.headings) if brought.is_foreign else None
    if mapping is not None:
        columns = [mapping.columns.get(spelt(heading), "") for heading in source.headings]
        brought.columns = [name if name in fields else "" for name in columns]
        brought.meanings, brought.fixed, brought.date_order = mapping.meanings, mapping.fixed, mapping.date_order
    elif brought.is_foreign:
        brought.columns = suggested(list(fields.values()), source.headings)
    else:
        brought.columns = [name if name in fields else "" for name in source.names]


def suggested(fields: Sequence[Field], headings: Sequence[str]) -> list[str]:
    """The most alike pairs first, each field and each column once; what is like nothing stays empty."""
    pairs = [
        (likeness(field, heading), -place, -order, field.name)
        for place, heading in enumerate(headings) if not is_ours(heading)
        for order, field in enumerate(fields)
    ]  # fmt: skip
    columns = [""] * len(headings)
    for score, place, _order, name in sorted(pairs, reverse=True):
        if score >= ALIKE and not columns[-place] and name not in columns:
            columns[-place] = name
    return columns


def likeness(field: Field, heading: str) -> float:
    said = spelt(heading)
    if not said:
        return 0
    own = {spelt(word) for word in (*field.captions, field.name, field.name.removesuffix("_id"))}
    if said in own:
        return 2
    if said in synonyms().get(field.name, ()):
        return 1.5
    return max(SequenceMatcher(None, said, word).ratio() for word in own)


@cache
def synonyms() -> dict[str, frozenset[str]]:
    told = tomllib.loads(Path(__file__).with_name("synonyms.toml").read_text("utf-8"))
    return {name: frozenset(spelt(word) for word in words) for name, words in told.items()}


def read_as(brought: Import, columns: Sequence[str], fixed: Choices, date_order: str) -> None:
    """What the mapping page says. Raises Refusal at the column or field that cannot be; the caller gives up what was written."""
    fields = {field.name: field for field in fields_of(brought.cls)}
    filled = [name for name in columns if name]
    if unknown := set(filled) - set(fields) or set(fixed) - set(fields):
        raise Refusal(_("There is no such field."), field=min(unknown))
    if not filled or len(columns) != len(brought.headings) or date_order not in DATE_ORDERS:
        raise Refusal(_("Say for at least one column which field it fills."), field="columns")
    brought.columns, brought.date_order = list(columns), date_order
    brought.fixed = {name: text.strip()[:LONGEST_FIXED] for name, text in fixed.items() if text.strip() and name not in filled}
    if twice := [name for name in filled if filled.count(name) > 1]:
        raise Refusal(_("Two columns go into %(field)s.", field=fields[twice[0]].caption), field=twice[0])
    if missing := [field for field in unfilled(brought) if field.required and field.name not in brought.fixed]:
        asked = _("%(field)s is required: choose a column or one value for every row.")
        raise Refusal(errors={field.name: [asked % {"field": field.caption}] for field in missing})


def unfilled(brought: Import) -> list[Field]:
    """The fields that no column fills."""
    return [field for field in fields_of(brought.cls) if field.name not in brought.columns]


def understand(brought: Import, meant: Mapping[str, Choices]) -> None:
    """What foreign words of choices mean: field → word → value. Raises Refusal."""
    fields = {field.name: field for field in fields_of(brought.cls)}
    values = {name: dict(words) for name, words in brought.meanings.items()}
    for name, words in meant.items():
        for word, value in words.items():
            if name not in fields or value not in fields[name].choices:
                raise Refusal(_("Not a valid choice."), field=name)
            values.setdefault(name, {})[word] = value
    brought.meanings = values
