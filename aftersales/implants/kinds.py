"""The choices of implants and their follow-up. None of them is a diagnosis: they say what the hospital tells."""

from enum import StrEnum, auto


class FollowUpKind(StrEnum):
    """The call after the operation, the visit in the first month, and what the model's plan asks for later."""

    call = auto()
    visit = auto()
    further = auto()


class FollowUpChannel(StrEnum):
    """How somebody was asked."""

    telephone = auto()
    visit = auto()
    letter = auto()
    message = auto()


class AttemptResult(StrEnum):
    """What came of one attempt; only `reached` was not in vain."""

    reached = auto()
    no_answer = auto()
    call_later = auto()
    refused = auto()
    wrong_contact = auto()


class Respondent(StrEnum):
    """Whose words they are. The patient and the family only with the patient's own consent."""

    physician = auto()
    department = auto()
    patient = auto()
    family = auto()


class AsTold(StrEnum):
    """How it is, as it was told."""

    as_expected = auto()
    not_as_expected = auto()
    not_known = auto()


class Consent(StrEnum):
    """Whether the patient agreed, separately and in writing, to be asked by the company itself. None: nobody asked yet."""

    refused = auto()
    given = auto()
    withdrawn = auto()


class ExplantCause(StrEnum):
    """Why a unit was taken out, as the hospital states it."""

    planned = auto()
    device = auto()
    complication = auto()
    other = auto()
    not_known = auto()
