"""The filter of a list: groups, words, chips that go one by one, strict values, and a form that needs no script."""

import json
import re
from html import unescape

import pytest
from werkzeug.datastructures import MultiDict

from app.panel.core import filters, listing
from app.panel.core.actor import SYSTEM
from app.panel.core.errors import BadRequest
from app.panel.core.screens.filtering import without
from app.shop.catalog.models import Product
from app.shop.setup.models import Channel

LIST, COUNT = "/setup/channel/list/", "/lists/setup_channel/count"
EITHER = {"and": [["is_active", "is", "true"], {"or": [["name", "contains", "Counter A"], ["name", "contains", "Counter B"]]}]}


def asked(client, tree, path=LIST, **more):
    return client.get(path, query_string={"f": json.dumps(tree), **more})


def addresses(page, label):
    """Where the crosses lead of chips whose words hold `label`."""
    chips = re.findall(r'<span class="chip"><span>([^<]*)</span><a href="([^"]*)"', page)
    return [unescape(url) for words, url in chips if label in unescape(words)]


def test_groups_two_deep_find_what_one_of_their_conditions_finds(as_user):
    page = asked(as_user("ada"), EITHER).text
    assert "Counter A" in page and "Counter B" in page and page.count("data-url") == 2


def test_each_condition_of_a_group_is_a_chip_that_goes_by_itself(as_user):
    client = as_user("ada")
    page = asked(client, EITHER).text
    assert "chip-group" in page
    left = client.get(addresses(page, "Counter B")[0]).text
    assert "Counter A</a>" in left and "Counter B</a>" not in left


def test_a_tree_loses_what_is_taken_out_and_the_groups_that_are_empty_then():
    one, two, three = ["a", "empty"], ["b", "empty"], ["c", "empty"]
    tree = {"and": [one, {"or": [two, three]}, {"not": two}]}
    assert without(tree, (0,)) == {"and": [{"or": [two, three]}, {"not": two}]}
    assert without(tree, (1, 0)) == {"and": [one, {"or": [three]}, {"not": two}]}
    assert without(tree, (2, 0)) == {"and": [one, {"or": [two, three]}]}
    assert without({"or": [{"and": [one]}]}, (0, 0)) is None
    assert without(one, ()) is None


@pytest.mark.parametrize(
    ("tree", "sentence"),
    [
        ([["placed_at", "within", "some_day"]], "There is no such period."),
        ([["placed_at", "between", ["2026-11-30", "2026-11-01"]]], "larger than the second"),
        ([["total", "between", ["9", "2"]]], "larger than the second"),
        ([["total", "between", ["2"]]], "Give two values."),
        ([["total", "gte", "much"]], "much"),
        ([["state", "in", []]], "Give one to"),
        ([["state", "eq", "lost"]], "is none of"),
        ([["password", "eq", "x"]], "cannot be filtered"),
    ],
)
def test_a_value_that_cannot_be_read_is_a_sentence_and_never_all_rows(as_user, tree, sentence):
    client = as_user("ada")
    page = asked(client, {"and": tree}, "/orders/order/list/")
    assert page.status_code == 400 and "data-url" not in page.text
    answer = client.get("/lists/orders_order/count", query_string={"f": json.dumps({"and": tree})}, headers={"Accept": "application/json"})
    assert answer.status_code == 400 and sentence in answer.json["message"]


def test_how_many_rows_a_filter_would_leave_is_counted_among_ones_own(as_user):
    for name, words in (("ada", "2 rows"), ("ben", "1 row")):
        answer = asked(as_user(name), EITHER, COUNT)
        assert answer.json == {"count": int(words[0]), "exact": True, "words": words}
    assert as_user("ada").get("/lists/no_list/count").status_code == 404


def test_periods_end_where_the_month_the_quarter_and_the_year_end(clock):
    clock.set("2026-11-22 10:00")
    said = {name: "/".join(str(day) for day in filters.period(name)) for name in filters.PERIODS}
    assert said["this_quarter"] == "2026-10-01/2026-12-31" and said["last_year"] == "2025-01-01/2025-12-31"
    assert said["next_7_days"] == "2026-11-22/2026-11-28" and said["tomorrow"] == "2026-11-23/2026-11-23"
    assert said["last_90_days"] == "2026-08-25/2026-11-22"


def test_a_period_needs_no_more_than_its_name(session):
    with pytest.raises(BadRequest):
        filters.build(["created_at", "within", ["today"]], Channel, ["created_at"], SYSTEM)


def form_of(page):
    """What the plain form holds, as a browser without scripts would send it."""
    text = re.search(r'<form class="sheet plain-filter".*?</form>', page, re.S).group(0)
    found = MultiDict((name, unescape(value)) for name, value in re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', text))
    found.update(re.findall(r'<input class="form-control" type="text" name="([^"]+)" aria-label="[^"]*" value="([^"]*)"', text))
    for name, inner in re.findall(r'<select class="form-select" name="([^"]+)".*?>(.*?)</select>', text, re.S):
        options = re.findall(r'<option value="([^"]*)"( selected)?', inner)
        found.add(name, next((value for value, chosen in options if chosen), options[0][0]))
    return found


def test_without_a_script_the_filter_is_a_form(as_user):
    client = as_user("ada")

    def press(page, button, **changes):
        return client.get(LIST, query_string=MultiDict({**form_of(page).to_dict(), **changes, "do": button}))

    page = client.get(LIST, query_string={"plain": "1", "sort": "name"}).text
    page = press(page, "add-c", **{"c-new": "is_active"}).text
    page = press(page, "group", **{"c-new": "name"}).text
    filled = {"g0-0-op": "contains", "g0-0-value": "Counter A", "g0-1-op": "contains", "g0-1-value": "Counter B", "c-0-value": "true"}
    answer = press(page, "apply", **filled)
    assert answer.status_code == 302
    shown = client.get(answer.location)
    assert shown.request.args["sort"] == "name" and json.loads(shown.request.args["f"]) == EITHER
    assert shown.text.count("data-url") == 2
    again = client.get(LIST, query_string={"plain": "1", "f": json.dumps(EITHER)}).text
    fewer = press(press(again, "drop-g0-1").text, "drop-c-0").text
    answer = press(fewer, "apply")
    assert json.loads(client.get(answer.location).request.args["f"]) == {"and": [{"or": [["name", "contains", "Counter A"]]}]}


def test_a_new_domain_is_asked_about_every_field_it_shows_and_its_tags(app):
    names = listing.askable(Product, ["title"])
    assert names[0] == "title" and "version" not in names and {"tags", "created_at"} <= set(names)
