"""Rules of rows and fields in the draft: written, said in words, counted for a person."""

from __future__ import annotations

import json
from html.parser import HTMLParser

from sqlalchemy import func, select
from werkzeug.datastructures import MultiDict

from app.panel.accounts.configuration import store
from app.panel.accounts.rights import rolebook, ruling, wording
from app.panel.core import policy
from app.panel.core.actor import SYSTEM
from app.shop.orders.models import Order
from app.shop.setup.models import Channel
from tests.panel.accounts.rights.conftest import JSON

ROWS, FIELDS = "/accounts/roles/rows/setup.Channel/support", "/accounts/roles/fields/orders.Order/support"


def rule(*nodes, word="and", note=""):
    return {"note": note, "filter": {word: list(nodes)}}


A, B = ["name", "contains", "Counter A"], ["name", "contains", "Counter B"]


def test_rules_are_kept_in_the_draft_as_they_were_written(as_user, drafted):
    client, said = as_user("ada"), [rule(A, {"or": [["is_active", "is", True], B]}, note="Two deep"), rule(B)]
    assert client.post(ROWS, data={"rules": json.dumps(said)}).status_code == 302
    assert drafted("support")["rows"]["setup.Channel"] == said
    page = client.get(ROWS).text
    assert "Counter A" in page and "Two deep" in page
    client.post(ROWS, data={"rules": "[]"})
    assert "setup.Channel" not in drafted("support")["rows"]


def test_a_rule_is_said_in_words(app, session):
    with app.test_request_context():
        said = [rule(A, {"or": [["kind", "in", ["counter", "online"]], ["shop.name", "starts", "青"]]}), rule(["external_id", "empty"])]
        words = wording.rows_said([said[0]], "setup.Channel")
        assert words == "Channel contains Counter A, and (Platform is one of Counter, online, or Shop · Shop name starts with 青)"
        assert wording.rows_said(said, "setup.Channel").endswith("; or Number on the platform is empty")
        assert wording.rows_said([], "setup.Channel") == "all rows"
        assert wording.sentence({"not": A}, Channel) == "not (Channel contains Counter A)"
        assert wording.sentence(["gone", "eq", 1], Channel) == "gone eq 1"


def test_what_a_person_would_see_is_what_he_sees_when_it_holds(session, ada, ben):
    for said in ([rule(A)], [rule(B)], [rule(A), rule(B)], [rule(["name", "empty"])], []):
        rolebook.put_rules("support", "rows", "setup.Channel", said, actor=ada)
        told = ruling.sees(Channel, said, ben, ada)
        with store.previewing(store.draft().document):
            real = session.scalar(select(func.count()).select_from(policy.scope(select(Channel.id), ben, Channel).subquery()))
        assert (told["n"], told["of"]) == (real, 2)


def test_nobody_is_told_of_rows_that_he_does_not_see_himself(session, ben, cleo):
    assert ruling.sees(Channel, [rule(B)], cleo, ben)["n"] == 0
    assert ruling.sees(Channel, [], cleo, ben)["of"] == 1


def test_the_editor_is_answered_in_words_before_anything_is_kept(as_user, ben):
    client, said = as_user("ada"), json.dumps([rule(A)])
    answer = client.post("/accounts/roles/check/setup.Channel", data={"rules": said, "person": ben.id}, headers=JSON).get_json()
    assert answer["words"] == "Channel contains Counter A" and answer["sees"]["words"] == "Ben would see 1 of 2 rows."
    assert not store.draft().begun


def test_a_rule_that_cannot_be_read_is_refused_with_a_sentence(as_user):
    client, said = as_user("ada"), json.dumps([rule(["name", "sounds_like", "A"])])
    answer = client.post(ROWS, data={"rules": said})
    assert answer.status_code == 422 and "knows no" in answer.text and not store.draft().begun
    problem = client.post("/accounts/roles/check/setup.Channel", data={"rules": said}, headers=JSON).get_json()["problem"]
    assert "knows no" in problem
    for nonsense in ("{", "{}", '[{"filter": {}, "role": "x"}]', "[1]"):
        assert client.post(ROWS, data={"rules": nonsense}).status_code == 400


def test_every_field_that_the_editor_offers_can_be_asked_about(app, session):
    with app.test_request_context():
        for model in (Order, Channel):
            offered = [ruling.offered(model, name) for name in ruling.condition_names(model)]
            assert len(offered) > 8 and all(field["ops"] and field["label"] for field in offered)
            assert not {"version", "channel.version"} & {field["name"] for field in offered}


def test_a_rule_can_ask_about_the_person_himself(app, session, ada, ben):
    mine, me = rule(["id", "gt", 0], ["shop_id", "mine", "shops"]), rule(["created_by_id", "me"])
    with app.test_request_context():
        offered = {field["name"]: field for field in (ruling.offered(Channel, name) for name in ruling.condition_names(Channel))}
        assert offered["shop_id"]["ops"][0]["op"] == "mine" and offered["shop_id"]["ops"][0]["values"]
        assert [op["op"] for op in offered["created_by_id"]["ops"]] == ["me"]
        assert wording.rows_said([me], "setup.Channel") == "Created by is the reader himself"
        assert "Shop is one of my shops" in wording.rows_said([mine], "setup.Channel").replace("My", "my")
    assert ruling.sees(Channel, [mine], ben, ada)["n"] == 1 and ruling.sees(Channel, [me], ben, ada)["n"] == 0


def test_fields_are_hidden_masked_or_only_read(as_user, drafted):
    client = as_user("ada")
    answer = client.post(FIELDS, data={"field-total": "hidden", "field-buyer_remark": "read", "field-city": "write"})
    assert answer.status_code == 302
    assert drafted("support")["fields"]["orders.Order"] == {"total": "hidden", "buyer_remark": "read"}
    page = client.get(FIELDS).text
    assert "Hidden: the role lacks “See cost and margin”." in page and "not published yet" in page
    client.post(FIELDS, data={})
    assert "orders.Order" not in drafted("support")["fields"]


def test_what_cannot_be_masked_is_refused(as_user):
    answer = as_user("ada").post(FIELDS, data={"field-channel_id": "masked"})
    assert answer.status_code == 422 and "can be hidden, but not masked" in answer.text


def test_pages_have_no_rules(as_user):
    client = as_user("ada")
    assert client.get("/accounts/roles/rows/core.Setting/support").status_code == 404
    assert client.get("/accounts/roles/rows/setup.Channel/emperor").status_code == 404


def test_nobody_widens_the_rows_of_his_own_role(as_user, person, ada):
    hilde = person("hilde", "support")
    assert hilde.id
    client = as_user("hilde")
    assert client.post(ROWS, data={"rules": "[]"}).status_code == 403
    assert client.post("/accounts/roles/check/setup.Channel", data={"rules": "[]"}).status_code == 403


def test_the_system_is_bound_by_no_rule(session):
    assert ruling.code_condition(SYSTEM, Channel) is None


class Form(HTMLParser):
    """What a browser without scripts would post of the editor as it stands."""

    def __init__(self, page):
        super().__init__()
        self.values, self.box, self.chosen = MultiDict(), "", None
        self.feed(page[page.index("<form method=\"post\" data-rules") :].partition("</form>")[0])

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        if tag == "input" and (given.get("type") != "checkbox" or "checked" in given):
            self.values.add(given["name"], given.get("value") or "")
        elif tag == "select":
            self.box, self.chosen = given["name"], None
        elif tag == "option" and (self.chosen is None or "selected" in given):
            self.chosen = given["value"]

    def handle_endtag(self, tag):
        if tag == "select":
            self.values.add(self.box, self.chosen)


def plain(page):
    return Form(page).values


def pressed(client, form, button, **changes):
    for name, value in changes.items():
        form.setlist(name.replace("_", "-"), value if isinstance(value, list) else [value])
    return client.post(ROWS, data=MultiDict([*form.items(multi=True), *([("do", button)] if button else [])]))


def test_without_scripts_rules_are_edited_line_by_line(as_user, drafted):
    client = as_user("ada")
    page = pressed(client, plain(client.get(ROWS).text), "add", new="name")
    assert page.status_code == 200 and "setup.Channel" not in drafted("support")["rows"], "nothing is kept yet"
    page = pressed(client, plain(page.text), "add-0", rule_0_0_op="contains", rule_0_0_value="A, B", rule_0_new="kind")
    page = pressed(client, plain(page.text), "show", rule_0_1_op="in")
    page = pressed(client, plain(page.text), "add", rule_0_1_value=["own_site", "counter"], rule_0_how="or", new="shop_id")
    page = pressed(client, plain(page.text), "add-1", rule_1_0_op="empty", rule_1_new="is_active")
    page = pressed(client, plain(page.text), "drop-1-0", rule_1_note="Open ones")
    kept = pressed(client, plain(page.text), "")
    assert kept.status_code == 302
    assert drafted("support")["rows"]["setup.Channel"] == [
        rule(["name", "contains", "A, B"], ["kind", "in", ["own_site", "counter"]], word="or"),
        rule(["is_active", "is", "true"], note="Open ones"),
    ]
    assert pressed(client, plain(client.get(ROWS).text), "drop-0").status_code == 200
    assert len(drafted("support")["rows"]["setup.Channel"]) == 2


def test_without_scripts_a_group_stays_and_a_wrong_value_is_said_with_the_form(as_user, drafted):
    client, said = as_user("ada"), [rule(A, {"or": [["is_active", "is", True], B]}, note="Two deep")]
    client.post(ROWS, data={"rules": json.dumps(said)})
    form = plain(client.get(ROWS).text)
    assert pressed(client, form, "").status_code == 302
    assert drafted("support")["rows"]["setup.Channel"] == said
    wrong = pressed(client, plain(pressed(client, form, "add-0", rule_0_new="created_at").text), "", rule_0_2_op="on", rule_0_2_value="soon")
    assert wrong.status_code == 422 and 'value="soon"' in wrong.text
    assert drafted("support")["rows"]["setup.Channel"] == said
