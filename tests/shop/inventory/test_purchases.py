import datetime as dt

import pytest

from app.panel.core import records
from app.panel.core.errors import DomainError, InvalidInput
from app.shop.inventory import services
from app.shop.inventory.models import PurchaseReceipt, StockMove, SupplierPrice
from app.shop.inventory.states import ReceiptState
from tests.shop.inventory.goods import amounts, make_supplier


def prices(session, sku):
    session.expire_all()
    rows = session.query(SupplierPrice).filter_by(sku_id=sku.id).order_by(SupplierPrice.id)
    return [(row.supplier.code, row.unit_cost, row.is_current, row.is_best) for row in rows]


def test_a_draft_moves_nothing_and_posting_moves_all_once(skus, warehouse, session, ada):
    receipt = services.draft_receipt(make_supplier().id, [(skus[0].id, 10, 500), (skus[1].id, 3, 700)], actor=ada)
    assert receipt.total == 7100 and receipt.state is ReceiptState.DRAFT
    assert session.query(StockMove).count() == 0
    services.post_receipt(receipt, actor=ada)
    assert amounts(skus[0], warehouse) == (10, 0, 10)
    move = session.query(StockMove).filter_by(sku_id=skus[0].id).one()
    assert (move.reason.value, move.unit_cost, move.currency, move.note) == ("receipt", 500, "CNY", receipt.number)
    with pytest.raises(DomainError):
        services.post_receipt(receipt, actor=ada)
    assert amounts(skus[0], warehouse) == (10, 0, 10)


def test_what_came_in_is_no_longer_edited(skus, warehouse, ada):
    receipt = services.draft_receipt(make_supplier().id, [(skus[0].id, 10, 500)], actor=ada)
    records.update(receipt, {"note": "two boxes"}, actor=ada)
    services.post_receipt(receipt, actor=ada)
    for attempt in (
        lambda: records.update(receipt, {"note": "three"}, actor=ada),
        lambda: services.cancel_receipt(receipt, actor=ada),
        lambda: records.delete(receipt, actor=ada),
    ):
        with pytest.raises(DomainError):
            attempt()


def test_a_form_writes_a_draft_with_its_lines_and_their_sum(skus, warehouse, ada):
    values = {
        "supplier_id": make_supplier().id, "warehouse_id": warehouse.id, "currency": "CNY",
        "lines": [{"sku_id": str(skus[0].id), "quantity": "4", "unit_cost": "2.50"}],
    }
    receipt = records.create(PurchaseReceipt, values, actor=ada)
    assert receipt.total == 1000 and receipt.number.startswith("CG")
    again = {"lines": [{"sku_id": str(skus[0].id), "quantity": "1", "unit_cost": "1"}] * 2}
    with pytest.raises(InvalidInput):
        records.update(receipt, again, actor=ada)


def test_an_empty_receipt_is_not_posted(skus, warehouse, ada):
    receipt = services.draft_receipt(make_supplier().id, [], actor=ada)
    with pytest.raises(DomainError):
        services.post_receipt(receipt, actor=ada)


def test_the_lowest_of_the_latest_prices_is_the_best(skus, warehouse, session, ada):
    one, two = make_supplier("S1"), make_supplier("S2")
    first = dt.date(2026, 11, 1)
    for supplier, cost, day in ((one, 500, 0), (two, 450, 1), (one, 400, 2), (two, 600, 3)):
        seen = first + dt.timedelta(days=day)
        services.note_price(supplier.id, skus[0].id, cost, actor=ada, seen_on=seen)
    assert prices(session, skus[0]) == [
        ("S1", 500, False, False), ("S2", 450, False, False), ("S1", 400, True, True), ("S2", 600, True, False),
    ]


def test_a_supplier_that_is_not_in_use_has_no_best_price(skus, warehouse, session, ada):
    one, two = make_supplier("S1"), make_supplier("S2")
    services.note_price(one.id, skus[0].id, 400, actor=ada)
    services.note_price(two.id, skus[0].id, 600, actor=ada)
    records.update(one, {"is_active": False}, actor=ada)
    assert [(code, best) for code, _cost, _current, best in prices(session, skus[0])] == [("S1", False), ("S2", True)]


def test_posting_a_purchase_adds_to_the_price_history(skus, warehouse, session, ada):
    receipt = services.draft_receipt(make_supplier().id, [(skus[0].id, 1, 500)], actor=ada)
    services.post_receipt(receipt, actor=ada)
    assert prices(session, skus[0]) == [("S1", 500, True, True)]
