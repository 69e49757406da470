"""The figures of a text: `![caption](name.png)` shows a picture that is filed on the version, or on one before it."""

from base64 import b64encode
from functools import cached_property
from typing import Any

from flask import current_app
from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from aftersales.record.attachments import Attachment


class Figures:
    """The pictures filed on some versions, by name; asked for when a text names the first.

    The newest version that has a name decides, and within it what was filed first: a file that comes after the approval under a
    name that is taken changes nothing.
    """

    def __init__(self, session: Session, version_ids: Select[Any]) -> None:
        self.session, self.version_ids = session, version_ids

    @cached_property
    def named(self) -> dict[str, Attachment]:
        chosen = select(Attachment).where(Attachment.kind == "DocumentVersion", Attachment.record_id.in_(self.version_ids))
        pictures = chosen.where(Attachment.media_type.like("image/%")).order_by(Attachment.record_id, Attachment.id.desc())
        return {picture.name: picture for picture in self.session.scalars(pictures)}

    def uri(self, name: str) -> str | None:
        """The picture as a data: URI, so that page and paper show the same bytes; None where none is filed."""
        picture = self.named.get(name)
        if picture is None:
            return None
        return f"data:{picture.media_type};base64,{b64encode(current_app.extensions['store'].get(picture.sha256)).decode()}"
