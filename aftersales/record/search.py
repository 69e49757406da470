"""Substring search that stays fast at a million rows, in Chinese too.

PostgreSQL: the search text is cut into grams (pairs of characters where Chinese is involved, triples of plain ASCII)
under a GIN index; a trigram index alone knows no word of two Chinese characters. SQLite scans: it is the embedded
default and stops at the first page of hits.
"""

from typing import Any

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, and_, cast, func
from sqlalchemy.dialects.postgresql import ARRAY, TEXT, array
from sqlalchemy.orm import Session

from aftersales.record.base import SharedRecord
from aftersales.record.refusal import Refusal
from aftersales.record.spelling import MARK


def grams(text: str) -> list[str]:
    """The same cut as the database's function search_grams (see the migrations): what a query must contain."""
    pairs = {text[i : i + 2] for i in range(len(text) - 1) if len(text[i : i + 2].encode()) > 2}
    triples = {text[i : i + 3] for i in range(len(text) - 2) if len(text[i : i + 3].encode()) == 3}
    return sorted(pairs | triples)


def matches(session: Session, cls: type[SharedRecord], phrase: str) -> ColumnElement[bool]:
    """The condition that a record's search text contains every word of `phrase`."""
    words = phrase.lower().split()
    postgresql = session.connection().dialect.name == "postgresql"
    return and_(*(_contains(cls, word, postgresql) for word in words[:5]))


def _contains(cls: type[SharedRecord], word: str, postgresql: bool) -> ColumnElement[bool]:
    if not postgresql:
        return cls.search_text.contains(word, autoescape=True)
    parts = grams(word)
    if not parts and cls.spelled and len(word) == 2:
        word = MARK + word  # two letters are the beginning of initials: zw, 张伟
        parts = grams(word)
    if not parts:
        raise Refusal(_("Type at least two Chinese characters or three letters."), field="q")
    found = cls.search_text.contains(word, autoescape=True)
    wanted = cast(array(parts), ARRAY(TEXT))  # else they are bound as varchar, for which the index's operator does not exist
    indexed: Any = func.search_grams(cls.search_text, type_=ARRAY(TEXT)).contains(wanted)
    return indexed if len(parts) == 1 and parts[0] == word else and_(indexed, found)
