"""The menu of a configuration has one way of being written, and anything else is refused with a sentence."""

import pytest

from app.panel.accounts.configuration import document, menu
from app.panel.core.errors import InvalidInput


def configuration(entries, **modules):
    return {"format": 1, "roles": {}, "menu": {"entries": entries, "modules": modules}}


def written(entries, **modules):
    return document.normal(configuration(entries, **modules))["menu"]


@pytest.fixture(autouse=True)
def somewhere(app):
    with app.test_request_context("/"):
        yield


def test_what_goes_without_saying_is_not_written_down():
    entry = {
        "key": "books_loan", "label": {"en": "  Lent   out ", "zh_Hans_CN": ""}, "icon": "", "url": "", "hidden": False,
        "hidden_for": {"roles": [], "people": []}, "children": [],
    }  # fmt: skip
    assert written([entry]) == {"entries": [{"key": "books_loan", "label": {"en": "Lent out"}}]}
    assert written([], live={"hidden": False, "roles": []}) == {"entries": []}
    assert written([], live={"roles": ["support", "finance", "support"]})["modules"] == {"live": {"roles": ["finance", "support"]}}


@pytest.mark.parametrize(
    "entry",
    [
        {"key": "group:a", "children": [{"key": "group:b", "children": [{"key": "group:c", "children": [{"key": "x_y"}]}]}]},
        {"key": "group:a", "children": [{"key": "group:b", "children": [{"key": "group:c"}]}]},
        {"key": "books_loan", "children": [{"key": "books_shelf"}]},
        {"key": "group:a", "children": [{"key": "group:a"}]},
        {"key": "<b>"}, {"key": ""}, {"label": {}}, "books_loan", {"key": "list:0"}, {"key": "x_y", "more": 1},
        {"key": "x_y", "label": {"fr": "Un"}}, {"key": "x_y", "label": {"en": "a" * 61}}, {"key": "x_y", "label": {"en": "a\u0000"}},
        {"key": "x_y", "icon": "fa-x onload"}, {"key": "x_y", "icon": "house"}, {"key": "x_y", "url": "/account/"},
        {"key": "link:a"}, {"key": "link:a", "url": "javascript:alert(1)"}, {"key": "link:a", "url": "http://example.org"},
        {"key": "link:a", "url": "//example.org"}, {"key": "x_y", "hidden_for": {"people": ["ada"]}},
        {"key": "x_y", "hidden_for": {"roles": [1]}}, {"key": "x_y", "hidden_for": {"all": True}},
    ],
)  # fmt: skip
def test_what_no_menu_can_be_is_refused(entry):
    with pytest.raises(InvalidInput):
        written([entry])


def test_a_new_link_leads_to_a_page_that_is_there_and_has_a_name():
    def problems(*entries):
        return set(menu.problems({"entries": list(entries)}, {"entries": []}))

    named = {"label": {"en": "A"}}
    assert problems({"key": "link:a", "url": "/account/", **named}, {"key": "link:b", "url": "https://example.org/", **named}) == set()
    assert problems({"key": "link:a", "url": "/account/"}) == {"menu.link:a.label"}
    assert problems({"key": "link:a", "url": "/nowhere/", **named}) == {"menu.link:a.url"}


def test_a_page_that_went_away_does_not_stand_in_the_way_of_another_change():
    entry = {"key": "link:a", "label": {"en": "A"}, "url": "/nowhere/"}
    assert menu.problems({"entries": [entry]}, {"entries": [entry]}) == {}
