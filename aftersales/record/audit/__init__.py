"""The audit trail: who did what to which record, when and why; append-only, and any tampering is found and located.

Read `entry` (what is kept), `capture` (how it comes there), `tree` and `sealing` (the transparency log), `verify` and `replay`
(how damage is found, and what is not).
"""

from aftersales.record.audit.capture import (
    UnauditedStatementError,
    install,
    note_event,
    record_event,
    unaudited_maintenance,
)
from aftersales.record.audit.command import verify_command
from aftersales.record.audit.drafts import UnknownOldValueError
from aftersales.record.audit.entry import AuditEntry, AuditPending
from aftersales.record.audit.evidence import AuditSettings, EntryJournal, HeadFile, HeadSink, JournalFolder, SignedHead
from aftersales.record.audit.findings import Finding, Found
from aftersales.record.audit.history import history
from aftersales.record.audit.protection import protection_ddl, removal_ddl
from aftersales.record.audit.reads import look, record_read, record_reads
from aftersales.record.audit.replay import adopt, verify_records
from aftersales.record.audit.sealing import TamperedLogError, seal_tree
from aftersales.record.audit.tree import AuditLeaf, AuditTreeHead, AuditTreeNode
from aftersales.record.audit.verify import verify

__all__ = [
    "AuditEntry",
    "AuditLeaf",
    "AuditPending",
    "AuditSettings",
    "AuditTreeHead",
    "AuditTreeNode",
    "EntryJournal",
    "Finding",
    "Found",
    "HeadFile",
    "HeadSink",
    "JournalFolder",
    "SignedHead",
    "TamperedLogError",
    "UnauditedStatementError",
    "UnknownOldValueError",
    "adopt",
    "history",
    "install",
    "look",
    "note_event",
    "protection_ddl",
    "record_event",
    "record_read",
    "record_reads",
    "removal_ddl",
    "seal_tree",
    "unaudited_maintenance",
    "verify",
    "verify_command",
    "verify_records",
]
