"""What is done every minute or day: plain functions, safe to kill, to repeat and to run in two places at once.

Each acts as the system, on db.session, inside an application context. The lease only saves work: none of them relies on it.
"""

from collections.abc import Callable
from datetime import timedelta

from flask import current_app
from sqlalchemy import delete, func, select

from aftersales.archives.entering import enter_sealed_before
from aftersales.archives.judging import work_off_rechecks
from aftersales.archives.shredding import shred
from aftersales.documents.effect import take_effect
from aftersales.documents.external import remind_of_reviews
from aftersales.documents.revision import flag_outdated
from aftersales.extensions import db
from aftersales.inspectors.keeping import look_after
from aftersales.jobs.job import Job
from aftersales.jobs.lease import lease
from aftersales.jobs.work import work_off
from aftersales.labels import LANGUAGES, speaking
from aftersales.record import late
from aftersales.record.actor import SYSTEM, acting_as
from aftersales.record.alerts import alert_due
from aftersales.record.audit import seal_tree
from aftersales.record.late import ReceivedEntry
from aftersales.record.notices import Delivery, Notice, deliver_due
from aftersales.record.now import now
from aftersales.record.refusal import Refusal
from aftersales.security.account import Account
from aftersales.vigilance.risk_report import open_reports

KEPT = timedelta(days=90)
DELIVERIES_A_PASS = 500


def escalate() -> int:
    """Tell whoever is to be told of deadlines that near or have passed."""
    return alert_due(db.session)


def deliver() -> int:
    """Send what waits for e-mail and the other channels."""
    return deliver_due(db.session, addresses(), DELIVERIES_A_PASS)


def send_webhooks() -> int:
    """Tell other programs what happened."""
    from aftersales.webhooks.sending import send_due_webhooks

    return send_due_webhooks()


def seal_trail() -> int:
    """Take what was written to the audit trail into its log."""
    return seal_tree(db.session, current_app.extensions["audit"])


def clean() -> int:
    """Forget jobs, imports and deliveries that ended long ago, and keys of entries that nobody sends again. Notices stay: they are the
    person's."""
    from aftersales.spreadsheet.incoming import Import

    told = select(Notice.id).where(Notice.created_at < now() - KEPT)
    ended = delete(Delivery).where(Delivery.due_at.is_(None), Delivery.notice_id.in_(told))
    count = db.session.connection().execute(ended).rowcount
    count += db.session.connection().execute(delete(Job).where(Job.ended_at < now() - KEPT)).rowcount
    count += db.session.connection().execute(delete(Import).where(Import.asked_at < now() - KEPT)).rowcount
    count += db.session.connection().execute(delete(ReceivedEntry).where(ReceivedEntry.received_at < now() - late.KEPT)).rowcount
    db.session.commit()
    return count


def work() -> int:
    """Carry out the jobs people asked for, but those that take long."""
    return work_off(db.session)


def work_long() -> int:
    """Carry out the long ones, beside the others."""
    return work_off(db.session, long=True)


def addresses() -> dict[int, tuple[str, str]]:
    """The e-mail address and the language of every account that is in use."""
    active = select(Account.id, Account.email, func.coalesce(Account.language, LANGUAGES[0])).where(Account.active.is_(True))
    found = {user_id: (address, lang) for user_id, address, lang in db.session.execute(active)}
    db.session.commit()
    return found


def look_at_documents() -> int:
    """Mark the documents in force that no longer say what holds: a rule's day has come, or the program has changed."""
    count = flag_outdated(db.session)
    db.session.commit()
    return count


def judge_retention() -> int:
    """Judge anew how long records are kept, where a model, a device, a contract or a rule has changed."""
    return work_off_rechecks(db.session)


def shred_files() -> int:
    """Delete from the store what certificates of destruction gave up."""
    return shred(db.session)


def fill_archive() -> int:
    """Make the archive entries of what was sealed before there were any."""
    return enter_sealed_before(db.session)


def package_lately() -> int:
    """Write the packages of what was sealed just now."""
    from aftersales.packages.packing import write_packages

    return write_packages(db.session, lately=True)[0]


def package_all() -> int:
    """Write the packages that are wanting, whatever the reason: an entry sealed again, other recipients, a place that did not answer."""
    from aftersales.packages.packing import write_packages

    return write_packages(db.session)[0]


def remove_packages() -> int:
    """Delete at the second place what no package names any more: of destroyed records first of all."""
    from aftersales.packages.packing import remove_unnamed

    return remove_unnamed(db.session)


def check_copies() -> int:
    """Read again what was not read for long, at both places, and report."""
    from aftersales.packages.checking import check, due_before

    try:
        report = check(db.session, due_before())
    except Refusal:  # somebody asked for a check of everything, and it still runs
        return 0
    return report.package_count if report is not None else 0


def put_documents_in_force() -> int:
    """Versions of documents whose day has come and which everybody has read."""
    return take_effect(db.session)


def look_at_regulations() -> int:
    """Remind of external documents that are to be compared with the official text."""
    return remind_of_reviews(db.session)


def look_after_inspectors() -> int:
    """Find anew what open accesses lead to, and end those whose last day is past."""
    with speaking("zh"):
        return look_after(db.session())


def open_risk_reports() -> int:
    """Open the periodic risk evaluation reports that are due, or will be soon."""
    count = open_reports(db.session)
    db.session.commit()
    return count


def prepare_quality_meetings() -> int:
    """Open the quality meeting on the quarter that is over, and count the figures of those that are being prepared."""
    from aftersales.meetings.preparing import prepare_meetings

    with speaking("zh"):
        return prepare_meetings(db.session())


def mail_recall_notices() -> int:
    """Mail the recall notices that were sent or reminded."""
    from aftersales.recalls.mailing import mail_notices

    return mail_notices(db.session())


def look_for_signals() -> int:
    """Look at the cases that came in, and once a month and a quarter at all there is."""
    from aftersales.signals.looking import look

    return look(db.session)


EVERY_MINUTE: tuple[Callable[[], int], ...] = (
    escalate, put_documents_in_force, deliver, send_webhooks, seal_trail, judge_retention, shred_files,
    look_after_inspectors, mail_recall_notices, look_for_signals,
    package_lately, remove_packages,
)  # fmt: skip
EVERY_DAY: tuple[Callable[[], int], ...] = (
    clean, look_at_documents, look_at_regulations, fill_archive, package_all, check_copies,
    open_risk_reports, prepare_quality_meetings,
)  # fmt: skip
JOBS: tuple[Callable[[], int], ...] = (work, work_long)


def run_pass(run: Callable[[], int]) -> int:
    """Do one pass as the system, unless another runner has it in hand."""
    with acting_as(SYSTEM), lease(db.session, run.__name__) as is_ours:
        return run() if is_ours else 0


def run_as_system(run: Callable[[], int]) -> int:
    """Do what each runner may do beside the others."""
    with acting_as(SYSTEM):
        return run()
