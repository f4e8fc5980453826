"""What a model says of a field once is what form, API and import say; child rows stand in the order of the form."""

import re

from app.panel.core import forms
from app.panel.core.fields import spec
from app.panel.core.openapi import schema


def test_limits_help_unit_and_placeholder_reach_the_form_and_the_description_of_the_api(app):
    from app.shop.customers.models import Address
    from tests.library.books.models import Book

    with app.test_request_context():
        copies = forms.unbound(spec(Book, "copies"))
        assert copies.kwargs["render_kw"] == {"step": "1", "min": "0"}
        assert schema(spec(Book, "copies"))["minimum"] == 0
        country = spec(Address, "country")
        assert forms.unbound(country).kwargs["description"] == country.help
        assert schema(country)["description"] == str(country.help)
        assert schema(spec(Address, "label"))["example"] == str(spec(Address, "label").placeholder)


def test_child_rows_stand_in_the_order_in_which_the_form_sends_them(as_user):
    ada = as_user("ada")
    form = {"name": "Shoes", "attributes-present": "1"}
    for number, code in enumerate(("size", "sole", "width")):
        form |= {f"attributes-{number}-name": code, f"attributes-{number}-code": code, f"attributes-{number}-position": "0",
                 f"attributes-{number}-is_required": "1"}  # fmt: skip
    added = ada.post("/catalog/attributeset/add", data=form)
    assert added.status_code == 302
    key = added.location.rpartition("/")[2]
    page = ada.get(f"/catalog/attributeset/edit/{key}").text
    rows = re.findall(r'name="attributes-(\d)-code"[^>]*value="(\w+)"', page)
    assert [code for _n, code in rows] == ["size", "sole", "width"]
    ids = dict(re.findall(r'name="attributes-(\d)-id" value="(\d+)"', page))
    turned = {"name": "Shoes", "version": "1", "attributes-present": "1"}
    for number, old in enumerate("201"):
        code = dict(rows)[old]
        turned |= {f"attributes-{number}-id": ids[old], f"attributes-{number}-name": code, f"attributes-{number}-code": code}
    assert ada.post(f"/catalog/attributeset/edit/{key}", data=turned).status_code == 302
    kept = ada.get(f"/api/v1/catalog/attributeset/{key}").json["result"]["attributes"]
    assert [one["code"] for one in sorted(kept, key=lambda one: one["position"])] == ["width", "size", "sole"]
    assert [one["is_required"] for one in kept] == [False, False, False], "a box that is not ticked says no"
