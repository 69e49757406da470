"""Times that people type because they happened elsewhere: in the national system, on the telephone."""

from datetime import datetime

from flask_babel import gettext as _

from aftersales.record.now import now
from aftersales.record.refusal import Refusal


def between(known_at: datetime, moment: datetime | None, field: str) -> datetime | None:
    """The moment, which is typed to the minute and so may seem earlier than an awareness within it. Refuses any other before the awareness,
    and the future."""
    if moment is None:
        return None
    if moment < known_at.replace(second=0, microsecond=0):
        raise Refusal(_("It cannot have happened before anybody knew of it."), field=field)
    if moment > now():
        raise Refusal(_("This lies in the future."), field=field)
    return max(moment, known_at)
