"""The figures of a text: `![caption](name.png)` shows a picture that is filed on the version, or on one before it."""

from base64 import b64encode
from collections.abc import Callable, Iterable

from flask import current_app
from sqlalchemy import select
from sqlalchemy.orm import Session

from aftersales.record.attachments import Attachment


def figures_of(session: Session, version_ids: Iterable[int]) -> Callable[[str], str | None]:
    """Gives the picture of a name as a data: URI, None where none is filed. `version_ids`: the version and those before it.

    The newest version that has the name decides, and within it what was filed first: a file that comes after the approval under a
    name that is taken changes nothing.
    """
    chosen = select(Attachment).where(Attachment.kind == "DocumentVersion", Attachment.record_id.in_(list(version_ids)))
    pictures = chosen.where(Attachment.media_type.like("image/%")).order_by(Attachment.record_id, Attachment.id.desc())
    named = {picture.name: picture for picture in session.scalars(pictures)}

    def uri(name: str) -> str | None:
        picture = named.get(name)
        if picture is None:
            return None
        return f"data:{picture.media_type};base64,{b64encode(current_app.extensions['store'].get(picture.sha256)).decode()}"

    return uri
