"""A refusal in words: what page, API and job answer when a rule says no. Never a stack trace, never a 500."""

from collections.abc import Mapping


class Refusal(Exception):
    """A rule said no. `errors` maps a field (or "" for the whole record) to sentences in the reader's language."""

    status = 422

    def __init__(self, message: str = "", *, field: str = "", errors: Mapping[str, list[str]] | None = None) -> None:
        self.errors: dict[str, list[str]] = dict(errors) if errors else {field: [message]}
        super().__init__("; ".join(text for texts in self.errors.values() for text in texts))


class NotAllowed(Refusal):
    """The person may not do this here."""

    status = 403


class NotFound(Refusal):
    """No such record, or none the person can see: the answer is the same, so nothing leaks."""

    status = 404


class OutOfOrder(Refusal):
    """The installation cannot do it as it is configured."""

    status = 503


class Conflict(Refusal):
    """Somebody else changed the record in the meantime.

    `differences` are (field, mine, theirs) in words; `renew` are the form's fields that make the same entry one on top of theirs.
    """

    status = 409
    differences: tuple[tuple[str, str, str], ...] = ()
    renew: Mapping[str, str] = {}
