"""Default rights, written shortly: everybody in the company reads, and the named roles write too."""

from aftersales.record.words import READ, WRITE
from aftersales.roles import Role

Access = dict[str, frozenset[str]]


def written_by(*writers: Role) -> Access:
    return dict.fromkeys(Role, READ) | dict.fromkeys(writers, WRITE)


def read_by(*readers: Role, writers: tuple[Role, ...] = ()) -> Access:
    """Only these roles and the inspector read."""
    return dict.fromkeys((*readers, Role.inspector), READ) | dict.fromkeys(writers, WRITE)
