"""The shipped procedures name nothing that the product does not have."""

import re

import pytest

from aftersales.documents.shipping import TEXTS
from aftersales.record.base import SharedRecord

FORM = re.compile(r"QR-[A-Z]{2}-\d{2}")
PROCEDURE = re.compile(r"AS-QP-\d{2}")
PATHS = sorted(TEXTS.glob("AS-QP-*.md"))


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_every_form_and_procedure_that_a_text_names_exists(path) -> None:
    text = path.read_text("utf-8")
    forms = {document.form_no for cls in SharedRecord.record_types.values() for document in cls.documents}
    assert sorted(set(FORM.findall(text)) - forms) == []
    assert sorted(set(PROCEDURE.findall(text)) - {path.stem for path in PATHS}) == []
