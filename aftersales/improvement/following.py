"""What may follow from a complaint, an adverse event or a recall, for whoever looks at it."""

from aftersales.record.actor import current_actor


def follows() -> list[str]:
    """The record types that the person may begin from here."""
    return [name for name in ("CorrectiveAction", "Recall") if current_actor().can("can_write", name)]
