"""Prices, coupons, flash sales and first orders from the control desk: what the screens say is what an order pays."""

import datetime as dt

import pytest

from app.panel.core import bus, records
from app.panel.core import clock as clocks
from app.panel.core.actor import SYSTEM
from app.panel.core.db import db
from app.panel.core.errors import Conflict, DomainError, Forbidden, InvalidInput
from app.panel.core.transaction import transactional
from app.shop.customers.models import Customer
from app.shop.inventory import services as inventory
from app.shop.inventory.models import Warehouse
from app.shop.inventory.services import Line
from app.shop.live.models import LiveAction, LiveItem, LiveOffer, LivePreset
from app.shop.live.services import board, offers, presets, prices, run
from app.shop.live.services.offers import Wanted
from app.shop.live.states import ItemState, OfferKind, OfferState, Outcome, Post
from app.shop.marketing import services as marketing
from app.shop.marketing.models import Coupon, CouponBatch, Promotion
from app.shop.marketing.states import CouponState
from app.shop.orders import services as orders
from app.shop.orders.services import Wanted as Line_


@pytest.fixture
def ada(person):
    return person("ada")


@pytest.fixture
def stocked(session, on_air, studio, items):
    """A hundred pieces of both articles; the cup (99.00) is listed at 59.00."""

    @transactional
    def write():
        house = session.query(Warehouse).filter_by(shop_id=on_air.shop_id, is_default=True).first()
        if house is None:
            house = Warehouse(code="D-W", name="Desk", shop_id=on_air.shop_id, is_default=True)
            session.add(house)
            session.flush()
        inventory.receive([Line(sku.id, 100, house.id) for sku in studio.skus], actor=SYSTEM)

    write()
    return on_air


@pytest.fixture
def buy(stocked, studio):
    """`buy(sku=0, n=1, …)`: the line of a new order of this session."""

    def place(sku=0, n=1, key="own", **more):
        order = orders.place(
            [Line_(studio.skus[sku].id, n)], channel_id=studio.channel.id, actor=SYSTEM,
            session_key=stocked.topic if key == "own" else key, **more,
        )  # fmt: skip
        return order.lines[0]

    return place


@pytest.fixture
def cup(stocked, items, ada):
    run.change_item(stocked.id, "list", items[0].id, actor=ada, key="list-the-cup")
    db.session.refresh(items[0])
    return items[0]


def wanted(kind, item=None, **more):
    return Wanted(OfferKind(kind), item_id=item.id if item is not None else None, **more)


def test_a_cart_is_tried_in_a_session_that_is_chosen_and_never_typed(stocked, cup, studio, planned, as_user):
    asked = {"channel_id": studio.channel.id, "lines": "cup-1 1", "codes": "", "customer": "", "at": ""}
    browser = as_user("ada")
    page = browser.get("/marketing/try/").text
    assert f'value="{stocked.topic}"' in page and "Evening</option>" in page
    assert "¥59.00" in browser.get("/marketing/try/", query_string=asked | {"session_key": stocked.topic}).text
    assert "¥99.00" in browser.get("/marketing/try/", query_string=asked | {"session_key": ""}).text
    for wrong in ("live:99999", "live:x", "12"):
        assert browser.get("/marketing/try/", query_string=asked | {"session_key": wrong}).status_code == 422


def test_the_live_price_counts_while_the_item_is_listed_on_air_and_in_this_session_only(stocked, items, ada, buy):
    assert buy().unit_price == 9900  # it is planned, and not listed yet
    item = items[0].id
    run.pin(stocked.id, item, actor=ada, key="pin-lists-it")
    line = buy()
    assert line.unit_price == 5900
    assert [step["step"] for step in line.price_trace] == ["list", "promotion"] and "Evening" in line.price_trace[1][
        "name"
    ]
    assert [buy(key=key).unit_price for key in ("", "live:99999")] == [9900, 9900]
    quoted = prices.in_force(stocked, [line.sku_id])
    run.change_item(stocked.id, "suspend", item, actor=ada, key="suspend-it")
    with pytest.raises(DomainError, match="Suspended"):
        buy()
    assert buy(key="").unit_price == 9900  # elsewhere it is on sale as ever
    assert buy(accept_short=True).unit_price == 9900  # the platform has sold it: it is taken in
    run.change_item(stocked.id, "resume", item, actor=ada, key="resume-it")
    assert (buy().unit_price, quoted) == (5900, [5900])
    run.end(stocked.id, actor=ada, key="end-it-now")
    with pytest.raises(DomainError, match="Delisted"):
        buy()
    assert db.session.query(Promotion).one().is_active is False


def test_a_price_is_changed_at_the_desk_for_later_orders_told_logged_and_taken_back(
    stocked, cup, ada, buy, monkeypatch
):
    told = []
    monkeypatch.setattr(bus, "send", lambda _app, event: told.append(event["k"]) or True)
    seen = cup.version
    first = prices.change(stocked.id, cup.id, "49.50", actor=ada, key="press-price", expected_version=seen)
    assert prices.change(stocked.id, cup.id, "49.50", actor=ada, key="press-price", expected_version=seen) == first
    assert buy().unit_price == 4950 and told.count("state") == 1
    with pytest.raises(Conflict):
        prices.change(stocked.id, cup.id, "10", actor=ada, key="an-old-screen", expected_version=seen)
    for wrong, words in (("0", "more than nothing"), ("x", "."), ("200", "above"), ("49.5", "already")):
        with pytest.raises(DomainError, match=words):
            prices.change(stocked.id, cup.id, wrong, actor=ada, key=f"wrong-{wrong}")
    run.undo(stocked.id, first["action"], actor=ada, key="undo-price")
    assert buy().unit_price == 5900
    again = prices.change(stocked.id, cup.id, "55", actor=ada, key="press-again")["action"]
    prices.change(stocked.id, cup.id, "54", actor=ada, key="press-third")
    with pytest.raises(DomainError, match="another price by now"):
        run.undo(stocked.id, again, actor=ada, key="too-late-now")
    assert {one["price_text"][-5:] for post in Post for one in board.state(stocked, post, ada)["items"][:1]} == {
        "54.00"
    }


def test_a_price_on_the_run_sheet_of_a_running_session_is_a_command_too(stocked, cup, ada, buy):
    records.update(cup, {"live_price": 5100}, actor=ada, version=cup.version)
    assert buy().unit_price == 5100
    action = db.session.query(LiveAction).filter_by(verb="price").one()
    assert action.actor_id == ada.id and "51" in action.said
    run.undo(stocked.id, action.id, actor=ada, key="undo-it-all")
    assert buy().unit_price == 5900


def test_a_flash_sale_stops_when_it_is_gone_and_by_the_clock_of_the_server(stocked, cup, ada, buy, clock):
    clock.advance(minutes=0)
    told = offers.start(
        stocked.id, wanted("flash", cup, percent=20, quantity=3, minutes=5), actor=ada, key="start-flash"
    )
    offer = db.session.get(LiveOffer, told["offer"])
    assert (offer.price, offer.was) == (4720, 5900)  # a fifth off what it costs on air
    assert [buy(n=n).unit_price for n in (2, 2, 1, 1)] == [4720, 5900, 4720, 5900]
    (shown,) = board.state(stocked, Post.HOST, ada)["offers"]
    assert (shown["quantity"], shown["pieces"], shown["state"]) == (3, 3, "running")
    with pytest.raises(DomainError, match="2 orders have it already"):
        run.undo(stocked.id, told["action"], actor=ada, key="undo-flash")
    offers.start(stocked.id, wanted("flash", cup, price="30", quantity=9, minutes=5), actor=ada, key="second-flash")
    clock.advance(minutes=4, seconds=59)
    assert buy().unit_price == 3000
    clock.advance(seconds=1)
    assert buy().unit_price == 5900


def test_a_flash_sale_is_stopped_started_again_and_taken_back_while_nobody_has_it(stocked, cup, ada, buy):
    told = offers.start(
        stocked.id, wanted("flash", cup, price="39", quantity=3, minutes=5), actor=ada, key="start-flash"
    )
    stopped = offers.stop(stocked.id, told["offer"], actor=ada, key="stop-flash")["action"]
    assert buy().unit_price == 5900
    run.undo(stocked.id, stopped, actor=ada, key="undo-stop")
    assert prices.in_force(stocked, [cup.sku_id]) == [3900]
    run.undo(stocked.id, told["action"], actor=ada, key="undo-start")
    assert buy().unit_price == 5900 and db.session.get(LiveOffer, told["offer"]).state is OfferState.UNDONE
    assert board.state(stocked, Post.CONTROL, ada)["offers"] == []


def test_a_customer_gets_no_more_of_a_flash_sale_than_the_limit(stocked, cup, ada, buy):
    offers.start(
        stocked.id, wanted("flash", cup, price="39", quantity=9, minutes=5, per_person=1), actor=ada, key="start-flash"
    )
    li = records.create(Customer, {"name": "Li", "shop_id": stocked.shop_id}, actor=SYSTEM)
    assert [buy(customer_id=li.id).unit_price for _time in range(2)] == [3900, 5900]


def test_an_offer_says_what_it_lacks_and_is_never_dearer(stocked, cup, items, ada):
    for told, field in (
        (wanted("flash", cup, price="39", quantity=3), "minutes"), (wanted("flash", cup, quantity=3, minutes=5), "price"),
        (wanted("flash", cup, price="39", percent=5, quantity=3, minutes=5), "price"), (wanted("first", cup, price="39"), "quantity"),
        (wanted("flash", price="39", quantity=3, minutes=5), "item"), (wanted("coupon", amount="5", least="3", quantity=1), "amount"),
        (wanted("coupon", amount="0", quantity=1), "amount"), (wanted("price", cup, price="3", quantity=1), "kind"),
    ):  # fmt: skip
        with pytest.raises(InvalidInput) as refused:
            offers.start(stocked.id, told, actor=ada, key=f"lack-{field}-{told.kind.value}-{told.percent}-{told.least}")
        assert field in refused.value.errors
    with pytest.raises(DomainError, match=r"costs .*59.* now"):
        offers.start(stocked.id, wanted("flash", cup, price="59", quantity=3, minutes=5), actor=ada, key="too-dear")
    with pytest.raises(DomainError, match="List it first"):
        offers.start(stocked.id, wanted("flash", items[1], price="39", quantity=3, minutes=5), actor=ada, key="not-yet")
    assert db.session.query(LiveOffer).filter(LiveOffer.kind != OfferKind.PRICE).count() == 0


def test_a_coupon_of_the_session_is_given_counted_and_used_by_the_rules_of_coupons(stocked, cup, ada, buy, person):
    told = offers.start(
        stocked.id, wanted("coupon", cup, amount="5", least="50", quantity=2, minutes=30), actor=ada, key="start-coupon"
    )
    ben = person("ben")

    def give(key):
        return offers.give(stocked.id, told["offer"], actor=ben, key=key, right="serve")["code"]

    code = give("give-one-1")
    assert give("give-one-1") == code and db.session.query(Coupon).count() == 1
    line = buy(codes=(code,))
    assert (line.unit_price, line.total) == (5900, 5400)
    for where in ({"key": ""}, {"sku": 1}):  # in no other session, and not for the bowl
        with pytest.raises(DomainError):
            buy(codes=(give("give-one-2"),), **where)
    (shown,) = board.state(stocked, Post.SERVICE, ada)["offers"]
    assert (shown["quantity"], shown["claimed"], shown["used"]) == (2, 2, 1)
    with pytest.raises(DomainError, match="none left"):
        give("give-one-3")
    with pytest.raises(DomainError, match=r"1 coupons .* used already"):
        run.undo(stocked.id, told["action"], actor=ada, key="undo-coupon")
    assert db.session.query(Coupon).filter_by(state=CouponState.ISSUED).count() == 1, (
        "the refusal left the other one alone"
    )


def test_a_coupon_that_nobody_used_is_taken_back_with_what_is_out(stocked, cup, ada, buy):
    told = offers.start(stocked.id, wanted("coupon", percent=10, quantity=5), actor=ada, key="start-coupon")
    code = offers.give(stocked.id, told["offer"], actor=ada, key="give-it-1", right="control")["code"]
    run.undo(stocked.id, told["action"], actor=ada, key="undo-coupon")
    with pytest.raises(DomainError, match="Void"):
        buy(codes=(code,))
    with pytest.raises(DomainError, match="is over"):
        offers.give(stocked.id, told["offer"], actor=ada, key="give-it-2", right="control")
    assert not db.session.query(CouponBatch).one().is_active


def test_who_may_not_offer_changes_no_price_and_a_rehearsal_prices_nothing(session, stocked, cup, ada, person):
    for name in ("ben", "cleo"):
        for call in (
            lambda key, who: prices.change(stocked.id, cup.id, "1", actor=who, key=key),
            lambda key, who: offers.start(stocked.id, wanted("coupon", percent=9, quantity=1), actor=who, key=key),
            lambda key, who: offers.stop(stocked.id, 1, actor=who, key=key),
        ):
            with pytest.raises((Forbidden, DomainError)):
                call(f"not-{name}", person(name))
    stocked.is_practice = True
    session.commit()
    known = session.query(Promotion).count()
    offers.start(stocked.id, wanted("flash", cup, price="39", quantity=3, minutes=5), actor=ada, key="rehearse-it")
    offers.start(stocked.id, wanted("coupon", percent=9, quantity=1), actor=ada, key="rehearse-too")
    assert session.query(Promotion).count() == known and session.query(CouponBatch).count() == 0


@pytest.mark.parametrize(
    "verb", ["price", "offer", "stop_offer", "give_coupon", "pin", "list", "suspend", "notice", "undo"]
)
def test_a_command_that_is_sent_again_under_its_key_has_one_effect_and_one_answer(
    stocked, cup, items, ada, as_user, verb
):
    """SAFETY G41: a double click and a reply that was lost are the same thing to the desk."""
    bowl, path = items[1], f"/live/{stocked.id}/control/do/"
    offer = offers.start(stocked.id, wanted("coupon", percent=9, quantity=9), actor=ada, key="an-offer")
    told = {
        "price": {"item": cup.id, "price": "51"}, "stop_offer": {"offer": offer["offer"]}, "give_coupon": {"offer": offer["offer"]},
        "offer": {"kind": "flash", "item": cup.id, "price": "39", "quantity": 3, "minutes": 5}, "pin": {"item": bowl.id},
        "list": {"item": bowl.id}, "suspend": {"item": cup.id}, "notice": {"text": "59, not 95", "item": cup.id},
        "undo": {"action": offer["action"]},
    }[verb]  # fmt: skip
    client = as_user("ada")
    headers = {"X-CSRFToken": client.token, "Accept": "application/json"}

    def rows():
        db.session.rollback()
        return [db.session.query(model).count() for model in (LiveAction, LiveOffer, Promotion, CouponBatch, Coupon)]

    first = client.post(path + verb, json=told | {"key": "k" * 16}, headers=headers)
    after = rows()
    second = client.post(path + verb, json=told | {"key": "k" * 16}, headers=headers)
    assert (first.status_code, second.get_json(), rows()) == (200, first.get_json(), after)
    others = {"item": items[2].id, "offer": 99, "text": "another", "action": 99, "kind": "first", "key": "k" * 16}
    other = client.post(path + verb, json=told | {name: value for name, value in others.items() if name in told} | {"key": "k" * 16},
                        headers=headers)  # fmt: skip
    found = rows()
    refused = db.session.query(LiveAction).filter_by(outcome=Outcome.REFUSED).count()
    assert (other.status_code, found[0] - refused, found[1:]) == (422, after[0], after[1:]), (
        "other words under a known key"
    )


def test_presets_are_buttons_of_the_desk_and_are_complete(session, stocked, cup, ada):
    presets.ensure()
    presets.ensure()
    shown = board.state(stocked, Post.CONTROL, ada)
    assert [one["kind"] for one in shown["presets"]] == ["coupon", "flash", "first", "free"] and shown["may_offer"]
    assert "presets" not in board.state(stocked, Post.HOST, ada)
    with pytest.raises(InvalidInput) as refused:
        records.create(LivePreset, {"name": "Half", "kind": "flash"}, actor=ada)
    assert set(refused.value.errors) == {"quantity", "minutes", "price"}
    for one in shown["presets"][:3]:
        told = {name: one[name] or None for name in ("percent", "quantity", "per_person", "minutes")}
        offers.start(
            stocked.id,
            Wanted(OfferKind(one["kind"]), one["name"], cup.id, **told),
            actor=ada,
            key=f"preset-{one['id']}",
        )
    assert {one["name"] for one in board.state(stocked, Post.SERVICE, ada)["offers"]} == {
        one["name"] for one in shown["presets"][:3]
    }
    assert cup.state is ItemState.LISTED and session.query(LiveItem).count() == 3


def test_the_end_of_the_session_ends_its_offers(stocked, cup, ada, clock):
    clock.advance(minutes=0)
    for number, kind in enumerate(("flash", "first")):
        offers.start(
            stocked.id,
            wanted(kind, cup, price=f"3{9 - number}", quantity=3, minutes=50),
            actor=ada,
            key=f"start-{kind}",
        )
    run.end(stocked.id, actor=ada, key="end-it-now")
    db.session.expire_all()
    assert {one.is_active for one in db.session.query(Promotion)} == {False}
    assert {one.state for one in db.session.query(LiveOffer)} == {OfferState.STOPPED}
    assert clocks.now() - db.session.query(LiveOffer).first().begins_at < dt.timedelta(minutes=1)


def test_the_desk_and_the_run_sheet_say_why_buyers_do_not_pay_the_price_of_the_session(stocked, cup, ada, buy, as_user):
    client = as_user("ada")

    def told(post="control"):
        return client.get(f"/live/{stocked.id}/{post}/state.json").get_json().get("paid")

    assert told() == {} and told("host") is None
    where = {"sku_ids": [cup.sku_id], "actor": SYSTEM, "currency": "CNY"}
    first = marketing.price_for_session("", "Spring sale", price=8800, priority=10, **where)
    assert buy().unit_price == 8800
    link = f"/marketing/promotion/show/{first.id}"
    assert told() == {str(cup.id): {"url": link, "text": (
        "Buyers pay CN¥88.00, not the session price of CN¥59.00: the promotion “Spring sale” has priority 10 and comes before "
        "that of the session with 100."
    )}}  # fmt: skip
    assert link in client.get(f"/live/{stocked.id}/sheet").text
    marketing.switch(first, False, actor=SYSTEM)
    assert (buy().unit_price, told()) == (5900, {})
    second = marketing.price_for_session("", "Cheaper", price=4900, **where)
    assert buy().unit_price == 4900 and "“Cheaper” is cheaper" in told()[str(cup.id)]["text"]
    marketing.switch(second, False, actor=SYSTEM)
    offers.start(stocked.id, wanted("flash", cup, price="39", quantity=3, minutes=5), actor=ada, key="start-flash")
    assert told() == {}, "what the desk itself has offered is no surprise"
