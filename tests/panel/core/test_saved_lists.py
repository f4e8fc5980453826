"""Views of lists that people keep, share and open with (ORD-01)."""

import json
import re

import pytest

from app.panel.core import savedlists
from app.panel.core.db import db
from app.panel.core.savedlists import ListDefault, SavedList
from app.shop.customers.models import Customer
from app.shop.setup.models import Channel, Shop

LIST = "/setup/channel/list/"
SAVE = "/lists/setup_channel/save"
NAMED = json.dumps({"and": [["name", "contains", "Counter"]]})


def kept():
    db.session.commit()
    rows = db.session.query(SavedList).order_by(SavedList.id).all()
    db.session.expunge_all()
    db.session.rollback()  # a transaction of the test that is open would swallow those of the requests
    return rows


def keep(client, name="Tills", path=SAVE, **more):
    return client.post(path, data={"name": name, "f": NAMED, "sort": "-name", "next": LIST, **more})


def test_a_view_is_kept_and_opens_the_same_list(as_user):
    client = as_user("ada")
    asked = {"f": NAMED, "sort": "-name", "size": "25", "q": "B"}
    assert keep(client, **asked).status_code == 302
    page = client.get(LIST).text
    address = re.search(r'href="([^"]+)">Tills', page).group(1).replace("&amp;", "&")
    assert client.get(address).text.count("data-url") == client.get(LIST, query_string=asked).text.count("data-url") == 1
    assert kept()[0].state == {"q": "B", "f": json.dumps(json.loads(NAMED), separators=(",", ":")), "sort": "-name", "size": 25}


def test_a_second_one_of_the_name_replaces_the_first(as_user):
    client = as_user("ada")
    keep(client)
    keep(client, sort="name")
    assert [row.state["sort"] for row in kept()] == ["name"]


def test_a_view_that_is_updated_stays_shared_as_it_was(as_user, ben):
    client = as_user("ben")
    keep(client, roles=["support"])
    opened = client.get(LIST, query_string={"f": NAMED, "sort": "-name"}).text
    boxes = re.findall(r'name="roles" value="([^"]+)"( checked)?', opened)
    assert ("support", " checked") in boxes and (savedlists.EVERYBODY, "") in boxes
    form = re.search(r'<input type="hidden" name="as_shared" value="1"><input type="hidden" name="name" value="Tills">.*?</form>', client.get(LIST).text)
    assert form and "as_shared" not in opened, "one whose question is asked already has nothing to take over"
    assert client.post(SAVE, data={"name": "Tills", "as_shared": "1", "sort": "name", "next": LIST}).status_code == 302
    assert [(row.state, row.roles, row.is_shared) for row in kept()] == [({"sort": "name"}, ["support"], True)]


def test_what_is_not_shared_nobody_else_sees(as_user):
    keep(as_user("ada"))
    assert "Tills" not in as_user("ben").get(LIST).text
    assert as_user("ben").post(f"/lists/{kept()[0].id}/default", data={"on": "1"}).status_code == 404
    assert as_user("ben").post(f"/lists/{kept()[0].id}/delete").status_code == 404


def test_a_shared_view_shows_each_reader_his_own_rows(as_user, ben, cleo):
    keep(as_user("ben"), roles=["support"])
    page = as_user("cleo").get(LIST).text
    address = re.search(r'href="([^"]+)">Tills', page).group(1).replace("&amp;", "&")
    shown = as_user("cleo").get(address).text
    assert "Counter B" in shown and "Counter A" not in shown
    assert "Tills" not in as_user("ada").get(LIST).text, "she has not this role"


def test_a_shared_view_is_not_offered_to_whoever_may_not_ask_its_question(session, as_user, ben, cleo, as_role):
    """The phone of a customer can be filtered by whoever sees it; from the finances it is hidden."""
    shop = session.query(Shop).filter_by(code="B").one()
    session.add(Customer(name="王小明", shop_id=shop.id, phone="13800138000"))
    as_role(ben, "deputy", "finance")
    as_role(cleo, "finance")
    hidden = json.dumps({"and": [["phone", "contains", "8000"]]})
    path = "/lists/customers_customer/save"
    assert keep(as_user("ben"), "By phone", path, f=hidden, sort="", roles=["finance"]).status_code == 302
    assert "By phone" in as_user("ben").get("/customers/customer/list/").text
    answer = as_user("cleo").get("/customers/customer/list/")
    assert answer.status_code == 200 and "By phone" not in answer.text
    assert keep(as_user("cleo"), "By phone", path, f=hidden, sort="").status_code == 400


def test_sharing_needs_the_right_and_the_role(as_user, ben, as_role):
    assert keep(as_user("ben"), roles=["operations"]).status_code == 302
    as_role(ben, "viewer")
    assert keep(as_user("ben"), roles=["viewer"]).status_code == 403
    assert keep(as_user("ben")).status_code == 302
    assert [row.roles for row in kept()] == [[]]


def test_an_administrator_shares_with_any_role_and_with_none_that_there_is_not(as_user, cleo):
    client = as_user("ada")
    assert 'value="support"' in client.get(LIST).text
    assert keep(client, roles=["support"]).status_code == 302
    assert "Tills" in as_user("cleo").get(LIST).text
    keep(client, "Others", roles=["astronaut"])
    assert [row.roles for row in kept()] == [["support"]]


def test_a_list_opens_with_the_default_and_the_whole_list_is_a_click_away(as_user):
    client = as_user("ada")
    keep(client, q="B", default="1")
    opened = client.get(LIST)
    assert opened.status_code == 302 and "q=B" in opened.location
    page = client.get(opened.location).text
    assert "Counter B" in page and "Counter A" not in page
    whole = re.search(r'href="(/setup/channel/list/\?all=1)"', page).group(1)
    assert "Counter A" in client.get(whole).text
    assert client.post(f"/lists/{kept()[0].id}/default", data={"on": "0"}).status_code == 302
    assert client.get(LIST).status_code == 200


def test_a_default_of_nothing_special_does_not_go_round_in_circles(as_user):
    client = as_user("ada")
    keep(client, f="", sort="", default="1")
    opened = client.get(LIST)
    assert opened.location.endswith("?all=1") and client.get(opened.location).status_code == 200


def test_everybody_chooses_his_own_default(as_user, ben):
    keep(as_user("ben"), roles=["support"], default="1")
    assert as_user("cleo").get(LIST).status_code == 200
    assert as_user("cleo").post(f"/lists/{kept()[0].id}/default", data={"on": "1"}).status_code == 302
    assert as_user("cleo").get(LIST).status_code == 302


def test_a_deleted_view_is_nobodys_default_any_more(session, as_user):
    keep(as_user("ben"), roles=["support"], default="1")
    as_user("cleo").post(f"/lists/{kept()[0].id}/default", data={"on": "1"})
    assert as_user("cleo").post(f"/lists/{kept()[0].id}/delete").status_code == 404, "it is another's"
    assert as_user("ben").post(f"/lists/{kept()[0].id}/delete").status_code == 302
    assert kept() == [] and session.query(ListDefault).count() == 0


def test_a_view_that_the_list_does_not_understand_any_more_is_left_out(session, as_user, ada):
    bad = {"f": json.dumps({"and": [["gone", "eq", "x"]]})}
    session.add(SavedList(user_id=ada.id, list_key="setup_channel", name="Old one", state=bad, roles=[]))
    session.flush()
    session.add(ListDefault(user_id=ada.id, list_key="setup_channel", saved_id=session.query(SavedList).one().id))
    session.commit()
    answer = as_user("ada").get(LIST)
    assert answer.status_code == 200 and "Old one" not in answer.text


@pytest.mark.parametrize(
    "wrong", [{"f": "{"}, {"sort": "nothing"}, {"size": "100000"}, {"f": json.dumps({"and": [["secret", "eq", 1]]})}]
)
def test_nothing_is_kept_that_no_list_would_answer(as_user, wrong):
    assert keep(as_user("ada"), **wrong).status_code == 400
    assert kept() == []


def test_names_and_numbers_have_bounds(as_user, ada, monkeypatch):
    client = as_user("ada")
    for name in ("", "  ", "x" * 61):
        keep(client, name)
    assert kept() == []
    monkeypatch.setattr(savedlists, "MOST", 2)
    for name in ("a", "b", "c"):
        keep(client, name)
    assert [row.name for row in kept()] == ["a", "b"]


def test_a_list_that_one_may_not_read_keeps_nothing(as_user):
    assert keep(as_user("ben"), path="/lists/accounts_user/save", f="", sort="").status_code == 403
    assert keep(as_user("ada"), path="/lists/no_such/save").status_code == 404


def test_kept_views_cost_a_list_one_statement(session, as_user, count_queries, ada):
    client = as_user("ada")
    client.get(f"{LIST}?all=1")
    with count_queries() as before:
        client.get(f"{LIST}?all=1")
    for number in range(8):
        session.add(SavedList(user_id=ada.id, list_key="setup_channel", name=f"v{number}", state={"f": NAMED}, roles=[]))
    session.commit()
    with count_queries() as after:
        client.get(f"{LIST}?all=1")
    assert len(after) == len(before)
    assert session.query(Channel).count() == 2
