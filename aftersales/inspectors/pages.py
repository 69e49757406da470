"""Where an inspector arrives: the search, the devices in sight, the procedures, and the binders made for this visit."""

from typing import ClassVar

from flask import Response, render_template
from flask_appbuilder import expose
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from aftersales.devices.device import Device
from aftersales.extensions import db
from aftersales.inspection.binder import Binder, binder_of, visible
from aftersales.inspection.pages import FILES
from aftersales.inspectors.access import InspectorAccess
from aftersales.inspectors.papers import counted, scope_words
from aftersales.inspectors.reach import Reach
from aftersales.inspectors.scope import ARRIVES, LISTED
from aftersales.page import Page, guarded
from aftersales.record.actor import SYSTEM, acting_as, current_actor
from aftersales.record.audit import note_event
from aftersales.record.display import words
from aftersales.record.file_routes import sent_file
from aftersales.record.refusal import Refusal

SHOWN = 20


class InspectorPage(Page):
    """`/inspector/`: only for the account of an inspector."""

    route_base = "/inspector"
    default_view = "index"
    section = ""
    permission: ClassVar[tuple[str, str]] = ARRIVES

    @classmethod
    def title(cls) -> str:
        return _("Your inspection")

    @expose("/")
    @guarded
    def index(self) -> str:
        actor = current_actor()
        with acting_as(SYSTEM):  # one's own access, which its bounds keep from every list
            access = db.session.scalars(select(InspectorAccess).where(InspectorAccess.id == actor.bounds.access_id)).one()
            reach = db.session.get(Reach, access.id)
        devices = select(Device).options(joinedload(Device.model), joinedload(Device.customer)).order_by(Device.id.desc()).limit(SHOWN + 1)
        found = list(db.session.scalars(devices)) if actor.can("can_read", Device.__name__) else []
        made = visible().where(Binder.pdf.is_not(None)).order_by(Binder.id.desc()).limit(SHOWN)
        return render_template(
            "inspectors/home.html", access=access, scope=scope_words(access), counts=counted(reach.counts) if reach else [],
            devices=found[:SHOWN], has_more=len(found) > SHOWN, binders=db.session.scalars(made).all(), words=words,
            lists=[(cls.plural(), f"/{cls.key()}/list/") for cls in LISTED if actor.can("can_read", cls.permission_name())],
        )  # fmt: skip

    @expose("/binder/<int:pk>/<any(pdf,zip):kind>")
    @guarded
    def binder(self, pk: int, kind: str) -> Response:
        """A file of a binder made for this visit."""
        made, _things = binder_of(db.session(), pk)
        sha256 = made.pdf if kind == "pdf" else made.zip
        if sha256 is None:
            raise Refusal(_("It is not compiled yet."))
        note_event(db.session(), made, "download", changes={"file": [None, kind], "sha256": [None, sha256]})
        return sent_file(sha256, f"{made.file_name}.{kind}", FILES[kind])
