"""Stock out of files: with products, as a list of its own, and back again. The journal always adds up."""

import pytest

from app.panel.core.actor import SYSTEM
from app.panel.core.errors import DomainError, Forbidden
from app.shop.catalog.models import Product, Sku
from app.shop.inventory import services
from app.shop.inventory.models import StockLevel, StockMove
from app.shop.inventory.services import Cause, Line, taking_over
from app.shop.inventory.states import MoveReason
from tests.shop.bringing import bring, counts, headings, reasons, take_back
from tests.shop.inventory.goods import amounts, make_skus, make_warehouse

pytestmark = pytest.mark.slow

NAMES = headings("Handle,Title,Option1 Name,Option1 Value,Variant SKU,Variant Price,Variant Inventory Tracker,Variant Inventory Qty")
LIST = headings("SKU,Warehouse,Quantity")


def shirt(small=10, large=-2, price="50"):
    return [
        NAMES, ["shirt", "Shirt", "Size", "S", "SH-S", price, "shopify", small], ["shirt", "", "", "L", "SH-L", price, "shopify", large],
        ["gift", "Gift card", "Title", "Default Title", "GC", "20", "", 0],
    ]  # fmt: skip


def on_hand(session, code):
    session.expire_all()
    rows = session.query(StockLevel).join(Sku, Sku.id == StockLevel.sku_id).filter(Sku.code == code).all()
    return sum(row.on_hand for row in rows)


def adds_up(session):
    assert not services.verify()
    return True


def test_products_bring_their_stock_and_the_same_file_twice_changes_nothing(session, warehouse):
    first = bring(shirt())
    assert counts(first)["new"] == 2
    assert [on_hand(session, code) for code in ("SH-S", "SH-L", "GC")] == [10, 0, 0]
    [line] = session.query(StockMove)
    sku = session.query(Sku).filter_by(code="SH-S").one()
    assert (line.reason, line.quantity, line.key) == (MoveReason.OPENING, 10, f"import:{first.id}:{sku.id}")
    assert counts(bring(shirt())) == {"new": 0, "changed": 0, "same": 2, "refused": 0}
    second = bring(shirt(small=14, large=3))
    assert counts(second) == {"new": 0, "changed": 1, "same": 1, "refused": 0}
    reasons_booked = {move.quantity: move.reason for move in session.query(StockMove).filter(StockMove.key.startswith(f"import:{second.id}:"))}
    assert reasons_booked == {4: MoveReason.COUNT, 3: MoveReason.OPENING}
    assert adds_up(session)


def test_goods_of_an_imported_shop_can_be_sold_at_once(session, warehouse):
    bring(shirt())
    sku = session.query(Sku).filter_by(code="SH-S").one()
    services.reserve([Line(sku.id, 2)], cause=Cause("orders.Order", 1), actor=SYSTEM)
    assert amounts(sku, warehouse) == (10, 2, 8)


def test_what_was_sold_since_stays_sold_when_the_old_file_comes_again(session, warehouse):
    bring(shirt())
    sku = session.query(Sku).filter_by(code="SH-S").one()
    services.ship([Line(sku.id, 4)], cause=Cause("orders.Order", 1), actor=SYSTEM, reserved=False)
    assert counts(bring(shirt(price="55")))["changed"] == 1
    assert on_hand(session, "SH-S") == 6
    bring(shirt(small=20))
    assert on_hand(session, "SH-S") == 20


def test_a_check_shows_the_stock_and_books_none(session, warehouse):
    run = bring(shirt(), check=True)
    assert [row["shown"].get("stock") for row in run.findings["first"]] == [10, None]
    assert session.query(StockMove).count() == 0
    bring(shirt())
    assert bring(shirt(small=11), check=True).findings["changed"] == 1


def test_stock_can_be_left_alone_and_goes_where_one_says(session, warehouse):
    bring(shirt(), options={"stock": "no"})
    assert on_hand(session, "SH-S") == 0
    other = make_warehouse("SECOND")
    bring(shirt(), options={"stock": str(other.id)})
    assert amounts(session.query(Sku).filter_by(code="SH-S").one(), other) == (10, 0, 10)


def test_an_import_taken_back_takes_its_stock_along_and_its_products_too(session, warehouse):
    first = bring(shirt())
    assert not reasons(take_back(first))
    assert (session.query(Product).count(), session.query(StockMove).count(), session.query(StockLevel).count()) == (0, 0, 0)
    bring(shirt())
    second = bring(shirt(small=14))
    assert not reasons(take_back(second))
    assert on_hand(session, "SH-S") == 10
    assert [move.quantity for move in session.query(StockMove).order_by(StockMove.id)] == [10, 4, -4]
    assert adds_up(session)
    bring(shirt(small=14))
    assert on_hand(session, "SH-S") == 14, "taken back, it is news again"


def test_stock_that_orders_hold_is_not_taken_back_and_its_product_stays(session, warehouse):
    run = bring(shirt(large=5))
    sku = session.query(Sku).filter_by(code="SH-S").one()
    services.reserve([Line(sku.id, 2)], cause=Cause("orders.Order", 1), actor=SYSTEM)
    said = reasons(take_back(run)).values()
    assert sorted(said) == ["Goods of it were sold or are held by orders.", "Other rows need it by now."]
    assert (on_hand(session, "SH-S"), on_hand(session, "SH-L")) == (10, 0)
    assert [product.handle for product in session.query(Product)] == ["shirt"]
    assert adds_up(session)


def test_a_number_below_what_orders_hold_refuses_the_product_with_the_reason(session, warehouse):
    bring(shirt())
    sku = session.query(Sku).filter_by(code="SH-S").one()
    services.reserve([Line(sku.id, 3)], cause=Cause("orders.Order", 1), actor=SYSTEM)
    for check in (True, False):
        run = bring(shirt(small=1, price="60"), check=check)
        said = run.findings["refused_rows"][0]["reason"] if check else reasons(run)[2]
        assert said == "Orders hold 3 pieces of it: its stock cannot go below."
    session.expire_all()
    assert (sku.price, on_hand(session, "SH-S")) == (5000, 10)


def test_woocommerce_says_how_many_or_that_there_are_none(session, warehouse):
    names = headings("ID,Type,SKU,Name,Regular price,In stock?,Stock")
    bring([names, ["1", "simple", "a", "A", "1", "1", "7"], ["2", "simple", "b", "B", "1", "1", ""], ["3", "simple", "c", "C", "1", "0", ""]])
    assert [on_hand(session, code) for code in "abc"] == [7, 0, 0]
    bring([names, ["1", "simple", "a", "A", "1", "0", ""]])
    assert on_hand(session, "a") == 0


def test_a_list_of_stock_books_the_differences(session, stocked, warehouse):
    other = make_warehouse("SECOND")
    rows = [["TEA-0", "main", 12], ["TEA-0", "SECOND", "5"], ["TEA-1", "", "10"], ["NOPE", "", 1], ["TEA-2", "Nowhere", 1], ["TEA-2", "", "1.5"]]
    run = bring([LIST, *rows])
    assert run.importer == "stock-list"
    assert counts(run) == {"new": 0, "changed": 2, "same": 1, "refused": 3}
    assert [amounts(stocked[0], place)[0] for place in (warehouse, other)] == [12, 5]
    said = " ".join(reasons(run).values())
    assert all(part in said for part in ("There is no SKU “NOPE”.", "There is no warehouse “Nowhere”.", "no whole number"))
    assert counts(bring([LIST, *rows[:3]]))["same"] == 3
    services.ship([Line(stocked[1].id, 4)], cause=Cause("orders.Order", 1), actor=SYSTEM, reserved=False)
    assert counts(bring([LIST, *rows[:3]]))["changed"] == 1, "a list says what is there now"
    assert not reasons(take_back(run))
    assert [amounts(stocked[0], place)[0] for place in (warehouse, other)] == [10, 0]
    assert adds_up(session)


def test_shopifys_inventory_export_is_a_list_of_stock(session, stocked, warehouse):
    names = headings(
        "Handle,Title,Option1 Name,Option1 Value,Option2 Name,Option2 Value,Option3 Name,Option3 Value,SKU,HS Code,COO,Location,"
        "Incoming (not editable),Unavailable (not editable),Committed (not editable),Available (not editable),On hand (current),On hand (new)"
    )
    row = dict.fromkeys(names, "")
    run = bring([
        names, list((row | {"SKU": "TEA-0", "Location": "Warehouse MAIN", "On hand (current)": "3"}).values()),
        list((row | {"SKU": "TEA-1", "Location": "Warehouse MAIN", "On hand (current)": "3", "On hand (new)": "4"}).values()),
        list((row | {"SKU": "TEA-2", "Location": "Warehouse MAIN", "On hand (current)": "not stocked"}).values()),
    ])  # fmt: skip
    assert (run.importer, run.refused) == ("stock-list", 0)
    assert [amounts(sku, warehouse)[0] for sku in stocked] == [3, 4, 10]


def test_a_file_of_orders_is_no_list_of_stock(session, warehouse):
    names = headings("Order,Customer,Address,SKU,Quantity,Price,Total")
    with pytest.raises(DomainError):
        bring([names, ["1", "Li", "x", "A", "1", "2", "2"]])


def test_who_may_not_book_stock_imports_products_without_it(session, warehouse, ben):
    sku = make_skus(1)[0]
    assert not taking_over.may_take_over(ben)
    with pytest.raises(Forbidden):
        taking_over.take_over({sku.id: 3}, warehouse_id=warehouse.id, run_id=1, actor=ben)
