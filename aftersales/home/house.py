"""What an administrator looks after: the steps of setting a company up, and whether everything that runs by itself does."""

import os
import shutil
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from flask import current_app
from flask_babel import gettext as _
from sqlalchemy import exists, func, or_, select
from sqlalchemy.orm import Session

from aftersales.calendar import WorkingCalendar
from aftersales.customers.customer import Customer
from aftersales.deadlines.calendar import HolidayNotice
from aftersales.devices.device import Device
from aftersales.devices.function_test import FunctionTest
from aftersales.devices.model import DeviceModel
from aftersales.jobs.job import Job, JobState
from aftersales.jobs.lease import JobLease
from aftersales.organization.region import Region
from aftersales.packages.copies import CopyState
from aftersales.packages.keys import Keys
from aftersales.packages.package import ArchivePackage
from aftersales.people.person import Person
from aftersales.people.qualification import Qualification
from aftersales.record.display import words
from aftersales.record.notices import Delivery
from aftersales.record.now import server_now, today
from aftersales.record.storage import Store
from aftersales.webhooks.call import WebhookCall

RECENT = 1000  # the newest of each kind that are looked at, so that the page costs the same in the tenth year
WEEK = timedelta(days=7)
ALIVE = timedelta(minutes=15)
LEAST_SPACE = 5 * 2**30
EXPIRES_SOON = timedelta(days=60)


@dataclass(frozen=True)
class Check:
    """One line: whether all is well, what it is about, what to do where it is not, and where."""

    is_well: bool
    title: str
    advice: str = ""
    url: str = ""


def steps(session: Session) -> list[Check]:
    """Setting up a company, in order; empty once everything is there. One statement."""
    asked = (
        ("regions", exists().where(~Region.is_head_office), _("Enter the regions"), "/region/list/"),
        ("people", exists().where(Person.id > 0), _("Enter the people, their accounts and regions"), "/person/list/"),
        ("models", exists().where(DeviceModel.id > 0), _("Enter the device models"), "/device_model/list/"),
        ("tests", exists().where(FunctionTest.state == "effective"), _("Write and approve the function tests"), "/function_test/list/"),
        ("trained", exists().where(Qualification.id > 0), _("Enter who is qualified for what"), "/person/list/"),
        ("customers", exists().where(Customer.id > 0), _("Enter the customers"), "/customer/list/"),
        ("devices", exists().where(Device.id > 0), _("Enter the devices and print their labels"), "/device/list/"),
    )
    found = session.execute(select(*(select(there).scalar_subquery().label(name) for name, there, _text, _url in asked))).one()
    told = [Check(bool(getattr(found, name)), text, url=url) for name, _there, text, url in asked]
    return [] if all(step.is_well for step in told) else told


def checks(session: Session) -> list[Check]:
    """What needs a hand first, then what is well. One statement; of what is outside only the buckets are asked, each for two seconds at
    most."""
    day = today()
    year = day.year + (day.month >= 11)  # the notice comes out in November
    seen = _seen(session, year)
    told = [
        _runner(seen.runner), *_jobs(seen.failed, seen.running), _mail(), _notices(seen.undelivered), _webhooks(seen.unanswered),
        _storage(), _second_place(), _recovery_key(), _copies(seen.is_damaged, seen.is_overdue), _certificate(),
        _calendar(year, seen.has_notice), _address(), _production(),
    ]  # fmt: skip
    return sorted(told, key=lambda check: check.is_well)


def _seen(session: Session, year: int) -> Any:
    """The counts of all checks in one statement, each over the newest RECENT rows."""
    jobs = select(Job.state, Job.ended_at).order_by(Job.id.desc()).limit(RECENT).subquery()
    deliveries = select(Delivery.sent_at, Delivery.error).order_by(Delivery.id.desc()).limit(RECENT).subquery()
    calls = select(WebhookCall.sent_at, WebhookCall.attempts).order_by(WebhookCall.id.desc()).limit(RECENT).subquery()
    failed = select(func.count()).select_from(jobs).where(jobs.c.state == JobState.failed, jobs.c.ended_at > server_now() - WEEK)
    running = select(func.count()).select_from(jobs).where(jobs.c.state.in_([JobState.queued, JobState.running]))
    undelivered = select(func.count()).select_from(deliveries).where(deliveries.c.sent_at.is_(None), deliveries.c.error != "")
    unanswered = select(func.count()).select_from(calls).where(calls.c.sent_at.is_(None), calls.c.attempts > 0)
    hurt, kept = (CopyState.damaged, CopyState.missing), ArchivePackage.state == "kept"
    over = server_now() - timedelta(days=current_app.config["FIXITY_DAYS"])
    return session.execute(
        select(
            exists().where(kept, or_(ArchivePackage.first_copy.in_(hurt), ArchivePackage.second_copy.in_(hurt))).label("is_damaged"),
            exists().where(kept, ArchivePackage.checked_at < over).label("is_overdue"),
            select(func.max(JobLease.until)).scalar_subquery().label("runner"),
            failed.scalar_subquery().label("failed"),
            running.scalar_subquery().label("running"),
            undelivered.scalar_subquery().label("undelivered"),
            unanswered.scalar_subquery().label("unanswered"),
            exists().where(HolidayNotice.year == year, HolidayNotice.state == "approved").label("has_notice"),
        )
    ).one()


def _runner(last: Any) -> Check:
    alive = last is not None and last > server_now() - ALIVE
    return Check(alive, _("Job runner"), "" if alive else _("No sign of life for a quarter of an hour: start it, or no deadline is told."))


def _jobs(failed: int, running: int) -> list[Check]:
    told = [Check(True, _("%(n)s imports and exports are running", n=running), url="/jobs/")] if running else []
    if failed:
        told.append(Check(False, _("%(n)s imports or exports failed this week", n=failed), _("Read why, correct it, ask again."), "/jobs/"))
    return told


def _mail() -> Check:
    ways = ", ".join(current_app.extensions["channels"])
    if ways:
        return Check(True, _("Notices leave by: %(ways)s", ways=ways))
    return Check(False, _("Notices stay in the inbox"), _("Set SMTP_URL, WECOM_WEBHOOK or DINGTALK_WEBHOOK."))


def _notices(count: int) -> Check:
    advice = _("Check the e-mail addresses of the people and the mail server.") if count else ""
    return Check(
        not count, _("%(n)s notices could not be delivered", n=count) if count else _("All notices were delivered"), advice, "/person/list/"
    )


def _webhooks(count: int) -> Check:
    title = _("%(n)s webhook calls were not answered", n=count) if count else _("All webhook calls were answered")
    return Check(not count, title, _("See what the other side says.") if count else "", "/webhook_call/list/")


def _storage() -> Check:
    parts = urlsplit(current_app.config["STORE_URL"])
    if parts.scheme != "file":
        store: Store = current_app.extensions["store"]
        advice = "" if store.answers() else _("It did not answer within two seconds: check STORE_URL, STORE_OPTIONS and the network.")
        return Check(not advice, _("Files lie in the bucket %(name)s", name=parts.netloc), advice)
    folder = Path(unquote(parts.path))
    if not os.access(folder, os.W_OK):
        return Check(False, _("Storage"), _("The folder cannot be written to."))
    free = shutil.disk_usage(folder).free
    title = _("Storage: %(n)s GB free", n=free // 2**30)
    return Check(free >= LEAST_SPACE, title, "" if free >= LEAST_SPACE else _("Make room before files are refused."))


def _second_place() -> Check:
    first, second = urlsplit(current_app.config["STORE_URL"]), urlsplit(current_app.config["SECOND_STORE_URL"])
    if not second.scheme:
        advice = _("Set SECOND_STORE_URL to another disk, machine or bucket: in the same folder both copies are lost together.")
        return Check(False, _("The archive has no second place"), advice)
    if second.scheme != "file":
        store: Store = current_app.extensions["second_store"]
        advice = "" if store.answers() else _("It did not answer within two seconds: check SECOND_STORE_URL and the network.")
        is_same = (first.scheme, first.netloc) == (second.scheme, second.netloc)
        return Check(not advice and not is_same, _("Second place: bucket %(name)s", name=second.netloc), _both(is_same) or advice)
    folder = Path(unquote(second.path))
    if not os.access(folder, os.W_OK):
        return Check(False, _("Second place: %(name)s", name=folder), _("The folder cannot be written to."))
    is_same = first.scheme == "file" and folder.stat().st_dev == Path(unquote(first.path)).stat().st_dev
    return Check(not is_same, _("Second place: %(name)s", name=folder), _both(is_same))


def _both(is_same: bool) -> str:
    return _("It is the same disk or bucket as the first: both copies are lost together.") if is_same else ""


def _recovery_key() -> Check:
    keys: Keys = current_app.extensions["package_keys"]
    if len(keys.recipients) > 1:
        return Check(True, _("The packages open with %(n)s keys", n=len(keys.recipients)))
    advice = _("Add a public key to ARCHIVE_RECIPIENTS whose private key lies elsewhere: without this machine nobody opens the archive.")
    return Check(False, _("Only the key on this machine opens the packages"), advice)


def _copies(is_damaged: bool, is_overdue: bool) -> Check:
    if is_damaged:
        url = "/fixity_report/list/?state=reported&damage_count_from=1"
        return Check(False, _("Archived copies are damaged"), _("Mend them from the other copy."), url)
    title = _("Archived copies were not checked in time") if is_overdue else _("Archived copies were checked in time")
    return Check(not is_overdue, title, _("The runner checks them each night.") if is_overdue else "", "/fixity_report/list/")


def _certificate() -> Check:
    ends = current_app.extensions["signer"].seal.signing_cert.not_valid_after
    own = bool(current_app.config["SIGNING_PKCS12"])
    title = (_("Company's certificate") if own else _("Self-made certificate")) + " · " + _("valid until %(day)s", day=words(ends.date()))
    if ends < server_now() + EXPIRES_SOON:
        return Check(False, title, _("Have it renewed: papers cannot be sealed after that day."))
    return Check(True, title)


def _calendar(year: int, is_entered: bool) -> Check:
    url = f"/holiday_notice/list/?year={year}"
    if is_entered or WorkingCalendar.shipped().is_announced(year):
        return Check(True, _("Holidays of %(year)s", year=year), url=url)
    advice = _("Enter the State Council's notice; until then working days are counted by weekends only.")
    return Check(False, _("Holidays of %(year)s are not known", year=year), advice, url)


def _address() -> Check:
    base = current_app.config["BASE_URL"]
    is_local = urlsplit(base).hostname in ("127.0.0.1", "localhost")
    advice = _("Set BASE_URL: the codes on labels and papers lead there.") if is_local else ""
    return Check(not is_local, _("Address: %(url)s", url=base), advice)


def _production() -> Check:
    is_real = os.environ.get("APP_ENV") == "production"
    advice = "" if is_real else _("Set APP_ENV=production with secrets of your own before real records are kept.")
    return Check(is_real, _("Production settings") if is_real else _("Trial settings"), advice)
