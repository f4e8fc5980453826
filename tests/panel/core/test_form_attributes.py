"""The attributes of an input are written as WTForms writes them, whatever somebody has typed into its value."""

import pytest
from markupsafe import Markup
from wtforms import Form
from wtforms.widgets.core import Select, html_params

from app.panel.core import forms

NASTY = ['"><script>alert(1)</script>', "' onfocus=x autofocus='", "&lt;b&gt;", "a & b", "<", "", "{0} {k} %s", "掌柜", 'tail"']


@pytest.mark.parametrize("value", [*NASTY, *map(Markup, NASTY), 7, 1.5, True, False, None])
def test_attributes_are_those_of_wtforms(value):
    named = {"value": value, "class_": "x", "data_picker_url": "/a?b=1&c=2", "aria_label": value, "maxlength": 20, "required": True}
    assert forms.attributes(**named) == html_params(**named)
    assert isinstance(forms.attributes(**named), Markup)


def test_a_name_of_an_attribute_cannot_end_its_element():
    assert "<" not in forms.attributes(**{"x><b": True, "y><b": "1"})


def test_the_options_of_a_select_are_those_of_wtforms():
    class Chosen(Form):
        field = forms.RawField("Label", kind="select")

    form = Chosen()
    form.field.choices, form.field.data = [(text, text) for text in NASTY], NASTY[1]
    assert str(form.field()) == str(Select()(form.field))
