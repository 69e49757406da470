"""The words a complaint is told in: what it is about, how serious, what caused it and how that was found (R11.2, R11.3)."""

from enum import StrEnum, auto


class ComplaintKind(StrEnum):
    product_quality = auto()
    service_attitude = auto()
    installation = auto()
    contract = auto()
    delivery = auto()


class Severity(StrEnum):
    """`group`: several customers about the same product, lot or matter; handled as major."""

    general = auto()
    major = auto()
    group = auto()


class CauseKind(StrEnum):
    """Where the root cause lies."""

    design = auto()
    manufacture = auto()
    transport_storage = auto()
    operation = auto()
    service = auto()


# A cause of these lies with the registrant, its factory or the supplier: they are told (GSP art. 105).
MAKERS = (CauseKind.design, CauseKind.manufacture, CauseKind.transport_storage)


class CauseMethod(StrEnum):
    five_whys = auto()
    fishbone = auto()
    fault_tree = auto()


class FishboneBranch(StrEnum):
    """The six bones."""

    person = auto()
    machine = auto()
    material = auto()
    method = auto()
    environment = auto()
    measurement = auto()


class FaultGate(StrEnum):
    """How the events one level below bring an event about: all of them together, or any one."""

    all_of = auto()
    any_of = auto()


class InquiryKind(StrEnum):
    """What was looked into."""

    production_record = auto()
    service_record = auto()
    site_visit = auto()
    test = auto()
    interview = auto()
    other = auto()


class CustodyStep(StrEnum):
    """Where a returned product goes, hand by hand. It stays apart from sound stock until it is returned or disposed of (GSP art. 107)."""

    received = auto()
    quarantined = auto()
    handed_over = auto()
    tested = auto()
    returned = auto()
    disposed = auto()


# Its whereabouts are settled.
SETTLED = (CustodyStep.returned, CustodyStep.disposed)
