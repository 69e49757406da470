"""The shipped procedures name nothing that the product does not have."""

import re

import pytest

from aftersales.documents.shipping import TEXTS, _readers, shipped
from aftersales.labels import label
from aftersales.record.base import SharedRecord
from aftersales.roles import Role

FORM = re.compile(r"QR-[A-Z]{2}-\d{2}")
PROCEDURE = re.compile(r"AS-QP-\d{2}")
PATHS = sorted(TEXTS.glob("AS-QP-*.md"))


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_every_form_and_procedure_that_a_text_names_exists(path) -> None:
    text = path.read_text("utf-8")
    forms = {document.form_no for cls in SharedRecord.record_types.values() for document in cls.documents}
    assert sorted(set(FORM.findall(text)) - forms) == []
    assert sorted(set(PROCEDURE.findall(text)) - {path.stem for path in PATHS}) == []


def test_whoever_a_text_gives_duties_reads_it() -> None:
    roles = {label(f"role.{role}", "zh"): role for role in Role}
    for text in shipped():
        named = {roles[name] for name in re.findall("系统角色：([^）]+)", text.body)}
        assert named <= set(_readers(text)), text.head["number"]
