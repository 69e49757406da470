"""docs/forms.md against the declarations: each field of a prescribed form is held, and stands on that form."""

import re
from pathlib import Path

import pytest
from sqlalchemy import inspect

from aftersales.devices.model import DeviceModel
from aftersales.recalls.recall import Recall
from aftersales.recalls.steps import ASSESSMENT
from aftersales.recalls.submission import RecallSubmission
from aftersales.recalls.tally import figures_of
from aftersales.recalls.unit import RecallUnit
from aftersales.vigilance.event import AdverseEvent
from aftersales.vigilance.form import PARTS
from aftersales.vigilance.group import BASICS, GroupEvent
from aftersales.vigilance.patient import IDENTITY, EventPatient
from aftersales.vigilance.risk_report import RiskReport

ROOT = Path(__file__).parents[2]
CLASSES = {
    cls.__name__: cls
    for cls in (AdverseEvent, DeviceModel, EventPatient, GroupEvent, Recall, RecallSubmission, RecallUnit, RiskReport)
}  # fmt: skip
# What these forms print is a list in the source, not words in the template.
LISTED = {
    "adverse_event_form": {*(name for _part, names in PARTS for name in names), *IDENTITY},
    "group_event_form": {*BASICS},
    "recall_assessment_report": {*ASSESSMENT},
}


def rows() -> list[tuple[str, str, str]]:
    """Form, class, field of each line."""
    found, form = [], ""
    for line in (ROOT / "docs/forms.md").read_text("utf-8").splitlines():
        if heading := re.match(r"## .*`(\w+)`", line):
            form = heading[1]
        elif line.startswith("| ") and form:
            found += [(form, cls, name) for cls, name in re.findall(r"`(\w+)\.(\w+)`", line)]
    return found


@pytest.mark.parametrize("form", sorted({form for form, _cls, _name in rows()}))
def test_each_field_of_a_prescribed_form_is_held_and_printed(form: str) -> None:
    template = (ROOT / f"templates/documents/{form}.html").read_text("utf-8")
    source = (ROOT / "aftersales/vigilance/form.py").read_text("utf-8") if form == "adverse_event_form" else ""
    for _form, cls, name in (row for row in rows() if row[0] == form):
        if cls == "figures":
            assert name in figures_of.__code__.co_consts or f'"{name}"' in (ROOT / "aftersales/recalls/tally.py").read_text("utf-8")
        else:
            assert name in inspect(CLASSES[cls]).all_orm_descriptors or hasattr(CLASSES[cls], name), f"{cls}.{name}"
        printed = re.search(rf"\.{name}\b", template) or name in LISTED.get(form, ()) or f'"{name}"' in source
        assert printed, f"{form} does not print {cls}.{name}"
