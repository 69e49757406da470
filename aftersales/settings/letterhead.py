"""What stands at the head and foot of the company's papers, from a day on. Papers already archived keep theirs."""

import base64
from datetime import date
from typing import Any

from flask import current_app
from flask_babel import gettext as _
from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, Session, mapped_column, object_session

from aftersales.columns import Day, Name, ShortText
from aftersales.record.attachments import Attachment
from aftersales.record.base import SharedRecord
from aftersales.record.now import today
from aftersales.record.refusal import Refusal
from aftersales.record.storage import Store
from aftersales.record.words import Document
from aftersales.rights import written_by
from aftersales.roles import Role
from aftersales.settings.dated import DATED, DATED_SETTING, in_force

PRINTABLE = ("image/png", "image/jpeg")
LOGO_LIMIT = 256 * 1024  # it lies in every paper, and a page of Chinese is to stay under 100 KB with an ordinary one


class Letterhead(SharedRecord):
    """The company's name, address and telephones on paper; its logo is the newest PNG or JPEG filed here while it is proposed."""

    access = written_by(Role.administrator, Role.quality)
    known_by = ("effective_from",)
    setting = DATED_SETTING

    name: Mapped[Name]
    name_en: Mapped[Name | None]
    address: Mapped[ShortText | None]
    phone: Mapped[str | None] = mapped_column(String(120))
    website: Mapped[str | None] = mapped_column(String(120))
    licence_no: Mapped[str | None] = mapped_column(String(120))
    footer: Mapped[ShortText | None]
    effective_from: Mapped[Day]

    __table_args__ = (Index("ix_letterhead_state_effective_from", "state", "effective_from"),)

    listing = ("name", "phone", "effective_from", "state")
    searched = ("name", "name_en", "address", "phone")
    sections = {"content": ("name", "name_en", "address", "phone", "website", "licence_no", "footer"), "force": ("effective_from",)}
    workflow = DATED
    documents = (Document("letterhead", form_no="QR-SH-31", version="A/0"),)

    def check_approve(self) -> None:
        if self.effective_from < today():
            raise Refusal(_("Papers of the past are printed already: choose today or a later day."), field="effective_from")
        self.logo()

    def logo(self) -> str:
        """The logo as a data URI, "" where there is none. Refuses one that would swell every paper."""
        files = Attachment.of_record(object_session(self), self, newest_first=True, limit=20)
        file = next((file for file in files if file.media_type in PRINTABLE), None)
        if file is None:
            return ""
        if file.size > LOGO_LIMIT:
            raise Refusal(_("The logo is larger than %(limit)s KB; it would lie in every paper.", limit=LOGO_LIMIT // 1024))
        store: Store = current_app.extensions["store"]
        return f"data:{file.media_type};base64,{base64.b64encode(store.get(file.sha256)).decode()}"

    def head(self) -> dict[str, str]:
        return {name: getattr(self, name) or "" for name in self.sections["content"]} | {"logo": self.logo()}


def letterhead_for(session: Session, record: Any, day: date) -> dict[str, str]:
    """The head of a paper printed on `day`: a letterhead shows itself, everything else the one in force, or the configured name alone."""
    row = record if isinstance(record, Letterhead) else in_force(session, Letterhead, day)
    if row is not None:
        return row.head()
    return dict.fromkeys((*Letterhead.sections["content"], "logo"), "") | {"name": current_app.config["COMPANY_NAME"]}
