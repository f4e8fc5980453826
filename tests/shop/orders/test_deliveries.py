"""What channels post by themselves: signed, kept, taken once, tried again (ORD-03, G13)."""

import json
import random

import pytest

from app.panel.accounts.login import limits
from app.panel.core import history, trailsets
from app.panel.core.actor import SYSTEM
from app.panel.core.db import db
from app.panel.core.errors import Forbidden
from app.shop.catalog.models import Sku
from app.shop.customers import services as customers
from app.shop.orders import intake_json
from app.shop.orders.models import IntakeAddress, IntakeEvent, IntakeState, Order, Refund
from app.shop.orders.services import addresses, deliveries
from app.shop.setup.models import Channel

BUYER = {"name": "王小明", "phone": "13800138000", "province": "广东省", "city": "深圳市", "district": "南山区",
         "street": "科技园路 1 号"}  # fmt: skip


@pytest.fixture(autouse=True)
def nobody_counts(monkeypatch):
    monkeypatch.setattr(limits, "hit", lambda *_args: None)


@pytest.fixture
def channel(session, stall):
    return session.get(Channel, stall.site_id)


@pytest.fixture
def address(channel, ada):
    """The open address of the site, with its secret."""
    found, secret = addresses.open_address(channel, actor=ada)
    known = found.public_id, secret
    db.session.commit()  # a transaction of the test that is open would swallow those of the requests
    return known


def order(number="D-1", sku="T-1", **more):
    return {"external_number": number, "buyer": BUYER, "lines": [{"sku": sku, "quantity": 1}], **more}


@pytest.fixture
def post(app, session, address):
    """`post(order(), event="e1")`: what the channel hears."""

    def send(raw, event="", secret=None, at=0, to=None, signed=None):
        body = raw if isinstance(raw, bytes) else json.dumps(raw).encode()
        seconds = int(addresses.clock.now().timestamp()) + at
        made = addresses.signature(secret or address[1], seconds, signed or body)
        headers = {"X-Zhanggui-Signature": f"t={seconds},v1={made}", "X-Zhanggui-Event": event}
        path = f"/hooks/orders/{to or address[0]}/"
        return app.test_client().post(path, data=body, headers=headers, content_type="application/json")

    return send


def events():
    db.session.commit()
    return db.session.query(IntakeEvent).order_by(IntakeEvent.id).all()


def test_a_signed_delivery_becomes_an_order_and_stands_in_the_log(session, post, channel):
    answer = post(order(paid=True), "e1")
    assert (answer.status_code, answer.json["new"]) == (201, True)
    made = session.get(Order, answer.json["id"])
    (event,) = events()
    assert (event.order_id, event.state, event.attempts, event.signature_ok) == (made.id, IntakeState.NEW, 1, True)
    assert (made.channel_id, json.loads(event.body)["buyer"]["name"]) == (channel.id, "王小明")
    assert "channel" in {entry.path for entry in trailsets.of(made)}


def test_a_repeated_event_gets_the_first_answer_and_changes_nothing(session, post):
    first, again = post(order(), "e1"), post(order(), "e1")
    assert (again.status_code, again.json, again.headers["X-Zhanggui-Repeated"]) == (201, first.json, "1")
    assert session.query(Order).count() == 1 and [event.attempts for event in events()] == [2]


def test_an_event_does_not_change_its_words(session, post):
    post(order(), "e1")
    assert post(order("D-2"), "e1").status_code == 422
    assert session.query(Order).count() == 1


def test_another_event_about_the_same_order_is_told_that_it_is_there(session, post):
    first, second = post(order(), "e1"), post(order(), "e2")
    assert (second.status_code, second.json["new"], second.json["id"]) == (200, False, first.json["id"])
    assert [event.state for event in events()] == [IntakeState.NEW, IntakeState.SAME]


@pytest.mark.parametrize(
    "wrong", [{"secret": "another"}, {"at": -301}, {"at": 330}, {"to": "0" * 24}, {"signed": b"{}"}], ids=lambda w: next(iter(w))
)
def test_what_is_not_signed_is_turned_away_counted_and_not_kept(session, post, wrong):
    answer = post(order(), "e1", **wrong)
    assert (answer.status_code, answer.json) == (401, {"message": "This is not signed by this channel."})
    assert events() == [] and session.query(Order).count() == 0
    found = session.query(IntakeAddress).one()
    assert found.refused_count == (0 if "to" in wrong else 1)


def test_without_any_signature_the_same(app, session, address):
    for headers in ({}, {"X-Zhanggui-Signature": "v1=0"}, {"X-Zhanggui-Signature": "t=1,v1=" + "é" * 64}):
        assert app.test_client().post(f"/hooks/orders/{address[0]}/", json=order(), headers=headers).status_code == 401


def test_somebody_who_is_logged_in_may_not_do_without_a_signature(as_user, address):
    assert as_user("ada").post(f"/hooks/orders/{address[0]}/", json=order()).status_code == 401


def test_after_a_change_of_secret_both_are_good_for_a_day(post, address, channel, ada, clock):
    _found, fresh = addresses.new_secret(channel, actor=ada)
    assert post(order("D-1"), "e1").status_code == 201
    assert post(order("D-2"), "e2", secret=fresh).status_code == 201
    clock.advance(hours=25)
    assert post(order("D-3"), "e3").status_code == 401
    assert post(order("D-3"), "e3", secret=fresh).status_code == 201


def test_a_closed_address_takes_nothing(post, channel, ada):
    addresses.close_address(channel, actor=ada)
    assert post(order(), "e1").status_code == 401


def test_the_secret_is_kept_nowhere_and_shown_once(session, as_user, channel):
    client = as_user("ada")
    path = f"/orders/channels/{channel.id}/intake/"
    shown = client.post(path, data={"do": "open"}).text
    row = session.query(IntakeAddress).one()
    secret = addresses.secret_of(row.nonce)
    assert secret in shown and secret not in client.get(path).text
    assert secret not in repr({column.name: getattr(row, column.name) for column in row.__table__.columns})
    for answer in (client.get(f"/setup/channel/show/{channel.id}"), client.get(path)):
        assert row.public_id in answer.text and row.nonce not in answer.text


def test_what_is_refused_waits_and_goes_through_once_it_is_mended(session, post, as_user, stall):
    answer = post(order(sku="LATER"), "e1")
    assert answer.status_code == 422
    (event,) = events()
    assert (event.state, event.order_id) == (IntakeState.REFUSED, None) and "LATER" in event.reason
    client = as_user("ada")
    assert "Deliveries of channels that were not taken" in client.get("/home/").text
    retry = f"/orders/intakeevent/action/retry/{event.id}"
    assert client.post(retry, data={"_go": "1"}).status_code in (302, 422)
    assert session.query(Order).count() == 0
    session.query(Sku).filter_by(id=stall.skus[0]).one().code = "LATER"
    session.commit()
    assert client.post(retry, data={"_go": "1"}).status_code == 302
    (event,) = events()
    assert (event.state, event.order.external_number) == (IntakeState.NEW, "D-1")
    assert client.post(retry, data={"_go": "1"}).status_code == 422, "it is not offered twice"
    assert deliveries.retry(event, intake_json.read, actor=SYSTEM).external_number == "D-1", "nor would it do harm"
    assert session.query(Order).count() == 1
    assert post(order(sku="LATER"), "e1").json["id"] == events()[0].order_id


def test_what_needs_no_mending_can_be_set_aside(post, as_user):
    post(order(sku="LATER"), "e1")
    client, key = as_user("ada"), events()[0].id
    assert client.post("/orders/intakeevent/action_post", data={"action": "dismiss", "rowid": key, "_go": "1"}).status_code == 302
    assert events()[0].state is IntakeState.DISMISSED
    assert "were not taken" not in client.get("/home/").text


def test_what_cannot_be_read_is_kept_too(post):
    assert post(b"not json", "e1").status_code == 400
    assert post({"channel_id": 7, **order()}, "e2").status_code == 422
    assert [(event.event_id, event.state) for event in events()] == [
        ("e1", IntakeState.REFUSED), ("e2", IntakeState.REFUSED),
    ]  # fmt: skip


def test_the_api_writes_the_same_log(as_user, session, stall):
    client, raw = as_user("ada"), {**order(), "channel_id": stall.site_id}
    path = "/api/v1/orders/intake/"
    first = client.post(path, json=raw, headers={"X-Zhanggui-Event": "a1"})
    again = client.post(path, json=raw, headers={"X-Zhanggui-Event": "a1"})
    assert (first.status_code, again.status_code, again.json) == (201, 201, first.json)
    assert client.post(path, json={**raw, "lines": []}, headers={"X-Zhanggui-Event": "a2"}).status_code == 422
    assert [(event.state, event.signature_ok) for event in events()] == [(IntakeState.NEW, False), (IntakeState.REFUSED, False)]


def test_a_clean_no_to_an_own_shop_leaves_nothing_to_mend(as_user, session, stall):
    raw = {**order(lines=[{"sku": "T-1", "quantity": 11}]), "channel_id": stall.site_id}
    assert as_user("ada").post("/api/v1/orders/intake/", json=raw).status_code == 409
    assert events() == []


def test_shuffled_repeated_and_forged_deliveries_give_each_order_once(session, post, stall):
    sent = [(f"e{n}", order(f"D-{n}")) for n in range(6)] * 3
    random.Random(7).shuffle(sent)
    for number, (event, raw) in enumerate(sent):
        if number % 5 == 0:
            assert post(raw, event, secret="forged").status_code == 401
        assert post(raw, event).status_code == 201
    assert sorted(one.external_number for one in session.query(Order)) == [f"D-{n}" for n in range(6)]
    assert {event.attempts for event in events()} == {3}


def test_who_sees_no_phone_numbers_sees_no_buyer_in_what_was_sent(session, post, as_user, somebody, stall):
    post(order(remark="call 13800138000"), "e1")
    path = f"/orders/intakeevent/show/{events()[0].id}"
    assert "13800138000" in as_user("ada").get(path).text
    viewer = somebody("viewer", stall.shop_id)
    page = as_user(viewer.username).get(path)
    assert page.status_code == 200 and "T-1" in page.text
    assert not any(word in page.text for word in ("13800138000", "王小明", "科技园路"))
    assert as_user("cleo").get(path).status_code == 404, "of another shop"


def test_no_list_and_no_api_gives_out_what_was_sent(post, as_user):
    post(order(), "e1")
    client = as_user("ada")
    for path in ("/api/v1/orders/intakeevent/", f"/api/v1/orders/intakeevent/{events()[0].id}", "/orders/intakeevent/list/"):
        answer = client.get(path)
        assert answer.status_code == 200 and "13800138000" not in answer.text and '"body"' not in answer.text


def test_whoever_may_only_read_neither_tries_again_nor_opens_addresses(post, as_user, channel):
    post(order(sku="LATER"), "e1")
    client = as_user("ben")
    assert client.get(f"/orders/intakeevent/show/{events()[0].id}").status_code == 200
    assert client.post(f"/orders/intakeevent/action/retry/{events()[0].id}").status_code == 403
    assert client.post(f"/orders/channels/{channel.id}/intake/", data={"do": "renew"}).status_code == 403


def test_what_was_sent_is_forgotten_after_thirty_days(post, clock):
    post(order(), "e1")
    clock.advance(days=29)
    assert deliveries.sweep() == 0
    clock.advance(days=2)
    assert deliveries.sweep() == 1
    (event,) = events()
    assert (event.body, event.answer) == (None, None) and event.order_id is not None
    assert post(order(), "e1").status_code == 200, "the order is still known"


def test_a_forgotten_buyer_stands_in_no_delivery(session, post, ada):
    post(order(), "e1")
    post(order("D-2", sku="LATER"), "e2")
    post(order("D-3", buyer={**BUYER, "phone": "13900139000", "name": "李雷"}), "e3")
    customer = session.query(Order).filter_by(external_number="D-1").one().customer
    customers.erase_person(customer, why="on request", actor=ada)
    assert [bool(event.body) for event in events()] == [False, False, True]
    assert not any("13800138000" in (event.reason or "") for event in events())


def test_a_delivery_is_no_line_of_the_history(session, post):
    post(order(), "e1")
    said = [repr(entry.changes) for entry in session.query(history.HistoryEntry).filter_by(table="orders_intake_event")]
    assert said == []


def given_back(amount="50.00", reference="RF-1", number="D-1", **more):
    return {"kind": "refund", "external_number": number, "reference": reference, "amount": amount, **more}


def refunds(session):
    session.commit()
    return [(one.order.external_number, one.amount, one.external_ref, one.reason.value) for one in session.query(Refund)]


def test_a_refund_that_the_channel_tells_is_booked_once_however_often_it_is_told(session, post):
    post(order(paid=True), "e1")
    first, again = post(given_back(reason="chargeback"), "e2"), post(given_back(reason="chargeback"), "e3")
    assert (first.status_code, first.json["new"], first.json["amount"], first.json["left"]) == (201, True, "50.00", "149.00")
    assert (again.status_code, again.json["new"], again.json["refund"]) == (200, False, first.json["refund"])
    assert refunds(session) == [("D-1", 5000, "RF-1", "chargeback")]
    assert [event.state for event in events()] == [IntakeState.NEW, IntakeState.BOOKED, IntakeState.BOOKED]
    assert post(given_back("60.00"), "e4").status_code == 409


def test_a_refund_beyond_what_was_paid_is_not_booked_and_the_order_asks_for_a_person(session, post, ada):
    made = session.get(Order, post(order(paid=True), "e1").json["id"])
    answer = post(given_back("199.01"), "e2")
    assert (answer.status_code, list(answer.json["errors"])) == (422, ["amount"])
    assert not refunds(session)
    assert [(one.reason.code, one.state.value) for one in made.exceptions] == [("refund", "open")]
    assert events()[-1].state is IntakeState.REFUSED
    assert post(given_back("9.00", "RF-2")).status_code == 201  # another refund answers no question about the first
    session.refresh(made)
    assert made.exceptions[0].state.value == "open"
    assert post(given_back("190.00")).status_code == 201
    session.refresh(made)
    assert (made.left_to_refund, made.state.value, made.exceptions[0].state.value) == (0, "closed", "handled")


def test_a_refund_that_comes_before_its_order_is_tried_again(session, post, ada):
    assert post(given_back(), "e2").status_code == 404
    post(order(paid=True), "e1")
    deliveries.retry(events()[0], intake_json.read, actor=ada)
    assert refunds(session) == [("D-1", 5000, "RF-1", "other")]


@pytest.mark.parametrize(
    ("wrong", "field"),
    [({"amount": ""}, "amount"), ({"amount": 5}, "amount"), ({"amount": "-1"}, "amount"), ({"reference": ""}, "reference"),
     ({"reason": "gold"}, "reason"), ({"lines": []}, "lines"), ({"kind": "chargeback"}, "kind"), ({"kind": ["refund"]}, "kind")],
)  # fmt: skip
def test_what_does_not_fit_a_refund_is_said_field_by_field(session, post, wrong, field):
    post(order(paid=True), "e1")
    answer = post({**given_back(), **wrong}, "e2")
    assert answer.status_code == 422 and field in answer.json["errors"]
    assert not refunds(session)


def test_who_may_not_refund_tells_of_no_refund_nor_tries_one_again(session, post, as_user, somebody, stall, channel):
    post(order(paid=True), "e1")
    post(given_back("500.00"), "e2")
    clerk = somebody("operations", stall.shop_id)
    answer = as_user(clerk.username).post("/api/v1/orders/intake/", json={"channel_id": channel.id, **given_back()})
    assert answer.status_code == 403
    assert len(events()) == 2
    with pytest.raises(Forbidden):
        deliveries.retry(events()[1], intake_json.read, actor=clerk)
    assert not refunds(session)


def test_who_may_not_refund_learns_no_secret_to_sign_refunds_with(session, as_user, somebody, stall, channel):
    for role in ("operations", "deputy"):
        clerk = as_user(somebody(role, stall.shop_id).username)
        assert clerk.get(f"/orders/channels/{channel.id}/intake/").status_code == 200
        for wish in ("open", "renew"):
            assert clerk.post(f"/orders/channels/{channel.id}/intake/", data={"do": wish}).status_code == 403
