"""What to buy again: the quantity follows from sales and stock, and nothing is ordered twice."""

import datetime as dt
import re

import pytest

from app.panel.core import clock as real
from app.panel.core import settings
from app.panel.core.actor import SYSTEM
from app.panel.core.errors import DomainError, Forbidden
from app.shop.inventory import services
from app.shop.inventory.models import PurchaseReceipt
from app.shop.inventory.services import PastMove, reorder
from app.shop.inventory.states import MoveReason
from tests.shop.inventory.goods import make_supplier, person


@pytest.fixture
def sold(stocked, warehouse, session):
    """Ten pieces of three SKUs; eight of the first and six of the second were sold ten days ago."""
    at = real.now() - dt.timedelta(days=10)
    sales = [(stocked[0], 8, at), (stocked[1], 6, at), (stocked[2], 6, at - dt.timedelta(days=30))]
    services.post_many(
        [PastMove(sku.id, -n, MoveReason.SALE, f"sale-{sku.id}", warehouse.id, moved_at=when) for sku, n, when in sales],
        actor=SYSTEM,
    )  # fmt: skip
    session.commit()
    return stocked


@pytest.fixture
def supplier(sold, ada):
    """Sells the first two SKUs; another one asked more for the first long ago."""
    old, mine = make_supplier("OLD"), make_supplier("NEW")
    services.note_price(old.id, sold[0].id, 900, actor=ada, seen_on=dt.date(2020, 1, 1))
    for sku in sold[:2]:
        services.note_price(mine.id, sku.id, 500, actor=ada)
    return mine


@pytest.mark.parametrize(
    ("available", "coming", "sold_pieces", "line", "days", "quantity"),
    [(2, 0, 8, 5, 30, 6), (2, 6, 8, 5, 30, 0), (2, 3, 8, 5, 30, 3), (0, 0, 7, 5, 10, 6), (0, 0, 31, 5, 15, 16), (9, 0, 8, 5, 30, 0)],
)
def test_the_quantity_covers_the_days_or_lifts_above_the_line(available, coming, sold_pieces, line, days, quantity):
    assert reorder.proposed(available, coming, sold_pieces, line, days) == quantity


def test_what_is_low_is_proposed_with_all_that_the_quantity_follows_from(sold, supplier, warehouse, ada):
    first, second, third = reorder.proposals(ada)
    assert (first.code, first.on_hand, first.sold, first.quantity, first.days) == (sold[0].code, 2, 8, 6, 7)
    assert (first.supplier, first.unit_cost) == ("Supplier NEW", 500), "who sold it last, not who sold it once"
    assert (second.sold, second.quantity) == (6, 2)
    assert (third.sold, third.days, third.quantity, third.supplier_id) == (0, None, 2, None), "one above the line of five"
    settings.store({"inventory.cover_days": 60}, actor=SYSTEM)
    assert [one.quantity for one in reorder.proposals(ada)] == [14, 8, 2]


def test_one_click_makes_drafts_by_supplier_and_a_repeat_orders_nothing_twice(sold, supplier, warehouse, as_user, session):
    client = as_user("ada")
    page = client.get("/inventory/reorder/").text
    assert page.index("Supplier NEW") < page.index("No supplier known")
    rows = re.findall(r'name="row" value="([^"]+)"', page)
    assert rows == [f"{warehouse.id}-{sku.id}" for sku in sold[:2]], "what nobody sells cannot be chosen"
    data = {"row": rows, **{f"quantity-{row}": "7" for row in rows}}
    assert client.post("/inventory/reorder/", data=data).status_code == 302
    paper = session.query(PurchaseReceipt).one()
    assert (paper.supplier_id, paper.total) == (supplier.id, 14 * 500)
    assert [(line.sku_id, line.quantity) for line in paper.lines] == [(sku.id, 7) for sku in sold[:2]]
    again = client.post("/inventory/reorder/", data=data)
    assert (again.status_code, "is on purchase papers already" in again.text) == (422, True)
    assert session.query(PurchaseReceipt).count() == 1
    assert 'name="row"' not in client.get("/inventory/reorder/").text


def test_a_void_paper_is_no_order_and_a_posted_one_is_stock(sold, supplier, warehouse, ada):
    places = {(warehouse.id, sold[0].id): 6}
    services.cancel_receipt(reorder.order(places, actor=ada)[0], actor=ada)
    assert reorder.proposals(ada)[0].quantity == 6
    services.post_receipt(reorder.order(places, actor=ada)[0], actor=ada)
    assert sold[0].code not in [one.code for one in reorder.proposals(ada)]


def test_who_buys_nothing_is_refused_and_nonsense_is_said_to_be_so(sold, supplier, warehouse, as_user, ben, ada):
    with pytest.raises(Forbidden):
        reorder.order({(warehouse.id, sold[0].id): 1}, actor=ben)
    with pytest.raises(DomainError, match="Nobody is known who sells"):
        reorder.order({(warehouse.id, sold[2].id): 1}, actor=ada)
    assert as_user("ben").get("/inventory/reorder/").status_code == 403
    person("fin", "finance")
    client, row = as_user("fin"), f"{warehouse.id}-{sold[0].id}"
    for data in ({}, {"row": row, f"quantity-{row}": "-1"}, {"row": "1;drop", "quantity-1;drop": "1"}):
        assert client.post("/inventory/reorder/", data=data).status_code == 422


def test_many_low_skus_cost_no_more_statements_than_few(sold, supplier, as_user, count_queries, session):
    client = as_user("ada")
    client.get("/inventory/reorder/")
    with count_queries() as page:
        assert client.get("/inventory/reorder/").status_code == 200
    assert len([text for text in page if "inventory_" in str(text)]) <= 6
