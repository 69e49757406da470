"""The administrators' page of settings as a file: written out, and taken over after a look at what it would change."""

from collections.abc import Sequence
from typing import Any

from flask import Response, abort, current_app, flash, render_template, request, url_for
from flask_appbuilder import expose
from flask_babel import gettext as _
from werkzeug.utils import redirect

from aftersales.configuration import document
from aftersales.configuration.kind import readable
from aftersales.configuration.taking import Outcome, Section, digest, note, note_export, take
from aftersales.extensions import db
from aftersales.page import Page, guarded
from aftersales.record.actor import current_actor
from aftersales.record.now import now
from aftersales.record.refusal import Refusal
from aftersales.record.storage import Store

TAKES = ("can_write", "Configuration")
TONES = {Outcome.new: "ok", Outcome.changed: "warn", Outcome.unchanged: "", Outcome.waiting: "info", Outcome.refused: "late"}
LONGEST_REASON = 500


class ConfigurationPage(Page):
    """`/configuration/`: the file out, and the file in. A file that was looked at stays in the store under its sum; it is named by it."""

    route_base = "/configuration"
    default_view = "index"
    section = "settings"
    permission = ("can_read", "Configuration")

    @classmethod
    def title(cls) -> str:
        return _("Settings as a file")

    @expose("/")
    @guarded
    def index(self) -> str:
        return render_template("configuration/index.html", kinds=readable(), may_take=current_actor().can(*TAKES))

    @expose("/export", methods=["POST"])
    @guarded
    def export(self) -> Response:
        chosen = [kind for kind in readable() if kind.name in request.form.getlist("section")]
        if not chosen:
            raise Refusal(_("Choose what the file is to have."))
        data = document.write(db.session(), chosen)
        note_export(db.session(), chosen)
        db.session.commit()
        name = f"settings-{now():%Y%m%d}.json"
        return Response(data, mimetype="application/json", headers={"Content-Disposition": f'attachment; filename="{name}"'})

    @expose("/check", methods=["POST"])
    @guarded
    def check(self) -> str:
        """The dry run."""
        _demand()
        file = request.files.get("file")
        data = b"" if file is None else file.stream.read(document.LARGEST + 1)
        document.read(data)
        return _dry_run(current_app.extensions["store"].put(data))

    @expose("/import", methods=["POST"])
    @guarded
    def take(self) -> Any:
        """Only what the dry run showed: when it would come out otherwise by now, it is shown again."""
        _demand()
        sha256, form = request.form.get("file", ""), request.form
        chosen, reason = form.getlist("section"), form.get("reason", "").strip()
        if not chosen or not reason or len(reason) > LONGEST_REASON:
            error = _("Give a reason.") if chosen and not reason else _("Too long.") if chosen else _("Choose what is to be taken over.")
            return _dry_run(sha256, error), 422
        sections = take(db.session(), document.read(_kept(sha256)), chosen, reason)
        seen = {name: form.get(f"seen.{name}") for name in chosen}
        if any(seen.get(section.kind.name) != digest([section]) for section in sections):
            db.session.rollback()
            return _dry_run(sha256, _("What the file would change is no longer what you saw. Look at it again.")), 409
        note(db.session(), sections, sha256, reason)
        db.session.commit()
        done = sum(section.counts.get(outcome, 0) for section in sections for outcome in (Outcome.new, Outcome.changed))
        flash(_("Taken over: %(n)s. What needs a second person's approval waits for it.", n=done), "success")
        return redirect(url_for(".index"), 303)


def _dry_run(sha256: str, error: str = "") -> str:
    """Of the whole file at first; afterwards of what the person ticked, because one section may need another."""
    sections = take(db.session(), document.read(_kept(sha256)), request.form.getlist("section") or None)
    db.session.rollback()
    return render_template(
        "configuration/dry_run.html", sections=sections, sha256=sha256, error=error, tones=TONES, reason=request.form.get("reason", ""),
        chosen=_chosen(sections), digests={section.kind.name: digest([section]) for section in sections},
    )  # fmt: skip


def _chosen(sections: Sequence[Section]) -> set[str]:
    """Ticked at first is whatever would change something; afterwards what the person ticked."""
    if "reason" in request.form:
        return set(request.form.getlist("section"))
    return {section.kind.name for section in sections if section.moves}


def _kept(sha256: str) -> bytes:
    """The file that was looked at."""
    store: Store = current_app.extensions["store"]
    try:
        if store.exists(sha256) and store.size(sha256) <= document.LARGEST:
            return store.get(sha256)
    except ValueError:  # no key of the store
        pass
    raise Refusal(_("Choose the file again."))


def _demand() -> None:
    if not current_actor().can(*TAKES):
        abort(403)
