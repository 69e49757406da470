"""The form a nurse fills in beside a failed device: short, in plain words, nothing preset that matters."""

import re
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import Form, MultipleFileField, RadioField, StringField, TelField, TextAreaField
from wtforms.validators import DataRequired, InputRequired, Length, Optional, Regexp, ValidationError

from aftersales.record.display import words
from aftersales.record.media import RefusedFile, inspect
from aftersales.service.request import ANSWERS, Harm, RequestKind

MOST_PHOTOS = 5
PHONE = re.compile(r"\D*(\d\D*){5,20}$")  # numbers are written in many ways; a person will dial it
REQUIRED = _l("This field is required.")
TOO_LONG = _l("Too long.")
CHOOSE = _l("Please choose an answer.")


def typed(length: int, *more: Any) -> list[Any]:
    return [DataRequired(REQUIRED), Length(max=length, message=TOO_LONG), *more]


def trimmed(text: str | None) -> str:
    return (text or "").replace("\0", "").strip()


class ReportForm(Form):
    """The report of one fault. The fields are named as those of ServiceRequest where they become one."""

    kind = RequestKind.fault
    fault_text = TextAreaField(_l("What is wrong?"), typed(4000), filters=[trimmed])
    is_device_down = RadioField(_l("Is the device completely out of use?"), [InputRequired(CHOOSE)])
    is_treatment_affected = RadioField(_l("Does it affect the treatment or rescue of a patient now?"), [InputRequired(CHOOSE)])
    has_alternative = RadioField(_l("Is there another device that can be used instead?"), [InputRequired(CHOOSE)])
    harm = RadioField(_l("Could a patient have come to harm through this device?"), [InputRequired(CHOOSE)])
    photos = MultipleFileField(_l("Photos, if they help"))
    department = StringField(_l("Department or ward"), typed(80), filters=[trimmed])
    caller_name = StringField(_l("Your name"), typed(60), filters=[trimmed])
    caller_phone = TelField(_l("Your telephone"), typed(40, Regexp(PHONE, message=_l("Not a telephone number."))), filters=[trimmed])
    website = StringField(filters=[trimmed])  # no person sees it; a program that fills in every field does

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.pictures: list[tuple[bytes, str]] = []
        for name in self.answers:
            self[name].choices = [("yes", words(True)), ("no", words(False))]
        self.harm.choices = [(answer.value, words(answer)) for answer in (Harm.yes, Harm.no, Harm.not_sure)]

    @property
    def answers(self) -> list[str]:
        return [name for name in ANSWERS if name in self]

    def validate_photos(self, field: MultipleFileField) -> None:
        """Each must be a picture by its content; what is kept of them is in `pictures`."""
        uploads = [upload for upload in field.data or [] if getattr(upload, "filename", "")]
        if len(uploads) > MOST_PHOTOS:
            raise ValidationError(_("At most %(n)s photos.", n=MOST_PHOTOS))
        for upload in uploads:
            self.pictures.append((_picture(upload.read(), upload.filename), upload.filename))

    def contents(self) -> list[str]:
        """Everything typed and chosen: two forms with the same of it are one report."""
        return [self.kind.value, *(f"{field.name}={field.data}" for field in self if isinstance(field.data, str))]

    def values(self) -> dict[str, Any]:
        """What goes into the service request, but for its subject."""
        answers = {name: self[name].data == "yes" for name in self.answers}
        return {
            "kind": self.kind, "fault_text": self.fault_text.data,
            "caller_name": self.caller_name.data, "caller_phone": self.caller_phone.data,
            "harm": Harm(self.harm.data), "customer_text": self.department.data, **answers,
        }  # fmt: skip


class ComplaintForm(ReportForm):
    """A complaint, of whatever: asked about harm like a fault, not about the device's state."""

    kind = RequestKind.complaint
    fault_text = TextAreaField(_l("What are you not satisfied with?"), typed(4000), filters=[trimmed])
    is_device_down = None
    is_treatment_affected = None
    has_alternative = None


class Elsewhere:
    """The same without a label scanned: the caller says where and what it is."""

    hospital = StringField(_l("Hospital"), typed(120), filters=[trimmed])
    product_text = StringField(_l("Device: name or model"), typed(200), filters=[trimmed])
    serial_text = StringField(_l("Serial number, if you can see it"), [Optional(), Length(max=100, message=TOO_LONG)], filters=[trimmed])

    def values(self) -> dict[str, Any]:
        told = {"product_text": self.product_text.data or None, "serial_text": self.serial_text.data or None}
        return {**super().values(), **told, "customer_text": f"{self.hospital.data} {self.department.data}"}


class UnknownDeviceForm(Elsewhere, ReportForm):
    """A fault of a device without a label."""


class ComplaintElsewhereForm(Elsewhere, ComplaintForm):
    """A complaint that need not be about a device."""

    product_text = StringField(
        _l("Device, if it is about one: name or model"), [Optional(), Length(max=200, message=TOO_LONG)], filters=[trimmed]
    )


# By what the caller wants, and whether the device is known.
FORMS: dict[tuple[RequestKind, bool], type[ReportForm]] = {
    (RequestKind.fault, True): ReportForm, (RequestKind.fault, False): UnknownDeviceForm,
    (RequestKind.complaint, True): ComplaintForm, (RequestKind.complaint, False): ComplaintElsewhereForm,
}  # fmt: skip


def _picture(data: bytes, name: str) -> bytes:
    try:
        is_image = inspect(data, name).is_image
    except RefusedFile as refused:
        raise ValidationError(str(refused)) from refused
    if not is_image:
        raise ValidationError(_("Only photos (JPEG, PNG, WebP) can be added here."))
    return data
