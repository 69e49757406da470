"""The letter of reply leaves the house when the complaint is answered, weeks before its effect is verified: it is sealed there."""

from sqlalchemy.orm import object_session

from aftersales.complaints.complaint import Complaint
from aftersales.record import archive, workflow
from aftersales.record.base import SharedRecord


def seal_letter(record: SharedRecord, name: str, source: str) -> None:
    """Called by perform after the signature, which stands on the letter."""
    if isinstance(record, Complaint) and name == "answer":
        archive.seal(object_session(record), record, record.documents[1:])


workflow.listeners.append(seal_letter)
