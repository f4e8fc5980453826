"""The screens of the inventory as people use them."""

import pytest

from app.panel.core import records, trash
from app.panel.core.actor import SYSTEM
from app.shop.inventory import services
from app.shop.inventory.models import StockCount, Warehouse
from app.shop.inventory.services import Cause, Line
from tests.shop.inventory.goods import amounts, level, make_supplier, make_warehouse, person, shop


def page(client, url, status=200):
    answer = client.get(url)
    assert answer.status_code == status, answer.get_data(as_text=True)[:2000]
    return answer.get_data(as_text=True)


def test_every_list_opens_with_rows_in_it(as_user, stocked, warehouse, ada):
    services.reserve([Line(stocked[0].id, 8)], cause=Cause("orders.Order", 1), actor=SYSTEM)
    services.post_receipt(services.draft_receipt(make_supplier().id, [(stocked[0].id, 1, 500)], actor=ada), actor=ada)
    services.open_count(warehouse.id, actor=ada)
    client = as_user("ada")
    for noun in (
        "stocklevel", "stockmove", "stockalert", "stockreservation", "stockcount", "purchasereceipt", "supplier",
        "supplierprice", "warehouse",
    ):
        text = page(client, f"/inventory/{noun}/list/")
        assert "<table" in text, noun


def test_the_stock_list_shows_what_is_low_in_words(as_user, stocked, warehouse):
    services.reserve([Line(stocked[0].id, 10)], cause=Cause("orders.Order", 1), actor=SYSTEM)
    text = page(as_user("ada"), "/inventory/stocklevel/list/")
    assert "sold out" in text and stocked[0].code in text


def test_the_stock_list_costs_the_same_for_many_rows(as_user, warehouse, count_queries):
    from tests.shop.inventory.goods import fill, make_skus

    client = as_user("ada")
    fill(make_skus(5, "few"), 10, warehouse)
    page(client, "/inventory/stocklevel/list/")
    with count_queries() as few:
        page(client, "/inventory/stocklevel/list/")
    fill(make_skus(45, "many"), 10, warehouse)
    with count_queries() as more:
        page(client, "/inventory/stocklevel/list/")
    assert len(more) <= len(few)


def test_a_correction_is_asked_for_and_done_once(as_user, stocked, warehouse):
    client, row = as_user("ada"), level(stocked[0], warehouse)
    asked = page(client, f"/inventory/stocklevel/action/adjust/{row.id}")
    key = asked.split('name="idempotency_key"')[1].split('value="')[1].split('"')[0]
    data = {"_go": "1", "change": "-2", "why": "broken", "idempotency_key": key}
    for _click in range(2):
        assert client.post(f"/inventory/stocklevel/action/adjust/{row.id}", data=data).status_code == 302
    assert amounts(stocked[0], warehouse) == (8, 0, 8)


def test_a_correction_without_a_reason_keeps_what_was_typed(as_user, stocked, warehouse):
    row = level(stocked[0], warehouse)
    answer = as_user("ada").post(
        f"/inventory/stocklevel/action/adjust/{row.id}", data={"_go": "1", "change": "-2", "why": ""}
    )
    assert answer.status_code == 422 and 'value="-2"' in answer.get_data(as_text=True)
    assert amounts(stocked[0], warehouse) == (10, 0, 10)


def test_goods_move_to_another_warehouse_by_the_screen(as_user, stocked, warehouse):
    other, row = make_warehouse("OTHER"), level(stocked[0], warehouse)
    data = {"_go": "1", "quantity": "4", "warehouse_id": str(other.id)}
    answer = as_user("ada").post(f"/inventory/stocklevel/action/transfer/{row.id}", data=data)
    assert answer.status_code == 302, answer.get_data(as_text=True)[:3000]
    assert amounts(stocked[0], other) == (4, 0, 4)


def test_a_line_is_set_for_a_selection(as_user, stocked, warehouse):
    ids = [level(sku, warehouse).id for sku in stocked]
    answer = as_user("ada").post(
        "/inventory/stocklevel/action_post", data={"action": "line", "_go": "1", "rowid": ids, "threshold": "3"}
    )
    assert answer.status_code == 302
    assert [level(sku, warehouse).threshold for sku in stocked] == [3, 3, 3]


def test_goods_are_received_as_scanned_or_pasted(as_user, stocked, warehouse):
    lines = f"{stocked[0].code.lower()}\t5\t12.50\n{stocked[1].barcode} 2\n{stocked[2].code}\n"
    answer = as_user("ada").post("/inventory/receiving/", data={"warehouse_id": warehouse.id, "lines": lines})
    assert answer.status_code == 302, answer.get_data(as_text=True)[:3000]
    assert [amounts(sku, warehouse)[0] for sku in stocked] == [15, 12, 11]


@pytest.mark.parametrize("bad", ["NOBODY 3", "TEA-0 zero", "TEA-0 -1", "TEA-0 1 2 3", "TEA-0 1 cheap", "TEA-0 1.5"])
def test_one_bad_line_and_nothing_is_received(as_user, stocked, warehouse, bad):
    answer = as_user("ada").post(
        "/inventory/receiving/", data={"warehouse_id": warehouse.id, "lines": f"{stocked[0].code} 5\n{bad}"}
    )
    text = answer.get_data(as_text=True)
    assert answer.status_code == 422 and "Line 2" in text and bad in text
    assert amounts(stocked[0], warehouse) == (10, 0, 10)


def test_without_a_warehouse_receiving_leads_to_the_warehouses(as_user, session):
    answer = as_user("ada").get("/inventory/receiving/")
    assert (answer.status_code, answer.location) == (302, "/inventory/warehouse/list/")


def test_the_page_of_a_sku_tells_all_about_it(as_user, stocked, warehouse, ada):
    services.reserve([Line(stocked[0].id, 4)], cause=Cause("orders.Order", 4711), actor=SYSTEM)
    services.note_price(make_supplier().id, stocked[0].id, 45678, actor=ada)
    text = page(as_user("ada"), f"/inventory/stock/{stocked[0].id}")
    for word in (stocked[0].code, "Warehouse MAIN", "4711", "456.78", "Opening stock"):
        assert word in text


def test_what_goods_cost_leaves_no_trace_for_support(as_user, stocked, ada):
    services.note_price(make_supplier().id, stocked[0].id, 45678, actor=ada)
    services.post_receipt(services.draft_receipt(make_supplier("S2").id, [(stocked[0].id, 1, 98765)], actor=ada), actor=ada)
    client = as_user("ben")
    for url in (f"/inventory/stock/{stocked[0].id}", "/inventory/stockmove/list/", "/api/v1/inventory/stockmove/"):
        text = page(client, url)
        assert "456.78" not in text and "987.65" not in text and "98765" not in text, url
    page(client, "/inventory/supplierprice/list/", 403)
    page(client, "/inventory/purchasereceipt/list/", 403)


def test_counting_by_scanner_and_by_hand(as_user, stocked, warehouse, ada, session):
    client = as_user("ada")
    assert client.post("/inventory/stockcount/add", data={"warehouse_id": warehouse.id}).status_code == 302
    count = session.query(StockCount).one()
    url = f"/inventory/counting/{count.id}"
    for _scan in range(2):
        assert client.post(url, data={"scan": stocked[0].barcode}).status_code == 302
    assert client.post(url, data={f"counted-{stocked[1].id}": "9", f"counted-{stocked[2].id}": ""}).status_code == 302
    text = page(client, url)
    assert "-8" in text and "2 of 3 lines" in text
    assert client.post(f"{url}/post").status_code == 302
    assert [amounts(sku, warehouse)[0] for sku in stocked] == [2, 9, 10]
    assert "counted-" not in page(client, url)


def test_an_unknown_barcode_is_said_so(as_user, stocked, warehouse, ada):
    count = services.open_count(warehouse.id, actor=ada)
    answer = as_user("ada").post(f"/inventory/counting/{count.id}", data={"scan": "0000"})
    assert answer.status_code == 422 and "0000" in answer.get_data(as_text=True)


def test_a_purchase_is_written_and_posted_by_the_screens(as_user, stocked, warehouse, session):
    from app.shop.inventory.models import PurchaseReceipt

    client, supplier = as_user("ada"), make_supplier()
    form = {
        "supplier_id": supplier.id, "warehouse_id": warehouse.id, "received_on": "2026-11-20", "currency": "CNY",
        "lines-present": "1", "lines-0-sku_id": stocked[0].id, "lines-0-quantity": "3", "lines-0-unit_cost": "2.50",
        "lines-0-id": "", "lines-0-DELETE": "",
    }
    answer = client.post("/inventory/purchasereceipt/add", data=form)
    assert answer.status_code == 302, answer.get_data(as_text=True)[:3000]
    receipt = session.query(PurchaseReceipt).one()
    assert receipt.total == 750
    assert client.post(f"/inventory/purchasereceipt/action/post/{receipt.id}", data={"_go": "1"}).status_code == 302
    assert amounts(stocked[0], warehouse) == (13, 0, 13)
    assert client.post(f"/inventory/purchasereceipt/action/post/{receipt.id}", data={"_go": "1"}).status_code == 422


def test_stock_of_another_shop_is_not_there(as_user, skus):
    from tests.shop.inventory.goods import fill

    theirs = make_warehouse("B", shop("B"))
    fill(skus, 10, theirs)
    ben, cleo = as_user("ben"), as_user("cleo")
    row = level(skus[0], theirs)
    page(ben, f"/inventory/stocklevel/show/{row.id}", 404)
    page(cleo, f"/inventory/stocklevel/show/{row.id}")
    assert "Warehouse B" not in page(ben, f"/inventory/stock/{skus[0].id}")
    assert "Warehouse B" not in page(ben, "/inventory/stockmove/list/")


@pytest.mark.parametrize(
    ("role", "adjusts", "buys", "counts"),
    [
        ("operations", True, False, True), ("deputy", True, True, True), ("finance", False, True, False),
        ("support", False, False, False), ("host", False, False, False), ("field_control", True, False, False),
        ("viewer", False, False, False),
    ],
)  # fmt: skip
def test_what_each_role_may_do(as_user, stocked, warehouse, session, ada, role, adjusts, buys, counts):
    person("paul", role)
    client, row = as_user("paul"), level(stocked[0], warehouse)
    count = services.open_count(warehouse.id, actor=ada)
    page(client, "/inventory/stocklevel/list/")

    def status(url):
        return client.get(url).status_code

    assert (status(f"/inventory/stocklevel/action/adjust/{row.id}") == 200) is adjusts
    assert (status("/inventory/purchasereceipt/add") == 200) is buys
    assert (status(f"/inventory/counting/{count.id}") == 200) is counts


def test_the_chinese_screen_has_back_office_words(as_user, stocked):
    client = as_user("ada")
    assert client.post("/prefs/", data={"language": "zh_Hans_CN"}).status_code in (200, 204, 302)
    text = page(client, "/inventory/stocklevel/list/")
    for word in ("库存流水", "预警线", "占用", "可用", "在库", "采购入库", "供应商", "盘点"):
        assert word in text


def test_a_default_warehouse_out_of_the_trash_leaves_the_new_default_alone(session, ada):
    old = records.create(Warehouse, {"code": "OLD", "name": "Old"}, actor=ada)
    records.delete(old, actor=ada)
    new = records.create(Warehouse, {"code": "NEW", "name": "New"}, actor=ada)
    trash.restore(trash.entries("inventory.Warehouse", ada)[0].id, actor=ada)
    session.expire_all()
    assert {row.code: row.is_default for row in session.query(Warehouse)} == {"OLD": False, "NEW": new.is_default}


def test_product_and_sku_say_what_lies_where_within_the_readers_rows(stocked, warehouse, as_user, session):
    theirs = make_warehouse("B", shop=shop("B"))
    services.open_stock_many([Line(stocked[0].id, 77, theirs.id)], actor=SYSTEM, key="b")
    services.reserve([Line(stocked[0].id, 8, warehouse.id)], cause=Cause("orders.Order", 1), actor=SYSTEM)
    product, sku = f"/catalog/product/show/{stocked[0].product_id}", f"/catalog/sku/show/{stocked[0].id}"
    for url in (product, sku):
        everything, mine = page(as_user("ada"), url), page(as_user("ben"), url)
        assert "Warehouse B" in everything and ">77<" in everything
        assert "Warehouse MAIN" in mine and "2 · low" in mine
        assert "Warehouse B" not in mine and ">77<" not in mine
    assert f"/inventory/stock/{stocked[0].id}" in page(as_user("ben"), sku)
