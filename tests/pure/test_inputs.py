"""What we write of an input is what WTForms writes."""

from markupsafe import Markup
from wtforms.widgets import html_params

from aftersales.record.inputs import attributes

ODD = {
    "value": """<b>"与' & 5 < 6""",
    "placeholder": Markup('&lt;已转义&gt; "引号"'),
    "required": True,
    "readonly": False,
    "data_lookup": "/person/lookup?among=x&q=1",
    "aria-label": "说明",
    "class_": "code",
    "maxlength": 40,
    "data-text": "",
}


def test_attributes_are_those_of_wtforms() -> None:
    assert attributes(**ODD) == html_params(**ODD)
    for name, value in ODD.items():
        assert attributes(**{name: value}) == html_params(**{name: value})
