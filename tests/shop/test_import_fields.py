"""Field rules that people edit hold for files: nobody fills in by an import what no form would take from him."""

import pytest

from app.panel.bulk import importers, screens
from app.panel.bulk.generic import offered
from app.panel.core import policy
from app.panel.core.actor import SYSTEM
from app.panel.core.db import PanelModel
from app.panel.core.errors import Forbidden
from app.panel.core.fields import resource_of, specs
from app.shop.customers.models import Customer
from app.shop.inventory import services
from app.shop.inventory.services import Cause, Line, taking_over
from app.shop.orders.models import Order
from app.shop.orders.services.past import record_past_orders
from app.shop.setup.models import Shop
from tests.panel.accounts.configuration.conftest import rule as rule
from tests.shop.bringing import bring, counts, reasons, sheet_of
from tests.shop.customers.people import customer, person
from tests.shop.inventory import goods

PHONE = "+8613800138000"
TAOBAO = ("订单编号", "总金额", "买家实际支付金额", "订单创建时间", "订单付款时间", "收货人姓名", "联系手机", "订单备注")
SALE = {"订单编号": "T-1", "总金额": "10.00", "买家实际支付金额": "10.00", "订单创建时间": "2026-03-01 10:00:00",
        "订单付款时间": "2026-03-01 10:05:00", "收货人姓名": "Li Na", "联系手机": "13800138000", "订单备注": "gift"}  # fmt: skip
CARDS = ("First Name", "Last Name", "Email", "Total Spent", "Phone", "Note")
LINA = {"First Name": "Li", "Last Name": "Na", "Email": "li@example.org", "Total Spent": "1", "Phone": "13800138000"}
CUSTOMER, ORDER = "customers.Customer", "orders.Order"


@pytest.fixture
def olga(session):
    return person("olga", "operations")


def orders(**more):
    return sheet_of(TAOBAO, [{**SALE, **more}])


def cards(**more):
    return sheet_of(CARDS, [{**LINA, **more}])


def table(name="Li Na", phone="13800138000"):
    return [["Name", "Phone", "Shop"], [name, phone, "A"]]


FILES = [
    ("taobao-orders", orders, {ORDER: {"buyer_phone": "hidden"}}, "联系手机"),
    ("taobao-orders", orders, {CUSTOMER: {"phone": "masked"}}, "联系手机"),
    ("shopify-customers", cards, {CUSTOMER: {"email": "read"}}, "Email"),
]


@pytest.mark.parametrize(("layout", "content", "fields", "column"), FILES, ids=lambda value: value if isinstance(value, str) else "")
def test_records_with_a_column_that_a_rule_keeps_from_him_are_refused(session, rule, olga, layout, content, fields, column):
    rule("operations", fields=fields)
    run = bring(content(), layout, actor=olga, check=layout == "taobao-orders")
    assert [column in why for why in reasons(run).values()] == [True]
    assert not session.query(Order).filter_by(external_number="T-1").count()
    assert not session.query(Customer).filter_by(name="Li Na").count()


def test_a_file_without_that_column_comes_in_and_leaves_what_is_known(session, rule, olga):
    bring(orders(), "taobao-orders")
    rule("operations", fields={ORDER: {"buyer_phone": "read"}, CUSTOMER: {"phone": "hidden"}})
    short = [[cell for place, cell in enumerate(row) if place != 6] for row in orders(订单备注="for his mother")]
    run = bring(short, "taobao-orders", actor=olga)
    assert counts(run)["changed"] == 1, run.error
    order = session.query(Order).filter_by(external_number="T-1").one()
    assert (order.buyer_phone, order.seller_remark) == ("13800138000", "for his mother")


def test_whether_a_file_says_what_is_masked_for_him_cannot_be_told(session, olga):
    card = customer(email="li@example.org")
    bring(orders(), "taobao-orders")
    assert counts(bring(cards(Phone="13911112222"), "shopify-customers", actor=olga))["same"] == 1
    assert counts(bring(orders(联系手机="13911112222"), "taobao-orders", actor=olga))["same"] == 1
    rows = [*table(), *table(phone="13911112222")[1:]]
    said = reasons(bring([rows[0], rows[1]], f"table:{CUSTOMER}", actor=olga, check=True))
    assert said == {2: "You may not change “Phone”."}
    assert said == reasons(bring([rows[0], rows[2]], f"table:{CUSTOMER}", actor=olga, check=True))
    session.refresh(card)
    assert card.phone == PHONE and session.query(Order).filter_by(external_number="T-1").one().buyer_phone == "13800138000"


def test_what_is_masked_for_him_he_brings_with_a_new_row_and_does_not_seek_by_it(session, olga):
    assert counts(bring(table("Wu"), f"table:{CUSTOMER}", actor=olga))["new"] == 1
    assert session.query(Customer).filter_by(name="Wu").one().phone == PHONE
    mapping = {"columns": {"Name": "name", "Phone": "phone", "Shop": "shop_id"}, "key": ["phone"]}
    run = bring(table("Wu"), f"table:{CUSTOMER}", actor=olga, mapping=mapping)
    assert "you do not see it whole" in run.error


def test_a_mapping_offers_only_what_he_may_fill_in(session, rule, olga):
    rule("operations", fields={CUSTOMER: {"phone": "hidden", "gender": "read"}})
    assert {"phone", "gender"} & set(offered(Customer, olga)) == set() and "name" in offered(Customer, olga)
    run = bring(table(), f"table:{CUSTOMER}", actor=olga, check=True)
    assert "“Phone”" in reasons(run)[2]
    mapping = screens.prepare(run, olga)["mapping"]
    assert {"phone", "gender"}.isdisjoint(name for name, _label, _needed in mapping["fields"])
    assert [row["field"] for row in mapping["rows"]] == ["name", "", "shop_id"]
    assert not session.query(Customer).filter_by(name="Li Na").count()


def test_an_equal_row_that_he_does_not_see_is_not_called_the_same(session, rule, olga):
    shop = session.query(Shop).filter_by(code="A").one()
    session.add(Customer(name="Li Na", shop_id=shop.id))
    session.commit()
    rule("operations", rows={CUSTOMER: [{"and": [["name", "eq", "Nobody"]]}]})
    run = bring([["Name"], ["Li Na"]], f"table:{CUSTOMER}", actor=olga, check=True)
    assert "you may not change it" in reasons(run)[2]


def test_what_is_written_past_the_columns_is_stopped_by_the_wall_behind_them(session, rule, olga):
    rule("operations", fields={ORDER: {"seller_remark": "read"}, CUSTOMER: {"phone": "hidden"}})
    shop = session.query(Shop).filter_by(code="A").one()
    row = {"shop_id": shop.id, "channel_id": shop.channels[0].id, "number": "X-1", "currency": "CNY",
           "placed_at": "2026-03-01T10:00:00+00:00", "lines": [], "total": 5}  # fmt: skip
    with pytest.raises(Forbidden, match="change “"):
        record_past_orders([{**row, "seller_remark": "mine"}], actor=olga)
    assert [one.outcome for one in record_past_orders([row], actor=olga)] == ["new"]


def test_every_column_of_every_layout_says_what_it_fills(app):
    models = {resource_of(mapper.class_): mapper.class_ for mapper in PanelModel.registry.mappers}
    for layout in importers.known():
        assert set(layout.fills) <= set(layout.headings), layout.key
        for name in layout.headings:
            for resource, field in layout.filled(name):
                assert field in specs(models[resource]), (layout.key, name, resource, field)
    assert policy.REGISTRY.roles


def test_how_many_pieces_orders_hold_is_told_only_to_whom_it_is_shown(session, rule, olga):
    warehouse, (sku,) = goods.make_warehouse(), goods.make_skus(1)
    goods.fill([sku], 5, warehouse)
    services.reserve([Line(sku.id, 3, warehouse.id)], cause=Cause("orders.Order", 1), actor=SYSTEM)

    def said():
        return taking_over.compare({sku.id: 1}, warehouse.id, only_news=False, actor=olga)[sku.id].refusal

    assert "3" in said()
    rule("operations", fields={"inventory.StockLevel": {"reserved": "hidden"}})
    assert said() and "3" not in said()
