"""Seeing the program as a role would: the same person, with less, who stores nothing until the trial is over.

The session's cookie (signed) names the role and a region. Rights are those of the role that the person holds too, so a
trial never shows more than they may see; the guard on the session refuses whatever would be stored meanwhile.
"""

from dataclasses import dataclass, replace
from typing import Any

from flask import render_template, request, session
from flask_appbuilder.security.sqla.models import Role
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from aftersales.extensions import db
from aftersales.organization.region import Region
from aftersales.record.actor import Actor, current_actor
from aftersales.record.audit import record_event
from aftersales.record.late import is_queued
from aftersales.record.refusable import page_before
from aftersales.record.refusal import NotAllowed, Refusal
from aftersales.security.grants import grants_of

KEY = "trial"
SEES_ALL_REGIONS = ("can_see_all", "Region")
LEFT_OPEN = {"RolesPage.end_trial", "AccountView.signout"}


@dataclass(frozen=True)
class Trial:
    """What the banner says: which role is tried, where, and by whom it is held up."""

    role: str
    region: str


def begin(orm: Session, role: Role, region: Region | None) -> None:
    """From the next request on. A role that sees one region only is tried in one. The caller commits."""
    if region is None and SEES_ALL_REGIONS not in grants_of(orm, role.id):
        raise Refusal(_("This role sees its own region only: choose one."), field="region")
    record_event(orm, role, "try", changes={"region": [None, region.name]} if region else None)
    where = {"region_id": region.id, "region": region.name} if region else {"region_id": None, "region": ""}
    session[KEY] = {"role_id": role.id, "role": role.name} | where


def end() -> int | None:
    """Over at once; says which role was tried."""
    return session.pop(KEY, {}).get("role_id")


def running() -> Trial | None:
    held = session.get(KEY)
    return Trial(held["role"], held["region"]) if held and current_actor().only_looks else None


def as_tried(actor: Actor) -> Actor:
    """The actor of this request: narrowed while a role is tried."""
    held = session.get(KEY)
    if not held or actor.user_id is None:
        return actor
    rights = actor.permissions & grants_of(db.session(), held["role_id"])
    return replace(actor, permissions=rights, region_ids=_regions(actor, rights, held["region_id"]), only_looks=True)


def _regions(actor: Actor, rights: frozenset[tuple[str, str]], region_id: int | None) -> frozenset[int] | None:
    if region_id is None:
        return actor.region_ids if SEES_ALL_REGIONS in rights else frozenset()
    return frozenset({region_id}) if actor.sees_region(region_id) else frozenset()


def refuse_writing() -> Any:
    """Before anything else of a request that would write."""
    if not current_actor().only_looks or request.method in ("GET", "HEAD", "OPTIONS") or request.endpoint in LEFT_OPEN:
        return None
    refusal = NotAllowed(_("You are trying a role: nothing is stored until you end the trial."))
    if is_queued():
        raise refusal  # the telephone keeps the entry and says so
    return render_template("record/refused.html", refusal=refusal, back=page_before() or "/"), refusal.status


def regions(orm: Session) -> list[Region]:
    return list(orm.scalars(select(Region).order_by(Region.code)))
