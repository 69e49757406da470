"""What the program holds for each item now: counts that lead to exactly the list they count, and gaps in words."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from flask_appbuilder.security.sqla.models import Role as StoredRole
from flask_appbuilder.security.sqla.models import assoc_user_role
from flask_babel import gettext as _
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from aftersales.labels import LANGUAGES, language
from aftersales.record.actor import current_actor
from aftersales.record.base import SharedRecord
from aftersales.record.display import words
from aftersales.record.filtering import filtered
from aftersales.record.now import today
from aftersales.security.account import Account
from aftersales.selfcheck.items import Evidence, Item, items
from aftersales.trail.verification import READS_TRAIL, last_job

MOST = 1000
SOON = timedelta(days=30)
NAMED, HOLDERS = 3, 500


@dataclass(frozen=True)
class Told:
    """One evidence in words, with its list; `is_gap` where it is to be mended. `count` is None for what is no list, or not open."""

    text: str
    url: str
    is_gap: bool
    count: int | None = None


@dataclass(frozen=True)
class Standing:
    """An item as it stands: `people` are those who can mend it."""

    item: Item
    evidence: tuple[Told, ...]
    gaps: tuple[Told, ...]
    absent: str
    people: tuple[str, ...]

    @property
    def state(self) -> str:
        """A key of selfcheck_state."""
        if self.gaps:
            return "gaps"
        if self.absent:
            return "partial" if self.evidence else "absent"
        return "held"


def standings(session: Session, year: int) -> list[Standing]:
    """All items, in order. Three statements, whatever there is."""
    days = _days(year)
    asked = [evidence for item in items() for evidence in item.evidence if evidence.kind and _opens(evidence)]
    counts = dict(zip(asked_keys(asked, days), _counted(session, asked, days), strict=True))
    holders, trail = _holders(session, {item.owner for item in items()}), _trail(session)
    return [_standing(item, days, counts, trail, holders.get(item.owner, ())) for item in items()]


def asked_keys(asked: Iterable[Evidence], days: dict[str, str]) -> list[tuple[str, str]]:
    return [(evidence.kind, address(evidence, days)) for evidence in asked]


def address(evidence: Evidence, days: dict[str, str]) -> str:
    """Where its list is. Without an argument a list would open as the person likes it, narrowed by a kept view."""
    args = {name: text.format(**days) for name, text in evidence.args.items()} or {"order": "-id"}
    return f"/{SharedRecord.record_types[evidence.kind].key()}/list/?{urlencode(args)}"


def _days(year: int) -> dict[str, str]:
    day = today()
    told = {"today": day, "yesterday": day - timedelta(days=1), "soon": day + SOON, "first": date(year, 1, 1), "last": date(year, 12, 31)}
    return {name: value.isoformat() for name, value in told.items()}


def _opens(evidence: Evidence) -> bool:
    return current_actor().can("can_read", SharedRecord.record_types[evidence.kind].permission_name())


def _counted(session: Session, asked: Sequence[Evidence], days: dict[str, str]) -> Sequence[int]:
    if not asked:
        return ()
    return session.execute(select(*(_count(session, evidence, days).label(f"n{i}") for i, evidence in enumerate(asked)))).one()


def _count(session: Session, evidence: Evidence, days: dict[str, str]) -> Any:
    cls = SharedRecord.record_types[evidence.kind]
    args = {name: text.format(**days) for name, text in evidence.args.items()}
    found = filtered(session, cls, args).with_only_columns(cls.id).limit(MOST + 1).subquery()
    return select(func.count()).select_from(found).scalar_subquery()


def _standing(
    item: Item, days: dict[str, str], counts: dict[tuple[str, str], int], trail: Told, people: tuple[str, ...]
) -> Standing:  # fmt: skip
    told = [one for evidence in item.evidence if (one := _told(evidence, days, counts, trail)) is not None]
    lang = LANGUAGES.index(language())
    held, gaps = tuple(one for one in told if not one.is_gap), tuple(one for one in told if one.is_gap)
    return Standing(item, held, gaps, item.absent[lang] if item.absent else "", people)


def _told(evidence: Evidence, days: dict[str, str], counts: dict[tuple[str, str], int], trail: Told) -> Told | None:
    if evidence.check:
        return trail if evidence.check == "trail" else _accounts()
    url = address(evidence, days)
    count = counts.get((evidence.kind, url))
    label = SharedRecord.record_types[evidence.kind].plural()
    if count is None:
        return Told(_("%(what)s: your role does not read it", what=label), "", is_gap=False)
    if evidence.is_gap and not count:
        return None
    text = evidence.words[LANGUAGES.index(language())].format(n=f"{MOST}+" if count > MOST else count)
    return Told(text, url, evidence.is_gap or (evidence.is_wanted and not count), count)


def _trail(session: Session) -> Told:
    job = last_job(session)
    url = "/trail/" if current_actor().can(*READS_TRAIL) else ""
    if job is None:
        return Told(_("The audit trail was never verified"), url, is_gap=True)
    return Told(_("Audit trail verified %(time)s: %(outcome)s", time=words(job.ended_at), outcome=job.message), url, is_gap=False)


def _accounts() -> Told:
    url = "/roles/" if current_actor().can("can_read", "Role") else ""
    return Told(_("Rights are given by role; each change stands in the audit trail with its reason"), url, is_gap=False)


def _holders(session: Session, roles: set[str]) -> dict[str, tuple[str, ...]]:
    """The names of who holds each role, a few of each."""
    held = select(StoredRole.name, Account.last_name, Account.first_name).join(assoc_user_role, assoc_user_role.c.role_id == StoredRole.id)
    held = held.join(Account, Account.id == assoc_user_role.c.user_id).where(StoredRole.name.in_(roles), Account.active.is_(True))
    found: dict[str, tuple[str, ...]] = {}
    for role, last, first in session.execute(held.order_by(Account.id).limit(HOLDERS)):
        if len(found.get(role, ())) < NAMED:
            found[role] = (*found.get(role, ()), f"{first} {last}".strip() if (last + first).isascii() else f"{last}{first}")
    return found
