"""SKUs: prices in minor units, a cost that only some may see, codes that a scanner finds."""

import pytest

from app.panel.core import policy, records, trash
from app.panel.core.actor import SYSTEM
from app.panel.core.errors import Forbidden, InvalidInput
from app.shop.catalog import events, queries
from app.shop.catalog.models import ChannelPrice, Sku
from app.shop.setup.models import Channel

CANARY = "7777.77"


@pytest.fixture
def costly(make_product):
    product = make_product("Teapot", price="199.00")
    records.update(product.skus[0], {"cost": 777777, "barcode": "6901234567892"}, actor=SYSTEM)
    return product


def test_the_span_of_prices_follows_the_skus(make_product, ada):
    product = make_product("Cup", skus=[{"code": "C-1", "price": "9.50"}, {"code": "C-2", "price": "12.00"}])
    assert (product.price_from, product.price_to, product.sku_count) == (950, 1200, 2)
    records.update(product.skus[1], {"price": 800}, actor=ada)
    assert (product.price_from, product.price_to) == (800, 950)
    records.update(product.skus[1], {"is_active": False}, actor=ada)
    assert (product.price_from, product.price_to) == (950, 950)
    records.delete(product.skus[1], actor=ada)
    assert product.sku_count == 1


def test_a_changed_price_is_an_event_with_both_prices(make_product, ada):
    product, seen = make_product("Cup", price="9.50"), []

    def note(sku, before, after, **more):
        seen.append((sku.code, before, after))

    with events.sku_price_changed.connected_to(note):
        records.update(product.skus[0], {"price": 1000}, actor=ada)
        records.update(product, {"skus": [{"id": product.skus[0].id, "code": product.skus[0].code, "price": "11.00"}]}, actor=ada)
        records.update(product, {"title": "Mug"}, actor=ada)
    assert [(before, after) for _code, before, after in seen] == [(950, 1000), (1000, 1100)]


@pytest.mark.parametrize("price", ["-1", "1.005", "free"])
def test_a_price_that_is_none_is_refused(make_product, price):
    with pytest.raises(InvalidInput) as refused:
        make_product("Cup", price=price)
    assert "skus.0.price" in refused.value.errors


def test_a_code_belongs_to_one_sku(make_product):
    make_product("Cup", skus=[{"code": "C-1", "price": "1"}])
    with pytest.raises(InvalidInput):
        make_product("Mug", skus=[{"code": "C-1", "price": "1"}])


@pytest.mark.parametrize("role", ["support", "operations", "host", "field_control", "viewer"])
def test_the_cost_leaves_no_trace_for_whoever_may_not_see_it(costly, as_user, ben, as_role, role):
    as_role(ben, role)
    client, sku = as_user("ben"), costly.skus[0]
    pages = [
        "/catalog/sku/list/", f"/catalog/sku/show/{sku.id}", f"/catalog/product/show/{costly.id}",
        "/api/v1/catalog/sku/", f"/api/v1/catalog/sku/{sku.id}", f"/api/v1/catalog/product/{costly.id}",
    ]  # fmt: skip
    if role == "operations":
        pages += [f"/catalog/product/edit/{costly.id}", f"/catalog/sku/edit/{sku.id}"]
    for path in pages:
        answer = client.get(path)
        assert answer.status_code == 200, path
        assert CANARY not in answer.text.replace(",", ""), path
    for query in ("sort=cost", 'f={"and": [["cost", "gt", "1"]]}'):
        assert client.get(f"/catalog/sku/list/?{query}").status_code == 400
        assert client.get(f"/api/v1/catalog/sku/?{query}").status_code == 400


@pytest.mark.parametrize("role", ["finance", "deputy"])
def test_finance_and_the_deputy_see_the_cost(costly, as_user, ben, as_role, role):
    as_role(ben, role)
    assert CANARY in as_user("ben").get(f"/catalog/sku/show/{costly.skus[0].id}").text.replace(",", "")


def test_operations_change_a_price_and_leave_the_cost_as_it_is(costly, as_user, ben, as_role, session):
    as_role(ben, "operations")
    sku, client = costly.skus[0], as_user("ben")
    form = {"version": costly.version, "title": "Teapot", "kind": "regular", "skus-present": "1", "skus-0-id": sku.id,
            "skus-0-code": sku.code, "skus-0-price": "189.00", "skus-0-is_active": "1"}  # fmt: skip
    saved = client.post(f"/catalog/product/edit/{costly.id}", data=form)
    assert saved.status_code == 302, saved.text[-3000:]
    session.expire_all()
    assert (sku.price, sku.cost) == (18900, 777777)
    forged = client.post(f"/catalog/product/edit/{costly.id}", data={**form, "version": costly.version, "skus-0-cost": "1.00"})
    assert forged.status_code == 403
    with pytest.raises(Forbidden):
        records.update(sku, {"cost": 1}, actor=ben)
    session.expire_all()
    assert sku.cost == 777777


def test_a_scanner_finds_a_code_or_an_unambiguous_barcode(costly, make_product):
    sku = costly.skus[0]
    assert queries.sku_by_code(sku.code).id == queries.sku_by_code("6901234567892").id == sku.id
    other = make_product("Copy").skus[0]
    records.update(other, {"barcode": "6901234567892"}, actor=SYSTEM)
    assert queries.sku_by_code("6901234567892") is None
    assert queries.sku_by_code("nothing") is None


def test_a_channel_may_have_a_price_of_its_own_seen_only_by_its_people(costly, session, ben, ada, as_role):
    sku = costly.skus[0]
    mine, other = (session.query(Channel).filter_by(name=f"Counter {letter}").one() for letter in "AB")
    for channel, price in ((mine, 18800), (other, 17700)):
        records.create(ChannelPrice, {"sku_id": sku.id, "channel_id": channel.id, "price": price, "currency": "CNY"}, actor=ada)
    assert [queries.price_on(sku, key) for key in (None, mine.id, other.id)] == [19900, 18800, 17700]
    as_role(ben, "operations")
    rows = session.scalars(policy.scope(queries.select(ChannelPrice), ben, ChannelPrice)).all()
    assert [row.price for row in rows] == [18800]


def test_a_sku_without_a_currency_takes_that_of_the_business(make_product, ada):
    product = make_product("Cup")
    made = records.create(Sku, records.parse(Sku, {"product_id": product.id, "code": "X-1", "price": "5"}), actor=ada)
    assert (made.currency, made.price) == ("CNY", 500)


def test_a_sku_out_of_the_trash_counts_in_its_product_again(make_product, ada):
    product = make_product("Cup", skus=[{"code": "C-1", "price": "9.50"}, {"code": "C-2", "price": "12.00"}])
    records.delete(product.skus[1], actor=ada)
    assert (product.price_to, product.sku_count) == (950, 1)
    trash.restore(trash.entries("catalog.Sku", ada)[0].id, actor=ada)
    assert (product.price_from, product.price_to, product.sku_count) == (950, 1200, 2)
