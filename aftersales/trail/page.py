"""The auditors' page: what happened, to which record, by whom and why; and whether the trail is whole."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, ClassVar

from flask import Response, flash, redirect, render_template, request, stream_with_context, url_for
from flask_appbuilder import expose
from flask_babel import gettext as _
from sqlalchemy import select

from aftersales.extensions import Model, db
from aftersales.jobs import ask
from aftersales.labels import label, language
from aftersales.page import Page, guarded
from aftersales.record.actor import Actor, acting_as, current_actor
from aftersales.record.audit import Finding
from aftersales.record.audit.drafts import is_audited
from aftersales.record.base import SharedRecord
from aftersales.record.display import words
from aftersales.record.now import now
from aftersales.record.refusal import Refusal
from aftersales.security.account import Account
from aftersales.trail import verification
from aftersales.trail.export import table
from aftersales.trail.search import NOBODY, TrailPageRows, page_of
from aftersales.trail.telling import Teller, action_words, kind_words
from aftersales.trail.verification import READS_TRAIL
from aftersales.trail.voided import voided_page

ASKED = ("number", "kind", "record_id", "person", "action", "from", "until", "late")
EVERYWHERE = ("create", "update", "delete", "create_line", "update_line", "delete_line", "read", "sign", "maintenance", "adopt", "export")
ON_ACCOUNTS = (
    "sign_in", "sign_in_failed", "sign_in_refused", "sign_out", "lock_out", "change_password",
    "reset_password", "lock", "unlock", "close", "open", "roles",
)  # fmt: skip


class TrailPage(Page):
    """`/trail/`: search, export, verify. Ten statements at most."""

    route_base = "/trail"
    default_view = "index"
    section = "settings"
    permission: ClassVar[tuple[str, str]] = READS_TRAIL

    @classmethod
    def title(cls) -> str:
        return _("Audit trail")

    @expose("/")
    @guarded
    def index(self) -> Any:
        asked = {name: request.args[name] for name in ASKED if request.args.get(name)}
        rows, problem = TrailPageRows([], None), ""
        try:
            rows = page_of(db.session(), asked | {"after": request.args.get("after", "")})
        except Refusal as refusal:
            problem = str(refusal)
        teller, head = Teller(db.session()), verification.present_head(db.session())
        body = render_template(
            "trail/list.html", told=[*teller.tell_all(rows.entries)], after=rows.after, asked=asked, problem=problem,
            is_later="after" in request.args, kinds=kinds(), actions=actions(), people=people(), words=words, located=located,
            language=language(), head=head, head_at=head and datetime.fromisoformat(head.at),
            last=verification.last_verification(db.session()), running=verification.running(db.session()),
        )  # fmt: skip
        return body, 422 if problem else 200

    @expose("/trail.csv")
    @guarded
    def export(self) -> Response:
        """What the page lists, all of it up to a bound."""
        asked = {name: request.args[name] for name in ASKED if request.args.get(name)}
        page_of(db.session(), asked, 1)  # a wrong filter is refused before the first byte is sent
        response = Response(stream_with_context(_as(current_actor(), asked)), mimetype="text/csv")
        response.headers["Content-Disposition"] = f"attachment; filename=trail-{now():%Y%m%d-%H%M}.csv"
        return response

    @expose("/voided")
    @guarded
    def voided(self) -> Any:
        """Signatures that lately lost what they stood for, each with its record."""
        before = request.args.get("before", type=int)
        page = voided_page(db.session(), before)
        return render_template("trail/voided.html", rows=page.rows, next_before=page.before, is_later=before is not None, words=words)

    @expose("/verify", methods=["POST"])
    @guarded
    def verify(self) -> Any:
        """Ask for a verification; the job's page shows how far it is."""
        going = verification.running(db.session())
        if going is not None:
            flash(_("A verification is under way."), "info")
            return redirect(url_for(".index"), 303)
        job = ask(db.session(), verification.KIND)
        return redirect(url_for("JobsView.show", pk=job.id), 303)


def _as(actor: Actor, asked: Mapping[str, str]) -> Iterator[str]:
    """The table is written after the request has let its actor go."""
    with acting_as(actor):
        yield from table(db.session(), asked)


def kinds() -> list[tuple[str, str]]:
    """Everything that has a story of its own, with its words."""
    roots = [m.class_ for m in Model.registry.mappers if is_audited(m.class_) and not getattr(m.class_, "parent", None)]
    names = {cls.__name__ for cls in roots if cls.__module__.startswith(("aftersales", "flask_appbuilder"))}
    names |= {"SignIn", "Maintenance", "Export", "Binder"}
    return sorted(((name, kind_words(name)) for name in names), key=lambda pair: pair[1])


def actions() -> list[tuple[str, str]]:
    """Every action there may be: the common ones, those of accounts, and the transitions of records by name."""
    found = {name: label(f"record.action.{name}") for name in EVERYWHERE} | {name: action_words("Account", name) for name in ON_ACCOUNTS}
    for name, text in _transitions():
        found.setdefault(name, text)
    return list(found.items())


def _transitions() -> Iterator[tuple[str, str]]:
    for cls in SharedRecord.record_types.values():
        for transition in cls.workflow.transitions if cls.workflow else ():
            yield transition.name, action_words(cls.__name__, transition.name)


def people() -> list[tuple[str, str]]:
    """The accounts, by name; the first thousand of a company that large."""
    columns = (Account.id, Account.last_name, Account.first_name, Account.username)
    rows = db.session.execute(select(*columns).order_by(Account.username).limit(1000))
    return [(NOBODY, _("Nobody signed in")), *((str(pk), f"{last}{first} {username}") for pk, last, first, username in rows)]


def located(finding: Finding) -> dict[str, str]:
    """Where a damage is, in words, and the page of the record where there is one."""
    cls = SharedRecord.record_types.get(finding.kind or "")
    where = f"{kind_words(finding.kind)} {finding.record_id}" if finding.kind else ""
    url = f"/{cls.key()}/show/{finding.record_id}" if cls is not None and cls.parent is None else ""
    return {"record": where, "url": url, "entry": "" if finding.sequence is None else str(finding.sequence), "place": finding.place}
